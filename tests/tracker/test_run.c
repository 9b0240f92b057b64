#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/map.h"
#include "tests/lib/record_case.h"
#include "tracker/query.h"

static void test_create(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	_map_ struct map names = MAP_INIT;
	struct run_row row;
	struct made m = make_everything(record, "calm-otter");
	bool is_new;

	must(query_run(record, m.run, &a, &row, &make_err));
	assert_int_equal(row.number, 1);
	assert_int_equal(strlen(row.uid), ULID_LEN);
	assert_string_equal(row.name, "calm-otter");
	assert_int_equal(row.state, RUN_RUNNING);
	assert_int_equal(row.kind, KIND_SWEEP);
	assert_int_equal(row.sweep, 1);
	assert_true(row.created > 0 && row.started >= row.created);
	assert_string_equal(row.argv, "[\"jig\",\"run\"]");
	assert_string_equal(row.options, "{\"isolation\":\"folder\"}");
	assert_string_equal(
	        row.params,
	        "{\"list\":[1,2],\"model\":\"lr\",\"none\":null,\"on\":true,\"train\":{\"depth\":3,\"lr\":0.1}}");
	assert_string_equal(row.branch, "main");
	assert_int_equal(row.dirty, 1);
	assert_int_equal(row.nsteps, 2);
	assert_int_equal(row.ndone, 1);
	assert_int_equal(row.nwell, 1);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM param WHERE run = 1"), 6);
	assert_int_equal(make_number(record_dir, "SELECT 1 FROM param WHERE key = 'train.lr' AND type = 'real' AND "
	                                         "text = '0.1' AND number = 0.1"),
	                 1);
	assert_int_equal(
	        make_number(record_dir, "SELECT 1 FROM param WHERE key = 'model' AND type = 'text' AND number IS NULL"),
	        1);
	assert_int_equal(
	        make_number(record_dir, "SELECT 1 FROM param WHERE key = 'list' AND type = 'array' AND text = '[1,2]'"),
	        1);

	/* Names are invented, each once. A definition is stored once. */
	must(tracker_begin(record, &make_err));
	for (int i = 0; i < 300; i++) {
		struct run_row r;

		must(query_run(record, make_run(record, NULL), &a, &r, &make_err));
		assert_true(run_name_valid(r.name));
		map_add(&names, r.name, &is_new);
		assert_true(is_new);
	}
	must(tracker_commit(record, &make_err));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM pipeline"), 2);
	assert_int_equal(make_number(record_dir, "SELECT n FROM tally WHERE name = 'runs'"), 301);
}

static void test_names(void **state)
{
	static const char *const bad[] = {
	        "",    "1a",  "-a",       "last", "a b",
	        "a/b", "a\n", "\xc3\xa4", "a~1",  "a2345678901234567890123456789012345678901234567890123456789012345"};
	static const char *const good[] = {"a", "A-b_c.9", "lasts",
	                                   "a234567890123456789012345678901234567890123456789012345678901234"};
	struct run_new n = {.pipeline = "p"};
	char uid[ULID_LEN + 1];
	int64_t run;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(run_name_valid(bad[i]));
		n.name = bad[i];
		must_refuse(run_create(record, &n, &run, uid, &make_err), ERR_USAGE, "no name");
	}
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(run_name_valid(good[i]));
	must(tracker_begin(record, &make_err));
	run = make_run(record, "a");
	make_run(record, "b");
	must(run_start(record, run, &make_err));
	must(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err));
	must(tracker_commit(record, &make_err));
	n.name = "a";
	must_refuse(run_create(record, &n, &run, uid, &make_err), ERR_EXISTS, "run 1 is named");
	must_refuse(run_rename(record, 1, "b", &make_err), ERR_EXISTS, "run 2");
	must_refuse(run_rename(record, 1, "last", &make_err), ERR_USAGE, "no name");
	must_refuse(run_rename(record, 9, "c", &make_err), ERR_NOT_FOUND, "no run 9");
	in_transaction(run_rename(record, 1, "a", &make_err));
	in_transaction(run_rename(record, 1, "c", &make_err));
	assert_int_equal(make_number(record_dir, "SELECT number FROM run WHERE name = 'c'"), 1);
	/* The name of a removed run is free, its number is not. */
	in_transaction(run_remove(record, 1, &make_err));
	n.name = "c";
	must(tracker_begin(record, &make_err));
	must(run_create(record, &n, &run, uid, &make_err));
	must(tracker_commit(record, &make_err));
	assert_int_equal(run, 3);
}

static void test_moves(void **state)
{
	int64_t run;

	must(tracker_begin(record, &make_err));
	run = make_run(record, NULL);
	must(tracker_commit(record, &make_err));
	must_refuse(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err), ERR_USAGE,
	            "run 1 cannot move from queued to success");
	must_refuse(run_end(record, 7, RUN_FAILED, 0, 1, &make_err), ERR_NOT_FOUND, "no run 7");
	must_refuse(run_start(record, 7, &make_err), ERR_NOT_FOUND, "no run 7");
	in_transaction(run_start(record, run, &make_err));
	must_refuse(run_start(record, run, &make_err), ERR_USAGE, "from running to running");
	in_transaction(run_end(record, run, RUN_FAILED, 1, 2500, &make_err));
	must_refuse(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err), ERR_USAGE, "from failed to success");
	assert_int_equal(
	        make_number(
	                record_dir,
	                "SELECT elapsed_us FROM run WHERE exit_status = 1 AND ended >= started AND length(seal) = 32"),
	        2500);
	/* Without a monotonic duration the wall clock counts. */
	must(tracker_begin(record, &make_err));
	run = make_run(record, NULL);
	must(run_end(record, run, RUN_STOPPED, -1, -1, &make_err));
	must(tracker_commit(record, &make_err));
	assert_int_equal(make_number(record_dir, "SELECT elapsed_us FROM run WHERE number = 2 AND exit_status IS NULL"),
	                 0);
}

static void test_marks(void **state)
{
	struct made m = make_everything(record, "one");
	struct made live = make_everything(record, "two");
	_arena_ struct arena a = ARENA_INIT;
	struct pair_rows tags;
	struct run_row row;

	make_finish(record, &m);
	in_transaction(run_tag(record, m.run, "team", "red", &make_err));
	in_transaction(run_tag(record, m.run, "empty", "", &make_err));
	in_transaction(run_tag(record, m.run, "off", "x", &make_err));
	in_transaction(run_tag(record, m.run, "off", NULL, &make_err));
	in_transaction(run_tag(record, m.run, "never", NULL, &make_err));
	in_transaction(run_note(record, m.run, "a \"quoted\" ✓ note\n", &make_err));
	must(query_tags(record, m.run, &a, &tags, &make_err));
	assert_int_equal(tags.len, 2);
	assert_string_equal(tags.v[0].key, "empty");
	assert_string_equal(tags.v[1].value, "red");
	must(query_run(record, m.run, &a, &row, &make_err));
	assert_string_equal(row.note, "a \"quoted\" ✓ note\n");
	must_refuse(run_tag(record, m.run, "a b", "x", &make_err), ERR_USAGE, "no key");
	must_refuse(run_tag(record, m.run, "a", "\xff", &make_err), ERR_USAGE, "UTF-8");
	_buf_ struct buf long_value = BUF_INIT;
	buf_fill(&long_value, 'x', TAG_MOST + 1);
	must_refuse(run_tag(record, m.run, "a", long_value.data, &make_err), ERR_USAGE, "has 4097 bytes");
	in_transaction(run_tag(record, m.run, "empty", long_value.data + 1, &make_err));
	in_transaction(run_tag(record, m.run, "empty", "", &make_err));
	must_refuse(run_tag(record, 9, "a", "x", &make_err), ERR_NOT_FOUND, "no run 9");
	must_refuse(run_note(record, m.run, "\xff", &make_err), ERR_USAGE, "UTF-8");
	must_refuse(run_note(record, 9, "", &make_err), ERR_NOT_FOUND, "no run 9");

	must_refuse(run_remove(record, live.run, &make_err), ERR_USAGE, "jig stop 2");
	in_transaction(run_remove(record, m.run, &make_err));
	assert_int_equal(make_number(record_dir, "SELECT n FROM tally WHERE name = 'runs'"), 1);
}

static void test_params(void **state)
{
	struct made m = make_everything(record, "one");
	_json_ json_t *params = json_pack("{s:{s:i}, s:s}", "a", "b", 7, "dot.ted", "x");

	in_transaction(run_params(record, m.run, params, &make_err));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM param"), 2);
	assert_int_equal(make_number(record_dir, "SELECT number FROM param WHERE key = 'a.b'"), 7);
	assert_int_equal(make_number(record_dir, "SELECT json_extract(params, '$.a.b') FROM run"), 7);
	/* The last that were given are the run's, however they were written. */
	json_object_clear(params);
	json_object_set_new(params, "c", json_pack("{s:i}", "d", 1));
	json_object_set_new(params, "c.d", json_integer(2));
	in_transaction(run_params(record, m.run, params, &make_err));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM param"), 1);
	assert_int_equal(make_number(record_dir, "SELECT json_extract(params, '$.c.d') FROM run"), 1);
	make_finish(record, &m);
	must_refuse(run_params(record, m.run, params, &make_err), ERR_USAGE, "ended");
}

static void resolves(const char *text, int64_t want)
{
	int64_t run;

	must(run_resolve(record, text, &run, &make_err));
	if (run != want)
		fail_msg("%s is run %d, want %d", text, (int)run, (int)want);
}

static void test_resolve(void **state)
{
	static const char *const none[] = {"9",      "0", "-1",   "last~3", "last~",
	                                   "nobody", "",  "ZZZZ", "last~x", "99999999999999999999"};
	_arena_ struct arena a = ARENA_INIT;
	struct run_row row;
	char prefix[ULID_LEN + 1];
	int64_t run;

	assert_int_equal(run_resolve(record, "last", &run, &make_err), ERR_NOT_FOUND);
	assert_non_null(strstr(make_err.text, "jig run"));
	must(tracker_begin(record, &make_err));
	make_run(record, "one");
	make_run(record, "two");
	must(run_end(record, 2, RUN_STOPPED, -1, 1, &make_err));
	must(run_remove(record, 2, &make_err));
	make_run(record, "three");
	must(tracker_commit(record, &make_err));
	resolves("1", 1);
	resolves("one", 1);
	resolves("last", 3);
	resolves("last~0", 3);
	resolves("last~1", 1);
	must(query_run(record, 3, &a, &row, &make_err));
	resolves(row.uid, 3);
	/* Both were made within a moment: their ids begin alike. */
	snprintf(prefix, sizeof prefix, "%.4s", row.uid);
	assert_int_equal(run_resolve(record, prefix, &run, &make_err), ERR_USAGE);
	assert_non_null(strstr(make_err.text, "more than one"));
	assert_null(make_sql(record_dir, "UPDATE run SET uid = lower(uid) || '' WHERE 0; UPDATE run SET uid = "
	                                 "'01234567890000000000000000' WHERE number = 1"));
	resolves("01234567", 1);
	resolves("0123456789", 1);
	assert_null(make_sql(record_dir, "UPDATE run SET uid = '0ABCDEFGHJ0000000000000000' WHERE number = 1"));
	resolves("0abcdefghj", 1);
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (run_resolve(record, none[i], &run, &make_err) != ERR_NOT_FOUND)
			fail_msg("\"%s\" is a run", none[i]);
	assert_int_equal(run_resolve(record, "2", &run, &make_err), ERR_NOT_FOUND);
	assert_int_equal(run_resolve(record, "two", &run, &make_err), ERR_NOT_FOUND);
}

static void test_lost(void **state)
{
	struct made m = make_everything(record, "one");
	int64_t waits;

	must(tracker_begin(record, &make_err));
	waits = make_step(record, m.run, "waits", 2);
	assert_int_equal(must(run_mark_lost(record, m.run, &make_err)), 1);
	assert_int_equal(run_mark_lost(record, m.run, &make_err), 0);
	must(tracker_commit(record, &make_err));
	assert_true(waits > 0);
	assert_int_equal(
	        make_number(
	                record_dir,
	                "SELECT count(*) FROM run WHERE state = 'lost' AND nsteps = 3 AND ndone = 3 AND nfailed = 2"),
	        1);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM step WHERE state = 'lost'"), 2);
	/* Nobody saw its end: how long it ran is not known. */
	assert_int_equal(
	        make_number(record_dir, "SELECT count(*) FROM attempt WHERE state = 'lost' AND elapsed_us IS NULL"), 1);
	assert_int_equal(
	        make_number(record_dir, "SELECT count(*) FROM attempt WHERE state = 'lost' AND cause = 'lost'"), 1);
	must_refuse(run_mark_lost(record, 9, &make_err), ERR_NOT_FOUND, "no run 9");
}

/* metrics.K: the last value of the last step that has K; a reused step counts, of a retried one only the last
 * attempt. */
static void test_metrics(void **state)
{
	struct made m = make_everything(record, "one");
	int64_t run, a, b, c, try1, try2, last;
	_arena_ struct arena arena = ARENA_INIT;
	struct metric_rows rows;

	make_finish(record, &m);
	must(tracker_begin(record, &make_err));
	run = make_run(record, "two");
	must(run_start(record, run, &make_err));
	a = make_step(record, run, "a", 0);
	b = make_step(record, run, "b", 1);
	c = make_step(record, run, "c", 2);
	try1 = make_attempt(record, run, a, 1, 0);
	make_points(record, run, a, try1, "acc", (const double[]){1, 2}, 2);
	make_points(record, run, a, try1, "only", (const double[]){3}, 1);
	make_points(record, run, a, try1, "first", (const double[]){3}, 1);
	make_end(record, run, a, try1, ATTEMPT_FAILED, STEP_RETRYING);
	try2 = make_attempt(record, run, a, 2, 0);
	make_points(record, run, a, try2, "only", (const double[]){4, 5}, 2);
	make_end(record, run, a, try2, ATTEMPT_SUCCESS, STEP_SUCCESS);
	last = make_attempt(record, run, c, 1, 0);
	make_points(record, run, c, last, "c", (const double[]){NAN}, 1);
	make_end(record, run, c, last, ATTEMPT_SUCCESS, STEP_SUCCESS);
	must(step_reuse(record, run, &(struct step_reuse){b, m.trained, "reuse: same as train@1 of run 1"}, 1,
	                &make_err));
	must(run_end(record, run, RUN_SUCCESS, 0, 1, &make_err));
	must(tracker_commit(record, &make_err));
	must(query_run_metrics(record, run, &arena, &rows, &make_err));
	assert_int_equal(rows.len, 3);
	assert_string_equal(rows.v[0].key, "acc");
	assert_string_equal(rows.v[0].step_name, "b");
	assert_true(isinf(rows.v[0].last));
	assert_string_equal(rows.v[1].key, "c");
	assert_true(isnan(rows.v[1].last));
	assert_string_equal(rows.v[2].key, "only");
	assert_true(rows.v[2].last == 5);
	assert_int_equal(rows.v[2].last_step, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        record_test(test_create), record_test(test_names),   record_test(test_moves), record_test(test_marks),
	        record_test(test_params), record_test(test_resolve), record_test(test_lost),  record_test(test_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
