#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/record_case.h"
#include "tracker/query.h"
#include "tracker/query_metric.h"

static int64_t run, one, two;

/* A running run of two steps. */
static void begin(void)
{
	must(tracker_begin(record, &make_err));
	run = make_run(record, "r");
	must(run_start(record, run, &make_err));
	one = make_step(record, run, "one", 0);
	two = make_step(record, run, "two", 1);
	must(tracker_commit(record, &make_err));
}

static int64_t count(const char *column)
{
	_free_ char *sql = mem_printf("SELECT %s FROM run WHERE number = %lld", column, (long long)run);

	return make_number(record_dir, sql);
}

static void test_add(void **state)
{
	_json_ json_t *item = json_pack("{s:s}", "model", "lr"), *declared = json_pack("{s:[s]}", "outputs", "m.pkl");
	struct step_new n = {.name = "train[lr]",
	                     .base = "train",
	                     .item = item,
	                     .declared = declared,
	                     .state = STEP_PENDING,
	                     .rank = 2,
	                     .needs = (const struct step_need_new[]){{0, true}},
	                     .nneeds = 1};
	_arena_ struct arena a = ARENA_INIT;
	struct step_rows rows;
	int64_t id;

	begin();
	in_transaction(step_add(record, run, &n, 1, &id, &make_err));
	must_refuse(step_add(record, run, &n, 1, &id, &make_err), ERR_USAGE, "UNIQUE");
	must_refuse(step_add(record, 9, &n, 1, &id, &make_err), ERR_USAGE, "ended");
	must(query_steps(record, run, &a, &rows, &make_err));
	assert_int_equal(rows.len, 3);
	assert_string_equal(rows.v[2].name, "train[lr]");
	assert_string_equal(rows.v[2].base, "train");
	assert_string_equal(rows.v[2].item, "{\"model\":\"lr\"}");
	assert_string_equal(rows.v[2].declared, "{\"outputs\":[\"m.pkl\"]}");
	assert_null(rows.v[0].item);
	assert_int_equal(rows.v[2].nneeds, 1);
	assert_int_equal(count("nsteps"), 3);
}

/* More than one statement takes, and some over. */
static void test_add_many(void **state)
{
	enum { MANY = 70 };
	struct step_new v[MANY];
	int64_t ids[MANY];
	char names[MANY][16];
	_arena_ struct arena a = ARENA_INIT;
	struct step_rows rows;

	begin();
	for (int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof names[i], "s%d", i);
		v[i] = (struct step_new){.name = names[i], .base = "s", .state = STEP_PENDING, .rank = 2 + i};
	}
	in_transaction(step_add(record, run, v, MANY, ids, &make_err));
	must(query_steps(record, run, &a, &rows, &make_err));
	assert_int_equal(rows.len, 2 + MANY);
	for (int i = 0; i < MANY; i++) {
		assert_string_equal(rows.v[2 + i].name, names[i]);
		assert_int_equal(rows.v[2 + i].id, ids[i]);
	}
	assert_int_equal(count("nsteps"), 2 + MANY);
}

static void test_moves(void **state)
{
	int64_t ids[2];

	begin();
	ids[0] = one;
	ids[1] = two;
	in_transaction(step_move(record, run, ids, 0, STEP_LOST, NULL, &make_err));
	in_transaction(step_move(record, run, ids, 2, STEP_QUEUED, "run: asked for", &make_err));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM event WHERE kind = 'step'"), 1);
	/* No reason keeps the one there was. */
	in_transaction(step_move(record, run, ids, 1, STEP_SKIPPED, NULL, &make_err));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM step WHERE reason = 'run: asked for'"), 2);
	assert_int_equal(count("ndone"), 1);
	assert_int_equal(count("nfailed"), 0);
	in_transaction(step_move(record, run, ids, 1, STEP_PENDING, NULL, &make_err));
	assert_int_equal(count("ndone"), 0);
	must_refuse(step_move(record, run, ids, 2, STEP_SUCCESS, NULL, &make_err), ERR_USAGE,
	            "cannot move from pending to success");
	ids[1] = 999;
	must_refuse(step_move(record, run, ids, 2, STEP_STOPPED, NULL, &make_err), ERR_NOT_FOUND, "no step 999");
	/* The first one was not moved either. */
	assert_int_equal(count("ndone"), 0);
}

static void test_attempts(void **state)
{
	struct attempt_result r = {.state = ATTEMPT_FAILED,
	                           .cause = CAUSE_SIGNAL,
	                           .exit_status = -1,
	                           .signal = 9,
	                           .error_file = "train.py",
	                           .error_line = 12,
	                           .error_message = "ValueError: x",
	                           .ended = 77,
	                           .elapsed_us = 66,
	                           .usage = {1, 2, 3, 4, -1},
	                           .step_state = STEP_RETRYING};
	_arena_ struct arena a = ARENA_INIT;
	struct attempt_rows rows;
	int64_t first, second;

	begin();
	must(tracker_begin(record, &make_err));
	first = make_attempt(record, run, one, 1, 0);
	must(tracker_commit(record, &make_err));
	assert_int_equal(
	        make_number(record_dir,
	                    "SELECT count(*) FROM step WHERE state = 'running' AND reason = 'run: never finished'"),
	        1);
	in_transaction(attempt_end(record, run, one, first, &r, &make_err));
	must_refuse(attempt_end(record, run, one, first, &r, &make_err), ERR_USAGE,
	            "cannot move from failed to failed");
	must_refuse(attempt_end(record, run, one, 99, &r, &make_err), ERR_NOT_FOUND, "no attempt 99");
	must(tracker_begin(record, &make_err));
	second = make_attempt(record, run, one, 2, 0);
	make_end(record, run, one, second, ATTEMPT_SUCCESS, STEP_SUCCESS);
	must(tracker_commit(record, &make_err));
	must(query_attempts(record, run, &a, &rows, &make_err));
	assert_int_equal(rows.len, 2);
	assert_int_equal(rows.v[0].state, ATTEMPT_FAILED);
	assert_int_equal(rows.v[0].cause, CAUSE_SIGNAL);
	assert_int_equal(rows.v[0].signal, 9);
	assert_int_equal(rows.v[0].exit_status, -1);
	assert_string_equal(rows.v[0].error_file, "train.py");
	assert_int_equal(rows.v[0].error_line, 12);
	assert_string_equal(rows.v[0].error_message, "ValueError: x");
	assert_int_equal(rows.v[0].elapsed_us, 66);
	assert_int_equal(rows.v[0].usage.max_rss, 1);
	assert_int_equal(rows.v[0].usage.gpu_mem, -1);
	assert_int_equal(rows.v[1].n, 2);
	assert_int_equal(rows.v[1].pid, 100);
	assert_int_equal(count("ndone"), 1);
	assert_int_equal(count("nfailed"), 0);

	/* A step that is not there, or has had this attempt, begins none. */
	struct attempt_new n = {.run = run,
	                        .step = 999,
	                        .uid = "U",
	                        .n = 1,
	                        .command = "[]",
	                        .folder = "",
	                        .isolation = "",
	                        .host = ""};
	must_refuse(attempt_begin(record, &n, &first, &make_err), ERR_NOT_FOUND, "no step 999");
	n.step = one;
	n.n = 2;
	must_refuse(attempt_begin(record, &n, &first, &make_err), ERR_USAGE, "UNIQUE");
	n.n = 3;
	must_refuse(attempt_begin(record, &n, &first, &make_err), ERR_USAGE, "cannot move from success to running");
}

static void test_failed_and_retried(void **state)
{
	int64_t id;

	begin();
	must(tracker_begin(record, &make_err));
	id = make_attempt(record, run, one, 1, 0);
	make_end(record, run, one, id, ATTEMPT_FAILED, STEP_FAILED);
	must(step_move(record, run, &two, 1, STEP_UPSTREAM_FAILED, NULL, &make_err));
	must(tracker_commit(record, &make_err));
	assert_int_equal(count("ndone"), 2);
	assert_int_equal(count("nfailed"), 1);
	/* A person asks for a new attempt. */
	must(tracker_begin(record, &make_err));
	must(step_move(record, run, &one, 1, STEP_RETRYING, NULL, &make_err));
	must(step_move(record, run, &two, 1, STEP_PENDING, NULL, &make_err));
	must(tracker_commit(record, &make_err));
	assert_int_equal(count("ndone"), 0);
	assert_int_equal(count("nfailed"), 0);
}

static void test_reuse(void **state)
{
	int64_t ok, failed, later;
	struct step_reuse v[2];

	begin();
	must(tracker_begin(record, &make_err));
	ok = make_attempt(record, run, one, 1, 0);
	make_end(record, run, one, ok, ATTEMPT_SUCCESS, STEP_SUCCESS);
	failed = make_attempt(record, run, two, 1, 0);
	make_end(record, run, two, failed, ATTEMPT_FAILED, STEP_FAILED);
	must(run_end(record, run, RUN_FAILED, 1, 1, &make_err));
	run = make_run(record, NULL);
	must(run_start(record, run, &make_err));
	later = make_step(record, run, "one", 0);
	v[0] = (struct step_reuse){later, ok, "reuse: same as one@1 of run 1"};
	v[1] = (struct step_reuse){make_step(record, run, "two", 1), failed, "reuse"};
	must(tracker_commit(record, &make_err));
	in_transaction(step_reuse(record, run, v, 0, &make_err));
	must_refuse(step_reuse(record, run, v, 2, &make_err), ERR_USAGE, "cannot stand in");
	v[1].attempt = 99;
	must_refuse(step_reuse(record, run, v, 2, &make_err), ERR_NOT_FOUND, "no attempt 99");
	in_transaction(step_reuse(record, run, v, 1, &make_err));
	assert_int_equal(
	        make_number(record_dir,
	                    "SELECT reused_attempt FROM step WHERE state = 'reused' AND reason LIKE 'reuse: same%'"),
	        ok);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM event WHERE kind = 'reuse'"), 1);
	assert_int_equal(count("ndone"), 1);
	assert_int_equal(count("nreused"), 1);
	must_refuse(step_reuse(record, run, v, 1, &make_err), ERR_USAGE, "from reused to reused");
}

/* Between the plan and the run its results may have been collected. */
static void test_lender_removed(void **state)
{
	struct step_new v = {
	        .name = "one", .base = "one", .state = STEP_REUSED, .reason = "reuse: same as one@1 of run 1"};
	int64_t lender, id;

	begin();
	lender = run;
	must(tracker_begin(record, &make_err));
	v.reused_attempt = make_attempt(record, run, one, 1, 0);
	make_end(record, run, one, v.reused_attempt, ATTEMPT_SUCCESS, STEP_SUCCESS);
	must(run_end(record, run, RUN_FAILED, 1, 1, &make_err));
	must(run_remove(record, lender, &make_err));
	run = make_run(record, NULL);
	must(tracker_commit(record, &make_err));
	must_refuse(step_add(record, run, &v, 1, &id, &make_err), ERR_BUSY, "was removed meanwhile; run again");
	assert_int_equal(step_borrow(record, run, v.reused_attempt, &make_err), 0);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM borrow"), 0);
}

static size_t dead_runs(void)
{
	_arena_ struct arena a = ARENA_INIT;
	int64_t *dead;
	size_t n;

	must(query_dead_runs(record, &a, &dead, &n, &make_err));
	return n;
}

/* What a run under way has borrowed stays its own, whenever the lender is removed. */
static void test_borrow(void **state)
{
	struct step_reuse v = {.reason = "reuse: same as one@1 of run 1"};
	int64_t lender, other, later;

	begin();
	lender = run;
	must(tracker_begin(record, &make_err));
	v.attempt = make_attempt(record, run, one, 1, 0);
	make_end(record, run, one, v.attempt, ATTEMPT_SUCCESS, STEP_SUCCESS);
	later = make_attempt(record, run, two, 1, 0);
	make_end(record, run, two, later, ATTEMPT_SUCCESS, STEP_SUCCESS);
	must(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err));
	run = make_run(record, NULL);
	must(run_start(record, run, &make_err));
	one = make_step(record, run, "one", 0);
	two = make_step(record, run, "two", 1);
	must(tracker_commit(record, &make_err));

	assert_int_equal(step_borrow(record, run, v.attempt, &make_err), 1);
	in_transaction(run_remove(record, lender, &make_err));
	assert_int_equal(dead_runs(), 0);
	v.step = one;
	in_transaction(step_reuse(record, run, &v, 1, &make_err));
	assert_int_equal(step_borrow(record, run, later, &make_err), 1);
	v = (struct step_reuse){.step = two, .attempt = later, .reason = v.reason};
	in_transaction(step_reuse(record, run, &v, 1, &make_err));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM borrow"), 1);

	/* Another run may still borrow what a kept one holds, and no more when that is gone. */
	must(tracker_begin(record, &make_err));
	other = make_run(record, NULL);
	must(tracker_commit(record, &make_err));
	assert_int_equal(step_borrow(record, other, later, &make_err), 1);
	must(tracker_begin(record, &make_err));
	must(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err));
	must(run_remove(record, run, &make_err));
	must(tracker_commit(record, &make_err));
	assert_int_equal(dead_runs(), 1);
	must(tracker_begin(record, &make_err));
	must(run_start(record, other, &make_err));
	must(run_end(record, other, RUN_SUCCESS, 0, 1, &make_err));
	must(run_remove(record, other, &make_err));
	must(tracker_commit(record, &make_err));
	assert_int_equal(dead_runs(), 3);
	assert_int_equal(step_borrow(record, run, 99, &make_err), 0);
}

static int64_t going_on(int64_t origin, enum run_state end)
{
	_json_ json_t *options = json_object();
	struct run_new n = {.pipeline = "p", .pipeline_text = "steps: {}", .kind = KIND_RESUME, .origin = origin,
	                    .host = "h", .user = "u", .options = options};
	char uid[ULID_LEN + 1];
	int64_t number;

	must(tracker_begin(record, &make_err));
	must(run_create(record, &n, &number, uid, &make_err));
	must(run_start(record, number, &make_err));
	if (end != RUN_RUNNING)
		must(run_end(record, number, end, 1, 1, &make_err));
	must(tracker_commit(record, &make_err));
	return number;
}

/* A run under way may take checkpoints of all that it descends from. */
static void test_gone_on_from(void **state)
{
	int64_t first = going_on(0, RUN_FAILED), second = going_on(first, RUN_FAILED);
	int64_t live = going_on(second, RUN_RUNNING), other = going_on(0, RUN_FAILED);

	must(tracker_begin(record, &make_err));
	must(run_remove(record, first, &make_err));
	must(run_remove(record, second, &make_err));
	must(run_remove(record, other, &make_err));
	must(tracker_commit(record, &make_err));
	assert_int_equal(dead_runs(), 1);
	in_transaction(run_end(record, live, RUN_FAILED, 1, 1, &make_err));
	assert_int_equal(dead_runs(), 3);
}

/* Reused from the start: a row each, one event; command and declared are those of the step that executed. */
static void test_add_reused(void **state)
{
	_json_ json_t *declared = json_pack("{s:s}", "outputs", "m.pkl");
	const struct step_need_new needs[] = {{0, true}, {1, false}};
	struct step_new v[] = {
	        {.name = "a", .base = "a", .state = STEP_REUSED, .reason = "reuse: same as zero@1 of run 1"},
	        {.name = "b", .base = "b", .state = STEP_REUSED, .rank = 1, .needs = needs, .nneeds = 1},
	        {.name = "c", .base = "c", .command = "c", .rank = 5, .needs = needs, .nneeds = 2},
	};
	_arena_ struct arena a = ARENA_INIT;
	struct artifact_rows artifacts;
	struct metric_rows metrics;
	struct step_rows rows;
	struct digest d = {{7}};
	int64_t zero, ok, failed, ids[3];

	begin();
	must(tracker_begin(record, &make_err));
	must(step_add(record, run,
	              &(struct step_new){
	                      .name = "zero", .base = "zero", .command = "echo 0", .declared = declared, .rank = 9},
	              1, &zero, &make_err));
	ok = make_attempt(record, run, zero, 1, 0);
	make_points(record, run, zero, ok, "acc", (const double[]){0.5}, 1);
	must(artifact_add(record, &(struct artifact_new){run, zero, ok, ROLE_OUT, FORM_FILE, "m.pkl", &d, 10, 0, 0644},
	                  &make_err));
	make_end(record, run, zero, ok, ATTEMPT_SUCCESS, STEP_SUCCESS);
	failed = make_attempt(record, run, one, 1, 0);
	make_end(record, run, one, failed, ATTEMPT_FAILED, STEP_FAILED);
	must(step_move(record, run, &two, 1, STEP_SKIPPED, NULL, &make_err));
	must(run_end(record, run, RUN_FAILED, 1, 1, &make_err));
	run = make_run(record, NULL);
	must(tracker_commit(record, &make_err));

	v[0].reused_attempt = v[1].reused_attempt = failed;
	must_refuse(step_add(record, run, v, 3, ids, &make_err), ERR_USAGE, "one@1 is failed: it cannot stand in");
	v[1].reused_attempt = 99;
	must_refuse(step_add(record, run, v, 3, ids, &make_err), ERR_USAGE, "FOREIGN KEY");
	v[1].reused_attempt = 0;
	must_refuse(step_add(record, run, v, 3, ids, &make_err), ERR_USAGE, "without an attempt");
	v[0].reused_attempt = v[1].reused_attempt = ok;
	v[2].state = STEP_QUEUED;
	must_refuse(step_add(record, run, v, 3, ids, &make_err), ERR_USAGE, "cannot begin as queued");
	v[2].state = STEP_PENDING;
	v[2].rank = 1;
	must_refuse(step_add(record, run, v, 3, ids, &make_err), ERR_USAGE, "does not stand before");
	v[2].rank = 5;
	in_transaction(step_add(record, run, v, 0, ids, &make_err));
	in_transaction(step_add(record, run, v, 3, ids, &make_err));
	assert_int_equal(count("nsteps"), 3);
	assert_int_equal(count("ndone"), 2);
	assert_int_equal(count("nreused"), 2);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM event WHERE kind = 'reuse'"), 1);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM event WHERE body = '{\"reuse\":[[4,1],[5,1]]}'"),
	                 1);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM borrow WHERE run = 2 AND lender = 1"), 1);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM edge WHERE step = 6 AND needs = 5 AND data = 0"),
	                 1);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM edge"), 3);

	must(query_steps(record, run, &a, &rows, &make_err));
	assert_int_equal(rows.len, 3);
	assert_string_equal(rows.v[1].command, "echo 0");
	assert_string_equal(rows.v[1].declared, "{\"outputs\":\"m.pkl\"}");
	assert_int_equal(rows.v[1].reused_run, 1);
	assert_int_equal(rows.v[1].reused_n, 1);
	assert_string_equal(rows.v[0].reason, "reuse: same as zero@1 of run 1");
	assert_string_equal(rows.v[2].command, "c");
	assert_null(rows.v[2].declared);
	assert_int_equal(rows.v[0].nneeds, 0);
	assert_int_equal(rows.v[2].nneeds, 2);
	assert_int_equal(rows.v[2].needs[0], ids[0]);
	assert_int_equal(rows.v[2].needs[1], ids[1]);
	must(query_artifacts(record, run, &a, &artifacts, &make_err));
	assert_int_equal(artifacts.len, 2);
	assert_int_equal(artifacts.v[0].step, ids[0]);
	assert_int_equal(artifacts.v[0].run, 1);
	must(query_metrics(record, run, &a, &metrics, &make_err));
	assert_int_equal(metrics.len, 2);
	must(tracker_begin(record, &make_err));
	must(step_move(record, run, &ids[2], 1, STEP_SKIPPED, NULL, &make_err));
	must(run_start(record, run, &make_err));
	must(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err));
	must(tracker_commit(record, &make_err));
	must(query_run_metrics(record, run, &a, &metrics, &make_err));
	assert_int_equal(metrics.len, 1);
	assert_string_equal(metrics.v[0].step_name, "b");
}

static void test_env(void **state)
{
	_json_ json_t *detail = json_pack("{s:s, s:i}", "b", "x", "a", 1),
	              *same = json_pack("{s:i, s:s}", "a", 1, "b", "x");
	struct env_facts f = {"key", "pinned", "requirements", detail};
	int64_t a, b;

	in_transaction(env_record(record, &f, &a, &make_err));
	f.detail = same;
	in_transaction(env_record(record, &f, &b, &make_err));
	assert_int_equal(a, b);
	f.detail = NULL;
	in_transaction(env_record(record, &f, &b, &make_err));
	assert_int_not_equal(a, b);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM package"), 0);
}

static void test_packages(void **state)
{
	const struct env_package packages[] = {
	        {"lib", "1.0", "git+https://example.org/lib@0ff"}, {"numpy", "2.1.0", NULL}, {"scipy", "1.14", NULL}};
	struct env_facts f = {"key", "observed", "active", NULL, packages, 3};
	_json_ json_t *detail = json_pack("{s:s}", "python", "3.11.7");
	_arena_ struct arena a = ARENA_INIT;
	struct attempt_rows attempts;
	struct package_rows rows;
	int64_t one_env, same, other, none, id, bare;

	f.detail = detail;
	in_transaction(env_record(record, &f, &one_env, &make_err));
	in_transaction(env_record(record, &f, &same, &make_err));
	assert_int_equal(one_env, same);
	/* The caller's value is as it was. */
	assert_null(json_object_get(detail, "packages"));
	f.npackages = 2;
	in_transaction(env_record(record, &f, &other, &make_err));
	f.npackages = 0;
	in_transaction(env_record(record, &f, &none, &make_err));
	assert_int_not_equal(one_env, other);
	assert_int_not_equal(one_env, none);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM package"), 5);

	begin();
	must(tracker_begin(record, &make_err));
	id = make_attempt(record, run, one, 1, one_env);
	bare = make_attempt(record, run, two, 1, none);
	must(tracker_commit(record, &make_err));
	must(query_packages(record, id, &a, &rows, &make_err));
	assert_int_equal(rows.len, 3);
	assert_string_equal(rows.v[0].name, "lib");
	assert_string_equal(rows.v[0].version, "1.0");
	assert_string_equal(rows.v[0].source, "git+https://example.org/lib@0ff");
	assert_string_equal(rows.v[2].name, "scipy");
	assert_null(rows.v[2].source);
	must(query_packages(record, bare, &a, &rows, &make_err));
	assert_int_equal(rows.len, 0);
	must(query_packages(record, 99, &a, &rows, &make_err));
	assert_int_equal(rows.len, 0);
	must(query_attempts(record, run, &a, &attempts, &make_err));
	assert_int_equal(attempts.len, 2);
	assert_string_equal(attempts.v[0].env_kind, "active");
	assert_non_null(strstr(attempts.v[0].env_detail, "\"packages\":{\"count\":3,\"sha256\":\""));
	assert_string_equal(attempts.v[1].env_detail, "{\"python\":\"3.11.7\"}");
}

/* Two rows of one name: nothing of the environment is kept. */
static void test_packages_twice(void **state)
{
	const struct env_package packages[] = {{"numpy", "1", NULL}, {"numpy", "2", NULL}};
	struct env_facts f = {"key", "pinned", "requirements", NULL, packages, 2};
	int64_t id;

	must_refuse(env_record(record, &f, &id, &make_err), ERR_USAGE, "cannot change");
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM env"), 0);
}

static void test_artifacts_and_samples(void **state)
{
	struct digest d = {{9}};
	struct artifact_new n = {
	        .role = ROLE_OUT, .form = FORM_FILE, .path = "m", .digest = &d, .size = 5, .mode = 0755};
	_arena_ struct arena a = ARENA_INIT;
	struct artifact_rows rows;
	struct sample_rows samples;
	struct sample s = {10, 1, 2, 3, 4, -1, NAN, 1};
	int64_t id;

	begin();
	must(tracker_begin(record, &make_err));
	id = make_attempt(record, run, one, 1, 0);
	n.run = run;
	n.step = one;
	n.attempt = id;
	must(artifact_add(record, &n, &make_err));
	n.digest = NULL;
	n.form = FORM_LINK;
	n.role = ROLE_IN;
	must(artifact_add(record, &n, &make_err));
	must(sample_add(record, id, &s, &make_err));
	s.rss = 7;
	must(sample_add(record, id, &s, &make_err));
	must(tracker_commit(record, &make_err));
	must(query_artifacts(record, run, &a, &rows, &make_err));
	assert_int_equal(rows.len, 2);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(rows.v[i].has_digest, rows.v[i].form == FORM_FILE);
	/* One a point in time: the later one counts. */
	must(query_samples_after(record, id, 0, 9, &a, &samples, &make_err));
	assert_int_equal(samples.len, 1);
	assert_int_equal(samples.v[0].rss, 7);
	assert_int_equal(samples.v[0].gpu_mem, -1);
	assert_true(isnan(samples.v[0].gpu_util));
	must_refuse(sample_add(record, 99, &s, &make_err), ERR_USAGE, "ended");
	n.attempt = 99;
	must_refuse(artifact_add(record, &n, &make_err), ERR_USAGE, "FOREIGN KEY");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        record_test(test_add),
	        record_test(test_add_many),
	        record_test(test_moves),
	        record_test(test_attempts),
	        record_test(test_failed_and_retried),
	        record_test(test_reuse),
	        record_test(test_borrow),
	        record_test(test_gone_on_from),
	        record_test(test_lender_removed),
	        record_test(test_add_reused),
	        record_test(test_env),
	        record_test(test_packages),
	        record_test(test_packages_twice),
	        record_test(test_artifacts_and_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
