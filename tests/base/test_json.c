#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "base/json.h"
#include "base/text.h"

static json_t *read_json(const char *text)
{
	struct err e = {0};
	json_t *v = NULL;

	if (json_parse(text, strlen(text), "test.json", &v, &e) < 0)
		fail_msg("%s", e.text);
	return v;
}

static void assert_canonical(const char *text, const char *want)
{
	_json_ json_t *v = read_json(text), *again = NULL;
	_buf_ struct buf b = BUF_INIT, c = BUF_INIT;

	json_canonical(&b, v);
	assert_string_equal(b.data, want);
	again = read_json(b.data);
	assert_true(json_equal(v, again));
	json_canonical(&c, again);
	assert_string_equal(c.data, want);
}

static void canonical_texts(void **state)
{
	assert_canonical("{ \"b\" : 1, \"a\" : [ ] }", "{\"a\":[],\"b\":1}");
	assert_canonical("[1, 1.0, 1e2, 0.1, -0.0, 1e300]", "[1,1.0,100.0,0.1,-0.0,1e+300]");
	assert_canonical("\"\\u0001\\n\\t\\r\\b\\f\\\"\\\\/é\\u20ac\"", "\"\\u0001\\n\\t\\r\\b\\f\\\"\\\\/é€\"");
	assert_canonical("null", "null");
	assert_canonical("[true,false,{}]", "[true,false,{}]");
	assert_canonical("{\"é\":1,\"z\":2,\"Z\":3,\"\":4}", "{\"\":4,\"Z\":3,\"z\":2,\"é\":1}");
	assert_canonical("-9223372036854775808", "-9223372036854775808");
	assert_canonical("9223372036854775807", "9223372036854775807");
}

static void pretty_texts(void **state)
{
	_json_ json_t *v = read_json("{\"b\":[1,2.0],\"a\":{},\"c\":{\"d\":[]}}");
	_buf_ struct buf b = BUF_INIT;

	json_pretty(&b, v);
	assert_string_equal(b.data,
	                    "{\n  \"b\": [\n    1,\n    2.0\n  ],\n  \"a\": {},\n  \"c\": {\n    \"d\": []\n  }\n}");
}

static void bad_json_is_refused_by_place(void **state)
{
	static const char *const bad[] = {
	        "",         " ",           "{",   "{\"a\":1,}", "[1,]",      "{'a':1}",     "{\"a\":1,\"a\":2}",
	        "1 2",      "nul",         "NaN", "\"\xff\"",   "\"a",       "\"\\u0000\"", "9223372036854775808",
	        "1e999",    "\"\\ud800\"", "01",  "+1",         "{\"a\" 1}", "// x\n1",     "\xef\xbb\xbf[]",
	        "\"a\nb\"",
	};
	struct err e;
	json_t *v = NULL;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(json_parse(bad[i], strlen(bad[i]), "test.json", &v, &e), ERR_USAGE);
		assert_null(v);
		assert_true(text_starts(e.text, "test.json"));
	}
	assert_int_equal(json_parse("{\n  \"a\": x\n}", 12, "test.json", &v, &e), ERR_USAGE);
	assert_true(text_starts(e.text, "test.json:2:"));
	assert_int_equal(json_parse("1\0", 2, "test.json", &v, &e), ERR_USAGE);
	assert_int_equal(json_parse("1\0x", 3, "test.json", &v, &e), ERR_USAGE);
	assert_null(v);
}

static void deep_json_is_refused(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;
	json_t *v = NULL;

	buf_fill(&b, '[', 100000);
	assert_int_equal(json_parse(b.data, b.len, "deep", &v, &e), ERR_USAGE);
}

static void numbers_without_a_json_form(void **state)
{
	_json_ json_t *nan = json_number(NAN), *inf = json_number(-INFINITY), *one = json_number(1);

	assert_string_equal(json_string_value(nan), "NaN");
	assert_string_equal(json_string_value(inf), "-Infinity");
	assert_true(json_is_real(one));
}

static void dotted_paths(void **state)
{
	_json_ json_t *v =
	        read_json("{\"train\":{\"lr\":0.1,\"x.y\":{\"z\":7}},\"a.b\":1,\"a\":{\"b\":2,\"c\":3},\"\":{\"\":5}}");

	assert_true(json_real_value(json_path_get(v, "train.lr")) == 0.1);
	assert_int_equal(json_integer_value(json_path_get(v, "train.x.y.z")), 7);
	assert_int_equal(json_integer_value(json_path_get(v, "a.b")), 1);
	assert_int_equal(json_integer_value(json_path_get(v, "a.c")), 3);
	assert_int_equal(json_integer_value(json_path_get(v, ".")), 5);
	assert_null(json_path_get(v, "train.lr.more"));
	assert_null(json_path_get(v, "none"));
	assert_null(json_path_get(v, "train."));
	assert_null(json_path_get(NULL, "a"));
}

static void collect(void *arg, const char *dotted, const json_t *leaf)
{
	buf_addf(arg, "%s=", dotted);
	json_canonical(arg, leaf);
	buf_addc(arg, ' ');
}

static void leaves_are_walked(void **state)
{
	_json_ json_t *v = read_json("{\"b\":{\"c\":1,\"d\":{}},\"a\":[1,{\"x\":2}],\"e\":null}");
	_json_ json_t *scalar = read_json("7"), *empty = read_json("{}");
	_buf_ struct buf b = BUF_INIT;

	json_leaves(v, collect, &b);
	assert_string_equal(b.data, "b.c=1 b.d={} a=[1,{\"x\":2}] e=null ");
	buf_reset(&b);
	json_leaves(scalar, collect, &b);
	json_leaves(empty, collect, &b);
	assert_string_equal(b.data, "=7 ");
}

static void collect_change(void *arg, const char *dotted, const json_t *before, const json_t *now)
{
	buf_addf(arg, "%s ", dotted);
	before ? json_canonical(arg, before) : buf_addc(arg, '-');
	buf_addc(arg, ' ');
	now ? json_canonical(arg, now) : buf_addc(arg, '-');
	buf_adds(arg, "; ");
}

static void changes_are_walked(void **state)
{
	_json_ json_t *before = read_json("{\"a\":1,\"b\":{\"c\":0.0,\"d\":[1]},\"gone\":{\"x\":null}}"),
	               *now = read_json("{\"new\":\"t\",\"b\":{\"d\":[1],\"c\":-0.0},\"a\":1}");
	_buf_ struct buf b = BUF_INIT;

	json_changes(before, now, collect_change, &b);
	assert_string_equal(b.data, "new - \"t\"; b.c 0.0 -0.0; gone.x null -; ");
	buf_reset(&b);
	json_changes(now, now, collect_change, &b);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(canonical_texts),
	        cmocka_unit_test(pretty_texts),
	        cmocka_unit_test(bad_json_is_refused_by_place),
	        cmocka_unit_test(deep_json_is_refused),
	        cmocka_unit_test(numbers_without_a_json_form),
	        cmocka_unit_test(dotted_paths),
	        cmocka_unit_test(leaves_are_walked),
	        cmocka_unit_test(changes_are_walked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
