#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>

#include "tests/lib/record_case.h"
#include "tracker/db.h"
#include "tracker/query.h"
#include "tracker/reuse.h"

static struct digest bytes(unsigned char b)
{
	struct digest d = {{b}};

	return d;
}

/* A finished run of one step, which succeeded with this form, key and trace. */
struct past {
	const char *step, *output;
	unsigned char form, key;
	bool untraced, failed;
	int64_t continued;
};

static int64_t past(struct past p, int64_t *ret_run)
{
	struct digest form = bytes(p.form), key = bytes(p.key), out = bytes(9);
	enum attempt_state s = p.failed ? ATTEMPT_FAILED : ATTEMPT_SUCCESS;
	int64_t run, step, id;

	must(tracker_begin(record, &make_err));
	run = make_run(record, NULL);
	must(run_start(record, run, &make_err));
	step = make_step(record, run, p.step, 0);
	id = make_attempt_as(record, (struct attempt_new){.run = run, .step = step, .n = 1, .facts = "{\"shell\":true}",
	                                                  .form = p.form ? &form : NULL, .key = p.key ? &key : NULL,
	                                                  .continued = p.continued});
	if (p.output)
		must(artifact_add(
		        record, &(struct artifact_new){run, step, id, ROLE_OUT, FORM_FILE, p.output, &out, 1, 0, 0644},
		        &make_err));
	make_end_traced(record, run, step, id, s, p.failed ? STEP_FAILED : STEP_SUCCESS,
	                p.untraced ? 0 : make_trace(record));
	must(run_end(record, run, p.failed ? RUN_FAILED : RUN_SUCCESS, p.failed, 1, &make_err));
	must(tracker_commit(record, &make_err));
	if (ret_run)
		*ret_run = run;
	return id;
}

/* A finished run whose one step is reused. */
static int64_t reusing(int64_t attempt)
{
	struct step_new n = {.name = "again", .base = "again", .state = STEP_REUSED, .reused_attempt = attempt};
	int64_t run, id;

	must(tracker_begin(record, &make_err));
	run = make_run(record, NULL);
	must(step_add(record, run, &n, 1, &id, &make_err));
	must(run_start(record, run, &make_err));
	must(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err));
	must(tracker_commit(record, &make_err));
	return run;
}

static void candidates(unsigned char form, unsigned char key, const char *want)
{
	_arena_ struct arena a = ARENA_INIT;
	_buf_ struct buf got = BUF_INIT;
	struct digest f = bytes(form), k = bytes(key);
	struct past_attempts rows;

	must(query_candidates(record, &f, key ? &k : NULL, &a, &rows, &make_err));
	for (size_t i = 0; i < rows.len; i++)
		buf_addf(&got, "%s%lld", i ? " " : "", (long long)rows.v[i].id);
	assert_string_equal(got.data, want);
}

static void test_candidates(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct past_attempts rows;
	struct past_attempt one;
	struct digest f = bytes(1);
	int64_t first, sixth;

	candidates(1, 0, "");
	first = past((struct past){.step = "a", .form = 1, .key = 2}, NULL);
	past((struct past){.step = "b", .form = 1, .key = 3}, NULL);
	past((struct past){.step = "a", .form = 1, .key = 2, .untraced = true}, NULL);
	past((struct past){.step = "a", .form = 1, .key = 2, .failed = true}, NULL);
	past((struct past){.step = "a", .form = 4, .key = 2}, NULL);
	sixth = past((struct past){.step = "c", .form = 1, .key = 2, .continued = first}, NULL);
	past((struct past){.step = "a"}, NULL);
	candidates(1, 2, "6 1");
	candidates(1, 0, "6 2 1");
	candidates(4, 2, "5");
	candidates(4, 3, "");
	must(query_candidates(record, &f, NULL, &a, &rows, &make_err));
	assert_int_equal(rows.v[0].id, sixth);
	assert_int_equal(rows.v[0].run, 6);
	assert_int_equal(rows.v[0].n, 1);
	assert_string_equal(rows.v[0].name, "c");
	assert_string_equal(rows.v[0].facts, "{\"shell\":true}");
	assert_int_equal(rows.v[0].form.b[0], 1);
	assert_int_equal(rows.v[0].key.b[0], 2);
	assert_int_equal(rows.v[0].continued, first);
	assert_int_equal(rows.v[0].state, ATTEMPT_SUCCESS);
	/* All looked up the same: one set of rows. */
	assert_int_equal(rows.v[0].trace, rows.v[2].trace);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM trace"), 3);
	must(query_past(record, 7, &a, &one, &make_err));
	assert_int_equal(one.form.b[0], 0);
	assert_null(one.snapshot);
	assert_int_equal(query_past(record, 99, &a, &one, &make_err), ERR_NOT_FOUND);
	assert_non_null(strstr(make_err.text, "no attempt 99"));
}

static int count_digest(void *arg, const struct digest *d, int64_t size, enum artifact_form form, int64_t run,
                        const char *path, struct err *e)
{
	++*(int *)arg;
	return 0;
}

static void kept(int want_digests, int want_dead)
{
	_arena_ struct arena a = ARENA_INIT;
	int64_t *dead;
	size_t ndead;
	int n = 0;

	must(query_digests(record, count_digest, &n, &make_err));
	must(query_dead_runs(record, &a, &dead, &ndead, &make_err));
	assert_int_equal(n, want_digests);
	assert_int_equal(ndead, want_dead);
}

/* What a kept run borrows stays, until the last borrower goes; an attempt whose checkpoint was used need not. */
static void test_removed(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct past_attempt got;
	int64_t run, second, third,
	        attempt = past((struct past){.step = "a", .output = "m", .form = 1, .key = 2}, &run);

	second = reusing(attempt);
	third = reusing(attempt);
	past((struct past){.step = "b", .form = 8, .key = 8, .continued = attempt}, NULL);
	in_transaction(run_remove(record, run, &make_err));
	in_transaction(run_remove(record, second, &make_err));
	kept(1, 1);
	candidates(1, 2, "1");
	assert_int_equal(query_newest_success(record, "a", NULL, &a, &got, &make_err), 1);
	assert_int_equal(got.id, attempt);
	in_transaction(run_remove(record, third, &make_err));
	kept(0, 3);
	candidates(1, 2, "");
	candidates(8, 8, "2");
	assert_int_equal(query_newest_success(record, "a", "m", &a, &got, &make_err), 0);
}

static void test_newest(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct past_attempts all;
	struct past_attempt got;
	int64_t run;

	past((struct past){.step = "old", .output = "m.pkl"}, NULL);
	past((struct past){.step = "older", .output = "m.pkl"}, &run);
	past((struct past){.step = "old", .output = "x"}, NULL);
	past((struct past){.step = "old", .output = "m.pkl", .failed = true}, NULL);
	assert_int_equal(query_newest_success(record, "old", "m.pkl", &a, &got, &make_err), 1);
	assert_int_equal(got.id, 3);
	assert_int_equal(query_newest_success(record, "new", "m.pkl", &a, &got, &make_err), 1);
	assert_int_equal(got.id, 2);
	must(query_successes(record, "old", 9, &a, &all, &make_err));
	assert_int_equal(all.len, 2);
	assert_int_equal(all.v[0].id, 3);
	assert_int_equal(all.v[1].id, 1);
	must(query_successes(record, "old", 1, &a, &all, &make_err));
	assert_int_equal(all.len, 1);
	in_transaction(run_remove(record, run, &make_err));
	must(query_successes(record, "older", 9, &a, &all, &make_err));
	assert_int_equal(all.len, 0);
	assert_int_equal(query_newest_success(record, "new", "m.pkl", &a, &got, &make_err), 1);
	assert_int_equal(got.id, 1);
	assert_int_equal(query_newest_success(record, "new", NULL, &a, &got, &make_err), 0);
	assert_int_equal(query_newest_success(record, "new", "none", &a, &got, &make_err), 0);
}

static void test_last(void **state)
{
	_json_ json_t *declared = json_pack("{s:[s,s], s:s}", "outputs", "m.pkl", "plots/", "metrics", "m.json");
	struct step_new n = {.name = "train", .base = "train", .declared = declared, .state = STEP_PENDING};
	_arena_ struct arena a = ARENA_INIT;
	struct past_attempt got;
	struct artifact_rows given;
	const char *key, *detail;
	struct made m = make_everything(record, "one");
	int64_t run, step, id, later;

	must(tracker_begin(record, &make_err));
	run = make_run(record, NULL);
	must(run_start(record, run, &make_err));
	must(step_add(record, run, &n, 1, &step, &make_err));
	make_step(record, run, "idle", 1);
	must(tracker_commit(record, &make_err));
	assert_int_equal(query_last_attempt(record, run, "train", "m.pkl", &a, &got, &make_err), 0);
	must(tracker_begin(record, &make_err));
	id = make_attempt(record, run, step, 1, 0);
	make_end(record, run, step, id, ATTEMPT_FAILED, STEP_RETRYING);
	id = make_attempt(record, run, step, 2, 0);
	make_end(record, run, step, id, ATTEMPT_FAILED, STEP_FAILED);
	must(tracker_commit(record, &make_err));
	assert_int_equal(query_last_attempt(record, run, "train", NULL, &a, &got, &make_err), 1);
	assert_int_equal(got.id, id);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.state, ATTEMPT_FAILED);
	for (int i = 0; i < 3; i++) {
		static const char *const paths[] = {"m.pkl", "plots", "m.json"};

		assert_int_equal(query_last_attempt(record, run, "renamed", paths[i], &a, &got, &make_err), 1);
		assert_int_equal(got.id, id);
	}
	assert_int_equal(query_last_attempt(record, run, "renamed", "plot", &a, &got, &make_err), 0);
	assert_int_equal(query_last_attempt(record, run, "renamed", NULL, &a, &got, &make_err), 0);
	assert_int_equal(query_last_attempt(record, run, "idle", NULL, &a, &got, &make_err), 0);
	/* Of a reused step the attempt that stands in. */
	later = reusing(m.prepared);
	assert_int_equal(query_last_attempt(record, later, "again", NULL, &a, &got, &make_err), 1);
	assert_int_equal(got.id, m.prepared);

	must(query_given(record, m.prepared, &a, &given, &make_err));
	assert_int_equal(given.len, 1);
	assert_string_equal(given.v[0].path, "data.csv");
	assert_true(given.v[0].has_digest);
	must(query_given(record, m.trained, &a, &given, &make_err));
	assert_int_equal(given.len, 0);
	must(query_attempt_env(record, m.trained, &a, &key, &detail, &make_err));
	assert_string_equal(key, "0a1b");
	assert_string_equal(detail, "{\"python\":\"3.12.1\"}");
	must(query_attempt_env(record, id, &a, &key, &detail, &make_err));
	assert_null(key);
	assert_null(detail);
}

static void test_traces(void **state)
{
	struct trace_row rows[] = {
	        {.kind = TRACE_OUTSIDE, .path = "/d", .mode = 0100000, .size = 1 << 20, .mtime = INT64_C(1) << 60},
	        {.kind = TRACE_FILE, .path = "a", .digest = {1}, .digest_len = 20, .mode = 0100755},
	        {.kind = TRACE_PYTHON, .path = "a", .digest = {2}, .digest_len = 32},
	        {.kind = TRACE_FOLDER, .path = "b"},
	        {.kind = TRACE_LISTING, .path = "b", .digest = {3}, .digest_len = 32},
	        {.kind = TRACE_MODULE, .path = "b"},
	};
	_arena_ struct arena a = ARENA_INIT;
	struct trace_rows got;
	int64_t set, same, other, none;

	/* Rolled back: no attempt has them. */
	must(tracker_begin(record, &make_err));
	must(trace_record(record, rows, ARRAY_LEN(rows), &set, &make_err));
	must(trace_record(record, rows, ARRAY_LEN(rows), &same, &make_err));
	assert_int_equal(set, same);
	must(query_trace(record, set, &a, &got, &make_err));
	assert_int_equal(got.len, ARRAY_LEN(rows));
	for (size_t i = 0; i < got.len; i++) {
		assert_int_equal(got.v[i].kind, rows[i].kind);
		assert_string_equal(got.v[i].path, rows[i].path);
		assert_int_equal(got.v[i].digest_len, rows[i].digest_len);
		assert_memory_equal(got.v[i].digest, rows[i].digest, 32);
		assert_int_equal(got.v[i].mode, rows[i].mode);
		assert_int_equal(got.v[i].size, rows[i].size);
		assert_int_equal(got.v[i].mtime, rows[i].mtime);
	}
	/* Every part of a row counts. */
	for (int i = 0; i < 5; i++) {
		struct trace_row was = rows[0];

		*(i == 0 ? &rows[0].size : i == 1 ? &rows[0].mtime : &same) += 1;
		if (i == 2)
			rows[0].mode = 0;
		if (i == 3)
			rows[0].digest_len = 20;
		if (i == 4)
			rows[0].kind = TRACE_LINK;
		must(trace_record(record, rows, ARRAY_LEN(rows), &other, &make_err));
		assert_int_equal(other, set + 1 + i);
		rows[0] = was;
	}
	must(trace_record(record, NULL, 0, &none, &make_err));
	must(query_trace(record, none, &a, &got, &make_err));
	assert_int_equal(got.len, 0);
	tracker_rollback(record);
	rows[2].kind = TRACE_FILE;
	must_refuse(trace_record(record, rows, ARRAY_LEN(rows), &set, &make_err), ERR_USAGE, "in order");
	rows[2].kind = TRACE_PYTHON;
	rows[5].path = "A";
	must_refuse(trace_record(record, rows, ARRAY_LEN(rows), &set, &make_err), ERR_USAGE, "in order");
	rows[5].path = "b";
	rows[5].digest_len = 7;
	must_refuse(trace_record(record, rows, ARRAY_LEN(rows), &set, &make_err), ERR_USAGE, "7 bytes");
}

static void test_logged_params(void **state)
{
	struct attempt_result r = {.state = ATTEMPT_SUCCESS, .step_state = STEP_SUCCESS, .ended = 7, .elapsed_us = 6};
	_json_ json_t *list =
	        json_pack("[[s, f], [s, {s:n}], [s, I]]", "lr", 0.1, "deep", "x", "big", (json_int_t)INT64_MAX);
	_json_ json_t *got = json_object();
	int64_t run, step, id, quiet, after = 0;
	char key[24];

	must(tracker_begin(record, &make_err));
	run = make_run(record, NULL);
	must(run_start(record, run, &make_err));
	step = make_step(record, run, "quiet", 0);
	quiet = make_attempt(record, run, step, 1, 0);
	must(attempt_end(record, run, step, quiet, &r, &make_err));
	must(query_logged_params(record, run, &after, got, &make_err));
	assert_int_equal(json_object_size(got), 0);
	assert_true(after > 0);
	step = make_step(record, run, "told", 1);
	id = make_attempt(record, run, step, 1, 0);
	r.params = list;
	must(attempt_end(record, run, step, id, &r, &make_err));
	must(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err));
	must(tracker_commit(record, &make_err));
	must(query_logged_params(record, run, &after, got, &make_err));
	snprintf(key, sizeof key, "%lld", (long long)id);
	assert_int_equal(json_object_size(got), 1);
	assert_true(json_equal(json_object_get(got, key), list));
	json_object_clear(got);
	must(query_logged_params(record, run, &after, got, &make_err));
	assert_int_equal(json_object_size(got), 0);
}

/* However many attempts there are, only those that are asked for are read. */
static void test_many(void **state)
{
	enum { MANY = 10000 };
	struct digest form = bytes(1);
	_arena_ struct arena a = ARENA_INIT;
	struct past_attempts rows;
	struct past_attempt got;
	int64_t run, seen = 0;

	must(tracker_begin(record, &make_err));
	run = make_run(record, NULL);
	must(run_start(record, run, &make_err));
	for (int i = 0; i < MANY; i++) {
		char name[32];
		struct digest key = {{(unsigned char)i, (unsigned char)(i >> 8)}};
		int64_t step, id;

		snprintf(name, sizeof name, "train[%d]", i);
		step = make_step(record, run, name, i);
		id = make_attempt_as(
		        record, (struct attempt_new){.run = run, .step = step, .n = 1, .form = &form, .key = &key});
		make_end_traced(record, run, step, id, ATTEMPT_SUCCESS, STEP_SUCCESS, make_trace(record));
	}
	must(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err));
	must(tracker_commit(record, &make_err));
	must(query_candidates(record, &form, &(struct digest){{7, 3}}, &a, &rows, &make_err));
	assert_int_equal(rows.len, 1);
	assert_int_equal(rows.v[0].id, 1 + 7 + 3 * 256);
	must(query_newest_success(record, "train[77]", NULL, &a, &got, &make_err));
	must(query_last_attempt(record, run, "train[77]", NULL, &a, &got, &make_err));
	for (sqlite3_stmt *st = NULL; (st = sqlite3_next_stmt(record->db, st));) {
		if (!strstr(sqlite3_sql(st), "SELECT snapshot FROM run") &&
		    !strstr(sqlite3_sql(st), "SELECT a.id FROM step s"))
			continue;
		seen++;
		assert_int_equal(sqlite3_stmt_status(st, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0), 0);
		if (sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 0) > 500)
			fail_msg("%s", sqlite3_sql(st));
	}
	assert_int_equal(seen, 4);
	must(query_candidates(record, &form, NULL, &a, &rows, &make_err));
	assert_int_equal(rows.len, MANY);
	assert_int_equal(rows.v[0].id, MANY);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM trace_set"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        record_test(test_candidates), record_test(test_removed), record_test(test_newest),
	        record_test(test_last),       record_test(test_traces),  record_test(test_logged_params),
	        record_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
