#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/text.h"
#include "runner/log/metric.h"

/* "key=value …" with the step and time in front: what a line came to, as a text. */
static void describe(struct buf *b, const struct metric_line *m)
{
	char number[32];

	if (m->step != METRIC_NO_STEP)
		buf_addf(b, "@%lld ", (long long)m->step);
	if (m->ts >= 0)
		buf_addf(b, "%lldus ", (long long)m->ts);
	for (size_t i = 0; i < m->len; i++) {
		number_exact(m->v[i].value, number);
		buf_addf(b, "%.*s=%s ", (int)m->v[i].key_len, m->v[i].key, number);
	}
	if (b->len)
		buf_cut(b, b->len - 1);
}

static const struct { const char *line, *want; } good[] = {
	{ "{\"loss\": 0.31, \"acc\": 0.9, \"step\": 10}", "@10 loss=0.31 acc=0.9" },
	{ "{\"loss\": 1, \"ts\": 1700000000.5}", "1700000000500000us loss=1" },
	{ "{\"step\": 3}", "@3" },
	{ "{}", "" },
	{ " { } ", "" },
	{ "{\"a\":{\"b\":{\"c\":1}},\"d\":2}", "a.b.c=1 d=2" },
	{ "{\"a\": {\"step\": 4, \"ts\": 5}}", "a.step=4 a.ts=5" },
	{ "{\"a\": NaN, \"b\": Infinity, \"c\": -Infinity}", "a=NaN b=Infinity c=-Infinity" },
	{ "{\"a\": \"NaN\", \"b\": \"Infinity\", \"c\": \"-Infinity\"}", "a=NaN b=Infinity c=-Infinity" },
	{ "{\"a\": true, \"b\": false}", "a=1 b=0" },
	{ "{\"note\": \"text\", \"n\": null, \"l\": [1, {\"x\": 2, \"step\": 9}, [], \"y\"], \"a\": 1}", "a=1" },
	{ "{\"a\\\"b\": 1, \"\\u00e9\\t\": 2, \"\\ud83d\\ude00\": 3}", "a\"b=1 \xc3\xa9\t=2 \xf0\x9f\x98\x80=3" },
	{ "{\"tr\\u0061in\": {\"l\\u006fss\": 1, \"x\": 2}}", "train.loss=1 train.x=2" },
	{ "{\"a\": -1.5e-3, \"b\": 1E5, \"c\": 0}", "a=-0.0015 b=100000 c=0" },
	{ "{\"step\": 10.0, \"a\": 1}", "@10 a=1" },
	{ "{\"step\": -1, \"a\": 1}", "@-1 a=1" },
	{ "{\"train/loss\": 1, \"\": 2}", "train/loss=1 =2" },
	{ "{\"a\": 1}\r", "a=1" },
	{ "loss=0.31", "loss=0.31" },
	{ "loss=0.31 acc=nan step=7", "@7 loss=0.31 acc=NaN" },
	{ "\tloss=1e3  acc=-inf\r", "loss=1000 acc=-Infinity" },
	{ "a=1 ts=2.5", "2500000us a=1" },
	{ "{\"a\": 1e400}", "a=Infinity" },
	{ "{\"a\": 123456789012345678901234567890}", "a=1.2345678901234568e+29" },
};

static const struct { const char *line, *text;
} bad[] = {
        {"{", "a name in quotes"},
        {"{\"a\"", "\":\" expected"},
        {"{\"a\":", "a value expected"},
        {"{\"a\": 1", "\"}\" expected"},
        {"{\"a\": 1,}", "a name in quotes"},
        {"{\"a\": 1} x", "behind the object"},
        {"{\"a\": 1}{", "behind the object"},
        {"{a: 1}", "a name in quotes"},
        {"{\"a\": x}", "a value expected"},
        {"{\"a\": 0x10}", "a value expected"},
        {"{\"a\": 1 2}", "\"}\" expected"},
        {"{\"a", "without an end"},
        {"{\"a\\", "without an end"},
        {"{\"a\\x\": 1}", "an escape"},
        {"{\"a\\u12\": 1}", "an escape"},
        {"{\"\\ud800\": 1}", "no character"},
        {"{\"\\u0000\": 1}", "no character"},
        {"{\"a\tb\": 1}", "control character"},
        {"{\"l\": [1, 2}", "\"]\" expected"},
        {"{\"l\": [", "a value expected"},
        {"{\"step\": 1.5}", "step is no whole"},
        {"{\"step\": NaN}", "step is no whole"},
        {"{\"step\": 1e300}", "step is no whole"},
        {"{\"ts\": -1}", "ts is no time"},
        {"{\"ts\": 1e300}", "ts is no time"},
        {"{\"ts\": NaN}", "ts is no time"},
        {"loss", "NAME=VALUE"},
        {"=1", "NAME=VALUE"},
        {"loss=", "a number expected"},
        {"loss=high", "a number expected"},
        {"loss=1 x", "NAME=VALUE"},
        {"[1]", "NAME=VALUE"},
        {"a=1 step=x", "a number expected"},
        {"{\"\xff\": 1}", "not UTF-8"},
        {"l\xc3=1", "not UTF-8"},
        {"{\"a\": tru}", "a value expected"},
};

static void test_good(void **state)
{
	struct metric_parser *p = metric_parser_new();

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		_buf_ struct buf b = BUF_INIT;
		struct metric_line m;
		struct err e;
		/* Without a NUL behind it: the sanitizer sees a look too far. */
		size_t n = strlen(good[i].line);
		_free_ char *line = mem_dup(good[i].line, n);

		if (metric_parse(p, line, n, &m, &e) != 1)
			fail_msg("%s: %s", good[i].line, e.text);
		describe(&b, &m);
		assert_string_equal(b.data, good[i].want);
	}
	metric_parser_free(p);
}

static void test_bad(void **state)
{
	struct metric_parser *p = metric_parser_new();

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct metric_line m;
		struct err e;
		size_t n = strlen(bad[i].line);
		_free_ char *line = mem_dup(bad[i].line, n);

		if (metric_parse(p, line, n, &m, &e) != ERR_USAGE)
			fail_msg("accepted: %s", bad[i].line);
		if (!strstr(e.text, bad[i].text) || !text_starts(e.text, "column "))
			if (!strstr(e.text, "UTF-8"))
				fail_msg("%s: %s", bad[i].line, e.text);
		/* It goes on with the next line. */
		assert_int_equal(metric_parse(p, "a=1", 3, &m, &e), 1);
		assert_int_equal(m.len, 1);
	}
	metric_parser_free(p);
	metric_parser_free(NULL);
}

static void test_nothing(void **state)
{
	static const char *const lines[] = { "", "  \t\r", "# a comment", "  # {\"a\": 1}" };
	struct metric_parser *p = metric_parser_new();
	struct metric_line m;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		assert_int_equal(metric_parse(p, lines[i], strlen(lines[i]), &m, &e), 0);
	assert_int_equal(metric_parse(p, "a=1\0b", 5, &m, &e), ERR_USAGE);
	metric_parser_free(p);
}

static void test_depth(void **state)
{
	struct metric_parser *p = metric_parser_new();
	struct metric_line m;
	struct err e;

	for (int lists = 0; lists < 2; lists++)
		for (int depth = 30; depth <= 5000; depth += depth < 40 ? 1 : 4960) {
			_buf_ struct buf b = BUF_INIT;
			buf_adds(&b, "{\"a\":");
			for (int i = 0; i < depth; i++)
				buf_adds(&b, lists ? "[" : "{\"a\":");
			buf_adds(&b, "1");
			buf_fill(&b, lists ? ']' : '}', (size_t)depth);
			buf_adds(&b, "}");
			int r = metric_parse(p, b.data, b.len, &m, &e);
			if (depth <= 30)
				assert_int_equal(r, 1);
			if (depth > 33) {
				assert_int_equal(r, ERR_USAGE);
				assert_non_null(strstr(e.text, "32 deep"));
			}
		}
	metric_parser_free(p);
}

/* Keys that were put together stay right when their memory moves. */
static void test_many_keys(void **state)
{
	struct metric_parser *p = metric_parser_new();
	_buf_ struct buf b = BUF_INIT;
	struct metric_line m;
	struct err e;
	char want[32];

	buf_adds(&b, "{\"layer\":{");
	for (int i = 0; i < 5000; i++)
		buf_addf(&b, "%s\"w%d\":%d", i ? "," : "", i, i);
	buf_adds(&b, "}}");
	assert_int_equal(metric_parse(p, b.data, b.len, &m, &e), 1);
	assert_int_equal(m.len, 5000);
	for (int i = 0; i < 5000; i++) {
		int n = snprintf(want, sizeof want, "layer.w%d", i);
		assert_int_equal(m.v[i].key_len, n);
		assert_memory_equal(m.v[i].key, want, (size_t)n);
		assert_true(m.v[i].value == i);
	}
	metric_parser_free(p);
}

static void test_step(void **state)
{
	int64_t step = 99;

	assert_true(metric_step(1e15, &step) && step == 1000000000000000);
	assert_false(metric_step(0.5, &step) || metric_step(NAN, &step) || metric_step(INFINITY, &step) ||
	             metric_step(1e17, &step));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),  cmocka_unit_test(test_bad),       cmocka_unit_test(test_nothing),
	        cmocka_unit_test(test_depth), cmocka_unit_test(test_many_keys), cmocka_unit_test(test_step),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
