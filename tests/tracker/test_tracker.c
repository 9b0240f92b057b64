#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/lib/record_case.h"
#include "tracker/db.h"
#include "tracker/event.h"
#include "tracker/query.h"

static int64_t runs_seen(struct tracker *t)
{
	_arena_ struct arena a = ARENA_INIT;
	struct run_row row;
	struct err e;

	return query_run(t, 1, &a, &row, &e) >= 0;
}

static void test_reads_of_one_state(void **state)
{
	_tracker_ struct tracker *t = record_open();
	_tracker_ struct tracker *other = record_open();

	tracker_read_end(t);
	must(tracker_read_begin(t, &make_err));
	assert_int_equal(runs_seen(t), 0);
	assert_false(t->in_transaction);
	must(tracker_begin(other, &make_err));
	make_run(other, "one");
	must(tracker_commit(other, &make_err));
	assert_int_equal(runs_seen(t), 0);
	tracker_read_end(t);
	assert_int_equal(runs_seen(t), 1);
	must(tracker_begin(t, &make_err));
	/* It ends no transaction that writes. */
	tracker_read_end(t);
	make_run(t, "two");
	must(tracker_commit(t, &make_err));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM run"), 2);
}

/* Runs f in a child; its exit status, or minus the signal that ended it. */
static int in_child(void (*f)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		f();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_open(void **state)
{
	struct tracker *t = NULL;
	_free_ char *path = path_join(record_dir, "jig.db");
	_free_ char *nowhere = path_join(record_dir, "nowhere");
	struct err e;

	assert_int_equal(tracker_open(record_dir, TRACKER_READ, &t, &e), ERR_NOT_FOUND);
	assert_false(file_exists(path));
	assert_int_equal(tracker_open(nowhere, TRACKER_READ, &t, &e), ERR_NOT_FOUND);
	assert_int_equal(tracker_open(nowhere, TRACKER_WRITE, &t, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "nowhere"));
	assert_null(t);
	tracker_close(NULL);

	t = record_open();
	assert_int_equal(make_number(record_dir, "PRAGMA user_version"), 1);
	assert_int_equal(make_number(record_dir, "SELECT 1 FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
	tracker_close(t);
	must(tracker_open(record_dir, TRACKER_READ, &t, &make_err));
	tracker_close(t);
}

static void test_no_database(void **state)
{
	_free_ char *path = path_join(record_dir, "jig.db");
	_buf_ struct buf b = BUF_INIT;
	struct tracker *t;
	struct err e;

	buf_fill(&b, 'x', 5000);
	must(file_write(path, b.data, b.len, 0600, &make_err));
	assert_int_equal(tracker_open(record_dir, TRACKER_READ, &t, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "damaged"));
	assert_null(strstr(e.text, "PRAGMA"));
}

static void test_moved(void **state)
{
	_tracker_ struct tracker *t = record_open();
	_free_ char *path = path_join(record_dir, "jig.db"), *other = path_join(record_dir, "other.db");

	assert_false(tracker_moved(t));
	must(file_copy(path, other, 0600, &make_err));
	assert_int_equal(rename(other, path), 0);
	assert_true(tracker_moved(t));
	assert_int_equal(unlink(path), 0);
	assert_true(tracker_moved(t));
}

static void test_strange_state(void **state)
{
	struct tracker *t = record_open();
	_arena_ struct arena a = ARENA_INIT;
	struct run_row row;
	struct err e;

	must(tracker_begin(t, &make_err));
	make_run(t, "one");
	make_run(t, "two");
	must(tracker_commit(t, &make_err));
	assert_null(make_sql(record_dir, "PRAGMA ignore_check_constraints = 1; DROP TRIGGER run_move; "
	                          "UPDATE run SET state = 'quexed' WHERE number = 1"));
	/* The row is read, and what comes next says that it is not to be believed; then the rest can be read. */
	must(query_run(t, 1, &a, &row, &e));
	assert_int_equal(query_run(t, 2, &a, &row, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "damaged"));
	assert_non_null(strstr(e.text, "none that jig knows"));
	must(query_run(t, 2, &a, &row, &e));
	assert_int_equal(row.number, 2);
	tracker_close(t);
}

static void test_foreign(void **state)
{
	struct tracker *t;
	struct err e;

	assert_null(make_sql(record_dir, "CREATE TABLE something (x)"));
	assert_int_equal(tracker_open(record_dir, TRACKER_WRITE, &t, &e), ERR_BROKEN);
	assert_non_null(strstr(e.text, "a database of something else"));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM sqlite_schema"), 1);
}

static void test_transactions(void **state)
{
	_tracker_ struct tracker *t = record_open();
	_tracker_ struct tracker *other = record_open();
	int64_t version = tracker_data_version(other);

	assert_false(t->in_transaction);
	tracker_rollback(t);
	must(tracker_begin(t, &make_err));
	assert_true(t->in_transaction);
	make_run(t, "one");
	tracker_rollback(t);
	assert_false(t->in_transaction);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM run"), 0);
	assert_int_equal(tracker_data_version(other), version);

	must(tracker_begin(t, &make_err));
	make_run(t, "one");
	must(tracker_commit(t, &make_err));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM run"), 1);
	assert_int_not_equal(tracker_data_version(other), version);

	/* Closing rolls back. */
	must(tracker_begin(other, &make_err));
	make_run(other, "two");
	tracker_close(mem_take(other));
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM run"), 1);
}

/* Both connections go on where the other left the chain. */
static void test_turns(void **state)
{
	_tracker_ struct tracker *t = record_open();
	_tracker_ struct tracker *other = record_open();
	struct verify_report v;

	for (int i = 0; i < 5; i++) {
		struct tracker *x = i % 2 ? t : other;

		must(tracker_begin(x, &make_err));
		must(event_add(x, 0, "export", "{}", &make_err));
		must(event_add(x, 0, "export", "{}", &make_err));
		if (i == 3)
			tracker_rollback(x);
		else
			must(tracker_commit(x, &make_err));
	}
	must(verify_all(t, NULL, &v, &make_err));
	assert_string_equal(v.fault, "");
	assert_int_equal(v.events, 8);
}

static void write_outside(void)
{
	struct tracker *t = record_open();

	fclose(stderr);
	event_add(t, 0, "export", "{}", &make_err);
}

static void begin_twice(void)
{
	struct tracker *t = record_open();

	fclose(stderr);
	tracker_begin(t, &make_err);
	tracker_begin(t, &make_err);
}

static void test_misuse(void **state)
{
	assert_int_equal(in_child(write_outside), -SIGABRT);
	assert_int_equal(in_child(begin_twice), -SIGABRT);
}

enum { WRITERS = 4, TURNS = 25 };

/* Starts n processes that all wait for one pipe to close, then run f; all must end well. */
static void all_at_once(int n, void (*f)(void))
{
	pid_t pids[16];
	int gate[2], status;

	assert_int_equal(pipe(gate), 0);
	for (int i = 0; i < n; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			char c;

			close(gate[1]);
			if (read(gate[0], &c, 1) == 0)
				f();
			_exit(0);
		}
	}
	close(gate[0]);
	close(gate[1]);
	for (int i = 0; i < n; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

static void open_and_begin(void)
{
	struct tracker *t = record_open();

	must(tracker_begin(t, &make_err));
	make_run(t, NULL);
	must(tracker_commit(t, &make_err));
	tracker_close(t);
}

/* Nobody is told that the record is locked while several make it at once. */
static void test_creation_race(void **state)
{
	_tracker_ struct tracker *t = NULL;
	struct verify_report v;

	all_at_once(8, open_and_begin);
	t = record_open();
	must(verify_all(t, NULL, &v, &make_err));
	assert_string_equal(v.fault, "");
	assert_int_equal(v.runs, 8);
	assert_int_equal(make_number(record_dir, "SELECT max(number) FROM run"), 8);
}

static void write_often(void)
{
	struct tracker *t = record_open();

	for (int i = 0; i < TURNS; i++) {
		int64_t run, step, attempt;

		must(tracker_begin(t, &make_err));
		run = make_run(t, NULL);
		must(run_start(t, run, &make_err));
		step = make_step(t, run, "a", 0);
		attempt = make_attempt(t, run, step, 1, 0);
		must(tracker_commit(t, &make_err));
		must(tracker_begin(t, &make_err));
		make_points(t, run, step, attempt, "k", (const double[]){1, 2}, 2);
		make_end(t, run, step, attempt, ATTEMPT_SUCCESS, STEP_SUCCESS);
		must(run_end(t, run, RUN_SUCCESS, 0, 1, &make_err));
		must(tracker_commit(t, &make_err));
	}
	tracker_close(t);
}

static void test_writers(void **state)
{
	_tracker_ struct tracker *t = record_open();
	struct verify_report v;

	all_at_once(WRITERS, write_often);
	must(verify_all(t, NULL, &v, &make_err));
	assert_string_equal(v.fault, "");
	assert_int_equal(v.runs, WRITERS * TURNS);
	assert_int_equal(v.events, WRITERS * TURNS * 5);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM point"), WRITERS * TURNS * 2);
	assert_int_equal(make_number(record_dir, "SELECT n FROM tally WHERE name = 'runs'"), WRITERS * TURNS);
}

static bool begins_with(const char *path, const char *text)
{
	_buf_ struct buf b = BUF_INIT;

	must(file_read(path, 1000, &b, &make_err));
	return strncmp(b.data, text, strlen(text)) == 0;
}

/* The file is made with the record and written at the end of a run, after the commit. */
static void test_chain_file(void **state)
{
	_tracker_ struct tracker *t = record_open();
	_free_ char *path = path_join(record_dir, "chain");
	_buf_ struct buf b = BUF_INIT;
	struct verify_report v;
	int64_t run;

	must(tracker_begin(t, &make_err));
	run = make_run(t, NULL);
	must(run_start(t, run, &make_err));
	must(tracker_commit(t, &make_err));
	assert_true(begins_with(path, "0:0000"));
	must(tracker_begin(t, &make_err));
	must(run_end(t, run, RUN_SUCCESS, 0, 1, &make_err));
	assert_true(begins_with(path, "0:0000"));
	tracker_rollback(t);
	assert_true(begins_with(path, "0:0000"));
	must(tracker_begin(t, &make_err));
	must(run_end(t, run, RUN_SUCCESS, 0, 1, &make_err));
	must(tracker_commit(t, &make_err));
	must(file_read(path, 1000, &b, &make_err));
	must(verify_all(t, NULL, &v, &make_err));
	assert_true(v.ok);
	assert_int_equal(strncmp(b.data, v.anchor, strlen(v.anchor)), 0);
}

static int64_t start_one(struct tracker *t)
{
	int64_t run;

	must(tracker_begin(t, &make_err));
	run = make_run(t, NULL);
	must(run_start(t, run, &make_err));
	must(tracker_commit(t, &make_err));
	return run;
}

static void end_one(struct tracker *t, int64_t run)
{
	must(tracker_begin(t, &make_err));
	must(run_end(t, run, RUN_SUCCESS, 0, 1, &make_err));
	must(tracker_commit(t, &make_err));
}

/* Whether the file names the last event, which is an end. */
static bool chain_is_last(struct tracker *t)
{
	_free_ char *path = path_join(record_dir, "chain");
	struct verify_report v;

	must(verify_all(t, NULL, &v, &make_err));
	assert_string_equal(v.fault, "");
	return begins_with(path, v.anchor);
}

/* Of two that end runs at once the slower one may come to the file after the other. */
static void test_chain_never_goes_back(void **state)
{
	_tracker_ struct tracker *slow = record_open();
	_tracker_ struct tracker *quick = record_open();
	int64_t a = start_one(slow), b = start_one(quick);

	end_one(slow, a);
	end_one(quick, b);
	assert_true(chain_is_last(quick));
	event_write_head(slow);
	assert_true(chain_is_last(quick));
}

/* Nobody writes the file between another's look at it and its writing; of one that does so for ever nobody hangs. */
static void test_chain_by_turns(void **state)
{
	_tracker_ struct tracker *t = record_open();
	_free_ char *path = path_join(record_dir, "chain");
	int64_t a = start_one(t), b = start_one(t);
	int held = open(record_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(flock(held, LOCK_EX), 0);
	end_one(t, a);
	assert_true(begins_with(path, "0:0000"));
	assert_false(chain_is_last(t));
	close(held);
	end_one(t, b);
	assert_true(chain_is_last(t));
}

/* What people are told to type holds in any folder. */
static void test_busy(void **state)
{
	_free_ char *dir = path_join(record_dir, "my project"), *own = record_dir;
	struct err e;

	must(file_mkdirs(dir, 0700, &make_err));
	record_dir = dir;
	_tracker_ struct tracker *t = record_open();
	_tracker_ struct tracker *other = record_open();
	record_dir = mem_take(own);
	must(tracker_begin(other, &make_err));
	sqlite3_busy_timeout(t->db, 0);
	assert_int_equal(tracker_begin(t, &e), ERR_BUSY);
	_free_ char *told = mem_printf("`fuser '%s/jig.db'`", dir);
	if (!strstr(e.text, told))
		fail_msg("\"%s\" does not say \"%s\"", e.text, told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        record_dir_test(test_open),
	        record_dir_test(test_no_database),
	        record_dir_test(test_foreign),
	        record_dir_test(test_transactions),
	        record_dir_test(test_reads_of_one_state),
	        record_dir_test(test_turns),
	        record_dir_test(test_misuse),
	        record_dir_test(test_moved),
	        record_dir_test(test_strange_state),
	        record_dir_test(test_creation_race),
	        record_dir_test(test_writers),
	        record_dir_test(test_chain_file),
	        record_dir_test(test_chain_never_goes_back),
	        record_dir_test(test_chain_by_turns),
	        record_dir_test(test_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
