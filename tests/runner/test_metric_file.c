#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/log/metric.h"

static int note(void *arg, const char *key, int64_t step, int64_t ts, double value, struct err *e)
{
	struct buf *b = arg;
	char number[32];

	if (strcmp(key, "refused") == 0)
		return err_set(e, ERR_BROKEN, "refused");
	number_exact(value, number);
	buf_addf(b, "%s=%s", key, number);
	if (step != METRIC_NO_STEP)
		buf_addf(b, "@%lld", (long long)step);
	if (ts >= 0)
		buf_addf(b, "/%lld", (long long)ts);
	buf_addc(b, ' ');
	return 0;
}

/* want NULL: an error that holds `error`. */
static const struct { const char *name, *text, *want, *error;
} cases[] = {
        {"a.json",
         "{\"acc\": 0.9, \"f1\": {\"macro\": 0.5, \"n\": 3}, \"name\": \"x\", \"ok\": true, \"l\": [1, 2], \"none\": "
         "null}",
         "acc=0.9 f1.macro=0.5 f1.n=3 ok=1 ", NULL},
        {"nan.json", "{\"a\": NaN, \"b\": -Infinity, \"c\": \"NaN\", \"NaN\": 1, \"q\\\"NaN\": 2}",
         "a=NaN b=-Infinity c=NaN NaN=1 q\"NaN=2 ", NULL},
        {"bom.json", "\xef\xbb\xbf{\"a\": 1}", "a=1 ", NULL},
        {"list.json", "[1]", NULL, "list.json: holds no object"},
        {"torn.json", "{\"a\": ", NULL, "torn.json"},
        {"empty.json", "", NULL, "empty.json"},
        {"twice.json", "{\"a\": 1, \"a\": 2}", NULL, "twice.json"},
        {"a.yaml", "acc: 0.9\nf1:\n  macro: 0.5\nname: x\nlist: [1]\n", "acc=0.9 f1.macro=0.5 ", NULL},
        {"a.yml", "acc: .nan\n", "acc=NaN ", NULL},
        {"list.yaml", "- 1\n", NULL, "list.yaml: holds no mapping"},
        {"torn.yaml", "a: [1\n", NULL, "torn.yaml:"},
        {"a.csv", "step,loss,note\n0,1.5,x\n10,0.5,\n", "loss=1.5@0 loss=0.5@10 ", NULL},
        {"plain.csv", "loss,acc\n1,2\n\n3,4\n", "loss=1@0 acc=2@0 loss=3@1 acc=4@1 ", NULL},
        {"crlf.csv", "epoch,loss\r\n1,0.5\r\n2,\r\n", "loss=0.5@1 ", NULL},
        {"fraction.csv", "epoch,loss\n0.5,1\n1.0,2\n", "loss=1@0 loss=2@1 ", NULL},
        {"quotes.csv", "step,\"a,b\",\"say \"\"x\"\"\"\n1,\"2\",3\n", "a,b=2@1 say \"x\"=3@1 ", NULL},
        {"break.csv", "step,\"two\nlines\"\n1,2\nx,3\n", NULL, "break.csv:4: column \"step\""},
        {"both.csv", "epoch,step,loss\n1,100,0.5\n", "epoch=1@100 loss=0.5@100 ", NULL},
        {"short.csv", "step,loss\n1\n", NULL, "short.csv:2: 1 columns where the head line has 2"},
        {"nostep.csv", "step,loss\nx,1\n", NULL, "nostep.csv:2: column \"step\" holds no whole number"},
        {"halfstep.csv", "step,loss\n1.5,1\n", NULL, "halfstep.csv:2: column \"step\""},
        {"nanstep.csv", "step,loss\nnan,1\n", NULL, "nanstep.csv:2: column \"step\""},
        {"empty.csv", "", "", NULL},
        {"head.csv", "step,loss\n", "", NULL},
        {"dvclive.tsv", "timestamp\tstep\tloss\n1700000000000\t0\t0.5\n1700000001500\t1\t0.4\n",
         "loss=0.5@0/1700000000000000 loss=0.4@1/1700000001500000 ", NULL},
        {"wild.tsv", "timestamp\tloss\n1e300\t0.5\nnan\t1\n-5\t2\n", "loss=0.5@0 loss=1@1 loss=2@2 ", NULL},
        {"a.jsonl", "{\"loss\": 1}\n\n{\"loss\": 0.5, \"a\": {\"b\": 2}}\n", "loss=1@0 loss=0.5@1 a.b=2@1 ", NULL},
        {"step.jsonl", "{\"loss\": 1, \"step\": 5, \"ts\": 2}", "loss=1@5/2000000 ", NULL},
        {"epoch.ndjson", "{\"loss\": 1, \"epoch\": 3}\n{\"loss\": 2, \"epoch\": 3.5}\n{\"loss\": 3, \"epoch\": NaN}\n",
         "loss=1@3 loss=2@1 loss=3@2 ", NULL},
        {"torn.jsonl", "{\"loss\": 1}\n{\"loss\": ", NULL, "torn.jsonl:2: column"},
        {"refused.json", "{\"refused\": 1}", NULL, "refused"},
        {"refused.csv", "refused\n1\n", NULL, "refused"},
        {"bytes.csv", "step,\xff\n1,2\n", NULL, "not UTF-8"},
        {"a.txt", "1", NULL, "a.txt: a metrics file ends in"},
};

static void test_files(void **state)
{
	const char *dir = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_free_ char *path = path_join(dir, cases[i].name);
		_buf_ struct buf b = BUF_INIT;
		struct err e = { 0 };

		assert_int_equal(file_write(path, cases[i].text, strlen(cases[i].text), 0600, &e), 0);
		int r = metric_file_read(path, note, &b, &e);
		if (cases[i].want) {
			if (r < 0)
				fail_msg("%s: %s", cases[i].name, e.text);
			assert_string_equal(b.data, cases[i].want);
		} else {
			if (r >= 0 || !strstr(e.text, cases[i].error))
				fail_msg("%s: %d %s", cases[i].name, r, e.text);
		}
	}
}

static void test_missing(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	assert_int_equal(metric_file_read("/no/such/metrics.json", note, &b, &e), ERR_NOT_FOUND);
}

static void test_long_keys_are_left_out(void **state)
{
	const char *dir = *state;
	_free_ char *path = path_join(dir, "long.json");
	_buf_ struct buf text = BUF_INIT, b = BUF_INIT;
	struct err e;

	buf_adds(&text, "{\"");
	buf_fill(&text, 'k', 251);
	buf_adds(&text, "\": 1, \"a\": 2}");
	assert_int_equal(file_write(path, text.data, text.len, 0600, &e), 0);
	assert_int_equal(metric_file_read(path, note, &b, &e), 0);
	assert_string_equal(b.data, "a=2 ");
}

static int set_up(void **state)
{
	struct err e;

	return file_temp_dir("/tmp", "metric", (char **)state, &e);
}

static int tear_down(void **state)
{
	struct err e;

	file_remove_tree(*state, &e);
	free(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_missing),
	                                   cmocka_unit_test(test_long_keys_are_left_out)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
