#include "tui/chart/chart_scale.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include "base/text.h"
#include "base/time.h"

struct scale scale_make(double low, double high, bool log)
{
	struct scale s = { .low = low, .high = high, .log = log };
	if (log) {
		s.low = log10(low);
		s.high = log10(high);
	}
	/* Values that cannot be told apart by their place are drawn as equal ones. */
	double size = fmax(fabs(s.low), fabs(s.high));
	if (!((long double)s.high - s.low > (long double)size * 4 * DBL_EPSILON)) {
		double around = log ? 0.5 : size > 0 ? size * 0.1 : 1;
		s.low = fmax(s.low - around, -DBL_MAX);
		s.high = fmin(s.high + around, DBL_MAX);
	}
	return s;
}

double scale_place(const struct scale *s, double v)
{
	if (s->log)
		v = log10(v);
	if (v <= s->low)
		return 0;
	if (v >= s->high)
		return 1;
	return (double)(((long double)v - s->low) / ((long double)s->high - s->low));
}

/* The round step nearest to a raw one by ratio: 1, 2 or 5 times 10^exponent. */
static long double round_step(long double raw, int *ret_exponent)
{
	int exponent = (int)floorl(log10l(raw));
	long double base = powl(10, exponent), lead = raw / base;
	*ret_exponent = exponent;
	if (lead < 1.414L)
		return base;
	if (lead < 3.162L)
		return 2 * base;
	if (lead < 7.071L)
		return 5 * base;
	*ret_exponent = exponent + 1;
	return 10 * base;
}

/* As many digits as tell the step, so that the labels of an axis read alike. */
static void label_of(const struct scale *s, long double v, long double step, int exponent, char out[32])
{
	static const char *const prefixes[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double size = fmax(fabs(s->low), fabs(s->high));
	if (fabsl(v) < step / 2)
		v = 0;
	if (s->unit == SCALE_BYTES && s->log) {
		scale_text(s->unit, s->origin, (double)v, out);
		return;
	}
	if (s->unit == SCALE_BYTES && size < 1e18) {
		int thousands = size >= 1000 ? (int)(log10(size) / 3 + 1e-9) : 0;
		int digits = 3 * thousands - exponent;
		snprintf(out, 32, "%.*f %s",
		         digits < 0   ? 0
		         : digits > 9 ? 9
		                      : digits,
		         (double)(v / powl(1000, thousands)), prefixes[thousands]);
		return;
	}
	size = fmin(fabs((double)v), DBL_MAX);
	if (s->unit == SCALE_INTEGER && size < 1e9) {
		count_text((int64_t)llroundl(v), out);
		return;
	}
	if (size >= 1e6 || exponent < -5) {
		int digits = size > 0 ? (int)floor(log10(size)) - exponent : 0;
		snprintf(out, 32, "%.*e", digits < 0 ? 0 : digits > 12 ? 12 : digits, (double)v);
		return;
	}
	snprintf(out, 32, "%.*f%s", exponent < 0 ? -exponent : 0, (double)v, s->unit == SCALE_PERCENT ? " %" : "");
}

static bool is_time(enum scale_unit u)
{
	return u == SCALE_ELAPSED || u == SCALE_CLOCK;
}

/* A point in time in the local zone; false: no calendar has it. */
static bool local_time(double us, struct tm *ret)
{
	time_t at = (time_t)floor(us / US_PER_S);
	return fabs(us) < 1e17 && localtime_r(&at, ret);
}

static void time_label(const struct scale *s, double us, double step, char out[32])
{
	struct tm tm;
	int tenths = step < US_PER_S ? (int)ceil(-log10(step / US_PER_S) - 1e-9) : 0;
	double whole = floor(us / US_PER_S + 1e-9), fraction = us / US_PER_S - whole;
	char clock[24], part[16] = "";
	tenths = tenths > 6 ? 6 : tenths;
	if (tenths > 0)
		snprintf(part, sizeof part, "%.*f", tenths, fraction < 0 ? 0 : fraction);
	if (s->unit == SCALE_CLOCK && local_time(us, &tm)) {
		strftime(clock, sizeof clock,
		         step >= 86400e6 ? "%b %d" : step >= 60e6 ? "%H:%M" : "%H:%M:%S", &tm);
	} else {
		duration_clock((int64_t)(fabs(whole) < 9e11 ? whole : 9e11) * US_PER_S, clock);
	}
	snprintf(out, 32, "%.22s%.8s", clock, part[0] ? part + 1 : "");
}

/* Steps that clocks have. The first tick of a day stands at local midnight. */
static int time_ticks(const struct scale *s, int wanted, struct tick *ret)
{
	static const int seconds[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
	                              600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
	double raw = (s->high - s->low) / wanted / US_PER_S, step = 0, zone = 0;
	int n = 0;
	if (raw < 1) {
		step = pow(10, floor(log10(raw)));
		step *= raw / step <= 1 ? 1 : raw / step <= 2 ? 2 : raw / step <= 5 ? 5 : 10;
	} else {
		for (size_t i = 0; i < sizeof seconds / sizeof *seconds && step < raw; i++)
			step = seconds[i];
		if (step < raw)
			step = 86400 * ceil(raw / 86400);
	}
	step *= US_PER_S;
	double origin = s->unit == SCALE_CLOCK ? s->origin : 0;
	struct tm tm;
	if (s->unit == SCALE_CLOCK && local_time(origin, &tm))
		zone = (double)tm.tm_gmtoff * US_PER_S;
	for (double k = ceil((s->low + origin + zone) / step - 1e-9); n < TICKS_MOST; k++) {
		double at = k * step - zone - origin;
		if (at > s->high + step * 1e-9)
			break;
		ret[n].at = (at - s->low) / (s->high - s->low);
		time_label(s, at + origin, step, ret[n++].label);
	}
	return n;
}

void scale_text(enum scale_unit unit, double origin, double v, char out[32])
{
	if (unit == SCALE_BYTES && fabs(v) < 9e18) {
		size_text((int64_t)v, out);
	} else if (unit == SCALE_INTEGER && v == floor(v) && fabs(v) < 9e15) {
		count_text((int64_t)v, out);
	} else if (is_time(unit) && isfinite(v)) {
		time_label(&(struct scale){.unit = unit, .origin = origin}, v + (unit == SCALE_CLOCK ? origin : 0),
		           US_PER_S, out);
	} else {
		number_short(v, out);
		if (unit == SCALE_PERCENT)
			snprintf(out + strlen(out), 4, " %%");
	}
}

static int decade_ticks(const struct scale *s, int wanted, struct tick *ret)
{
	int first = (int)ceil(s->low - 1e-9), last = (int)floor(s->high + 1e-9), n = 0, stride = 1;
	if (last - first < 1)
		return 0;
	while ((last - first) / stride + 1 > wanted && (last - first) / stride > 1)
		stride++;
	for (int exponent = first; exponent <= last && n < TICKS_MOST; exponent += stride) {
		ret[n].at = (exponent - s->low) / (s->high - s->low);
		if (s->unit == SCALE_BYTES || s->unit == SCALE_PERCENT)
			scale_text(s->unit, s->origin, pow(10, exponent), ret[n++].label);
		else if (exponent >= -3 && exponent <= 5)
			number_short(pow(10, exponent), ret[n++].label);
		else
			snprintf(ret[n++].label, sizeof ret->label, "1e%d", exponent);
	}
	return n;
}

/* The least round step that is not below a raw one. */
static long double round_up(long double raw, int *ret_exponent)
{
	int exponent = (int)floorl(log10l(raw) + 1e-9L);
	long double base = powl(10, exponent), lead = raw / base * (1 - 1e-9L);
	*ret_exponent = exponent + (lead > 5);
	return lead <= 1 ? base : lead <= 2 ? 2 * base : lead <= 5 ? 5 * base : 10 * base;
}

/* An axis of n rows above its first, each worth `row`, with a tick at every multiple of `apart` rows. */
struct rows_fit { long double row, step; int64_t first; int apart, exponent; };

/* The finest such axis that holds the scale. False: there is none that could be counted. */
static bool fit_rows(const struct scale *s, int n, int apart, struct rows_fit *ret)
{
	long double raw = ((long double)s->high - s->low) / n * apart;
	for (int tries = 0; tries < 3; tries++, raw = ret->step * 1.5L) {
		*ret = (struct rows_fit){ .apart = apart };
		ret->step = round_up(raw, &ret->exponent);
		if ((s->unit == SCALE_INTEGER || s->unit == SCALE_BYTES) && ret->step < 1) {
			ret->step = 1;
			ret->exponent = 0;
		}
		ret->row = ret->step / apart;
		long double first = floorl(s->low / ret->row + 1e-9L);
		if (!(fabsl(first) < 1e15L))
			return false;
		ret->first = (int64_t)first;
		if ((first + n) * ret->row >= s->high - ret->row * 1e-9L)
			return true;
	}
	return false;
}

/* The first row that has a tick. */
static int first_tick(const struct rows_fit *f)
{
	int over = (int)(f->first % f->apart);
	return over == 0 ? 0 : over < 0 ? -over : f->apart - over;
}

int scale_rows(struct scale *s, int rows, struct tick ret[TICKS_MOST])
{
	enum { APART_LEAST = 2, APART_MOST = 7 };
	struct rows_fit best = { .apart = 0 }, f;
	long double least = 0, range = (long double)s->high - s->low;
	int n = rows - 1, count = 0;
	if (s->log || is_time(s->unit) || n < APART_LEAST)
		return 0;
	for (int apart = APART_LEAST; apart <= APART_MOST && apart <= n; apart++) {
		if (!fit_rows(s, n, apart, &f) || n / apart >= TICKS_MOST || first_tick(&f) + apart > n)
			continue;
		/* Room that is lost; and two ticks, or some that are far apart, tell less than three that are near. */
		long double cost = f.row * n / range + (apart > 4 ? 0.06L * (apart - 4) : 0) +
		                   (first_tick(&f) + 2 * apart > n ? 0.1L : 0);
		if (!best.apart || cost < least) {
			best = f;
			least = cost;
		}
	}
	long double low = best.apart ? best.first * best.row : 0, high = best.apart ? (best.first + n) * best.row : 0;
	if (!best.apart || !(fabsl(low) <= DBL_MAX) || !(fabsl(high) <= DBL_MAX))
		return 0;
	s->low = fmin(s->low, (double)low);
	s->high = fmax(s->high, (double)high);
	for (int row = first_tick(&best); row <= n; row += best.apart) {
		ret[count].at = (double)row / n;
		label_of(s, (best.first + row) / best.apart * best.step, best.step, best.exponent, ret[count++].label);
	}
	return count;
}

int scale_ticks(const struct scale *s, int wanted, struct tick ret[TICKS_MOST])
{
	wanted = wanted < 1 ? 1 : wanted > TICKS_MOST - 2 ? TICKS_MOST - 2 : wanted;
	int n = 0;
	if (s->log) {
		n = decade_ticks(s, wanted, ret);
		if (n > 0)
			return n;
	}
	if (!s->log && is_time(s->unit) && s->high - s->low >= 1 && (n = time_ticks(s, wanted, ret)) > 0)
		return n;
	long double low = s->log ? powl(10, s->low) : s->low, high = s->log ? powl(10, s->high) : s->high;
	int exponent;
	long double step = round_step((high - low) / wanted, &exponent);
	if ((s->unit == SCALE_INTEGER || s->unit == SCALE_BYTES) && step < 1) {
		step = 1;
		exponent = 0;
	}
	for (long double k = ceill(low / step - 1e-9L); k * step <= high + step * 1e-9L && n < TICKS_MOST; k++) {
		long double v = k * step;
		ret[n].at =
		        s->log ? ((double)log10l(v) - s->low) / (s->high - s->low) : (double)((v - low) / (high - low));
		label_of(s, v, step, exponent, ret[n++].label);
	}
	if (n == 0) {
		ret[0].at = 0;
		scale_text(s->unit, s->origin, (double)low, ret[0].label);
		n = 1;
	}
	return n;
}
