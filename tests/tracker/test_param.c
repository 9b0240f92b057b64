#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/json.h"
#include "tracker/param.h"

static json_t *params;

static int setup(void **state)
{
	params = json_pack("{s:i, s:{s:f}, s:i}", "seed", 7, "train", "lr", 0.1, "dot.ted", 1);
	return params ? 0 : -1;
}

static int teardown(void **state)
{
	json_decref(params);
	return 0;
}

static json_t *value_of(const char *text)
{
	struct err e;
	json_t *v = NULL;

	if (json_parse(text, strlen(text), "value", &v, &e) < 0)
		fail_msg("%s", e.text);
	return v;
}

static void holds(const char *text)
{
	_buf_ struct buf is = BUF_INIT;

	json_canonical(&is, params);
	assert_string_equal(is.data, text);
}

static void takes(const char *key, const char *text)
{
	_json_ json_t *v = value_of(text);
	struct err e;

	if (param_put(params, key, v, &e) < 0)
		fail_msg("%s", e.text);
}

/* And leaves everything as it was. */
static void refuses(const char *key, const char *text, enum err_code code, const char *part)
{
	_json_ json_t *v = value_of(text);
	_json_ json_t *before = json_deep_copy(params);
	struct err e;

	assert_int_equal(param_put(params, key, v, &e), code);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, e.text);
	assert_true(json_equal(params, before));
}

static void test_new(void **state)
{
	takes("train.batch", "64");
	takes("found.depth.max", "4");
	takes("list", "[1, 2]");
	takes("none", "{}");
	takes("train", "{\"opt\": {\"name\": \"adam\"}, \"opt.beta\": 0.9}");
	holds("{\"dot.ted\":1,\"found\":{\"depth\":{\"max\":4}},\"list\":[1,2],\"none\":{},\"seed\":7,\"train\":{"
	      "\"batch\":64,\"lr\":0.1,\"opt\":{\"beta\":0.9,\"name\":\"adam\"}}}");
}

static void test_again(void **state)
{
	takes("seed", "7");
	takes("train", "{\"lr\": 0.1}");
	takes("train", "{}");
	takes("dot.ted", "1");
	holds("{\"dot.ted\":1,\"seed\":7,\"train\":{\"lr\":0.1}}");
}

static void test_contradictions(void **state)
{
	refuses("seed", "8", ERR_EXISTS, "param seed of this run is 7 already");
	refuses("seed", "{\"x\": 1}", ERR_EXISTS, "param seed of this run is 7 already");
	refuses("seed.below", "1", ERR_EXISTS, "param seed of this run is 7 already");
	refuses("train", "1", ERR_EXISTS, "param train of this run is {\"lr\":0.1} already");
	refuses("dot.ted", "2", ERR_EXISTS, "param dot.ted of this run is 1 already");
	/* What comes before the contradiction is not taken either. */
	refuses("train", "{\"batch\": 64, \"lr\": 0.2}", ERR_EXISTS, "param train.lr of this run is 0.1 already");
	refuses("own", "{\"a\": {\"b\": 1}, \"a.b\": 2}", ERR_EXISTS, "param own.a.b of this run is 1 already");
	takes("none", "{}");
	refuses("none", "{\"x\": 1}", ERR_EXISTS, "param none of this run is {} already");
}

static void test_names(void **state)
{
	char large[252];

	memset(large, 'k', sizeof large - 1);
	large[sizeof large - 1] = 0;
	refuses("", "1", ERR_USAGE, "name of a param");
	refuses(".a", "1", ERR_USAGE, "name of a param");
	refuses("a.", "1", ERR_USAGE, "name of a param");
	refuses("a..b", "1", ERR_USAGE, "name of a param");
	refuses("\xff", "1", ERR_USAGE, "name of a param");
	refuses(large, "1", ERR_USAGE, "name of a param");
	refuses("a", "{\"\": 1}", ERR_USAGE, "name of a param");
	large[250] = 0;
	takes(large, "1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_new, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_again, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_contradictions, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
