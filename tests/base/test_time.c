#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/time.h"

static void clocks_move_on(void **state)
{
	int64_t mono = time_mono();

	assert_true(time_now() > 1700000000 * US_PER_S);
	assert_true(time_mono() >= mono && mono > 0);
}

static void iso_says_and_reads(void **state)
{
	static const struct {
		int64_t us;
		const char *text;
	} cases[] = {
	        {0, "1970-01-01T00:00:00.000000Z"},
	        {-1, "1969-12-31T23:59:59.999999Z"},
	        {951782400000001, "2000-02-29T00:00:00.000001Z"},
	        {1795255200000000, "2026-11-21T10:00:00.000000Z"},
	        {-62167219200000000, "0000-01-01T00:00:00.000000Z"},
	        {253402300799999999, "9999-12-31T23:59:59.999999Z"},
	};
	char text[28];
	int64_t us;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		time_iso(cases[i].us, text);
		assert_string_equal(text, cases[i].text);
		assert_true(time_from_iso(text, &us));
		assert_int_equal(us, cases[i].us);
	}
	time_iso(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00.000000Z");
	time_iso(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
	for (int64_t day = -20000; day < 40000; day += 13) {
		time_iso(day * 86400 * US_PER_S + 12345, text);
		assert_true(time_from_iso(text, &us));
		assert_int_equal(us, day * 86400 * US_PER_S + 12345);
	}
}

static void iso_fractions(void **state)
{
	int64_t us;

	assert_true(time_from_iso("1970-01-01T00:00:01Z", &us));
	assert_int_equal(us, 1000000);
	assert_true(time_from_iso("1970-01-01T00:00:01.5Z", &us));
	assert_int_equal(us, 1500000);
	assert_true(time_from_iso("1970-01-01T00:00:00.000007Z", &us));
	assert_int_equal(us, 7);
}

static void bad_iso_is_refused(void **state)
{
	static const char *const bad[] = {
	        "",
	        "1970",
	        "1970-01-01",
	        "1970-01-01T00:00:00",
	        "1970-01-01 00:00:00Z",
	        "1970-01-01T00:00:00.Z",
	        "1970-01-01T00:00:00.0000001Z",
	        "1970-13-01T00:00:00Z",
	        "1970-00-01T00:00:00Z",
	        "1970-01-00T00:00:00Z",
	        "1970-01-32T00:00:00Z",
	        "1900-02-29T00:00:00Z",
	        "2025-02-29T00:00:00Z",
	        "1970-04-31T00:00:00Z",
	        "1970-01-01T24:00:00Z",
	        "1970-01-01T00:60:00Z",
	        "1970-01-01T00:00:60Z",
	        "1970-01-01T00:00:00Zx",
	        "1970-01-01T00:00:00z",
	        "1970-01-01T00:00:00+01:00",
	        " 1970-01-01T00:00:00Z",
	        "-970-01-01T00:00:00Z",
	};
	int64_t us = 42;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(time_from_iso(bad[i], &us));
	assert_int_equal(us, 42);
}

static void clock_is_local(void **state)
{
	char text[16];

	setenv("TZ", "UTC-2", 1);
	tzset();
	time_clock(1795255331004999, text);
	assert_string_equal(text, "12:02:11.004");
	time_clock(-1, text);
	assert_string_equal(text, "01:59:59.999");
}

static void durations_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {
	        {"250ms", 250000},        {"10s", 10 * US_PER_S},
	        {"5m", 300 * US_PER_S},   {"2h", 7200 * US_PER_S},
	        {"1d", 86400 * US_PER_S}, {"0s", 0},
	        {"1.5s", 1500000},        {"0.25h", 900 * US_PER_S},
	        {"0.0000001s", 0},        {"10000d", 10000 * 86400 * US_PER_S},
	};
	static const char *const bad[] = {
	        "",
	        "s",
	        "10",
	        "10 s",
	        " 10s",
	        "10s ",
	        "-1s",
	        "+1s",
	        ".5s",
	        "1.s",
	        "1e3s",
	        "10S",
	        "10sec",
	        "1h30m",
	        "10001d",
	        "10000.1d",
	        "99999999999999999999s",
	        "nan",
	        "infs",
	        "0x10s",
	        "1us",
	};
	int64_t us;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(duration_parse(good[i].text, &us));
		assert_int_equal(us, good[i].us);
	}
	us = 42;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(duration_parse(bad[i], &us));
	assert_int_equal(us, 42);
}

static void durations_for_people(void **state)
{
	char text[24], age[16];

	static const struct {
		int64_t s;
		const char *clock, *age;
	} cases[] = {
	        {-5, "0:00", "now"},
	        {0, "0:00", "now"},
	        {31, "0:31", "now"},
	        {60, "1:00", "1m"},
	        {362, "6:02", "6m"},
	        {3723, "1:02:03", "1h"},
	        {86400, "24:00:00", "1d"},
	        {6 * 86400, "144:00:00", "6d"},
	        {36 * 86400, "864:00:00", "5w"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		duration_clock(cases[i].s * US_PER_S, text);
		assert_string_equal(text, cases[i].clock);
		duration_age(cases[i].s * US_PER_S, age);
		assert_string_equal(age, cases[i].age);
	}
	duration_clock(999999, text);
	assert_string_equal(text, "0:00");
	duration_clock(INT64_MAX, text);
	duration_age(INT64_MAX, age);
	duration_clock(INT64_MIN, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(clocks_move_on),       cmocka_unit_test(iso_says_and_reads),
	        cmocka_unit_test(iso_fractions),        cmocka_unit_test(bad_iso_is_refused),
	        cmocka_unit_test(clock_is_local),       cmocka_unit_test(durations_are_read),
	        cmocka_unit_test(durations_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
