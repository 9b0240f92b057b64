#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/json.h"
#include "runner/pipeline/params.h"
#include "runner/pipeline/yaml.h"

static struct err e;

static json_t *object(const char *text)
{
	json_t *v;

	assert_int_equal(yaml_value(text, &v, &e), 0);
	return v;
}

static void assert_json(const json_t *v, const char *want)
{
	_buf_ struct buf out = BUF_INIT;

	json_canonical(&out, v);
	assert_string_equal(out.data, want);
}

static const char defaults[] = "{seed: 7, train: {lr: 0.1, depth: 3}, layers: [1, 2], a.b: 1, off: null}";

static void overridden(const char *text, const char *want)
{
	_json_ json_t *params = object(defaults);

	if (params_override(params, text, &e) < 0)
		fail_msg("%s", e.text);
	assert_json(params, want);
}

static void refused(const char *text, const char *part)
{
	_json_ json_t *params = object(defaults), *before = object(defaults);

	e = (struct err){0};
	assert_int_equal(params_override(params, text, &e), ERR_USAGE);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", e.text, part);
	assert_true(json_equal(params, before));
}

static void merging(void **state)
{
	_json_ json_t *base = object("{a: {b: 1, c: {d: 2}}, e: [1, 2], f: 1}");
	_json_ json_t *over = object("{a: {c: {x: 3}}, e: [9], f: {g: 1}, h: null}");

	params_merge(base, over);
	assert_json(base, "{\"a\":{\"b\":1,\"c\":{\"d\":2,\"x\":3}},\"e\":[9],\"f\":{\"g\":1},\"h\":null}");
	assert_int_equal(params_override(base, "f.g=5", &e), 0);
	assert_json(over, "{\"a\":{\"c\":{\"x\":3}},\"e\":[9],\"f\":{\"g\":1},\"h\":null}");
}

#define REST ",\"layers\":[1,2],\"off\":null,\"seed\":7,\"train\":{\"depth\":3,\"lr\":0.1}}"
static void values(void **state)
{
	overridden("seed=8", "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":8,\"train\":{\"depth\":3,\"lr\":0.1}}");
	overridden("train.lr=0.3",
	           "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":7,\"train\":{\"depth\":3,\"lr\":0.3}}");
	overridden("seed=no",
	           "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":\"no\",\"train\":{\"depth\":3,\"lr\":0.1}}");
	overridden("seed=",
	           "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":null,\"train\":{\"depth\":3,\"lr\":0.1}}");
	overridden("seed=a=b",
	           "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":\"a=b\",\"train\":{\"depth\":3,\"lr\":0.1}}");
	overridden("layers=[64,64]",
	           "{\"a.b\":1,\"layers\":[64,64],\"off\":null,\"seed\":7,\"train\":{\"depth\":3,\"lr\":0.1}}");
	overridden("train={lr: 1}", "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":7,\"train\":{\"lr\":1}}");
	overridden("a.b=2", "{\"a.b\":2" REST);
	overridden("off=1", "{\"a.b\":1,\"layers\":[1,2],\"off\":1,\"seed\":7,\"train\":{\"depth\":3,\"lr\":0.1}}");
}

static void added(void **state)
{
	overridden("+new=1",
	           "{\"a.b\":1,\"layers\":[1,2],\"new\":1,\"off\":null,\"seed\":7,\"train\":{\"depth\":3,\"lr\":0.1}}");
	overridden("+new.key.deep=x", "{\"a.b\":1,\"layers\":[1,2],\"new\":{\"key\":{\"deep\":\"x\"}},\"off\":null,"
	                              "\"seed\":7,\"train\":{\"depth\":3,\"lr\":0.1}}");
	overridden(
	        "+train.drop=0.5",
	        "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":7,\"train\":{\"depth\":3,\"drop\":0.5,\"lr\":0.1}}");
	/* A resume repeats what was added, whether or not the file has it by now. */
	overridden("+seed=1",
	           "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":1,\"train\":{\"depth\":3,\"lr\":0.1}}");
}

/* What a file names may be named. */
static void odd_names(void **state)
{
	_json_ json_t *params = object("{x y: 1, deep: {\"a  b\": 2}, \"a..b\": 3}");

	assert_int_equal(params_override(params, "x y=5", &e), 0);
	assert_int_equal(params_override(params, "+deep.a  b=6", &e), 0);
	assert_int_equal(params_override(params, "a..b=7", &e), 0);
	assert_json(params, "{\"a..b\":7,\"deep\":{\"a  b\":6},\"x y\":5}");
	assert_int_equal(params_override(params, "~x y", &e), 0);
	assert_json(params, "{\"a..b\":7,\"deep\":{\"a  b\":6}}");
	assert_int_equal(params_override(params, "a  b=1", &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "unknown param \"a  b\" (did you mean \"deep.a  b\"?)"));
}

static void removed(void **state)
{
	overridden("~train.depth", "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":7,\"train\":{\"lr\":0.1}}");
	overridden("~train", "{\"a.b\":1,\"layers\":[1,2],\"off\":null,\"seed\":7}");
	overridden("~a.b", "{"
	                   "\"layers\":[1,2],\"off\":null,\"seed\":7,\"train\":{\"depth\":3,\"lr\":0.1}}");
}

static void bad_overrides(void **state)
{
	refused("train.lrr=0.3", "-p train.lrr=0.3: unknown param \"train.lrr\" (did you mean \"train.lr\"?); -p "
	                         "+train.lrr=0.3 adds it");
	refused("lr=0.3", "(did you mean \"train.lr\"?)");
	refused("zzzzzz=1", "unknown param \"zzzzzz\"; -p +zzzzzz=1 adds it");
	refused("~zzzzzz", "unknown param \"zzzzzz\"; there is nothing to remove");
	refused("~train.lr=1", "a param is removed by its name alone: -p ~train.lr");
	refused("seed", "there is no value; it is written as seed=VALUE");
	refused("", "there is no value");
	refused("=1", "a part of the param's name is empty");
	refused("+=1", "a part of the param's name is empty");
	refused("~", "a part of the param's name is empty");
	refused("+a..b=1", "a part of the param's name is empty");
	refused("+.a=1", "a part of the param's name is empty");
	refused("+a.=1", "a part of the param's name is empty");
	refused("+a b=1", "holds no blanks");
	refused("seed=[1", "-p seed=[1: ");
	refused("seed=#x", "it is only a comment");
	refused("+seed.x=1", "\"seed\" is a single value, and holds no further params");
	refused("+train.lr.x=1", "\"train.lr\" is a single value");
	refused("+layers.0=1", "\"layers\" is a list, and holds no further params");
	refused("seed=\xff", "not UTF-8");
	_buf_ struct buf deep = BUF_INIT;
	for (int i = 0; i < 65; i++)
		buf_adds(&deep, i ? ".a" : "+a");
	buf_adds(&deep, "=1");
	refused(deep.data, "more than 64 levels");
	buf_release(&deep);
}

/* The runs as "a=1 b=2|…". */
static void swept(const char *const *axes, size_t n, const char *want, const char *want_spec)
{
	struct sweep s = {0};
	_buf_ struct buf out = BUF_INIT;

	if (sweep_parse(axes, n, &s, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t r = 0; r < s.nruns; r++)
		for (size_t i = 0; i < s.naxes; i++)
			buf_addf(&out, "%s%s", i ? " " : r ? "|" : "", s.overrides[r][i]);
	assert_string_equal(out.data, want);
	if (want_spec)
		assert_json(s.spec, want_spec);
	sweep_release(&s);
	assert_null(s.overrides);
}
#define swept1(axis, want) swept((const char *[]){axis}, 1, want, NULL)

static void sweeps(void **state)
{
	swept((const char *[]){"train.lr=0.1,0.3", "seed=range(0,3)"}, 2,
	      "train.lr=0.1 seed=0|train.lr=0.1 seed=1|train.lr=0.1 seed=2|train.lr=0.3 seed=0|train.lr=0.3 "
	      "seed=1|train.lr=0.3 seed=2",
	      "{\"seed\":[0,1,2],\"train.lr\":[0.1,0.3]}");
	swept1("m=choice(a,b)", "m=a|m=b");
	swept1("m=choice( a , b )", "m=a|m=b");
	swept1("m=a", "m=a");
	swept1("l=[64,64],[32]", "l=[64,64]|l=[32]");
	swept1("l={a: 1, b: 2},\"x,y\",'p,q'", "l={a: 1, b: 2}|l=\"x,y\"|l='p,q'");
	swept1("r=range(3)", "r=0|r=1|r=2");
	swept1("r=range(5,0,-2)", "r=5|r=3|r=1");
	swept1("r=range(0,1,0.25)", "r=0.0|r=0.25|r=0.5|r=0.75");
	swept1("r=range(0.1,0.4,0.1)", "r=0.1|r=0.2|r=0.3");
	swept1("r=range(0, 3e-3, 1e-3)", "r=0.0|r=0.001|r=0.002");
	swept1("r=range(1.0,3)", "r=1.0|r=2.0");
	swept1("r=range(9223372036854775805,9223372036854775807)", "r=9223372036854775805|r=9223372036854775806");
	swept1("+new.key=1,2", "+new.key=1|+new.key=2");
	swept(NULL, 0, "", "{}");
}

static void bad_sweep(const char *axis, const char *part)
{
	struct sweep s = {0};

	assert_int_equal(sweep_parse(&axis, 1, &s, &e), ERR_USAGE);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", e.text, part);
	assert_null(s.spec);
}

static void bad_sweeps(void **state)
{
	bad_sweep("x", "it is written as train.lr=0.1,0.3");
	bad_sweep("=1", "it is written as");
	bad_sweep("+=1", "it is written as");
	bad_sweep("~x=1", "-p ~x removes a param");
	bad_sweep("x=1,,2", "a value is empty");
	bad_sweep("x=", "a value is empty");
	bad_sweep("x=1,", "a value is empty");
	bad_sweep("x=choice()", "a value is empty");
	bad_sweep("x=[1,2", "is no YAML value");
	bad_sweep("x=range(a,b)", "range takes numbers");
	bad_sweep("x=range()", "range takes numbers");
	bad_sweep("x=range(1,2,3,4)", "range takes numbers");
	bad_sweep("x=range(0,1,0)", "the step of the range is 0");
	bad_sweep("x=range(5,5)", "the range is empty");
	bad_sweep("x=range(5,1)", "the range is empty");
	bad_sweep("x=range(0,nan)", "range takes numbers");
	bad_sweep("x=range(0,20000)", "more than 10,000 runs");
	bad_sweep("x=range(-9223372036854775808,9223372036854775807)", "more than 10,000 runs");
	bad_sweep("x\xff=1", "not UTF-8");
	bad_sweep("x=range(0,1", "--sweep x=range(0,1: range( has no closing )");
	bad_sweep("x=range(", "range( has no closing )");
	bad_sweep("x=choice(a,[b)", "choice( has no closing )");
	bad_sweep("x=choice(a,b),c", "\",c\" stands behind choice(…), which has to stand alone");
	bad_sweep("x=choice(a),choice(b)", "\",choice(b)\" stands behind choice(…)");
	bad_sweep("x=range(0,1) x", "\" x\" stands behind range(…)");
	bad_sweep("x=1,range(0,5", "range(…) has to stand alone; as a text it is '\"range(0,5\"'");
	bad_sweep("x=1,range(0,5)", "range(…) has to stand alone");
	struct sweep s;
	const char *twice[] = {"x=1", "+x=2"}, *many[] = {"x=range(200)", "y=range(200)"};
	assert_int_equal(sweep_parse(twice, 2, &s, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "\"x\" is swept twice"));
	assert_int_equal(sweep_parse(many, 2, &s, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "the product of the axes is more than 10,000 runs"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(merging),    cmocka_unit_test(values),        cmocka_unit_test(added),
	        cmocka_unit_test(removed),    cmocka_unit_test(bad_overrides), cmocka_unit_test(sweeps),
	        cmocka_unit_test(bad_sweeps), cmocka_unit_test(odd_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
