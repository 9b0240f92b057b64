/* A project with a record for the screens of one run: fetch → clean → train[lr|tree|boost] → evaluate, of which
 * train[boost] failed. Everything is the same each time: the clock stands still. */
#ifndef TESTS_TUI_RUN_CASE_H
#define TESTS_TUI_RUN_CASE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/lib/record_make.h"
#include "tui/workbench/app.h"

#define CASE_UNUSED __attribute__((unused)) static

enum { FETCH, CLEAN, TRAIN_LR, TRAIN_TREE, TRAIN_BOOST, EVALUATE, NSTEPS };
struct run_case {
	char *dir;
	struct project project;
	struct tracker *tracker; /* writes */
	struct app app;          /* reads; only the fields of app.h */
	int64_t run, steps[NSTEPS], env, failed;
	int64_t begun; /* UTC µs */
};

CASE_UNUSED void write_text(const char *dir, const char *name, const char *text)
{
	_free_ char *path = path_join(dir, name);
	must(file_mkdirs_parent(path, 0755, &make_err));
	must(file_write(path, text, strlen(text), 0644, &make_err));
}

CASE_UNUSED int64_t begin_attempt(struct run_case *c, int step, int n, int at, const char *folder)
{
	char uid[ULID_LEN + 1];
	int64_t id;
	ulid_make(time_now(), uid);
	must(tracker_begin(c->tracker, &make_err));
	must(attempt_begin(c->tracker,
	                   &(struct attempt_new){.run = c->run,
	                                         .step = c->steps[step],
	                                         .uid = uid,
	                                         .n = n,
	                                         .command = "[\"true\"]",
	                                         .folder = folder,
	                                         .isolation = "folder",
	                                         .env = c->env,
	                                         .host = "host",
	                                         .reason = step == TRAIN_BOOST ? "run: lib/features.py changed (+3 −1)"
	                                                                       : "run: never finished",
	                                         .started = c->begun + at * US_PER_S},
	                   &id, &make_err));
	must(tracker_commit(c->tracker, &make_err));
	return id;
}

CASE_UNUSED void end_attempt(struct run_case *c, int step, int64_t attempt, int ended, int took, bool well,
                             enum step_state to)
{
	bool boost = step == TRAIN_BOOST;
	must(tracker_begin(c->tracker, &make_err));
	must(attempt_end(c->tracker, c->run, c->steps[step], attempt,
	                 &(struct attempt_result){
	                         .state = well ? ATTEMPT_SUCCESS : ATTEMPT_FAILED,
	                         .cause = well ? CAUSE_NONE : CAUSE_EXIT,
	                         .exit_status = !well,
	                         .error_file = !well && boost ? "lib/features.py" : NULL,
	                         .error_line = 3,
	                         .error_message = well ? NULL : "ValueError: could not convert string to float: 'NA'",
	                         .ended = c->begun + ended * US_PER_S,
	                         .elapsed_us = took * US_PER_S,
	                         .usage = {612000000, took * 1900000LL, -1, -1, -1},
	                         .step_state = to},
	                 &make_err));
	must(tracker_commit(c->tracker, &make_err));
}

/* All steps are there, none has begun. */
CASE_UNUSED void case_begin(struct run_case *c)
{
	static const char *const names[] = { "fetch", "clean", "train[lr]", "train[tree]", "train[boost]", "evaluate" };
	_json_ json_t *item = json_pack("{s:s}", "model", "x");
	_json_ json_t *detail = json_pack("{s:{s:s}}", "python", "version", "3.11.7");
	static const struct env_package packages[] = { { "numpy", "1.26.4", NULL }, { "pandas", "2.2.0", NULL } };
	*c = (struct run_case){ .begun = 1767225600 * US_PER_S };
	setenv("TZ", "UTC", 1);
	time_pin(c->begun);
	must(file_temp_dir("/tmp", "runs", &c->dir, &make_err));
	c->project = (struct project){ mem_strdup(c->dir), path_join(c->dir, ".jig"), mem_strdup("penguins") };
	must(file_mkdirs(c->project.jig, 0700, &make_err));
	must(tracker_open(c->project.jig, TRACKER_WRITE, &c->tracker, &make_err));
	must(tracker_begin(c->tracker, &make_err));
	struct run_new n = {.name = "dull-heron",
	                    .pipeline = "penguins",
	                    .pipeline_text = "steps: {}\n",
	                    .host = "host",
	                    .user = "user",
	                    .code = {.commit = "4f2a9c1000000000000000000000000000000000", .branch = "main",
	                    .dirty = 1}};
	char uid[ULID_LEN + 1];
	must(run_create(c->tracker, &n, &c->run, uid, &make_err));
	struct step_need_new needs[3] = { { 0, true } };
	for (int i = 0; i < NSTEPS; i++) {
		bool matrix = i >= TRAIN_LR && i <= TRAIN_BOOST;
		for (int k = 0; k < 3; k++)
			needs[k] = (struct step_need_new){i == EVALUATE ? TRAIN_LR + k : matrix ? CLEAN : i - 1, true};
		struct step_new s = {.name = names[i],
		                     .base = matrix ? "train" : names[i],
		                     .item = matrix ? item : NULL,
		                     .command = "true",
		                     .state = STEP_PENDING,
		                     .rank = i,
		                     .needs = needs,
		                     .nneeds = i == 0 ? 0 : i == EVALUATE ? 3 : 1};
		must(step_add(c->tracker, c->run, &s, 1, &c->steps[i], &make_err));
	}
	must(env_record(c->tracker,
	                &(struct env_facts){.key = "3f9c0a1b",
	                                    .grade = "pinned",
	                                    .kind = "requirements",
	                                    .detail = detail,
	                                    .packages = packages,
	                                    .npackages = 2},
	                &c->env, &make_err));
	must(run_start(c->tracker, c->run, &make_err));
	must(tracker_commit(c->tracker, &make_err));
	must(tracker_open(c->project.jig, TRACKER_READ, &c->app.tracker, &make_err));
	c->app.project = &c->project;
}

/* fetch and clean went well, train[lr] at its second attempt; train[boost] failed and train[tree] still runs. */
CASE_UNUSED void case_live(struct run_case *c)
{
	static struct digest d = { { 0xa9, 0x1f, 3 } };
	case_begin(c);
	end_attempt(c, FETCH, begin_attempt(c, FETCH, 1, 0, "runs/1/fetch@1"), 2, 2, true, STEP_SUCCESS);
	end_attempt(c, CLEAN, begin_attempt(c, CLEAN, 1, 2, "runs/1/clean@1"), 10, 8, true, STEP_SUCCESS);
	end_attempt(c, TRAIN_LR, begin_attempt(c, TRAIN_LR, 1, 10, "runs/1/train+lr@1"), 14, 4, false, STEP_RETRYING);
	c->failed = begin_attempt(c, TRAIN_BOOST, 1, 10, "runs/1/train+boost@1");
	end_attempt(c, TRAIN_LR, begin_attempt(c, TRAIN_LR, 2, 16, "runs/1/train+lr@2"), 28, 12, true, STEP_SUCCESS);
	must(tracker_begin(c->tracker, &make_err));
	must(artifact_add(c->tracker,
	                  &(struct artifact_new){.run = c->run,
	                                         .step = c->steps[TRAIN_BOOST],
	                                         .attempt = c->failed,
	                                         .role = ROLE_IN,
	                                         .form = FORM_FILE,
	                                         .path = "data/clean.csv",
	                                         .digest = &d,
	                                         .size = 4100000,
	                                         .mode = 0644},
	                  &make_err));
	must(artifact_add(c->tracker,
	                  &(struct artifact_new){.run = c->run,
	                                         .step = c->steps[TRAIN_BOOST],
	                                         .attempt = c->failed,
	                                         .role = ROLE_CHECKPOINT,
	                                         .form = FORM_FILE,
	                                         .path = "epoch-010.pt",
	                                         .digest = &d,
	                                         .size = 100,
	                                         .mtime = c->begun + 30 * US_PER_S,
	                                         .mode = 0644},
	                  &make_err));
	make_points(c->tracker, c->run, c->steps[TRAIN_BOOST], c->failed, "loss",
	            (double[]){0.9, 0.7, 0.5, 0.4, 0.38, 0.42, 0.441}, 7);
	must(tracker_commit(c->tracker, &make_err));
	write_text(c->project.jig, "runs/1/train+boost@1/work/lib/features.py",
	           "def encode(col):\n    out = []\n    return [float(v) for v in col]\n\n\n");
	end_attempt(c, TRAIN_BOOST, c->failed, 41, 31, false, STEP_FAILED);
	begin_attempt(c, TRAIN_TREE, 1, 10, "runs/1/train+tree@1");
	time_pin(c->begun + 60 * US_PER_S);
}

/* As case_live, and it is over: train[tree] went well. */
CASE_UNUSED void case_failed(struct run_case *c)
{
	case_live(c);
	int64_t tree = make_number(c->project.jig, "SELECT max(id) FROM attempt");
	end_attempt(c, TRAIN_TREE, tree, 19, 9, true, STEP_SUCCESS);
	must(tracker_begin(c->tracker, &make_err));
	must(step_move(c->tracker, c->run, &c->steps[EVALUATE], 1, STEP_UPSTREAM_FAILED, NULL, &make_err));
	must(run_end(c->tracker, c->run, RUN_FAILED, 1, 41 * US_PER_S, &make_err));
	must(tracker_commit(c->tracker, &make_err));
}

CASE_UNUSED void case_end(struct run_case *c)
{
	tracker_close(c->app.tracker);
	tracker_close(c->tracker);
	project_release(&c->project);
	must(file_remove_tree(c->dir, &make_err));
	free(c->dir);
	time_pin(-1);
}

CASE_UNUSED struct view *case_view(struct run_case *c, struct view *make(struct app *a, int64_t run, struct err *e))
{
	struct view *v = make(&c->app, c->run, &make_err);
	if (!v)
		fail_msg("%s", make_err.text);
	return v;
}

CASE_UNUSED int case_act(struct run_case *c, struct view *v, enum action a)
{
	int r = v->ops->act(v, &c->app, a, &make_err);
	if (r < 0)
		fail_msg("%s", make_err.text);
	return r;
}

CASE_UNUSED int case_refresh(struct run_case *c, struct view *v, int why)
{
	int r = v->ops->refresh(v, &c->app, why, &make_err);
	if (r < 0)
		fail_msg("%s", make_err.text);
	return r;
}

CASE_UNUSED char *view_picture(struct run_case *c, struct view *v, int rows, int cols)
{
	struct grid g;
	_buf_ struct buf b = BUF_INIT, trail = BUF_INIT, facts = BUF_INIT;
	grid_init(&g, rows, cols);
	v->ops->draw(v, &c->app, &g, (struct rect){ 0, 0, rows, cols });
	v->ops->title(v, &c->app, &trail, &facts);
	buf_addf(&b, "%s   %s\n", trail.data, facts.data);
	grid_print(&g, &c->app.paint, &b);
	grid_release(&g);
	return buf_steal(&b);
}

CASE_UNUSED void assert_view(struct run_case *c, struct view *v, int rows, int cols, const char *wanted)
{
	_free_ char *got = view_picture(c, v, rows, cols);
	if (strcmp(got, wanted)) {
		fprintf(stderr, "drawn:\n%swanted:\n%s\n", got, wanted); /* cmocka cuts long texts */
		fail();
	}
}

#endif
