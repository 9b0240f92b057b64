#include "tui/chart_scale.h"

#include <float.h>
#include <math.h>
#include "base/text.h"

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
static void label_of(long double v, long double step, int exponent, char out[32])
{
	if (fabsl(v) < step / 2)
		v = 0;
	double size = fabs((double)v);
	if (size >= 1e6 || exponent < -5) {
		int digits = size > 0 ? (int)floor(log10(size)) - exponent : 0;
		snprintf(out, 32, "%.*e", digits < 0 ? 0 : digits > 12 ? 12 : digits, (double)v);
		return;
	}
	snprintf(out, 32, "%.*f", exponent < 0 ? -exponent : 0, (double)v);
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
		if (exponent >= -3 && exponent <= 5)
			number_short(pow(10, exponent), ret[n++].label);
		else
			snprintf(ret[n++].label, sizeof ret->label, "1e%d", exponent);
	}
	return n;
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
	long double low = s->log ? powl(10, s->low) : s->low, high = s->log ? powl(10, s->high) : s->high;
	int exponent;
	long double step = round_step((high - low) / wanted, &exponent);
	for (long double k = ceill(low / step - 1e-9L); k * step <= high + step * 1e-9L && n < TICKS_MOST; k++) {
		long double v = k * step;
		ret[n].at =
		        s->log ? ((double)log10l(v) - s->low) / (s->high - s->low) : (double)((v - low) / (high - low));
		label_of(v, step, exponent, ret[n++].label);
	}
	if (n == 0) {
		ret[0].at = 0;
		number_short((double)low, ret[0].label);
		n = 1;
	}
	return n;
}
