#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/record_case.h"

static void verify(const char *where, const char *against, struct verify_report *ret)
{
	_tracker_ struct tracker *t = NULL;

	must(tracker_open(where, TRACKER_READ, &t, &make_err));
	must(verify_all(t, against, ret, &make_err));
}

/* What verify says of a copy in which someone ran sql with all triggers dropped and no foreign keys. */
static void tampered(const char *sql, struct verify_report *ret)
{
	static const char *const files[] = {"jig.db", "chain"};
	_free_ char *to = mem_printf("%s.copy", record_dir);
	_buf_ struct buf all = BUF_INIT;
	_free_ char *path = path_join(to, "jig.db");
	sqlite3 *db;
	sqlite3_stmt *st;
	char *message = NULL;

	must(file_mkdirs(to, 0700, &make_err));
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		_free_ char *a = path_join(record_dir, files[i]);
		_free_ char *b = path_join(to, files[i]);

		must(file_copy(a, b, 0600, &make_err));
	}
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'", -1, &st, NULL),
	                 SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		buf_addf(&all, "DROP TRIGGER %s;", (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	buf_adds(&all, sql);
	sqlite3_exec(db, all.data, NULL, NULL, &message);
	if (message)
		fail_msg("%s: %s", sql, message);
	if (strncmp(sql, "SELECT", 6) != 0 && sqlite3_changes(db) < 1)
		fail_msg("%s: changes nothing", sql);
	sqlite3_close(db);
	verify(to, NULL, ret);
	must(file_remove_tree(to, &make_err));
}

static void test_clean(void **state)
{
	struct verify_report v, w;

	verify(record_dir, NULL, &v);
	assert_string_equal(v.fault, "");
	assert_true(v.ok);
	assert_int_equal(v.runs, 3);
	assert_int_equal(v.ended, 2);
	assert_int_equal(v.removed, 1);
	assert_true(v.rows > 40);
	tampered("SELECT 1", &w);
	assert_string_equal(w.fault, "");
	assert_int_equal(w.events, v.events);
	verify(record_dir, v.anchor, &w);
	assert_true(w.ok);
}

/* Every kind of change to a row of every table is found, and the row is named. */
static void test_tampered(void **state)
{
	static const struct {
		const char *sql, *fault;
	} cases[] = {
	        {"UPDATE run SET host = 'x' WHERE number = 1",
	         "run 1: table run: the row of the run itself was changed"},
	        {"UPDATE run SET state = 'failed' WHERE number = 1",
	         "run 1: table run: the row of the run itself was changed"},
	        {"UPDATE run SET state = 'running', seal = NULL WHERE number = 1",
	         "run 1: table run: the row of the run itself was changed"},
	        {"UPDATE run SET seal = zeroblob(32) WHERE number = 1", "run 1: table run: the seal was changed"},
	        {"UPDATE run SET seal = NULL WHERE number = 1", "run 1: table run: the seal was changed"},
	        {"UPDATE run SET dirty = NULL WHERE number = 1", "table run: the row of the run itself was changed"},
	        {"UPDATE run SET state = 'success' WHERE number = 2",
	         "run 2: table run: it has ended without an event"},
	        {"DELETE FROM run WHERE number = 1", "run 1: table run: the row is missing"},
	        {"INSERT INTO run SELECT 9, replace(uid, '0', '1'), 'nine', pipeline, pipeline_id, state, kind, "
	         "origin, sweep, created, started, ended, elapsed_us, "
	         "host, user, argv, options, params, exit_status, commit_id, branch, remote, dirty, snapshot, "
	         "unpinned, 0, 0, 0, 0, 0, seal FROM run WHERE "
	         "number = 1",
	         "run 9: table run: the row was added"},
	        {"UPDATE run SET name = 'x' WHERE number = 1", "run 1: table run: the name"},
	        {"UPDATE run SET removed = 1 WHERE number = 3", "run 3: table run: removed without an event"},
	        {"UPDATE run SET removed = 0 WHERE number = 1",
	         "run 1: table run: removed without an event, or brought back"},
	        {"UPDATE pipeline SET text = 'x'", "run 1: table pipeline: the row of the definition was changed"},
	        {"DELETE FROM pipeline", "run 1: table pipeline: a row of run 1 is missing"},
	        {"UPDATE sweep SET spec = '{}' WHERE id = 1", "run 1: table sweep: the row of the sweep was changed"},
	        {"DELETE FROM sweep WHERE id = 1", "run 1: table sweep: a row of run 1 is missing"},
	        {"UPDATE param SET number = 0.2 WHERE run = 1 AND key = 'train.lr'",
	         "run 1: table param: the row of train.lr was changed"},
	        {"UPDATE param SET key = 'z' WHERE run = 1 AND key = 'train.lr'",
	         "run 1: table param: the row of z was changed"},
	        {"INSERT INTO param VALUES (1, 'more', 'text', '', NULL)",
	         "run 1: table param: the row of more was added"},
	        {"DELETE FROM param WHERE run = 1 AND key = 'model'", "run 1: table param: a row of run 1 is missing"},
	        {"UPDATE step SET reason = 'x' WHERE id = 2", "run 1: table step: the row of train was changed"},
	        {"DELETE FROM step WHERE id = 2", "run 1: table step: a row of train is missing"},
	        {"INSERT INTO step (run, rank, name, base, state) VALUES (1, 5, 'extra', 'extra', 'success')",
	         "run 1: table step: the row of extra was added"},
	        {"UPDATE step SET needs = '[[0,0]]' WHERE id = 2", "run 1: table step: the row of train was changed"},
	        {"UPDATE step SET needs = NULL WHERE id = 2", "run 1: table step: the row of train was changed"},
	        {"UPDATE step SET reused_attempt = 4 WHERE id = 2", "run 1: table step: the row of train was changed"},
	        {"UPDATE step SET reused_attempt = 1 WHERE name = 'again'",
	         "run 3: table step: the row of again was changed"},
	        {"DELETE FROM borrow", "run 3: table borrow: a row of run 3 is missing"},
	        {"UPDATE borrow SET lender = 2", "run 3: table borrow: the row of run 2 was changed"},
	        {"INSERT INTO borrow (run, lender) VALUES (1, 2)", "run 1: table borrow: the row of run 2 was added"},
	        {"UPDATE attempt SET facts = '{}' WHERE id = 2",
	         "run 1: table attempt: the row of train@1 was changed"},
	        {"UPDATE attempt SET form = zeroblob(32) WHERE id = 2",
	         "run 1: table attempt: the row of train@1 was changed"},
	        {"UPDATE attempt SET key = NULL WHERE id = 2", "run 1: table attempt: the row of train@1 was changed"},
	        {"UPDATE attempt SET continued = NULL WHERE id = 2",
	         "run 1: table attempt: the row of train@1 was changed"},
	        {"UPDATE attempt SET trace = NULL WHERE id = 2",
	         "run 1: table attempt: the row of train@1 was changed"},
	        {"UPDATE attempt SET exit_status = 1 WHERE id = 2",
	         "run 1: table attempt: the row of train@1 was changed"},
	        {"UPDATE attempt SET max_rss = NULL WHERE id = 2",
	         "run 1: table attempt: the row of train@1 was changed"},
	        {"DELETE FROM attempt WHERE id = 2", "run 1: table attempt: a row of train is missing"},
	        {"INSERT INTO attempt (uid, run, step, name, n, state, cause, started, host, isolation, command, "
	         "folder) VALUES ('u', 1, 2, 'train', 2, 'success', "
	         "'', 1, '', '', '', '')",
	         "run 1: table attempt: the row of train@2 was added"},
	        {"UPDATE env SET detail = '{}'", "run 1: table env: the row of 0a1b was changed"},
	        {"DELETE FROM env", "run 1: table env: a row of run 1 is missing"},
	        {"UPDATE package SET version = '2.1.1' WHERE name = 'numpy'",
	         "run 1: table package: the row of 0a1b, numpy was changed"},
	        {"INSERT INTO package VALUES (1, 'pandas', '2', NULL)",
	         "run 1: table package: the row of 0a1b, pandas was added"},
	        {"DELETE FROM package WHERE name = 'numpy'", "run 1: table package: a row of 0a1b is missing"},
	        {"UPDATE artifact SET digest = zeroblob(32) WHERE id = 1",
	         "run 1: table artifact: the row of prepare@1, out data.csv was changed"},
	        {"UPDATE artifact SET size = 11 WHERE id = 1",
	         "run 1: table artifact: the row of prepare@1, out data.csv was changed"},
	        {"DELETE FROM artifact WHERE id = 2", "run 1: table artifact: a row of train@1 is missing"},
	        {"INSERT INTO artifact VALUES (99, 1, 2, 2, 'out', 'file', 'm', NULL, 0, 0, 0)",
	         "run 1: table artifact: the row of train@1, out m was added"},
	        {"UPDATE sample SET rss = 1 WHERE attempt = 2 AND ts = 10",
	         "run 1: table sample: the row of train@1, ts 10 was changed"},
	        {"DELETE FROM sample WHERE attempt = 2 AND ts = 10",
	         "run 1: table sample: a row of train@1 is missing"},
	        {"INSERT INTO sample (attempt, ts) VALUES (2, 15)",
	         "run 1: table sample: the row of train@1, ts 15 was added"},
	        {"UPDATE trace SET mode = 493 WHERE path = 'lib/x.py'",
	         "run 1: table trace: the row of train@1, file lib/x.py was changed"},
	        {"UPDATE trace SET digest = zeroblob(20) WHERE path = 'lib/x.py'",
	         "run 1: table trace: the row of train@1, file lib/x.py was changed"},
	        {"UPDATE trace SET mtime = 35 WHERE kind = 'outside'",
	         "run 1: table trace: the row of train@1, outside /data/raw.csv was changed"},
	        {"UPDATE trace SET kind = 'folder' WHERE kind = 'nothing'",
	         "run 1: table trace: the row of train@1, folder lib/y.py was changed"},
	        {"DELETE FROM trace WHERE path = 'lib/y.py'", "run 1: table trace: a row of train@1 is missing"},
	        {"INSERT INTO trace VALUES (1, 'a', 'link', NULL, 0, 0, 0)",
	         "run 1: table trace: the row of train@1, link a was added"},
	        {"UPDATE trace_set SET digest = zeroblob(32)",
	         "run 1: table trace_set: the row of train@1, its digest was changed"},
	        {"DELETE FROM trace_set", "run 1: table trace_set: a row of train@1 is missing"},
	        {"UPDATE series SET max = 0 WHERE id = 1", "run 1: table series: the row of train@1, acc was changed"},
	        {"DELETE FROM series WHERE id = 1", "run 1: table series: a row of train@1 is missing"},
	        {"INSERT INTO series (run, step, attempt, key) VALUES (1, 2, 2, 'more')",
	         "run 1: table series: the row of train@1, more was added"},
	        {"UPDATE point SET value = value + 1 WHERE series = 1 AND step = 0",
	         "run 1: table point: series train@1 acc, block 0 (from point 0 on) was changed"},
	        {"DELETE FROM point WHERE series = 1 AND step = 2",
	         "run 1: table point: series train@1 acc, block 0 (from point 0 on) was changed"},
	        {"DELETE FROM point WHERE series = 2",
	         "run 1: table point: series prepare@1 rows, block 0 (from point 0 on) is missing"},
	        {"INSERT INTO point VALUES (1, 9, 9, 9)",
	         "run 1: table point: series train@1 acc, block 0 (from point 0 on) was changed"},
	        {"UPDATE run_metric SET value = 7 WHERE run = 1 AND key = 'acc'",
	         "run 1: table run_metric: the row of train, acc was changed"},
	        {"DELETE FROM run_metric WHERE run = 1 AND key = 'acc'",
	         "run 1: table run_metric: a row of train is missing"},
	        {"INSERT INTO run_metric VALUES (1, 'more', 1, 2, 0, 0)",
	         "run 1: table run_metric: the row of train, more was added"},
	        {"UPDATE request SET answer = 'x' WHERE run = 1",
	         "run 1: table request: the row of pause 1 was changed"},
	        {"DELETE FROM request WHERE run = 1", "run 1: table request: a row of train is missing"},
	        {"INSERT INTO request (run, action, user, created) VALUES (1, 'stop', '', 0)",
	         "run 1: table request: the row of stop 4 was added"},
	        {"UPDATE seal SET tags = zeroblob(16) WHERE run = 1 AND tbl = 'run'",
	         "run 1: table seal: the row of run, 0, block 0 was changed"},
	        {"UPDATE seal SET digest = zeroblob(32) WHERE run = 1 AND tbl = 'step'",
	         "run 1: table seal: the row of step, 0, block 0 was changed"},
	        {"DELETE FROM seal WHERE run = 1 AND tbl = 'trace'",
	         "run 1: table seal: the row of trace, 0, block 0 is missing"},
	        {"INSERT INTO seal VALUES (1, 'tag', 0, 0, 0, zeroblob(32), NULL)",
	         "run 1: table seal: the row of tag, 0, block 0 was added"},
	        {"UPDATE tag SET value = 'x' WHERE run = 1", "run 1: table tag"},
	        {"DELETE FROM tag WHERE run = 3", "run 3: table tag: a row is missing: team"},
	        {"INSERT INTO tag VALUES (1, 'more', '')", "run 1: table tag"},
	        {"INSERT INTO tag VALUES (1, 'gone', 'x')", "run 1: table tag"},
	        {"UPDATE note SET text = 'x' WHERE run = 3", "run 3: table note"},
	        {"DELETE FROM note WHERE run = 1", "run 1: table note"},
	        {"UPDATE event SET body = '{}' WHERE id = 5", "table event: event 5 was changed"},
	        {"UPDATE event SET ts = ts + 1 WHERE id = 5", "table event: event 5 was changed"},
	        {"UPDATE event SET hash = zeroblob(32) WHERE id = 5", "table event: event 5 was changed"},
	        {"UPDATE event SET run = NULL WHERE id = 5", "table event: event 5 was changed"},
	        {"DELETE FROM event WHERE id = 5", "table event: event 5 is missing"},
	        {"DELETE FROM event WHERE id = 1", "table event: event 1 is missing"},
	        {"INSERT INTO event VALUES (999, 1, 1, 'x', '{}', zeroblob(32))", "table event"},
	        {"UPDATE event SET body = body || char(0) || 'x' WHERE id = 5", "table event: event 5 was changed"},
	        {"UPDATE event SET run = 0 WHERE run IS NULL", "was changed"},
	        {"INSERT INTO seal VALUES (2, 'step', 0, 0, 0, zeroblob(32), NULL)",
	         "run 2: table seal: the row of step, 0, block 0 was added"},
	        {"INSERT INTO point VALUES (9999, 1, 1, 1)", "table point: points belong to nothing: series 9999"},
	        {"INSERT INTO sample (attempt, ts) VALUES (9999, 1)", "table sample: samples belong to nothing"},
	        {"INSERT INTO pipeline VALUES (9, randomblob(32), 'x')", "table pipeline: no run has this row"},
	        {"INSERT INTO sweep VALUES (9, 1, '{}')", "table sweep: sweep 9 was added"},
	        {"INSERT INTO env VALUES (9, 'k', 'pinned', 'uv', '{}')", "table env: environment 9 was added: k"},
	        {"INSERT INTO trace_set VALUES (9, randomblob(32))",
	         "table trace_set: no attempt has this row: trace 9"},
	        {"UPDATE tally SET n = n + 1", "table tally: the count is wrong: runs"},
	        {"DELETE FROM tally", "table tally: the count is wrong: runs"},
	        {"UPDATE power_of_two SET f = 3 WHERE n = 1", "table power_of_two: the row is not what it was: 1"},
	        {"INSERT INTO artifact VALUES (98, 2, 3, 9999, 'out', 'file', 'm', NULL, 0, 0, 0)",
	         "table artifact: row 98 names a row of attempt that is not there"},
	        {"INSERT INTO trace VALUES (9999, 'a', 'link', NULL, 0, 0, 0)",
	         "table trace: the row of trace 9999, link a names a row of trace_set that is not there"},
	        {"DELETE FROM event WHERE id >= (SELECT max(id) FROM event WHERE kind = 'end')",
	         "table event: the end of the chain was cut off"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct verify_report v;

		tampered(cases[i].sql, &v);
		if (v.ok || !strstr(v.fault, cases[i].fault))
			fail_msg("%s\n  want: %s\n  told: %s", cases[i].sql, cases[i].fault,
			         v.ok ? "(nothing)" : v.fault);
	}
}

/* The triggers refuse what the test above did without them. */
static void test_refused(void **state)
{
	static const char *const refused[] = {
	        "INSERT OR REPLACE INTO run SELECT * FROM run WHERE number = 1",
	        "INSERT OR REPLACE INTO event SELECT * FROM event WHERE id = 1",
	        "INSERT OR REPLACE INTO pipeline SELECT * FROM pipeline",
	        "INSERT OR REPLACE INTO env SELECT * FROM env",
	        "INSERT OR REPLACE INTO sweep SELECT * FROM sweep",
	        "INSERT OR REPLACE INTO step (id, run, rank, name, base, state) VALUES (1, 2, 9, 'e', 'e', 'pending')",
	        "INSERT OR REPLACE INTO artifact SELECT 1, run, step, attempt, role, form, path, digest, size, mtime, "
	        "mode FROM "
	        "artifact WHERE run = 2 LIMIT 1",
	        "UPDATE OR REPLACE run SET number = 1 WHERE number = 2",
	        "UPDATE OR REPLACE run SET uid = (SELECT uid FROM run WHERE number = 1) WHERE number = 2",
	        "UPDATE OR REPLACE run SET name = (SELECT name FROM run WHERE number = 3) WHERE number = 2",
	        "UPDATE OR REPLACE step SET id = 1 WHERE run = 2",
	        "UPDATE OR REPLACE attempt SET step = 1, n = 1 WHERE run = 2",
	        "UPDATE OR REPLACE attempt SET uid = (SELECT uid FROM attempt WHERE run = 1 LIMIT 1) WHERE run = 2",
	        "UPDATE OR REPLACE series SET id = 1 WHERE run = 2",
	        "UPDATE OR REPLACE seal SET run = 2",
	        "UPDATE run SET host = 'x' WHERE number = 1",
	        "DELETE FROM run WHERE number = 1",
	        "DELETE FROM run WHERE number = 2",
	        "UPDATE run SET seal = NULL WHERE number = 1",
	        "UPDATE run SET state = 'lost' WHERE number = 1",
	        "INSERT INTO param VALUES (1, 'more', 'text', '', NULL)",
	        "UPDATE param SET text = '' WHERE run = 1",
	        "DELETE FROM param WHERE run = 1",
	        "INSERT INTO step (run, rank, name, base, state) VALUES (1, 5, 'e', 'e', 'success')",
	        "UPDATE step SET rank = 3 WHERE run = 1",
	        "UPDATE step SET run = 1 WHERE run = 2",
	        "DELETE FROM step WHERE run = 1",
	        "UPDATE step SET needs = NULL WHERE id = 2",
	        "INSERT INTO borrow (run, lender) VALUES (1, 2)",
	        "INSERT OR REPLACE INTO borrow SELECT * FROM borrow",
	        "UPDATE borrow SET lender = 2",
	        "DELETE FROM borrow",
	        ("INSERT INTO attempt (uid, run, step, name, n, state, cause, started, host, isolation, command, "
	         "folder) VALUES ('u', 1, 2, 'train', 2, 'success', "
	         "'', 1, '', '', '', '')"),
	        "UPDATE attempt SET n = 3 WHERE id = 2",
	        "DELETE FROM attempt WHERE id = 2",
	        "UPDATE env SET kind = ''",
	        "DELETE FROM env",
	        "INSERT INTO package VALUES (1, 'pandas', '2', NULL)",
	        "UPDATE package SET version = ''",
	        "DELETE FROM package",
	        "INSERT INTO artifact VALUES (99, 1, 2, 2, 'out', 'file', 'm', NULL, 0, 0, 0)",
	        "UPDATE artifact SET size = 0 WHERE run = 1",
	        "DELETE FROM artifact WHERE run = 1",
	        "INSERT INTO sample (attempt, ts) VALUES (2, 15)",
	        "UPDATE sample SET rss = 0 WHERE attempt = 2",
	        "DELETE FROM sample WHERE attempt = 2",
	        "INSERT INTO sample (attempt, ts) VALUES (9999, 15)",
	        "INSERT INTO trace VALUES (1, 'a', 'link', NULL, 0, 0, 0)",
	        "INSERT OR REPLACE INTO trace SELECT * FROM trace",
	        "INSERT OR REPLACE INTO trace_set SELECT * FROM trace_set",
	        "UPDATE trace_set SET digest = zeroblob(32)",
	        "DELETE FROM trace_set",
	        "UPDATE attempt SET trace = NULL WHERE id = 2",
	        "UPDATE attempt SET facts = NULL WHERE id = 2",
	        "UPDATE trace SET mode = 0",
	        "DELETE FROM trace",
	        "INSERT INTO series (run, step, attempt, key) VALUES (1, 2, 2, 'm')",
	        "UPDATE series SET max = 0 WHERE run = 1",
	        "DELETE FROM series WHERE run = 1",
	        "INSERT INTO point VALUES (1, 9, 9, 9)",
	        "INSERT OR REPLACE INTO point SELECT * FROM point WHERE series = 1",
	        "UPDATE point SET value = 0 WHERE series = 1",
	        "DELETE FROM point WHERE series = 1",
	        "INSERT INTO point VALUES (9999, 9, 9, 9)",
	        "INSERT INTO run_metric VALUES (1, 'm', 1, 2, 0, 0)",
	        "UPDATE run_metric SET value = 0 WHERE run = 1",
	        "DELETE FROM run_metric WHERE run = 1",
	        "INSERT INTO request (run, action, user, created) VALUES (1, 'stop', '', 0)",
	        "UPDATE request SET answer = '' WHERE run = 1",
	        "DELETE FROM request WHERE run = 1",
	        "INSERT INTO seal VALUES (1, 'x', 0, 0, 0, zeroblob(32), NULL)",
	        "UPDATE seal SET rows = 0 WHERE run = 1",
	        "DELETE FROM seal WHERE run = 1",
	        "UPDATE event SET ts = 0",
	        "DELETE FROM event",
	        "UPDATE pipeline SET text = ''",
	        "DELETE FROM pipeline",
	        "UPDATE sweep SET spec = ''",
	        "DELETE FROM sweep",
	        "UPDATE run SET state = 'queued' WHERE number = 2",
	        "UPDATE step SET state = 'pending' WHERE id = 3",
	        "UPDATE attempt SET state = 'running' WHERE id = 3",
	};
	static const char *const fine[] = {
	        "UPDATE run SET name = 'eins', removed = 1 WHERE number = 1",
	        "INSERT INTO tag VALUES (1, 'a', 'b')",
	        "UPDATE note SET text = '' WHERE run = 1",
	        "DELETE FROM note WHERE run = 1",
	        "DELETE FROM tag WHERE run = 1",
	};

	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		_free_ char *sql = mem_printf("BEGIN; %s; ROLLBACK;", refused[i]);
		if (!make_sql(record_dir, sql))
			fail_msg("went through: %s", refused[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		_free_ char *sql = mem_printf("BEGIN; %s; ROLLBACK;", fine[i]);
		const char *m = make_sql(record_dir, sql);
		if (m)
			fail_msg("refused: %s: %s", fine[i], m);
	}
}

static void test_anchor(void **state)
{
	static const char *const bad[] = {"",
	                                  "x",
	                                  "3",
	                                  "3:",
	                                  "3:abc",
	                                  "-1:0000000000000000000000000000000000000000000000000000000000000000",
	                                  "3:g000000000000000000000000000000000000000000000000000000000000000"};
	_free_ char *ahead = NULL, *other = NULL, *path = path_join(record_dir, "chain");
	_buf_ struct buf was = BUF_INIT;
	_tracker_ struct tracker *t = NULL;
	struct verify_report v, w;
	struct err e;

	must(tracker_open(record_dir, TRACKER_READ, &t, &make_err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (verify_all(t, bad[i], &v, &e) != ERR_USAGE)
			fail_msg("taken as an anchor: %s", bad[i]);
	must(verify_all(t, NULL, &v, &make_err));
	ahead = mem_printf("%lld:%s", (long long)v.events + 1, strchr(v.anchor, ':') + 1);
	must(verify_all(t, ahead, &w, &make_err));
	assert_false(w.ok);
	assert_non_null(strstr(w.fault, "cut off"));
	other = mem_printf("%lld:%s", (long long)v.events - 1, strchr(v.anchor, ':') + 1);
	must(verify_all(t, other, &w, &make_err));
	assert_false(w.ok);
	assert_non_null(strstr(w.fault, "another hash"));

	/* The file beside the record: written at the end of a run, behind since. */
	must(file_read(path, 4096, &was, &make_err));
	assert_string_not_equal(was.data, v.anchor);
	must(file_write(path, "nonsense", 8, 0600, &make_err));
	must(verify_all(t, NULL, &w, &make_err));
	assert_non_null(strstr(w.fault, "damaged"));
	must(file_write(path, was.data, was.len, 0600, &make_err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_clean),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_tampered),
	        cmocka_unit_test(test_anchor),
	};

	return cmocka_run_group_tests(tests, record_three_setup, record_dir_teardown);
}
