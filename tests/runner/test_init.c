#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/file.h"
#include "base/path.h"
#include "runner/pipeline/init.h"
#include "runner/pipeline/pipeline.h"

static char *root;

static int make_root(void **state)
{
	struct err e;

	return file_temp_dir("/tmp", "init", &root, &e);
}

static int remove_root(void **state)
{
	struct err e;
	int r = file_remove_tree(root, &e);

	free(root);
	return r;
}

static void put(const char *name, const char *text)
{
	_free_ char *path = path_join(root, name);
	struct err e;

	assert_int_equal(file_mkdirs_parent(path, 0755, &e), 0);
	assert_int_equal(file_write(path, text, strlen(text), 0644, &e), 0);
}

/* What it makes must be a pipeline without faults. */
static struct pipeline *make(enum init_source wanted, struct buf *text, struct buf *notes)
{
	struct pipeline_options o = { .root = root };
	struct pipeline *p = NULL;
	_buf_ struct buf faults = BUF_INIT;
	enum init_source source;
	struct err e = { 0 };

	if (init_pipeline(root, text, notes, &source, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(source, wanted);
	if (pipeline_parse(text->data, text->len, &o, &p, &faults, &e) < 0)
		fail_msg("%s\n%s", faults.data, text->data);
	return p;
}

static const struct step *step(const struct pipeline *p, const char *name)
{
	int i = pipeline_find(p, name);

	assert_true(i >= 0);
	return &p->steps[i];
}

static void test_empty(void **state)
{
	_buf_ struct buf text = BUF_INIT, notes = BUF_INIT;
	_cleanup_(pipeline_freep) struct pipeline *p = make(INIT_EMPTY, &text, &notes);

	assert_int_equal(p->nsteps, 2);
	assert_int_equal(step(p, "total")->needs[0].step, pipeline_find(p, "numbers"));
	assert_true(step(p, "total")->outputs[0].metrics);
}

static void test_scripts(void **state)
{
	_buf_ struct buf text = BUF_INIT, notes = BUF_INIT;

	put("data/raw.csv", "x\n1\n");
	put("b_load.py", "import pandas as pd\ndf = pd.read_csv('data/raw.csv')\ndf.to_csv(\"clean.csv\")\n");
	put("a_fit.py", "import json, helper\nrows = open('clean.csv')\n# open('old.csv')\njson.dump({}, "
	                "open(\"metrics.json\", \"w\"))\nopen('gone.txt')\n");
	put("helper.py", "x = 1\n");
	put("c_pack.sh", "gzip -c clean.csv > out/clean.gz\n");
	put("tests/test_x.py", "open('x.csv')\n");
	put(".venv/pyvenv.cfg", "");
	put(".venv/lib.py", "open('y.csv')\n");
	_cleanup_(pipeline_freep) struct pipeline *p = make(INIT_SCRIPTS, &text, &notes);
	assert_int_equal(p->nsteps, 3);
	assert_int_equal(step(p, "b_load")->ninputs, 1);
	assert_int_equal(step(p, "a_fit")->needs[0].step, pipeline_find(p, "b_load"));
	assert_true(step(p, "a_fit")->outputs[0].metrics);
	assert_int_equal(step(p, "a_fit")->noutputs, 1);
	assert_string_equal(step(p, "c_pack")->outputs[0].path, "out/clean.gz");
	assert_non_null(strstr(notes.data, "a_fit.py reads \"gone.txt\""));
	assert_non_null(strstr(text.data, "seed: 7"));
}

static void test_params_file(void **state)
{
	_buf_ struct buf text = BUF_INIT, notes = BUF_INIT;

	put("params.yaml", "train: {lr: 0.1}\n");
	put("fit.py", "open('model.json', 'w')\n");
	_cleanup_(pipeline_freep) struct pipeline *p = make(INIT_SCRIPTS, &text, &notes);
	assert_int_equal(p->nsteps, 1);
	assert_non_null(strstr(text.data, "params: params.yaml"));
	assert_null(strstr(text.data, "seed"));
}

static void test_dvc(void **state)
{
	_buf_ struct buf text = BUF_INIT, notes = BUF_INIT;

	put("params.yaml", "train: {lr: 0.1}\n");
	put("data/raw.csv", "x\n1\n");
	put("dvc.yaml", "stages:\n"
			"  prepare:\n"
			"    cmd: python prepare.py\n"
			"    deps: [prepare.py, data/raw.csv]\n"
			"    outs:\n      - data/clean.csv\n      - data/parts\n"
			"  train:\n"
			"    foreach: [a, b]\n"
			"    do:\n"
			"      cmd: python train.py --lr ${train.lr} ${item}\n"
			"      deps: [data/clean.csv, data/parts]\n"
			"      outs:\n        - model_${item}.pkl:\n            cache: false\n"
			"      metrics: ['metrics_${item}.json']\n"
			"  report:\n"
			"    wdir: sub\n"
			"    cmd:\n      - echo one\n      - echo two\n"
			"    outs: [report.txt]\n"
			"    always_changed: true\n"
			"    frozen: true\n");
	_cleanup_(pipeline_freep) struct pipeline *p = make(INIT_DVC, &text, &notes);
	assert_int_equal(p->nsteps, 4);
	assert_int_equal(step(p, "prepare")->ninputs, 1); /* scripts are code */
	assert_string_equal(step(p, "train[b]")->outputs[0].path, "model_b.pkl");
	assert_true(step(p, "train[b]")->outputs[1].metrics);
	assert_true(step(p, "prepare")->outputs[1].folder);
	assert_int_equal(step(p, "train[b]")->ninputs, 2);
	assert_non_null(strstr(notes.data, "stage prepare: \"data/parts\" is taken for a folder"));
	assert_int_equal(step(p, "train[b]")->nparams_named, 1);
	assert_string_equal(step(p, "report")->outputs[0].path, "sub/report.txt");
	assert_false(step(p, "report")->cache);
	assert_non_null(strstr(notes.data, "frozen"));
}

static void test_mlproject(void **state)
{
	_buf_ struct buf text = BUF_INIT, notes = BUF_INIT;

	put("MLproject", "name: wine\nentry_points:\n  main:\n    parameters:\n      alpha: {type: float, default: "
	                 "0.5}\n      data: path\n"
	                 "    command: \"python train.py {alpha} {data}\"\n");
	_cleanup_(pipeline_freep) struct pipeline *p = make(INIT_MLPROJECT, &text, &notes);
	assert_string_equal(p->name, "wine");
	assert_int_equal(step(p, "main")->nparams_named, 2);
	assert_true(json_is_number(json_object_get(p->params, "alpha")));
	assert_non_null(strstr(notes.data, "param data has no default"));
}

static void test_broken(void **state)
{
	_buf_ struct buf text = BUF_INIT, notes = BUF_INIT;
	enum init_source source;
	struct err e = { 0 };

	put("dvc.yaml", "stages: [\n");
	assert_int_equal(init_pipeline(root, &text, &notes, &source, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "dvc.yaml:"));
	put("dvc.yaml", "stages: {}\n");
	assert_int_equal(init_pipeline(root, &text, &notes, &source, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "has no stages"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_scripts, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_params_file, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_dvc, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_mlproject, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_broken, make_root, remove_root),
	};

	return cmocka_run_group_tests_name("init", tests, NULL, NULL);
}
