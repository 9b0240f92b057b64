#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include "base/text.h"

static bool parse(const char *text, double *ret)
{
	return number_parse(text, strlen(text), ret);
}

static bool same_bits(double a, double b)
{
	return !memcmp(&a, &b, sizeof a);
}

static void exact_texts(void **state)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
	        {0, "0"},
	        {-0.0, "-0"},
	        {1, "1"},
	        {-42, "-42"},
	        {0.1, "0.1"},
	        {0.1 + 0.2, "0.30000000000000004"},
	        {1e300, "1e+300"},
	        {999999999999999, "999999999999999"},
	        {1e15, "1e+15"},
	        {1e22, "1e+22"},
	        {5e-324, "5e-324"},
	        {DBL_MAX, "1.7976931348623157e+308"},
	        {1.0 / 3, "0.3333333333333333"},
	        {0.000123, "0.000123"},
	        {INFINITY, "Infinity"},
	        {-INFINITY, "-Infinity"},
	        {NAN, "NaN"},
	        {-NAN, "NaN"},
	};
	char text[32];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		number_exact(cases[i].v, text);
		assert_string_equal(text, cases[i].text);
	}
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void any_bits_come_back(void **state)
{
	uint64_t seed = 88172645463325252u;

	for (int i = 0; i < 20000; i++) {
		uint64_t bits = next_random(&seed);
		char text[32];
		double v, back;
		if (i % 3 == 0)
			bits &= 0x800fffffffffffffu; /* subnormal */
		memcpy(&v, &bits, sizeof v);
		if (isnan(v))
			continue;
		number_exact(v, text);
		assert_true(parse(text, &back));
		assert_true(same_bits(v, back));
	}
}

static void parse_agrees_with_strtod(void **state)
{
	uint64_t seed = 2463534242u;

	for (int i = 0; i < 20000; i++) {
		char text[80];
		uint64_t a = next_random(&seed), b = next_random(&seed);
		int digits = (int)(a % 19), power = (int)(b % 60) - 30;
		double v;
		snprintf(text, sizeof text, "%s%.*f", a & 64 ? "-" : "", digits, (double)(b % 1000003) / 997.0);
		if (a & 128)
			snprintf(text + strlen(text), 10, "e%d", power);
		assert_true(parse(text, &v));
		assert_true(same_bits(v, strtod(text, NULL)));
	}
}

static void number_forms(void **state)
{
	static const struct {
		const char *text;
		double v;
	} good[] = {
	        {"0", 0},
	        {"-0", -0.0},
	        {"+1.5", 1.5},
	        {".5", 0.5},
	        {"5.", 5},
	        {"1e5", 1e5},
	        {"1E+5", 1e5},
	        {"1e-5", 1e-5},
	        {"1e400", INFINITY},
	        {"-1e400", -INFINITY},
	        {"1e-400", 0},
	        {"0e999999999999", 0},
	        {"9007199254740993", 9007199254740992},
	        {"123456789012345678901234567890", 123456789012345678901234567890.0},
	        {"inf", INFINITY},
	        {"-Inf", -INFINITY},
	        {"+INFINITY", INFINITY},
	        {"1e22", 1e22},
	        {"1e23", 1e23},
	        {"0.000000000000000000000000000001", 1e-30},
	        {"1e99999999999999999999", INFINITY},
	        {"00000000000000000000000000000000001", 1},
	        {"2.2250738585072011e-308", 2.2250738585072011e-308},
	        {"179769313486231580793e289", INFINITY},
	        {"0.1000000000000000055511151231257827021181583404541015625", 0.1},
	};
	static const char *const bad[] = {
	        "",      "-",      "+",       ".",   "-.",   "e5",    ".e5",  "1e",       "1e+",   "1e5.",
	        "1.2.3", " 1",     "1 ",      "1\n", "0x10", "1_000", "1,5",  "--1",      "+-1",   "na",
	        "nanx",  "nan(1)", "infinit", "in",  ".inf", "1f",    "1e5x", "\xd9\xa1", "-nan ", "١",
	};
	double v;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(parse(good[i].text, &v));
		if (!same_bits(v, good[i].v))
			fail_msg("%s gives %.17g", good[i].text, v);
	}
	assert_true(parse("NaN", &v) && isnan(v));
	assert_true(parse("-nan", &v) && isnan(v));
	v = 42;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (parse(bad[i], &v))
			fail_msg("'%s' is no number", bad[i]);
	}
	assert_false(number_parse("1\0", 2, &v));
	assert_true(v == 42);
	assert_true(number_parse("12345", 2, &v) && v == 12);
}

static void long_numbers(void **state)
{
	char text[5000];
	double v;

	memset(text, '0', sizeof text);
	text[1] = '.';
	text[sizeof text - 1] = '1';
	assert_true(number_parse(text, sizeof text, &v) && v == 0);
	memset(text, '9', sizeof text);
	assert_true(number_parse(text, sizeof text, &v) && isinf(v));
	assert_true(number_parse(text, 300, &v) && v == 1e300);
}

static void locale_is_ignored(void **state)
{
	static const char *const commas[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8"};
	char text[32];
	double v;

	for (size_t i = 0; i < ARRAY_LEN(commas); i++) {
		if (setlocale(LC_NUMERIC, commas[i]))
			break;
	}
	number_exact(0.30000000000000004, text);
	assert_string_equal(text, "0.30000000000000004");
	number_short(0.441, text);
	assert_string_equal(text, "0.441");
	assert_true(parse("0.30000000000000004", &v) && v == 0.30000000000000004);
	setlocale(LC_NUMERIC, "C");
}

static void short_texts(void **state)
{
	static const struct {
		double v;
		const char *text;
	} cases[] = {
	        {0.4410, "0.441"},
	        {1234567, "1.235e6"},
	        {1e300, "1e300"},
	        {0.00001234, "1.234e-5"},
	        {1e-100, "1e-100"},
	        {1234, "1234"},
	        {0, "0"},
	        {-1.5, "-1.5"},
	        {NAN, "NaN"},
	        {INFINITY, "inf"},
	        {-INFINITY, "-inf"},
	        {99999, "1e5"},
	        {0.1 + 0.2, "0.3"},
	};
	char text[32];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		number_short(cases[i].v, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void integers(void **state)
{
	int64_t v = 42;

	assert_true(integer_parse("-9223372036854775808", INT64_MIN, INT64_MAX, &v) && v == INT64_MIN);
	assert_true(integer_parse("9223372036854775807", INT64_MIN, INT64_MAX, &v) && v == INT64_MAX);
	assert_true(integer_parse("+007", 0, 10, &v) && v == 7);
	static const char *const bad[] = {
	        "",
	        "-",
	        "+",
	        " 1",
	        "1 ",
	        "1.0",
	        "0x1",
	        "1e3",
	        "9223372036854775808",
	        "-9223372036854775809",
	        "11",
	        "-1",
	        "99999999999999999999999",
	        "١",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(integer_parse(bad[i], 0, 10, &v));
	assert_false(integer_parse("9223372036854775808", INT64_MIN, INT64_MAX, &v));
	assert_int_equal(v, 7);
}

static void sizes(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {
	        {"0", 0},
	        {"100", 100},
	        {"64K", 65536},
	        {"64k", 65536},
	        {"4G", 4ll << 30},
	        {"1.5M", 3 << 19},
	        {"2TiB", 2ll << 40},
	        {"3KB", 3072},
	        {"7B", 7},
	        {"0.5", 0},
	        {"9223372036854775807", INT64_MAX},
	};
	static const char *const bad[] = {
	        "",
	        "K",
	        "-1",
	        "+1",
	        "1 K",
	        " 1",
	        "1KK",
	        "1KBB",
	        "1Ki",
	        "1iB",
	        "1P",
	        "1.",
	        ".5K",
	        "1e3",
	        "9223372036854775808",
	        "99999999999999999999999",
	        "8388608T",
	        "1K\n",
	};
	int64_t v;
	char text[16];

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(size_parse(good[i].text, &v));
		assert_int_equal(v, good[i].bytes);
	}
	v = 42;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (size_parse(bad[i], &v))
			fail_msg("'%s' is no size", bad[i]);
	}
	assert_int_equal(v, 42);
	static const struct {
		int64_t bytes;
		const char *text;
	} shown[] = {
	        {0, "0 B"},
	        {96, "96 B"},
	        {999, "999 B"},
	        {1000, "1.0 kB"},
	        {4096000, "4.1 MB"},
	        {9949, "9.9 kB"},
	        {9950, "10 kB"},
	        {612345678, "612 MB"},
	        {999499, "999 kB"},
	        {999500, "1.0 MB"},
	        {-4096, "-4.1 kB"},
	        {INT64_MAX, "9.2 EB"},
	        {INT64_MIN, "-9.2 EB"},
	};
	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		size_text(shown[i].bytes, text);
		assert_string_equal(text, shown[i].text);
	}
}

static void counts(void **state)
{
	char text[32];

	count_text(0, text);
	assert_string_equal(text, "0");
	count_text(999, text);
	assert_string_equal(text, "999");
	count_text(3214, text);
	assert_string_equal(text, "3,214");
	count_text(-1000000, text);
	assert_string_equal(text, "-1,000,000");
	count_text(INT64_MIN, text);
	assert_string_equal(text, "-9,223,372,036,854,775,808");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(exact_texts),
	        cmocka_unit_test(any_bits_come_back),
	        cmocka_unit_test(parse_agrees_with_strtod),
	        cmocka_unit_test(number_forms),
	        cmocka_unit_test(long_numbers),
	        cmocka_unit_test(locale_is_ignored),
	        cmocka_unit_test(short_texts),
	        cmocka_unit_test(integers),
	        cmocka_unit_test(sizes),
	        cmocka_unit_test(counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
