/* What a resume starts from: code, pipeline, inputs and overrides of an earlier run. */
#include "tests/lib/record_make.h"
#include "tests/runner/code_scratch.h"
#include "runner/resume.h"

static struct project project;
static struct tracker *tracker;
static struct resume resume;
static struct buf faults = BUF_INIT;
static struct err err;

static const char *const pipeline_one = "params: {lr: 0.1, seed: 1}\n"
                                        "steps:\n"
                                        "  clean: {run: ./clean.sh, inputs: [data/raw.csv], outputs: [clean.csv]}\n"
                                        "  train: {run: 'train ${params.lr}', inputs: [clean.csv], outputs: "
                                        "[model/]}\n";

static int setup(void **state)
{
	if (scratch_setup(state) < 0)
		return -1;
	project = (struct project){.root = root, .jig = jig, .name = "project"};
	put("jig.yaml", pipeline_one);
	put("lib/x.py", "one\n");
	put("data/raw.csv", "a,b\n");
	return tracker_open(jig, TRACKER_WRITE, &tracker, &err);
}

static int teardown(void **state)
{
	resume_release(&resume);
	buf_release(&faults);
	tracker_close(mem_take(tracker));
	return scratch_teardown(state);
}
#define resume_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* A run of pipeline_one with the code as it is now, in which train failed. ended: else it is live still. */
static int64_t record_run(const char *options_text, bool ended)
{
	static const struct digest raw = {{1}}, clean = {{2}};
	_json_ json_t *list = NULL;
	int64_t run, steps[2], attempts[2], env;
	char uid[ULID_LEN + 1];

	take_ok();
	must(json_parse(options_text, strlen(options_text), "options", &list, &make_err));
	must(tracker_begin(tracker, &make_err));
	must(run_create(tracker,
	                &(struct run_new){.pipeline = "p",
	                                  .pipeline_text = pipeline_one,
	                                  .host = "h",
	                                  .user = "u",
	                                  .options = list,
	                                  .code = {"c0ffee", "main", NULL, 1, snap.tree}},
	                &run, uid, &make_err));
	must(env_record(tracker, &(struct env_facts){"0a1b", "observed", "system", NULL}, &env, &make_err));
	steps[0] = make_step(tracker, run, "clean", 0);
	steps[1] = make_next_step(tracker, run, "train", 1);
	must(run_start(tracker, run, &make_err));
	attempts[0] = make_attempt(tracker, run, steps[0], 1, env);
	must(artifact_add(tracker,
	                  &(struct artifact_new){run, steps[0], attempts[0], ROLE_IN, FORM_FILE, "data/raw.csv", &raw,
	                                         4, 0, 0644},
	                  &make_err));
	must(artifact_add(tracker,
	                  &(struct artifact_new){run, steps[0], attempts[0], ROLE_OUT, FORM_FILE, "clean.csv", &clean,
	                                         4, 0, 0644},
	                  &make_err));
	make_end(tracker, run, steps[0], attempts[0], ATTEMPT_SUCCESS, STEP_SUCCESS);
	attempts[1] = make_attempt(tracker, run, steps[1], 1, env);
	must(artifact_add(
	        tracker,
	        &(struct artifact_new){run, steps[1], attempts[1], ROLE_IN, FORM_FILE, "clean.csv", &clean, 4, 0, 0644},
	        &make_err));
	if (ended) {
		make_end(tracker, run, steps[1], attempts[1], ATTEMPT_FAILED, STEP_FAILED);
		must(run_end(tracker, run, RUN_FAILED, 1, 1000, &make_err));
	}
	must(tracker_commit(tracker, &make_err));
	return run;
}

static int load(int64_t run, const char *code, const char *override)
{
	struct resume_options o = {.project = &project,
	                           .tracker = tracker,
	                           .origin = run,
	                           .code = code,
	                           .overrides = &override,
	                           .noverrides = override != NULL};

	resume_release(&resume);
	buf_reset(&faults);
	return resume_load(&o, &resume, &faults, &err);
}

static void load_ok(int64_t run, const char *code, const char *override)
{
	if (load(run, code, override) < 0)
		fail_msg("%s", err.text);
}

static void refuse(int64_t run, const char *code, const char *override, int error, const char *part)
{
	assert_int_equal(load(run, code, override), error);
	if (!strstr(faults.len ? faults.data : err.text, part))
		fail_msg("\"%s\" does not say \"%s\"", faults.len ? faults.data : err.text, part);
}

static double param(const char *key)
{
	return json_number_value(json_path_get(resume.pipeline->params, key));
}

static void the_working_tree(void **state)
{
	int64_t run = record_run("{\"overrides\":[\"lr=0.3\",\"seed=2\"],\"isolation\":\"folder\"}", true);

	put("jig.yaml", "params: {lr: 0.2, depth: 3}\nsteps: {train: {run: x}}\n");
	load_ok(run, NULL, "depth=4");
	assert_false(resume.from_tree);
	assert_int_equal(resume.inputs.len, 0);
	assert_int_equal(resume.row.number, run);
	assert_int_equal(resume.pipeline->nsteps, 1);
	assert_true(param("lr") == 0.3 && param("depth") == 4);
	assert_string_equal(resume.isolation, "folder");
	assert_null(resume.file);
	/* What holds is what the next resume starts from. */
	assert_int_equal(resume.noverrides, 2);
	assert_string_equal(resume.overrides[0], "lr=0.3");
	assert_string_equal(resume.overrides[1], "depth=4");
	assert_int_equal(resume.nnotes, 1);
	assert_non_null(strstr(resume.notes[0], "-p seed=2 of run 1 is left out"));
	load_ok(run, "work", "lr=0.5");
	assert_true(param("lr") == 0.5);
	refuse(run, NULL, "dept=1", ERR_USAGE, "unknown param \"dept\" (did you mean \"depth\"?)");
	put("jig.yaml", "steps: {train: {rum: x}}\n");
	refuse(run, NULL, NULL, ERR_USAGE, "\"rum\"");
}

static void the_file_that_it_had(void **state)
{
	int64_t run = record_run("{\"file\":\"other.yaml\"}", true);

	refuse(run, NULL, NULL, ERR_NOT_FOUND, "there is no other.yaml");
	put("other.yaml", "steps: {one: {run: x}, two: {run: x}}\n");
	load_ok(run, NULL, NULL);
	assert_string_equal(resume.file, "other.yaml");
	assert_int_equal(resume.pipeline->nsteps, 2);
	struct resume_options o = {.project = &project, .tracker = tracker, .origin = run};
	_free_ char *full = path_join(root, "jig.yaml");
	o.file = full;
	resume_release(&resume);
	assert_int_equal(resume_load(&o, &resume, NULL, &err), 0);
	assert_string_equal(resume.file, "jig.yaml");
}

static void the_same_code(void **state)
{
	int64_t run = record_run("{}", true);

	put("jig.yaml", "steps: {other: {run: x}}\n");
	put("lib/x.py", "two\n");
	load_ok(run, "same", "lr=0.4");
	assert_true(resume.from_tree);
	assert_string_equal(resume.code.tree, snap.tree);
	assert_string_equal(resume.code.commit, "c0ffee");
	assert_int_equal(resume.code.dirty, 1);
	assert_int_equal(resume.pipeline->nsteps, 2);
	assert_true(param("lr") == 0.4);
	/* clean.csv came from a step. */
	assert_int_equal(resume.inputs.len, 1);
	assert_string_equal(resume.inputs.v[0].path, "data/raw.csv");
	assert_int_equal(resume.inputs.v[0].digest.b[0], 1);
	assert_int_equal(resume.inputs.run, run);
	refuse(run, "same", "nope=1", ERR_USAGE, "unknown param \"nope\"");
}

static void params_of_the_same_code(void **state)
{
	put("p.yaml", "lr: 7\n");
	put("from_file.yaml", "params: [p.yaml]\nsteps: {a: {run: x}}\n");
	int64_t run = record_run("{}", true);
	struct resume_options o = {
	        .project = &project, .tracker = tracker, .origin = run, .code = "same", .file = "from_file.yaml"};

	put("p.yaml", "lr: 8\n");
	assert_int_equal(resume_load(&o, &resume, NULL, &err), 0);
	assert_true(param("lr") == 7);
}

static void what_is_refused(void **state)
{
	int64_t live = record_run("{}", false), run;

	refuse(live, NULL, NULL, ERR_USAGE, "run 1 is live: `jig retry 1 STEP`");
	assert_non_null(strstr(err.text, "`jig stop 1`"));
	refuse(99, NULL, NULL, ERR_NOT_FOUND, "there is no run 99");
	run = record_run("{}", true);
	refuse(run, "HEAD", NULL, ERR_USAGE, "");
	git("init -q");
	commit_all();
	refuse(run, "no-such-branch", NULL, ERR_USAGE, "no-such-branch");
	/* Its snapshot is gone. */
	_free_ char *code = path_join(jig, "code.git");
	assert_ok(file_remove_tree(code, e));
	put("lib/x.py", "other\n");
	take_ok();
	refuse(run, "same", NULL, ERR_USAGE, "the code of run 2 is no longer in");
	must(tracker_begin(tracker, &make_err));
	must(run_remove(tracker, run, &make_err));
	must(tracker_commit(tracker, &make_err));
	refuse(run, NULL, NULL, ERR_NOT_FOUND, "there is no run 2");
	struct resume_options o = {.project = &project,
	                           .tracker = tracker,
	                           .origin = record_run("{\"file\":\"/elsewhere/jig.yaml\"}", true),
	                           .code = "same"};
	assert_int_equal(resume_load(&o, &resume, NULL, &err), ERR_USAGE);
	assert_non_null(strstr(err.text, "/elsewhere/jig.yaml lies outside the project"));
}

static void a_revision(void **state)
{
	git("init -q");
	put("jig.yaml", "params: [p.yaml]\nsteps: {old: {run: x, outputs: [made.csv]}}\n");
	put("p.yaml", "lr: 1\n");
	put("made.csv", "an output that was committed\n");
	commit_all();
	put("jig.yaml", pipeline_one);
	put("p.yaml", "lr: 2\n");
	commit_all();
	int64_t run = record_run("{\"overrides\":[\"seed=3\"]}", true);

	load_ok(run, "HEAD~1", NULL);
	assert_true(resume.from_tree);
	assert_int_equal(resume.pipeline->nsteps, 1);
	assert_string_equal(resume.pipeline->steps[0].name, "old");
	assert_true(param("lr") == 1);
	assert_int_equal(resume.code.dirty, 0);
	assert_int_equal(strlen(resume.code.tree), 40);
	assert_int_equal(strlen(resume.code.commit), 40);
	assert_int_equal(resume.nnotes, 1);
	_buf_ struct buf text = BUF_INIT;
	assert_int_equal(code_read(jig, resume.code.tree, "made.csv", &text, &err), ERR_NOT_FOUND);
	assert_int_equal(code_read(jig, resume.code.tree, "lib/x.py", &text, &err), 0);
	git("rm -q --cached jig.yaml");
	git("commit -q -m without");
	refuse(run, "HEAD", NULL, ERR_USAGE, "revision HEAD has no jig.yaml");
}

static void what_differs_in_the_code(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	char before[41];

	put("bin.dat", "x");
	take_ok();
	memcpy(before, snap.tree, sizeof before);
	assert_string_equal(resume_code_note(jig, before, snap.tree, &a), "code: unchanged");
	put("lib/x.py", "two\nthree\nfour\n");
	take_ok();
	assert_string_equal(resume_code_note(jig, before, snap.tree, &a), "code: lib/x.py +3 −1");
	put("a.py", "new\n");
	_free_ char *gone = path_join(root, "bin.dat");
	assert_int_equal(unlink(gone), 0);
	put("z1.py", "new\n");
	put("z2.py", "new\n");
	take_ok();
	assert_string_equal(resume_code_note(jig, before, snap.tree, &a),
	                    "code: a.py is new, bin.dat is gone, lib/x.py +3 −1, 2 files more");
	assert_non_null(strstr(resume_code_note(jig, NULL, snap.tree, &a), "cannot be compared"));
	assert_non_null(strstr(resume_code_note(jig, "0123456789012345678901234567890123456789", snap.tree, &a),
	                       "cannot be compared"));
}

static void what_differs_from_the_run(void **state)
{
	int64_t run = record_run("{}", true);
	struct prepared now = {0};
	struct inputs_options io = {.root = root, .jig = jig};
	bool in[2] = {true, true};
	int of[2] = {0, 0};
	struct env env = {.key = "0a1b"};

	put("lib/x.py", "two\n");
	load_ok(run, NULL, NULL);
	take_ok();
	io.pipeline = resume.pipeline;
	io.store = now.store = store_new(jig);
	assert_ok(inputs_read(&io, &now.inputs, NULL, e));
	now.in = in;
	memcpy(now.code.tree, snap.tree, sizeof snap.tree);
	now.envs = (struct env_set){.v = &env, .len = 1, .of = of};
	vec_push(&now.notes, "left out .env");
	assert_ok(resume_compare(tracker, run, &project, resume.pipeline, &now, e));
	/* train never had other inputs than those that clean made. */
	assert_int_equal(now.notes.len, 3);
	assert_string_equal(now.notes.v[0], "code: lib/x.py +1 −1");
	assert_string_equal(now.notes.v[1], "! input data/raw.csv changed since run 1");
	assert_string_equal(now.notes.v[2], "left out .env");
	snprintf(env.key, sizeof env.key, "ffff");
	env.detail = json_pack("{s:s}", "source", "requirements.lock");
	vec_clear(&now.notes);
	assert_ok(resume_compare(tracker, run, &project, resume.pipeline, &now, e));
	assert_int_equal(now.notes.len, 3);
	assert_string_equal(now.notes.v[2],
	                    "! environment of clean and 1 step more changed since run 1: requirements.lock");
	json_decref(env.detail);
	vec_release(&now.notes);
	arena_release(&now.texts);
	inputs_free(now.inputs);
	store_free(now.store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        resume_test(the_working_tree),        resume_test(the_file_that_it_had), resume_test(the_same_code),
	        resume_test(params_of_the_same_code), resume_test(what_is_refused),      resume_test(a_revision),
	        resume_test(what_differs_in_the_code), resume_test(what_differs_from_the_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
