#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/json.h"
#include "base/toml.h"

static void good(const char *text, const char *json)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;
	json_t *v;

	if (toml_parse(text, strlen(text), "t.toml", &v, &e) < 0)
		fail_msg("%s\n%s", text, e.text);
	json_canonical(&b, v);
	json_decref(v);
	if (strcmp(b.data, json))
		fail_msg("%s\n%s\nis not %s", text, b.data, json);
}

static void bad_bytes(const char *text, size_t n, const char *message)
{
	struct err e;
	json_t *v;

	if (toml_parse(text, n, "t.toml", &v, &e) >= 0)
		fail_msg("%s passes", text);
	assert_int_equal(e.code, ERR_USAGE);
	if (!strstr(e.text, message))
		fail_msg("%s\n%s\nhas no %s", text, e.text, message);
}
static void bad(const char *text, const char *message)
{
	bad_bytes(text, strlen(text), message);
}

static void values(void **state)
{
	good("", "{}");
	good("\xef\xbb\xbf# only a comment", "{}");
	good("a = 1 # one\r\nb = \"x\"\r\n", "{\"a\":1,\"b\":\"x\"}");
	good("a=+1\nb=-17\nc=0\nd=1_000\ne=0xDEAD_beef\nf=0o17\ng=0b11\nh=-0",
	     "{\"a\":1,\"b\":-17,\"c\":0,\"d\":1000,\"e\":3735928559,\"f\":15,\"g\":3,\"h\":0}");
	good("a=9223372036854775807\nb=-9223372036854775808", "{\"a\":9223372036854775807,\"b\":-9223372036854775808}");
	good("a=1.5\nb=-0.25\nc=1e3\nd=6.02_2e+2_3\ne=1e06",
	     "{\"a\":1.5,\"b\":-0.25,\"c\":1000.0,\"d\":6.022e+23,\"e\":1000000.0}");
	good("a=inf\nb=-inf\nc=nan\nd=+nan", "{\"a\":\"Infinity\",\"b\":\"-Infinity\",\"c\":\"NaN\",\"d\":\"NaN\"}");
	good("a=true\nb=false", "{\"a\":true,\"b\":false}");
	good("a=1979-05-27T07:32:00Z\nb=1979-05-27 "
	     "07:32:00.999999-07:00\nc=1979-05-27T07:32:00\nd=1979-05-27\ne=07:32:00.5",
	     "{\"a\":\"1979-05-27T07:32:00Z\",\"b\":\"1979-05-27 07:32:00.999999-07:00\","
	     "\"c\":\"1979-05-27T07:32:00\",\"d\":\"1979-05-27\",\"e\":\"07:32:00.5\"}");
	good("a=2024-02-29 # leap", "{\"a\":\"2024-02-29\"}");
	good("a = []\nb = [1, 2,]\nc = [ # x\n [1],\n\n 'y', # z\n {q=1}\n]",
	     "{\"a\":[],\"b\":[1,2],\"c\":[[1],\"y\",{\"q\":1}]}");
	good("a = {}\nb = { x = 1, y.z = 2, y.w = {k='v'} }",
	     "{\"a\":{},\"b\":{\"x\":1,\"y\":{\"w\":{\"k\":\"v\"},\"z\":2}}}");
}

static void texts(void **state)
{
	good("a = \"\\b\\t\\n\\f\\r\\\"\\\\\\u00e9\\U0001F600\"", "{\"a\":\"\\b\\t\\n\\f\\r\\\"\\\\é😀\"}");
	good("a = 'C:\\x'\nb = ''\nc = \"\"", "{\"a\":\"C:\\\\x\",\"b\":\"\",\"c\":\"\"}");
	good("a = \"\"\"\none\r\ntwo\"\"\"", "{\"a\":\"one\\ntwo\"}");
	good("a = \"\"\"x \\  \n\n   y\"\"\"", "{\"a\":\"x y\"}");
	good("a = \"\"\"\"\"\"\nb = \"\"\"\"x\"\"\"\"\"", "{\"a\":\"\",\"b\":\"\\\"x\\\"\\\"\"}");
	good("a = '''\n'x''\n\\'''", "{\"a\":\"'x''\\n\\\\\"}");
	good("a = '''x'''''", "{\"a\":\"x''\"}");
	good("a = \"tab\there\"", "{\"a\":\"tab\\there\"}");
}

static void tables(void **state)
{
	good("a.b.c = 1\na.d = 2\n\"x y\".'' = 3\n1.2 = 4",
	     "{\"1\":{\"2\":4},\"a\":{\"b\":{\"c\":1},\"d\":2},\"x y\":{\"\":3}}");
	good("[a]\nx=1\n[a.b]\ny=2\n[c . 'd']\n[c]\nz=3", "{\"a\":{\"b\":{\"y\":2},\"x\":1},\"c\":{\"d\":{},\"z\":3}}");
	good("[[p]]\nn=1\n[p.q]\nx=1\n[[p]]\nn=2\n[[p.r]]\n[[p.r]]\ny=1",
	     "{\"p\":[{\"n\":1,\"q\":{\"x\":1}},{\"n\":2,\"r\":[{},{\"y\":1}]}]}");
	good("[a]\nb.c=1\n[a.b.d]\nx=1", "{\"a\":{\"b\":{\"c\":1,\"d\":{\"x\":1}}}}");
	good("[a.b.c]\nz=9\n[a]\nx=1", "{\"a\":{\"b\":{\"c\":{\"z\":9}},\"x\":1}}");
}

static void redefined(void **state)
{
	bad("a = 1\na = 2", "t.toml:2:3: key \"a\" is there twice");
	bad("[a]\n[b]\n[a]", "t.toml:3:3: \"a\" is defined twice");
	bad("a.b = 1\n[a]", "\"a\" is defined twice");
	bad("a.b.c = 1\n[a.b]", "\"b\" is defined twice");
	bad("a = {x=1}\n[a.b]", "no table can stand below it");
	bad("a = {x=1}\na.y = 2", "a dotted key cannot add to it");
	bad("a = {x.y=1, x={z=2}}", "is there twice");
	bad("a = {x={z=2}, x.y=1}", "a dotted key cannot add to it");
	bad("[a.b.c]\nz=9\n[a]\nb.c.t=1", "a dotted key cannot add to it");
	bad("a = [{}]\n[[a]]", "\"a\" is defined twice");
	bad("a = []\n[a.b]", "no table can stand below it");
	bad("[[a.b]]\n[a]\nb.y=2", "a dotted key cannot add to it");
	bad("[a]\n[[a]]", "\"a\" is defined twice");
	bad("[[a]]\n[a]", "\"a\" is defined twice");
	bad("a=1\na.b=2", "a dotted key cannot add to it");
	bad("[a]\nb=1\n[a.b.c]", "no table can stand below it");
}

static void faults(void **state)
{
	static const char *const values[] = {
	        "01",
	        "-01",
	        "0_1",
	        "1_",
	        "_1",
	        "1__0",
	        "0x",
	        "0x_1",
	        "+0x1",
	        "0xg",
	        "0o8",
	        "0b2",
	        "1.",
	        ".5",
	        "1._5",
	        "1.e5",
	        "1e",
	        "1e_5",
	        "00.5",
	        "+-1",
	        "tru",
	        "True",
	        "Inf",
	        "infinity",
	        "abc",
	        "1979-02-30",
	        "1979-13-01",
	        "2023-02-29",
	        "1979-05-27T",
	        "1979-05-27T07:32Z",
	        "1979-05-27T24:00:00Z",
	        "1979-05-27T07:32:00+25:00",
	        "07:60:00",
	        "07:32",
	        "07:32:00.",
	        "07:32:00Z",
	        "1979-5-27",
	        "1 2",
	        "'a' 'b'",
	        "0X1",
	};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		_free_ char *text = mem_printf("\na = %s\n", values[i]);
		bad(text, "t.toml:2:");
	}
	bad("a = 9223372036854775808", "does not fit 64 bits");
	bad("a = 0xffffffffffffffff", "does not fit 64 bits");
	bad("a", "t.toml:1:2: the text ends where \"=\" should follow; was it cut off?");
	bad("a =", "where a value should follow");
	bad("a =\n", "the line ends where a value should follow");
	bad("= 1", "\"=\" where a key should follow");
	bad("a. = 1", "where a key should follow");
	bad("[a", "where \"]\" should follow");
	bad("[]", "where a key should follow");
	bad("[[a]", "where \"]]\" should follow");
	bad("[ [a]]", "where a key should follow");
	bad("[a] x", "\"x\" where the end of the line should follow");
	bad("a = 1 b = 2", "where the end of the line should follow");
	bad("a = [1\n", "the text ends where \",\" or \"]\" should follow; was it cut off?");
	bad("a = [1 2]", "\"2\" where \",\" or \"]\" should follow");
	bad("a = [,]", "where a value should follow");
	bad("a = {x=1,}", "where a key should follow");
	bad("a = {x=1\n}", "the line ends where \",\" or \"}\" should follow");
	bad("a = {x=1, # c\ny=2}", "where a key should follow");
	bad("\n\na = \"x", "t.toml:3:7: the text that begins in line 3 has no closing \"");
	bad("a = \"\"\"x\n\n", "the text that begins in line 1 has no closing \"\"\"; was the file cut off?");
	bad("a = 'x\n'", "where a closing quote should follow");
	bad("a = \"\\x41\"", "behind a backslash");
	bad("a = \"x \\\ny\"", "behind a backslash");
	bad("a = \"\\u12\"", "a digit of \\uXXXX");
	bad("a = \"\\ud800\"", "U+D800 is no character");
	bad("a = \"\\U00110000\"", "is no character");
	bad("a = \"\"\"x\"\"\"\"\"\"", "where the end of the line should follow");
	bad("\"\"\"a\"\"\" = 1", "where \"=\" should follow");
	bad("\"a\\u0000\" = 1", "a text that holds a NUL");
	bad("a = \"\\U00000000\"", "t.toml:1:16: a text that holds a NUL");
	bad("# bell \a", "control character (0x07) in a comment");
	bad("# return \r x", "control character (0x0d) in a comment");
	bad("a = 1\rb = 2", "where the end of the line should follow");
	bad("é = 1", "where a key should follow");
	bad("a = \"x\"\n\xff", "t.toml:2:1: the text is not UTF-8");
	bad("a = \"x\xc3\"", "t.toml:1:7: the text is not UTF-8");
	bad_bytes("a = 1\0", 6, "control character (0x00)");
	bad_bytes("a = \"\0\"", 7, "control character (0x00)");
}

static void depths(void **state)
{
	_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "a = ");
	buf_fill(&b, '[', 100);
	buf_fill(&b, ']', 100);
	struct err e;
	json_t *v;
	assert_int_equal(toml_parse(b.data, b.len, "t.toml", &v, &e), 0);
	json_decref(v);
	buf_reset(&b);
	buf_adds(&b, "a = ");
	buf_fill(&b, '[', 1000000);
	bad(b.data, "nested deeper than 100");
	buf_reset(&b);
	buf_adds(&b, "a");
	for (int i = 0; i < 1000; i++)
		buf_adds(&b, ".a");
	_free_ char *pair = mem_printf("%s = 1", b.data), *header = mem_printf("[%s]", b.data);
	bad(pair, "nested deeper than 100");
	bad(header, "nested deeper than 100");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(values),    cmocka_unit_test(texts),  cmocka_unit_test(tables),
	        cmocka_unit_test(redefined), cmocka_unit_test(faults), cmocka_unit_test(depths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
