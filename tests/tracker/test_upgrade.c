/* Records of every version of the schema that was ever released (tests/tracker/data/v<N>.db), and of later ones. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/lib/record_case.h"
#include "tracker/anchor.h"
#include "tracker/db.h"
#include "tracker/query.h"

/* What the next version may do: a column and a table more, rows filled in. Nothing that a seal covers changes. */
static const char more[] = "ALTER TABLE run ADD COLUMN colour TEXT; UPDATE run SET colour = 'red' WHERE seal IS NULL; "
                           "CREATE TABLE later (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run(number)) "
                           "STRICT;"
                           "INSERT INTO later (run) SELECT number FROM run";
static const char broken[] = "CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT; CREATE TABLE run (x)";

/* The saved record of that version becomes the one in record_dir; false: there is none. */
static bool take_saved(int version)
{
	_free_ char *saved = mem_printf("tests/tracker/data/v%d.db", version);
	_free_ char *path = path_join(record_dir, "jig.db");
	struct anchor first = {0};

	if (!file_exists(saved))
		return false;
	must(file_copy(saved, path, 0600, &make_err));
	must(anchor_write(record_dir, &first, &make_err));
	return true;
}

static void holds(struct tracker *t, int64_t runs)
{
	struct verify_report v;

	must(verify_all(t, NULL, &v, &make_err));
	assert_string_equal(v.fault, "");
	assert_int_equal(v.runs, runs);
}

/* This program's version; what a released migration makes never changes, as the saved record shows. */
static int this_version(void)
{
	struct tracker *t = record_open();
	int version = t->schema;

	tracker_close(t);
	must(file_remove_tree(record_dir, &make_err));
	must(file_mkdirs(record_dir, 0700, &make_err));
	return version;
}

static char *schema_text(void)
{
	_free_ char *path = path_join(record_dir, "jig.db");
	_buf_ struct buf b = BUF_INIT;
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
	                                    "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name",
	                                    -1, &st, NULL),
	                 SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		buf_addf(&b, "%s;\n", (const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return mem_strdup(b.data);
}

/* Opened, upgraded, proven, read and added to. */
static void test_saved(void **state)
{
	int last = this_version();

	for (int version = 1; version <= last; version++) {
		_free_ char *copy = mem_printf("%s/jig.db.v%d.bak", record_dir, version);
		struct tracker *t;

		if (!take_saved(version))
			fail_msg("tests/tracker/data/v%d.db is missing: gen_saved makes it", version);
		assert_int_equal(make_number(record_dir, "PRAGMA user_version"), version);
		t = record_open();
		assert_int_equal(make_number(record_dir, "PRAGMA user_version"), last);
		assert_int_equal(file_exists(copy), version < last);
		holds(t, 2);
		assert_int_equal(make_number(record_dir,
		                             "SELECT number FROM run WHERE name = 'calm-otter' AND state = 'success'"),
		                 1);
		assert_int_equal(
		        make_number(record_dir, "SELECT count(*) FROM trace JOIN attempt ON trace_set = attempt.trace"),
		        3);
		assert_int_equal(make_number(record_dir, "SELECT reused_attempt FROM step WHERE state = 'reused'"), 2);
		must(tracker_begin(t, &make_err));
		assert_int_equal(make_run(t, NULL), 3);
		must(tracker_commit(t, &make_err));
		holds(t, 3);
		tracker_close(t);
		must(file_remove_tree(record_dir, &make_err));
		must(file_mkdirs(record_dir, 0700, &make_err));
	}
}

/* A record that is upgraded step by step and one made today are the same. */
static void test_same_schema(void **state)
{
	_free_ char *fresh = NULL, *upgraded = NULL;

	tracker_close(record_open());
	fresh = schema_text();
	must(file_remove_tree(record_dir, &make_err));
	must(file_mkdirs(record_dir, 0700, &make_err));
	assert_true(take_saved(1));
	tracker_close(record_open());
	upgraded = schema_text();
	assert_string_equal(fresh, upgraded);
}

/* A later version: a copy of what was, then the migration, and none of it when the migration fails. The triggers that
 * guard what has ended, and its proof, are as they were. */
static void test_next(void **state)
{
	int now = this_version();
	const char *list[16] = {0};
	_free_ char *copy = mem_printf("%s/jig.db.v%d.bak", record_dir, now);
	_free_ char *below = path_join(record_dir, "copy");
	_free_ char *there = path_join(below, "jig.db");
	_tracker_ struct tracker *t = NULL;
	_tracker_ struct tracker *old = NULL;
	struct stat failed, done;
	struct err e;

	assert_true(take_saved(now));
	t = record_open();
	list[now] = broken;
	assert_true(schema_upgrade(t, list, now + 1, &e) < 0);
	assert_false(t->in_transaction);
	assert_int_equal(make_number(record_dir, "PRAGMA user_version"), now);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM sqlite_schema WHERE name = 'later'"), 0);
	assert_int_equal(stat(copy, &failed), 0);

	/* The failed upgrade's copy is not taken for one of what came after. */
	t->schema = now;
	must(tracker_begin(t, &make_err));
	assert_int_equal(make_run(t, NULL), 3);
	must(tracker_commit(t, &make_err));
	list[now] = more;
	must(schema_upgrade(t, list, now + 1, &make_err));
	must(schema_upgrade(t, list, now + 1, &make_err));
	assert_int_equal(make_number(record_dir, "PRAGMA user_version"), now + 1);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM later"), 3);
	assert_int_equal(stat(copy, &done), 0);
	assert_true(failed.st_ino != done.st_ino);
	holds(t, 3);
	assert_non_null(make_sql(record_dir, "UPDATE run SET host = 'x' WHERE number = 1"));
	assert_int_equal(schema_upgrade(t, list, now, &e), ERR_USAGE);

	/* The copy is a whole record of the version before. */
	must(file_mkdirs(below, 0700, &make_err));
	must(file_copy(copy, there, 0600, &make_err));
	must(anchor_write(below, &(struct anchor){0}, &make_err));
	must(tracker_open(below, TRACKER_READ, &old, &make_err));
	assert_int_equal(make_number(below, "PRAGMA user_version"), now);
	holds(old, 3);
}

/* From the future: said, and not a byte of it touched. */
static void test_newer(void **state)
{
	_free_ char *path = path_join(record_dir, "jig.db");
	_buf_ struct buf was = BUF_INIT, is = BUF_INIT;
	struct tracker *t = record_open();
	struct err e;
	int now = t->schema;

	tracker_close(t);
	_free_ char *sql = mem_printf("PRAGMA user_version = %d; PRAGMA wal_checkpoint(TRUNCATE)", now + 1);
	assert_null(make_sql(record_dir, sql));
	must(file_read(path, 1 << 22, &was, &make_err));
	for (int mode = TRACKER_READ; mode <= TRACKER_WRITE; mode++) {
		assert_int_equal(tracker_open(record_dir, (enum tracker_mode)mode, &t, &e), ERR_USAGE);
		assert_non_null(strstr(e.text, "newer jig"));
		assert_non_null(strstr(e.text, "update jig"));
	}
	must(file_read(path, 1 << 22, &is, &make_err));
	assert_int_equal(was.len, is.len);
	assert_memory_equal(was.data, is.data, was.len);
}

/* One that was opened before somebody upgraded it writes no more. */
static void test_upgraded_meanwhile(void **state)
{
	_tracker_ struct tracker *old = record_open();
	_tracker_ struct tracker *t = record_open();
	const char *list[16] = {0};
	int now = old->schema;
	struct err e;

	must(tracker_begin(old, &make_err));
	make_run(old, NULL);
	must(tracker_commit(old, &make_err));
	list[now] = more;
	must(schema_upgrade(t, list, now + 1, &make_err));
	assert_int_equal(tracker_begin(old, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "newer jig"));
	assert_false(old->in_transaction);
	must(tracker_begin(t, &make_err));
	make_run(t, NULL);
	must(tracker_commit(t, &make_err));
	holds(t, 2);
}

/* Several that want to upgrade at once: one does, and nobody is told that it is locked. */
static void test_race(void **state)
{
	enum { N = 8 };
	int now = this_version(), gate[2], status;
	const char *list[16] = {0};
	_free_ char *copy = mem_printf("%s/jig.db.v%d.bak", record_dir, now);
	_free_ char *below = path_join(record_dir, "copy");
	_free_ char *there = path_join(below, "jig.db");
	pid_t pids[N];

	assert_true(take_saved(now));
	list[now] = more;
	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < N; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct tracker *t;
			char c;

			close(gate[1]);
			if (read(gate[0], &c, 1) != 0)
				_exit(1);
			/* One of them may have upgraded before another one has opened. */
			if (tracker_open(record_dir, TRACKER_WRITE, &t, &make_err) < 0)
				_exit(strstr(make_err.text, "newer jig") ? 0 : 2);
			must(schema_upgrade(t, list, now + 1, &make_err));
			tracker_close(t);
			_exit(0);
		}
	}
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < N; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(make_number(record_dir, "PRAGMA user_version"), now + 1);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM later"), 2);
	must(file_mkdirs(below, 0700, &make_err));
	must(file_copy(copy, there, 0600, &make_err));
	assert_int_equal(make_number(below, "PRAGMA user_version"), now);
	assert_int_equal(make_number(below, "SELECT count(*) FROM run"), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        record_dir_test(test_saved),
	        record_dir_test(test_same_schema),
	        record_dir_test(test_next),
	        record_dir_test(test_newer),
	        record_dir_test(test_upgraded_meanwhile),
	        record_dir_test(test_race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
