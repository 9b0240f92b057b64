#include <limits.h>
#include "pipeline_case.h"
#include "runner/plan/step_key.h"

static char *const no_variables[] = { NULL };

static struct fact fact_of(const char *path, const char *content)
{
	struct fact f = {
	        .path = path, .form = FORM_FILE, .has_digest = true, .size = (int64_t)strlen(content), .mode = 0644};

	sha256_bytes(content, strlen(content), &f.digest);
	return f;
}

static struct step_key key_of(const char *step, const struct facts *inputs, char *const *env)
{
	struct step_key_options o = {
	        .pipeline = case_p, .step = pipeline_find(case_p, step), .environ = env, .inputs = inputs};
	struct step_key k;

	assert_true(o.step >= 0);
	if (step_key(&o, &k, &case_e) < 0)
		fail_msg("%s", case_e.text);
	/* What was written is what the parsed value gives. */
	_json_ json_t *v = NULL;
	_buf_ struct buf again = BUF_INIT;
	if (json_parse(k.facts, strlen(k.facts), "facts", &v, &case_e) < 0)
		fail_msg("%s in %s", case_e.text, k.facts);
	json_canonical(&again, v);
	assert_string_equal(k.facts, again.data);
	/* The form is the key of the value without inputs. */
	struct digest d;
	json_object_del(v, "inputs");
	buf_reset(&again);
	json_canonical(&again, v);
	sha256_bytes(again.data, again.len, &d);
	assert_true(digest_equal(&d, &k.form));
	sha256_bytes(k.facts, strlen(k.facts), &d);
	assert_true(inputs ? digest_equal(&d, &k.key) : digest_is_zero(&k.key));
	return k;
}

static char *facts_of(const char *step, const struct facts *inputs, char *const *env)
{
	struct step_key k = key_of(step, inputs, env);
	char *facts = mem_take(k.facts);

	step_key_release(&k);
	return facts;
}

#define assert_facts(step, inputs, env, want)                              \
	do {                                                               \
		_free_ char *got_ = facts_of((step), (inputs), (env));     \
		assert_string_equal(got_, (want));                         \
	} while (0)

static void test_facts(void **state)
{
	case_file("data/x.csv", "1\n");
	case_file("data/b.csv", "2\n");
	good("params: {train: {lr: 0.1, name: \"a \\\"b\\\"\"}, big: 9007199254740993, flag: true}\n"
	     "defaults: {pass_env: [FOO_B, FOO_A, TZ]}\n"
	     "steps:\n"
	     "  train:\n"
	     "    matrix: {model: [lr, nb]}\n"
	     "    run: [python, train.py, \"${params.train.lr}\", \"${params.train.name}\", \"${matrix.model}\", "
	     "\"${params.big}\"]\n"
	     "    inputs: [data/x.csv, data/b.csv]\n"
	     "    outputs: [\"plots-${matrix.model}/\", \"m-${matrix.model}.pkl\"]\n"
	     "    metrics: [\"m-${matrix.model}.json\"]\n"
	     "    code: [train.py, lib/, train.py]\n"
	     "    checkpoints: ckpt\n");
	struct fact v[] = { fact_of("data/x.csv", "1\n"), fact_of("data/b.csv", "2\n"), fact_of("data/x.csv", "1\n") };
	struct facts in = { .v = v, .len = 3 };
	char *const env[] = {"TZ=UTC", "FOO_B=1", "HOME=/home/user", "FOO_A=", "TZ=Asia/Tokyo", "SOMETHING=1", "=odd",
	                     "odd",    NULL};
	struct step_key_options o = {.pipeline = case_p,
	                             .step = pipeline_find(case_p, "train[lr]"),
	                             .environ = env,
	                             .inputs = &in,
	                             .env_key = "abc"};
	struct step_key k;
	char hex[3][DIGEST_HEX + 1];
	struct digest d;

	sha256_bytes("UTC", 3, &d), digest_to_hex(&d, hex[0]);
	sha256_bytes("1", 1, &d), digest_to_hex(&d, hex[1]);
	sha256_bytes("", 0, &d), digest_to_hex(&d, hex[2]);
	_free_ char *want = mem_printf(
	        "{\"code\":[\"lib\",\"train.py\"],\"command\":[\"python\",\"train.py\",\"0.1\",\"a "
	        "\\\"b\\\"\",\"lr\",\"9007199254740993\"],\"env\":\"abc\",\"inputs\":["
	        "[\"data/b.csv\",\"file\",\"53c234e5e8472b6ac51c1ae1cab3fe06fad053beb8ebfd8977b010655bfdd3c3\"],"
	        "[\"data/"
	        "x.csv\",\"file\",\"4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865\"]],\"item\":{"
	        "\"model\":\"lr\"},"
	        "\"metrics\":[\"m-lr.json\"],\"outputs\":[\"m-lr.json\",\"m-lr.pkl\",\"plots-lr/"
	        "\"],\"params\":{\"big\":9007199254740993,\"train.lr\":0.1,\"train.name\":\"a \\\"b\\\"\"},"
	        "\"shell\":false,\"variables\":{\"FOO_A\":\"%.16s\",\"FOO_B\":\"%.16s\",\"TZ\":\"%.16s\"}}",
	        hex[2], hex[1], hex[0]);
	assert_int_equal(step_key(&o, &k, &case_e), 0);
	assert_string_equal(k.facts, want);
	assert_null(k.never);
	step_key_release(&k);
}

static void test_empty_and_shell(void **state)
{
	good("params: {n: 3}\nsteps: {a: {run: \"echo ${params.n} '${run.number}' ${step.attempt} ${step.name}\"}}\n");
	struct facts none = { 0 };

	assert_facts(
	        "a", NULL, no_variables,
	        "{\"command\":[\"sh\",\"-euc\",\"echo 3 '${run.number}' 1 a\"],\"params\":{\"n\":3},\"shell\":true}");
	assert_facts("a", &none, no_variables,
		     "{\"command\":[\"sh\",\"-euc\",\"echo 3 '${run.number}' 1 "
		     "a\"],\"inputs\":[],\"params\":{\"n\":3},\"shell\":true}");
	assert_facts(
	        "a", NULL, NULL,
	        "{\"command\":[\"sh\",\"-euc\",\"echo 3 '${run.number}' 1 a\"],\"params\":{\"n\":3},\"shell\":true}");

	char *const argv[] = { "sh", "-euc", "echo 3 7", NULL };
	struct step_key_options o = { .pipeline = case_p, .argv = argv, .environ = no_variables };
	struct step_key k;
	assert_int_equal(step_key(&o, &k, &case_e), 0);
	assert_string_equal(k.facts,
	                    "{\"command\":[\"sh\",\"-euc\",\"echo 3 7\"],\"params\":{\"n\":3},\"shell\":true}");
	step_key_release(&k);
}

static void test_links_and_folders(void **state)
{
	good("steps: {a: {run: \"true\", inputs: [{link: /data/big}]}}\n");
	struct fact v[] = {
		{ .path = "/data/big", .form = FORM_LINK, .size = 4096, .mtime = 1700000000000000 },
		fact_of("/data/one", "x"),
		fact_of("z\377y\"", "x"), /* a name that is no UTF-8 */
		fact_of("z\xef\xbf\xbd", "x"),
	};
	struct facts in = { .v = v, .len = 4 };
	v[1].form = FORM_LINK;

	assert_facts("a", &in, no_variables,
	             "{\"command\":[\"sh\",\"-euc\",\"true\"],\"inputs\":[[\"/data/"
	             "big\",\"link\",\"4096:1700000000000000\"],"
	             "[\"/data/one\",\"link\",\"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\"],"
	             "[\"z\xef\xbf\xbd\xef\xbf\xbd\",\"file\","
	             "\"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\"],"
	             "[\"z\xef\xbf\xbd"
	             "ffy\\\"\",\"file\",\"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\"]],"
	             "\"shell\":true}");
}

static void test_secrets_never_stand_in_it(void **state)
{
	char *const env[] = { "LC_API=hunter22hunter22", "LANG=C", "OMP_NUM_THREADS=4", "PATH=/bin", NULL };
	good("steps: {a: {run: \"true\", secrets: [LC_API], pass_env: [XYZ]}, b: {run: \"true\"}}\n");
	_free_ char *facts = facts_of("a", NULL, env), *common = step_key_variables(env),
	            *empty = step_key_variables(no_variables);

	assert_null(strstr(facts, "API"));
	assert_null(strstr(facts, "hunter"));
	assert_null(strstr(facts, "PATH"));
	assert_non_null(strstr(facts, "\"variables\":{\"LANG\":"));
	assert_string_equal(empty, "");
	/* The same whether found out before or here. */
	_free_ char *alone = facts_of("b", NULL, env);
	struct step_key_options o = {
	        .pipeline = case_p, .step = pipeline_find(case_p, "b"), .environ = no_variables, .variables = common};
	struct step_key k;
	assert_int_equal(step_key(&o, &k, &case_e), 0);
	assert_string_equal(k.facts, alone);
	step_key_release(&k);
	/* A step with names of its own asks anew. */
	o.step = pipeline_find(case_p, "a");
	o.environ = env;
	assert_int_equal(step_key(&o, &k, &case_e), 0);
	assert_string_equal(k.facts, facts);
	step_key_release(&k);
}

static void test_never(void **state)
{
	good("steps:\n"
	     "  a: {run: \"true\", cache: false}\n"
	     "  b: {run: \"true\", inputs: [\"https://example.org/x.csv\"]}\n"
	     "  c: {run: \"true\"}\n");
	struct facts none = { 0 };
	struct step_key a = key_of("a", NULL, no_variables), b = key_of("b", &none, no_variables),
	                c = key_of("c", NULL, no_variables);

	assert_string_equal(a.never, "cache is false");
	assert_string_equal(b.never, "input https://example.org/x.csv cannot be checked");
	assert_non_null(strstr(b.facts, "[[\"https://example.org/x.csv\",\"url\",\"url\"]]"));
	assert_null(c.never);
	step_key_release(&a);
	step_key_release(&b);
	step_key_release(&c);
}

/* Each pair of pipelines differs in what decides nothing. */
static void test_what_does_not_decide(void **state)
{
	static const char *const same[][2] = {
	        {"steps: {a: {run: \"true\", outputs: [x, y]}}\n",
	         "steps: {a: {outputs: [y, x], run: \"true\", timeout: 3h, retry: 2, checkpoints: c}}\n"},
	        {"params: {p: 1, q: 2}\nsteps: {a: {run: \"echo ${params.p}\"}}\n",
	         "params: {q: 7, p: 1}\nsteps: {a: {run: \"echo ${params.p}\"}}\n"},
	        {"steps: {a: {run: \"true\", code: [x, y]}}\n", "steps: {a: {run: \"true\", code: [y, x, y]}}\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		good(same[i][0]);
		struct step_key x = key_of("a", NULL, no_variables);
		good(same[i][1]);
		struct step_key y = key_of("a", NULL, no_variables);

		assert_true(digest_equal(&x.form, &y.form));
		assert_string_equal(x.facts, y.facts);
		step_key_release(&x);
		step_key_release(&y);
	}
}

static void test_substitution_fails(void **state)
{
	good("params: {p: 1}\nsteps: {a: {run: \"echo ${params.p}\"}}\n");
	struct step_key_options o = { .pipeline = case_p, .environ = no_variables };
	struct step_key k;

	json_object_clear(case_p->params);
	assert_int_equal(step_key(&o, &k, &case_e), ERR_USAGE);
	assert_non_null(strstr(case_e.text, "step \"a\": ${params.p} is not defined"));
}

#define IN(p, d) "[\"" p "\",\"file\",\"" d "\"]"

static void test_compare(void **state)
{
	static const struct {
		const char *before, *now;
		enum key_change change;
		const char *name, *was, *is;
	} cases[] = {
	        {"{\"command\":[\"a\"]}", "{\"command\":[\"a\"]}", KEY_SAME},
	        {"{\"command\":[\"a\"]}", "{\"command\": [\"a\"]}", KEY_SAME},
	        {"{\"command\":[\"a\"],\"params\":{\"lr\":0.1}}", "{\"command\":[\"a\"],\"params\":{\"lr\":0.3}}",
	         KEY_PARAM, "lr", "0.1", "0.3"},
	        {"{\"command\":[\"a\"],\"params\":{\"lr\":1}}", "{\"command\":[\"a\"],\"params\":{\"lr\":1.0}}",
	         KEY_PARAM, "lr", "1", "1.0"},
	        {"{\"command\":[\"a\"],\"params\":{\"lr\":0.0}}", "{\"command\":[\"a\"],\"params\":{\"lr\":-0.0}}",
	         KEY_PARAM, "lr", "0.0", "-0.0"},
	        {"{\"command\":[\"a\"],\"params\":{\"m\":\"x y\"}}", "{\"command\":[\"a\"],\"params\":{\"m\":[1,2]}}",
	         KEY_PARAM, "m", "x y", "[1,2]"},
	        {"{\"command\":[\"a\"],\"params\":{\"t\":{\"a\":1,\"b\":{\"c\":true}}}}",
	         "{\"command\":[\"a\"],\"params\":{\"t\":{\"a\":1,\"b\":{\"c\":null}}}}", KEY_PARAM, "t.b.c", "true",
	         "null"},
	        /* A value that changed before a command that names another. */
	        {"{\"command\":[\"a\",\"1\"],\"params\":{\"a\":1,\"z\":1}}",
	         "{\"command\":[\"a\",\"2\"],\"params\":{\"b\":1,\"z\":2}}", KEY_PARAM, "z", "1", "2"},
	        {"{\"command\":[\"a\"],\"params\":{\"a\":1}}",
	         "{\"command\":[\"a\",\"2\"],\"params\":{\"a\":1,\"b\":2}}", KEY_COMMAND},
	        {"{\"command\":[\"a\"],\"params\":{\"a\":1}}", "{\"command\":[\"a\"]}", KEY_PARAM, "a", "1", NULL},
	        {"{\"command\":[\"a\"],\"item\":{\"m\":\"lr\",\"s\":1}}",
	         "{\"command\":[\"a\"],\"item\":{\"m\":\"lr\",\"s\":2}}", KEY_PARAM, "matrix.s", "1", "2"},
	        {"{\"command\":[\"a\"],\"item\":{\"m\":\"lr\"}}",
	         "{\"command\":[\"b\"],\"item\":{\"m\":\"lr\",\"s\":2}}", KEY_PARAM, "matrix.s", NULL, "2"},
	        {"{\"command\":[\"a\"],\"item\":{\"m\":\"lr\"}}", "{\"command\":[\"a\"]}", KEY_PARAM, "matrix.m", "lr",
	         NULL},
	        {"{\"command\":[\"a\"],\"shell\":true}", "{\"command\":[\"a\"],\"shell\":false}", KEY_COMMAND},
	        {"{\"command\":[\"a\"],\"outputs\":[\"x\"],\"env\":\"1\"}",
	         "{\"command\":[\"b\"],\"outputs\":[\"y\"],\"env\":\"2\"}", KEY_COMMAND},
	        {"{\"command\":[\"a\"],\"inputs\":[],\"outputs\":[\"x\"]}",
	         "{\"command\":[\"a\"],\"inputs\":[],\"metrics\":[\"x\"],\"outputs\":[\"x\"]}", KEY_OUTPUTS},
	        {"{\"command\":[\"a\"],\"outputs\":[\"x\"],\"inputs\":[]}",
	         "{\"command\":[\"a\"],\"inputs\":[" IN("q", "1") "]}", KEY_OUTPUTS},
	        {"{\"command\":[\"a\"],\"inputs\":[" IN("a", "1") "," IN("c", "3") "]}",
	         "{\"command\":[\"a\"],\"inputs\":[" IN("b", "2") "," IN("c", "4") "]}", KEY_INPUT, "c", "3", "4"},
	        {"{\"command\":[\"a\"],\"inputs\":[" IN("a", "1") "," IN("c", "3") "]}",
	         "{\"command\":[\"a\"],\"inputs\":[" IN("b", "2") "," IN("c", "3") "]}", KEY_INPUT, "b", NULL, "2"},
	        {"{\"command\":[\"a\"],\"inputs\":[" IN("a", "1") "," IN("c", "3") "],\"env\":\"1\"}",
	         "{\"command\":[\"a\"],\"inputs\":[" IN("a", "1") "],\"env\":\"2\"}", KEY_INPUT, "c", "3", NULL},
	        {"{\"command\":[\"a\"],\"inputs\":[[\"a\",\"file\",\"1\"]]}",
	         "{\"command\":[\"a\"],\"inputs\":[[\"a\",\"folder\",\"1\"]]}", KEY_INPUT, "a", "1", "1"},
	        {"{\"command\":[\"a\"],\"inputs\":[" IN("a", "1") "]}", "{\"command\":[\"a\"],\"inputs\":[]}",
	         KEY_INPUT, "a", "1", NULL},
	        /* Not known yet. */
	        {"{\"command\":[\"a\"],\"inputs\":[" IN("a", "1") "]}", "{\"command\":[\"a\"]}", KEY_SAME},
	        {"{\"command\":[\"a\"],\"inputs\":[" IN("a", "1") "],\"env\":\"1\"}",
	         "{\"command\":[\"a\"],\"env\":\"2\"}", KEY_ENV},
	        {"{\"command\":[\"a\"],\"variables\":{\"TZ\":\"1\"},\"env\":\"1\"}",
	         "{\"command\":[\"a\"],\"variables\":{\"TZ\":\"2\"},\"env\":\"2\"}", KEY_VARIABLE, "TZ", "1", "2"},
	        {"{\"command\":[\"a\"]}", "{\"command\":[\"a\"],\"variables\":{\"LANG\":\"1\"}}", KEY_VARIABLE, "LANG",
	         NULL, "1"},
	        {"{\"command\":[\"a\"],\"env\":\"1\",\"code\":[\"x\"]}", "{\"command\":[\"a\"],\"code\":[\"y\"]}",
	         KEY_ENV},
	        {"{\"command\":[\"a\"],\"env\":\"1\",\"code\":[\"x\"]}", "{\"command\":[\"a\"],\"env\":\"1\"}",
	         KEY_CODE},
	        /* What cannot be read. */
	        {"", "{\"command\":[\"a\"]}", KEY_COMMAND},
	        {"{\"command\":[\"a\"]}", "{\"command\":", KEY_COMMAND},
	        {"[]", "{\"command\":[\"a\"]}", KEY_COMMAND},
	        {"{}", "{\"command\":[\"a\"]}", KEY_COMMAND},
	        {"{\"command\":[\"a\"],\"inputs\":[1]}", "{\"command\":[\"a\"],\"inputs\":[]}", KEY_COMMAND},
	        {"{\"command\":[\"a\"],\"inputs\":[[1,2,3]]}", "{\"command\":[\"a\"],\"inputs\":[]}", KEY_COMMAND},
	        {"{\"command\":[\"a\"],\"inputs\":{}}", "{\"command\":[\"a\"],\"inputs\":[]}", KEY_COMMAND},
	        {"{\"command\":[\"a\"],\"params\":1}", "{\"command\":[\"a\"],\"params\":[2]}", KEY_SAME},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct key_difference d;

		step_key_compare(cases[i].before, cases[i].now, &d);
		if (d.change != cases[i].change)
			fail_msg("%s → %s: %d, not %d", cases[i].before, cases[i].now, d.change, cases[i].change);
		for (int k = 0; k < 3; k++) {
			const char *got = k == 0 ? d.name : k == 1 ? d.before : d.after;
			const char *want = k == 0 ? cases[i].name : k == 1 ? cases[i].was : cases[i].is;

			if (!got != !want || (got && strcmp(got, want) != 0))
				fail_msg("%s → %s: %s, not %s", cases[i].before, cases[i].now, got ? got : "nothing",
				         want ? want : "nothing");
		}
		key_difference_release(&d);
	}
}

static void test_distance(void **state)
{
	static const struct {
		const char *before, *now;
		int want;
	} cases[] = {
	        {"{\"command\":[\"a\"]}", "{\"command\": [\"a\"]}", 0},
	        /* A command that differs because its params do. */
	        {"{\"command\":[\"a\",\"1\"],\"params\":{\"lr\":1,\"seed\":3}}",
	         "{\"command\":[\"a\",\"2\"],\"params\":{\"lr\":2,\"seed\":3}}", 1},
	        {"{\"command\":[\"a\"],\"params\":{\"lr\":1,\"x\":3}}",
	         "{\"command\":[\"a\"],\"params\":{\"lr\":2,\"y\":3}}",
	         3},
	        {"{\"command\":[\"a\"],\"item\":{\"m\":1}}", "{\"command\":[\"b\"],\"shell\":true}", 2},
	        {"{\"command\":[\"a\"]}",
	         "{\"command\":[\"b\"],\"env\":\"1\",\"code\":[\"x\"],\"outputs\":[\"y\"]}", 4},
	        {"{\"command\":[\"a\"],\"inputs\":[" IN("a", "1") "," IN("c", "3") "]}",
	         "{\"command\":[\"a\"],\"inputs\":[" IN("b", "2") "," IN("c", "4") "]}", 3},
	        {"{\"command\":[\"a\"],\"inputs\":[" IN("a", "1") "]}", "{\"command\":[\"a\"]}", 0},
	        {"{\"command\":[\"a\"],\"variables\":{\"TZ\":\"1\",\"LANG\":\"1\"}}",
	         "{\"command\":[\"a\"],\"variables\":{\"TZ\":\"2\"}}", 2},
	        {"", "{\"command\":[\"a\"]}", INT_MAX},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (step_key_distance(cases[i].before, cases[i].now) != cases[i].want)
			fail_msg("%s → %s: not %d", cases[i].before, cases[i].now, cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		case_test(test_facts),
		case_test(test_empty_and_shell),
		case_test(test_links_and_folders),
		case_test(test_secrets_never_stand_in_it),
		case_test(test_never),
		case_test(test_what_does_not_decide),
		case_test(test_substitution_fails),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_distance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
