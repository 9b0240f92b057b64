#include "base/time.h"

#include <ctype.h>

#define US_PER_DAY (86400 * US_PER_S)
/* 0000-01-01 and the last microsecond of 9999: what the text form can say. */
#define ISO_FIRST (-719528 * US_PER_DAY)
#define ISO_LAST (2932897 * US_PER_DAY - 1)

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

static int64_t pinned = -1;

void time_pin(int64_t us)
{
	pinned = us;
}

/* For tests: so many seconds as the file that JIG_CLOCK names holds is the wall clock ahead. */
static int64_t set_ahead(void)
{
#ifdef JIG_FAULTS
	const char *path = getenv("JIG_CLOCK");
	FILE *f = path ? fopen(path, "re") : NULL;
	char text[32] = "";

	if (f && !fgets(text, sizeof text, f))
		text[0] = 0;
	if (f)
		fclose(f);
	return strtoll(text, NULL, 10) * US_PER_S;
#else
	return 0;
#endif
}

int64_t time_now(void)
{
	return pinned >= 0 ? pinned : read_clock(CLOCK_REALTIME) + set_ahead();
}

int64_t time_ns(const struct timespec *t)
{
	return (int64_t)((uint64_t)t->tv_sec * 1000000000u + (uint64_t)t->tv_nsec);
}

int64_t time_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return time_ns(&now);
}

int64_t time_mono(void)
{
#ifdef CLOCK_BOOTTIME
	return read_clock(CLOCK_BOOTTIME);
#else
	return read_clock(CLOCK_MONOTONIC);
#endif
}

/* Days since 1970-01-01 of a date in the Gregorian calendar; years begin in March, so that leap days come last. */
static int64_t days_of(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(int64_t days, int *year, int *month, int *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

static void digits(char *at, int64_t value, int n)
{
	for (; n > 0; value /= 10)
		at[--n] = (char)('0' + value % 10);
}

void time_iso(int64_t us, char out[28])
{
	int year, month, day;

	us = us < ISO_FIRST ? ISO_FIRST : us > ISO_LAST ? ISO_LAST : us;
	int64_t days = us / US_PER_DAY - (us % US_PER_DAY < 0), rest = us - days * US_PER_DAY;
	date_of(days, &year, &month, &day);
	memcpy(out, "0000-00-00T00:00:00.000000Z", 28);
	digits(out, year, 4);
	digits(out + 5, month, 2);
	digits(out + 8, day, 2);
	digits(out + 11, rest / (3600 * US_PER_S), 2);
	digits(out + 14, rest / (60 * US_PER_S) % 60, 2);
	digits(out + 17, rest / US_PER_S % 60, 2);
	digits(out + 20, rest % US_PER_S, 6);
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
}

bool time_from_iso(const char *text, int64_t *ret_us)
{
	static const char form[] = "0000-00-00T00:00:00";
	int part[6] = {0}, at = 0;
	const char *p = text;

	for (const char *f = form; *f; f++, p++) {
		if (*f == '0') {
			if (!isdigit((unsigned char)*p))
				return false;
			part[at] = part[at] * 10 + (*p - '0');
		} else {
			if (*p != *f)
				return false;
			at++;
		}
	}
	int64_t fraction = 0;
	if (*p == '.') {
		int64_t scale = US_PER_S;
		for (p++; isdigit((unsigned char)*p) && scale > 1; p++)
			fraction += (*p - '0') * (scale /= 10);
		if (scale == US_PER_S)
			return false;
	}
	if (p[0] != 'Z' || p[1])
		return false;
	int year = part[0], month = part[1], day = part[2];
	if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || part[3] > 23 || part[4] > 59 ||
	    part[5] > 59)
		return false;
	int64_t seconds = days_of(year, month, day) * 86400 + part[3] * 3600 + part[4] * 60 + part[5];
	*ret_us = seconds * US_PER_S + fraction;
	return true;
}

void time_clock(int64_t us, char out[16])
{
	int64_t seconds = us / US_PER_S - (us % US_PER_S < 0);
	time_t t = (time_t)seconds;
	struct tm tm = {0};

	localtime_r(&t, &tm);
	memcpy(out, "00:00:00.000", 13);
	digits(out, tm.tm_hour, 2);
	digits(out + 3, tm.tm_min, 2);
	digits(out + 6, tm.tm_sec, 2);
	digits(out + 9, (us - seconds * US_PER_S) / 1000, 3);
}

bool duration_parse(const char *text, int64_t *ret_us)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
	        {"ms", 1000}, {"s", US_PER_S}, {"m", 60 * US_PER_S}, {"h", 3600 * US_PER_S}, {"d", US_PER_DAY},
	};
	const int64_t most = 10000 * US_PER_DAY;
	const char *p = text;
	int64_t whole = 0, fraction = 0, scale = 1;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		if (whole > most)
			return false;
		whole = whole * 10 + (*p - '0');
	}
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return false;
		for (; isdigit((unsigned char)*p); p++) {
			if (scale >= US_PER_S)
				continue;
			fraction = fraction * 10 + (*p - '0');
			scale *= 10;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(p, units[i].name))
			continue;
		if (whole > most / units[i].us)
			return false;
		int64_t us = whole * units[i].us + fraction * units[i].us / scale;
		if (us > most)
			return false;
		*ret_us = us;
		return true;
	}
	return false;
}

void duration_clock(int64_t us, char out[24])
{
	int64_t s = us > 0 ? us / US_PER_S : 0;

	if (s < 3600)
		snprintf(out, 24, "%d:%02d", (int)(s / 60), (int)(s % 60));
	else
		snprintf(out, 24, "%lld:%02d:%02d", (long long)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
}

void duration_age(int64_t us, char out[16])
{
	int64_t minutes = us > 0 ? us / US_PER_S / 60 : 0;

	if (minutes < 1)
		snprintf(out, 16, "now");
	else if (minutes < 60)
		snprintf(out, 16, "%dm", (int)minutes);
	else if (minutes < 24 * 60)
		snprintf(out, 16, "%dh", (int)(minutes / 60));
	else if (minutes < 7 * 24 * 60)
		snprintf(out, 16, "%dd", (int)(minutes / 60 / 24));
	else
		snprintf(out, 16, "%lldw", (long long)(minutes / 60 / 24 / 7));
}
