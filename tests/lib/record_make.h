/* Makes a record by the tracker's own functions: one run that has one of everything, and short helpers for tests. */
#ifndef TESTS_LIB_RECORD_MAKE_H
#define TESTS_LIB_RECORD_MAKE_H

#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/time.h"
#include "tracker/request.h"
#include "tracker/run.h"
#include "tracker/series.h"
#include "tracker/step.h"
#include "tracker/trace.h"
#include "tracker/tracker.h"
#include "tracker/verify.h"

#define MAKE_UNUSED __attribute__((unused)) static

/* For calls that must succeed. */
#define must(call) must_(__FILE__, __LINE__, (call), &make_err)
MAKE_UNUSED struct err make_err;
MAKE_UNUSED int must_(const char *file, int line, int r, const struct err *e)
{
	if (r < 0) {
		fprintf(stderr, "%s:%d: %s\n", file, line, e->text);
		abort();
	}
	return r;
}

/* SQL by a connection of its own, as another tool would. NULL when it went well, else the message (until the next
 * call). */
MAKE_UNUSED const char *make_sql(const char *dir, const char *sql)
{
	static char message[300];
	_free_ char *path = path_join(dir, "jig.db");
	sqlite3 *db;
	char *m = NULL;

	if (sqlite3_open(path, &db) != SQLITE_OK)
		abort();
	sqlite3_busy_timeout(db, 20000);
	sqlite3_exec(db, sql, NULL, NULL, &m);
	if (m)
		snprintf(message, sizeof message, "%s", m);
	sqlite3_free(m);
	if (sqlite3_close(db) != SQLITE_OK)
		abort();
	return m ? message : NULL;
}

/* The first column of the first row; -1 for NULL or no row. */
MAKE_UNUSED int64_t make_number(const char *dir, const char *sql)
{
	_free_ char *path = path_join(dir, "jig.db");
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t v = -1;

	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_prepare_v2(db, sql, -1, &st, NULL) != SQLITE_OK)
		abort();
	if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
		v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return v;
}

/* In a transaction: a run with that name (NULL: invented), queued. */
MAKE_UNUSED int64_t make_run(struct tracker *t, const char *name)
{
	struct run_new n = {.name = name,
	                    .pipeline = "p",
	                    .pipeline_text = "steps: {}\n",
	                    .host = "host",
	                    .user = "user",
	                    .code = {.dirty = -1}};
	char uid[ULID_LEN + 1];
	int64_t run;

	must(run_create(t, &n, &run, uid, &make_err));
	return run;
}

MAKE_UNUSED int64_t make_step(struct tracker *t, int64_t run, const char *name, int rank)
{
	struct step_new n = {.name = name, .base = name, .command = "true", .state = STEP_PENDING, .rank = rank};
	int64_t id;

	must(step_add(t, run, &n, 1, &id, &make_err));
	return id;
}

/* The same, which takes in an output of the step before it. */
MAKE_UNUSED int64_t make_next_step(struct tracker *t, int64_t run, const char *name, int rank)
{
	struct step_need_new needs = {rank - 1, true};
	struct step_new n = {.name = name, .base = name, .command = "true", .state = STEP_PENDING, .rank = rank,
	                     .needs = &needs, .nneeds = 1};
	int64_t id;

	must(step_add(t, run, &n, 1, &id, &make_err));
	return id;
}

/* run, step and n, and what else a test wants of it; the rest is the same for all. */
MAKE_UNUSED int64_t make_attempt_as(struct tracker *t, struct attempt_new n)
{
	char uid[ULID_LEN + 1];
	int64_t id;

	ulid_make(time_now(), uid);
	n.uid = uid;
	n.command = "[\"true\"]";
	n.folder = "runs/1/x@1";
	n.isolation = "folder";
	n.host = "host";
	n.reason = "run: never finished";
	n.started = time_now();
	n.pid = 100;
	n.pid_start = 1000;
	must(attempt_begin(t, &n, &id, &make_err));
	return id;
}

MAKE_UNUSED int64_t make_attempt(struct tracker *t, int64_t run, int64_t step, int n, int64_t env)
{
	return make_attempt_as(t, (struct attempt_new){.run = run, .step = step, .n = n, .env = env});
}

/* trace: of trace_record; 0: none. */
MAKE_UNUSED void make_end_traced(struct tracker *t, int64_t run, int64_t step, int64_t attempt, enum attempt_state s,
                                 enum step_state to, int64_t trace)
{
	bool failed = s == ATTEMPT_FAILED;

	must(attempt_end(t, run, step, attempt,
	                 &(struct attempt_result){.state = s,
	                                          .cause = failed ? CAUSE_EXIT : CAUSE_NONE,
	                                          .exit_status = failed,
	                                          .ended = time_now(),
	                                          .elapsed_us = 1000,
	                                          .usage = {5, 6, 7, 8, -1},
	                                          .step_state = to,
	                                          .trace = trace},
	                 &make_err));
}

MAKE_UNUSED void make_end(struct tracker *t, int64_t run, int64_t step, int64_t attempt, enum attempt_state s,
                          enum step_state to)
{
	make_end_traced(t, run, step, attempt, s, to, 0);
}

/* Three lookups, the same each time. */
MAKE_UNUSED int64_t make_trace(struct tracker *t)
{
	static const struct trace_row rows[] = {
	        {.kind = TRACE_OUTSIDE, .path = "/data/raw.csv", .mode = 0100000, .size = 12, .mtime = 34},
	        {.kind = TRACE_FILE, .path = "lib/x.py", .digest = {1, 2}, .digest_len = 20, .mode = 0100644},
	        {.kind = TRACE_NOTHING, .path = "lib/y.py"},
	};
	int64_t set;

	must(trace_record(t, rows, ARRAY_LEN(rows), &set, &make_err));
	return set;
}

MAKE_UNUSED int64_t make_points(struct tracker *t, int64_t run, int64_t step, int64_t attempt, const char *key,
                                const double *v, size_t n)
{
	int64_t id;

	must(series_open(t, run, step, attempt, key, &id, &make_err));
	for (size_t i = 0; i < n; i++)
		must(series_add(t, id, &(struct point){(int64_t)i, 1000 + (int64_t)i, v[i]}, 1, &make_err));
	return id;
}

struct made {
	int64_t run, prepare, train, prepared, trained, series, env;
};

/* One run, named, that has one of everything and is running still. Opens a transaction and commits it. */
MAKE_UNUSED struct made make_everything(struct tracker *t, const char *name)
{
	_json_ json_t *params = json_pack("{s:{s:f, s:i}, s:s, s:[i,i], s:n, s:b}", "train", "lr", 0.1, "depth", 3,
	                                  "model", "lr", "list", 1, 2, "none", "on", 1);
	_json_ json_t *argv = json_pack("[s,s]", "jig", "run");
	_json_ json_t *options = json_pack("{s:s}", "isolation", "folder");
	_json_ json_t *spec = json_pack("{s:s}", "over", "train.lr");
	_json_ json_t *detail = json_pack("{s:s}", "python", "3.12.1");
	static struct digest d = {{1, 2, 3}};
	struct run_new n = {.name = name,
	                    .pipeline = "iris",
	                    .pipeline_text = "steps: {prepare: {}, train: {}}\n",
	                    .kind = KIND_SWEEP,
	                    .host = "host",
	                    .user = "user",
	                    .argv = argv,
	                    .params = params,
	                    .options = options,
	                    .code = {"c0ffee", "main", "https://example.org/r", 1, "7ee"}};
	struct made m = {0};
	char uid[ULID_LEN + 1];
	int64_t request;

	must(tracker_begin(t, &make_err));
	must(sweep_create(t, spec, &n.sweep, &make_err));
	must(env_record(t, &(struct env_facts){"0a1b", "pinned", "system", detail}, &m.env, &make_err));
	must(run_create(t, &n, &m.run, uid, &make_err));
	m.prepare = make_step(t, m.run, "prepare", 0);
	m.train = make_next_step(t, m.run, "train", 1);
	must(run_start(t, m.run, &make_err));
	must(run_tag(t, m.run, "team", "blue", &make_err));
	must(run_note(t, m.run, "first", &make_err));
	m.prepared = make_attempt(t, m.run, m.prepare, 1, m.env);
	make_end(t, m.run, m.prepare, m.prepared, ATTEMPT_SUCCESS, STEP_SUCCESS);
	m.trained = make_attempt_as(t, (struct attempt_new){.run = m.run, .step = m.train, .n = 1, .env = m.env,
	                                                   .facts = "{\"shell\":false}", .form = &d, .key = &d,
	                                                   .continued = m.prepared});
	must(artifact_add(
	        t,
	        &(struct artifact_new){m.run, m.prepare, m.prepared, ROLE_OUT, FORM_FILE, "data.csv", &d, 10, 0, 0644},
	        &make_err));
	must(artifact_add(t,
	                  &(struct artifact_new){m.run, m.train, m.trained, ROLE_IN, FORM_LINK, "/far", NULL, 0, 5, 0},
	                  &make_err));
	must(sample_add(t, m.trained, &(struct sample){10, 1, 2, 3, 4, -1, NAN, 1}, &make_err));
	must(sample_add(t, m.trained, &(struct sample){20, 2, 3, 4, 5, 6, 0.5, 2}, &make_err));
	m.series = make_points(t, m.run, m.train, m.trained, "acc", (const double[]){0.5, NAN, -0.0, INFINITY}, 4);
	make_points(t, m.run, m.prepare, m.prepared, "rows", (const double[]){150}, 1);
	must(request_add(t, m.run, m.train, REQUEST_PAUSE, "user", &request, &make_err));
	must(request_take(t, request, "pausing", &make_err));
	must(tracker_commit(t, &make_err));
	return m;
}

/* Ends it: train succeeds with a trace, the run too. */
MAKE_UNUSED void make_finish(struct tracker *t, const struct made *m)
{
	must(tracker_begin(t, &make_err));
	make_end_traced(t, m->run, m->train, m->trained, ATTEMPT_SUCCESS, STEP_SUCCESS, make_trace(t));
	must(run_end(t, m->run, RUN_SUCCESS, 0, 5000, &make_err));
	must(tracker_commit(t, &make_err));
}

#endif
