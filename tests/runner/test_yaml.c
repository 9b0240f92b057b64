#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/buf.h"
#include "base/json.h"
#include "base/time.h"
#include "runner/pipeline/yaml.h"

/* The text as JSON, or its faults, in a buffer that the next call takes over. */
static const char *said(const char *text, size_t len)
{
	static struct buf out = BUF_INIT;
	_arena_ struct arena a = ARENA_INIT;
	struct diags d = {.file = "f.yaml"};
	struct yaml_node *n = yaml_parse(text, len, &a, &d);

	buf_release(&out);
	if (d.len) {
		diags_text(&d, &out);
	} else {
		assert_non_null(n);
		json_t *v = yaml_to_json(n);
		json_canonical(&out, v);
		json_decref(v);
	}
	diags_release(&d);
	return out.data;
}
#define gives(text, want) assert_string_equal(said(text, strlen(text)), want)
#define says(text, part) \
	do { \
		const char *got_ = said(text, strlen(text)); \
		if (!strstr(got_, part)) \
			fail_msg("\"%s\" does not say \"%s\"", got_, part); \
	} while (0)

static void core_types(void **state)
{
	gives("[no, yes, on, off, y, n, NO]", "[\"no\",\"yes\",\"on\",\"off\",\"y\",\"n\",\"NO\"]");
	gives("[true, True, TRUE, false, tRUE]", "[true,true,true,false,\"tRUE\"]");
	gives("[~, null, Null, NULL, nULL, '']", "[null,null,null,null,\"nULL\",\"\"]");
	gives("[1, -7, +7, 007, 0, -0]", "[1,-7,7,7,0,0]");
	gives("[0o14, 0x1F, 0xff, 014, -0x1, 0o8, 0x]", "[12,31,255,14,\"-0x1\",\"0o8\",\"0x\"]");
	gives("[1.5, .5, 1., 1e3, -1.5E-3, +.25]", "[1.5,0.5,1.0,1000.0,-0.0015,0.25]");
	gives("[., +, -., 1e, e3, 1.2.3, 1_000, 12:30, '1', \"2\"]",
	      "[\".\",\"+\",\"-.\",\"1e\",\"e3\",\"1.2.3\",\"1_000\",\"12:30\",\"1\",\"2\"]");
	gives("[.nan, .NaN, .inf, -.INF, +.Inf, nan, inf]",
	      "[\"NaN\",\"NaN\",\"Infinity\",\"-Infinity\",\"Infinity\",\"nan\",\"inf\"]");
	gives("[2026-11-21, 2026-11-21T10:00:00Z]", "[\"2026-11-21\",\"2026-11-21T10:00:00Z\"]");
	gives("[9223372036854775807, -9223372036854775808]", "[9223372036854775807,-9223372036854775808]");
	says("a: 9223372036854775808", "f.yaml:1:4: 9223372036854775808 does not fit 64 bits; write it in quotes");
	says("a: 0xFFFFFFFFFFFFFFFF", "does not fit 64 bits");
	says("a: 1e999", "f.yaml:1:4: 1e999 is beyond the numbers of 64 bits");
	gives("a: |\n  1\nb: >-\n  true\n", "{\"a\":\"1\\n\",\"b\":\"true\"}");
	gives("[!!str 1, !!int 1, !!float 1, ! 2]", "[\"1\",1,1.0,\"2\"]");
	says("a: !!int x", "f.yaml:1:4: the tag tag:yaml.org,2002:int does not fit");
	says("a: !python/object x", "does not fit");
	says("a: !set {x: 1}", "is no tag of YAML's core");
}

static void keys(void **state)
{
	gives("{1: a, true: b, no: c}", "{\"1\":\"a\",\"no\":\"c\",\"true\":\"b\"}");
	says("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: key \"a\" stands here twice (first at 1:1)");
	says("1: x\n'1': y\n", "f.yaml:2:1: key \"1\" stands here twice");
	says("[a]: 1", "a key must be a text, not a list");
	says("{a: 1}: 1", "a key must be a text, not a mapping");
	says("'': 1", "f.yaml:1:1: a key is empty");
	says("a: &x {b: 1}\nc:\n  <<: *x\n", "f.yaml:3:3: merge keys (<<) are no part of YAML 1.2");
	gives("'<<': 1", "{\"<<\":1}");
	says("a: 1\na: 2\nb: 1\nb: 2\n", "f.yaml:2:1");
	says("a: 1\na: 2\nb: 1\nb: 2\n", "f.yaml:4:1");
	_buf_ struct buf many = BUF_INIT;
	for (int i = 0; i < 50; i++)
		buf_addf(&many, "k%d: 1\n", i);
	buf_adds(&many, "k49: 1\nk3: 1\n");
	says(many.data, "f.yaml:51:1: key \"k49\" stands here twice (first at 50:1)");
	says(many.data, "f.yaml:52:1: key \"k3\" stands here twice (first at 4:1)");
}

static void anchors(void **state)
{
	gives("a: &x [1, 2]\nb: *x\nc: &y {d: *x}\ne: *y\n",
	      "{\"a\":[1,2],\"b\":[1,2],\"c\":{\"d\":[1,2]},\"e\":{\"d\":[1,2]}}");
	gives("- &x 1\n- &x 2\n- *x\n", "[1,2,2]");
	gives("&k a: 1\nb: *k\n", "{\"a\":1,\"b\":\"a\"}");
	says("a: *x\n", "f.yaml:1:4: alias *x names nothing");
	says("a: &x [*x]\n", "f.yaml:1:8: alias *x stands inside of what it names");
	_arena_ struct arena a = ARENA_INIT;
	struct diags d = {0};
	const char *text = "a: &x {k: v}\nb:   *x\n";
	const struct yaml_node *b = yaml_get(yaml_parse(text, strlen(text), &a, &d), "b");
	assert_int_equal(b->line, 2);
	assert_int_equal(b->column, 6);
}

static void no_documents(void **state)
{
	static const char *const empty[] = {"",       "\n\n",         "---\n",           "---\n...\n",
	                                    "null\n", "\xef\xbb\xbf", "%YAML 1.2\n---\n"};

	for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
		says(empty[i], "f.yaml:1:1: the file is empty");
	says("# only\n# comments\n", "f.yaml:1:1: the file holds only comments");
	says("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here");
	gives("\xef\xbb\xbf"
	      "a: 1\n",
	      "{\"a\":1}");
	gives("--- \na: 1\n...\n", "{\"a\":1}");
	gives("a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}");
}

static void bad_bytes(void **state)
{
	assert_string_equal(said("a: 1\nb: \0", 9), "f.yaml:2:4: character U+0000 may not stand in YAML");
	says("a: \"x\\0y\"", "f.yaml:1:4: a text holds a NUL byte");
	says("\xc3\xa4: \xff", "f.yaml:1:4: byte 0xff is no UTF-8");
	assert_string_equal(said("\xff\xfe"
	                         "a\0",
	                         4),
	                    "f.yaml:1:1: the text is UTF-16; save it as UTF-8");
	assert_string_equal(said("\xff\xfe\0\0a\0\0\0", 8), "f.yaml:1:1: the text is UTF-32; save it as UTF-8");
	assert_string_equal(said("\0\0\xfe\xff\0\0\0a", 8), "f.yaml:1:1: the text is UTF-32; save it as UTF-8");
	says("a: \x1b[0m", "f.yaml:1:4: character U+001B may not stand in YAML");
	says("a: \xed\xa0\x80", "no UTF-8");
	says("a: \xc2\x85\xef\xbf\xbe", "U+FFFE");
	says("a:\n\tb: 1\n", "f.yaml:2:1");
	says("a: [1, 2\nb: 3\n", "f.yaml:2:");
	says("a:\n\tb: 1\n", "f.yaml:2:1: a tab stands in the indentation");
	says("a: {\xc3\xa4: run ${params.x}, b: 1}\n", "f.yaml:1:13: within { } or [ ] a text with ${…} stands");
	says("a:\n  - [x, y ${params.x}]\n", "f.yaml:2:12: within { } or [ ] a text with ${…} stands");
	says("a: {b: c {d}}\n", "f.yaml:1:10: did not find expected");
	says("a: @b\n", "f.yaml:1:4: found character that cannot start any token");
	says("a: \"open\n", "f.yaml:2:1");
	says("a: @x", "f.yaml:1:4");
	says("a: b: c", "f.yaml:1:5: mapping values are not allowed");
}

static void places(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct diags d = {0};
	const char *text = "# head\n\xc3\xa4:\n  - \xc3\xa4: 1\n    b: |\n      x\n";
	struct yaml_node *root = yaml_parse(text, strlen(text), &a, &d), *item = yaml_get(root, "\xc3\xa4")->items[0];

	assert_int_equal(root->pairs[0].key->line, 2);
	assert_int_equal(item->line, 3);
	assert_int_equal(item->column, 5);
	assert_int_equal(item->pairs[0].value->column, 8);
	assert_int_equal(yaml_get(item, "b")->line, 4);
	assert_true(yaml_get(item, "b")->quoted);
	assert_null(yaml_get(item, "c"));
	assert_null(yaml_get(item->pairs[0].value, "c"));
}

static void depth(void **state)
{
	for (int levels = 64; levels <= 65; levels++) {
		_buf_ struct buf text = BUF_INIT;
		buf_fill(&text, '[', (size_t)levels);
		buf_adds(&text, "1");
		buf_fill(&text, ']', (size_t)levels);
		if (levels == 64)
			assert_int_equal(said(text.data, text.len)[0], '[');
		else
			says(text.data, "f.yaml:1:65: more than 64 levels");
	}
	_buf_ struct buf text = BUF_INIT;
	buf_adds(&text, "a: &x ");
	buf_fill(&text, '[', 40);
	buf_fill(&text, ']', 40);
	buf_adds(&text, "\nb: ");
	buf_fill(&text, '[', 30);
	buf_adds(&text, "*x");
	buf_fill(&text, ']', 30);
	says(text.data, "more than 64 levels, aliases included");
}

/* Refused with this text, quickly. */
static void refused(const struct buf *text, const char *part)
{
	int64_t from = time_mono();
	const char *got = said(text->data, text->len);

	assert_non_null(strstr(got, part));
	/* Below a second in a release; the sanitizers and a busy machine take their share. */
	assert_true(time_mono() - from < 10 * US_PER_S);
}

static void bombs(void **state)
{
	_buf_ struct buf laughs = BUF_INIT;
	buf_adds(&laughs, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 9; i++) {
		buf_addf(&laughs, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_addf(&laughs, "%s*a%d", k ? ", " : "", i - 1);
		buf_adds(&laughs, "]\n");
	}
	refused(&laughs, "more than 1,000,000 values, aliases included");
	_buf_ struct buf open = BUF_INIT;
	buf_fill(&open, '[', 8 << 20);
	refused(&open, "more than 64 levels");
	_buf_ struct buf maps = BUF_INIT;
	while (maps.len < (8 << 20) - 16)
		buf_adds(&maps, "{a: ");
	refused(&maps, "more than 64 levels");
	_buf_ struct buf dashes = BUF_INIT;
	while (dashes.len < (8 << 20) - 16)
		buf_adds(&dashes, "- ");
	refused(&dashes, "more than 64 levels");
	_buf_ struct buf many = BUF_INIT;
	buf_addc(&many, '[');
	while (many.len < (8 << 20) - 16)
		buf_adds(&many, "1,");
	buf_addc(&many, ']');
	refused(&many, "more than 1,000,000 values");
	_buf_ struct buf big = BUF_INIT;
	buf_fill(&big, 'x', (8 << 20) + 1);
	refused(&big, "f.yaml:1:1: the file is larger than 8 MiB");
	_buf_ struct buf broken = BUF_INIT;
	buf_adds(&broken, "a: \"");
	buf_fill(&broken, 'x', (8 << 20) - 16);
	refused(&broken, "unexpected end");
}

static void one_value(void **state)
{
	static const char *const pairs[][2] = {
	        {"0.3", "0.3"},   {"[64,64]", "[64,64]"}, {"no", "\"no\""},  {"", "null"},
	        {" ", "null"},    {"null", "null"},       {"~", "null"},     {"{a: 1}", "{\"a\":1}"},
	        {"'7'", "\"7\""}, {"a b", "\"a b\""},     {"1e-3", "0.001"},
	};
	struct err e;
	json_t *v;

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		_buf_ struct buf out = BUF_INIT;
		assert_int_equal(yaml_value(pairs[i][0], &v, &e), 0);
		json_canonical(&out, v);
		json_decref(v);
		assert_string_equal(out.data, pairs[i][1]);
	}
	assert_int_equal(yaml_value("[1", &v, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "is no YAML value"));
	assert_int_equal(yaml_value("#fff", &v, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "it is only a comment"));
	assert_int_equal(yaml_value("*x", &v, &e), ERR_USAGE);
	assert_int_equal(yaml_value("{a: 1, a: 2}", &v, &e), ERR_USAGE);
	assert_int_equal(yaml_value("99999999999999999999", &v, &e), ERR_USAGE);
}

static void gathered(void **state)
{
	struct diags d = {.file = "f"}, other = {.file = "g"};
	struct err e;
	_buf_ struct buf out = BUF_INIT;

	assert_int_equal(diags_result(&d, &e), 0);
	diags_add(&other, 1, 1, "of g");
	diags_merge(&d, &other);
	diags_add(&d, 9, 2, "late");
	diags_add(&d, 3, 7, "b");
	diags_add(&d, 3, 4, "a %d", 5);
	diags_add(&d, 0, 0, "nowhere");
	assert_true(diags_at(&d, 3, 4));
	assert_false(diags_at(&d, 1, 1));
	assert_int_equal(diags_result(&d, &e), ERR_USAGE);
	assert_string_equal(e.text, "nowhere\nf:3:4: a 5\nf:3:7: b\nf:9:2: late\ng:1:1: of g");
	for (int i = 0; i < 150; i++)
		diags_add(&d, 10 + i, 1, "more");
	diags_text(&d, &out);
	assert_non_null(strstr(out.data, "\nand 55 more"));
	diags_release(&d);
	assert_int_equal(d.len, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(core_types),   cmocka_unit_test(keys),      cmocka_unit_test(anchors),
	        cmocka_unit_test(no_documents), cmocka_unit_test(bad_bytes), cmocka_unit_test(places),
	        cmocka_unit_test(depth),        cmocka_unit_test(bombs),     cmocka_unit_test(one_value),
	        cmocka_unit_test(gathered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
