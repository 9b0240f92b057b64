#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <string.h>
#include "tests/lib/record_case.h"

static int64_t run, step, attempt;

static void begin(void)
{
	must(tracker_begin(record, &make_err));
	run = make_run(record, "r");
	must(run_start(record, run, &make_err));
	step = make_step(record, run, "one", 0);
	attempt = make_attempt(record, run, step, 1, 0);
	must(tracker_commit(record, &make_err));
}

static int64_t open_series(const char *key)
{
	int64_t id;

	in_transaction(series_open(record, run, step, attempt, key, &id, &make_err));
	return id;
}

static bool same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

/* In their order, each with another key. */
static const double doubles[] = {
        -INFINITY,
        -DBL_MAX,
        -1e300,
        -1.5,
        -1,
        -DBL_MIN,
        -5e-324,
        -0.0,
        0.0,
        5e-324,
        2.2250738585072009e-308,
        DBL_MIN,
        0.1,
        1,
        1.0000000000000002,
        3,
        1e16,
        1e300,
        DBL_MAX,
        INFINITY,
        NAN,
};

static void test_keys(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(doubles); i++) {
		assert_true(same_bits(value_of_key(value_key(doubles[i])), doubles[i]));
		if (i)
			assert_true(value_key(doubles[i - 1]) < value_key(doubles[i]));
	}
	assert_int_equal(value_key(-NAN), value_key(NAN));
	assert_true(same_bits(value_of_key(value_key(-NAN)), NAN));
}

/* Bit for bit through the database, and as plain REAL in the view. */
static void test_exact(void **state)
{
	struct point p[ARRAY_LEN(doubles)];
	struct series_cursor c = {0};
	_free_ char *path = path_join(record_dir, "jig.db");
	sqlite3 *db;
	sqlite3_stmt *st;
	int64_t id;

	begin();
	id = open_series("v");
	for (size_t i = 0; i < ARRAY_LEN(doubles); i++)
		p[i] = (struct point){(int64_t)i - 3, -5, doubles[i]};
	in_transaction(series_add(record, id, p, ARRAY_LEN(p), &make_err));
	memset(p, 0, sizeof p);
	assert_int_equal(must(series_read(record, id, &c, p, ARRAY_LEN(p) + 5, &make_err)), ARRAY_LEN(p));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT value FROM point_real ORDER BY step", -1, &st, NULL),
	                 SQLITE_OK);
	for (size_t i = 0; i < ARRAY_LEN(doubles); i++) {
		assert_true(same_bits(p[i].value, doubles[i]));
		assert_int_equal(p[i].step, (int64_t)i - 3);
		assert_int_equal(p[i].ts, -5);
		assert_int_equal(sqlite3_step(st), SQLITE_ROW);
		if (isnan(doubles[i]))
			assert_int_equal(sqlite3_column_type(st, 0), SQLITE_NULL);
		else if (sqlite3_column_double(st, 0) != doubles[i])
			fail_msg("%.17g is %.17g in the view", doubles[i], sqlite3_column_double(st, 0));
	}
	sqlite3_finalize(st);
	sqlite3_close(db);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM metric_real WHERE value IS NULL AND key = 'v'"),
	                 1);
}

static void aggregates(int64_t id, int64_t n, double last, int64_t last_step, int64_t last_ts, double min, double max)
{
	_free_ char *sql = mem_printf("SELECT 1 FROM series WHERE id = %lld AND count = %lld AND last = %lld AND "
	                              "last_step = %lld AND last_ts = %lld AND min = %lld "
	                              "AND max = %lld AND count = (SELECT count(*) FROM point WHERE series = id)",
	                              (long long)id, (long long)n, (long long)value_key(last), (long long)last_step,
	                              (long long)last_ts, (long long)value_key(min), (long long)value_key(max));

	if (make_number(record_dir, sql) != 1)
		fail_msg("not so: %s", sql);
}

static void add1(int64_t id, int64_t at, int64_t ts, double v)
{
	in_transaction(series_add(record, id, &(struct point){at, ts, v}, 1, &make_err));
}

static void test_aggregates(void **state)
{
	const struct point batch[] = {{9, 1, 4}, {2, 1, -8}, {9, 1, 4}, {5, 1, INFINITY}};
	int64_t id;

	begin();
	id = open_series("a");
	in_transaction(series_add(record, id, NULL, 0, &make_err));
	add1(id, 5, 10, NAN);
	aggregates(id, 1, NAN, 5, 10, NAN, NAN);
	add1(id, 3, 99, 2);
	aggregates(id, 2, NAN, 5, 10, 2, 2);
	/* Given twice, it is one. */
	add1(id, 3, 99, 2);
	aggregates(id, 2, NAN, 5, 10, 2, 2);
	/* Of one step the later ts, of one ts the greater value. */
	add1(id, 5, 11, 1);
	aggregates(id, 3, 1, 5, 11, 1, 2);
	add1(id, 5, 11, 0);
	aggregates(id, 4, 1, 5, 11, 0, 2);
	add1(id, 5, 11, -0.0);
	aggregates(id, 5, 1, 5, 11, -0.0, 2);
	add1(id, 5, 11, NAN);
	aggregates(id, 6, NAN, 5, 11, -0.0, 2);
	in_transaction(series_add(record, id, batch, ARRAY_LEN(batch), &make_err));
	aggregates(id, 9, 4, 9, 1, -8, INFINITY);
	assert_int_equal(make_number(record_dir, "SELECT value FROM run_metric WHERE key = 'a'"), value_key(4));
}

static void test_open(void **state)
{
	_buf_ struct buf key = BUF_INIT;
	int64_t id, other;

	begin();
	id = open_series("loss");
	assert_int_equal(open_series("loss"), id);
	assert_int_not_equal(open_series("Loss"), id);
	buf_fill(&key, 'k', 250);
	open_series(key.data);
	buf_addc(&key, 'k');
	must_refuse(series_open(record, run, step, attempt, key.data, &other, &make_err), ERR_USAGE, "250");
	must_refuse(series_open(record, run, step, attempt, "", &other, &make_err), ERR_USAGE, "1 to 250");
	must_refuse(series_open(record, run, step, attempt, "\xff", &other, &make_err), ERR_USAGE, "UTF-8");
	must_refuse(series_open(record, run, step, 99, "x", &other, &make_err), ERR_USAGE, "FOREIGN KEY");
	must_refuse(series_add(record, 99, &(struct point){0}, 1, &make_err), ERR_NOT_FOUND, "no series 99");
	in_transaction(run_end(record, run, RUN_STOPPED, -1, 1, &make_err));
	must_refuse(series_add(record, id, &(struct point){0}, 1, &make_err), ERR_USAGE, "ended");
}

static void test_read(void **state)
{
	enum { N = 10000 };
	static struct point p[N], back[N];
	struct series_cursor c = {0};
	size_t got = 0;
	int64_t id;
	int r;

	begin();
	id = open_series("x");
	assert_int_equal(must(series_read(record, id, &c, back, 10, &make_err)), 0);
	assert_int_equal(must(series_read(record, 99, &c, back, 10, &make_err)), 0);
	for (int i = 0; i < N; i++)
		p[i] = (struct point){(N - i) / 3, i % 5, i};
	in_transaction(series_add(record, id, p, N, &make_err));
	while ((r = must(series_read(record, id, &c, back + got, 777 < N - got ? 777 : N - got, &make_err))) > 0)
		got += (size_t)r;
	assert_int_equal(got, N);
	for (size_t i = 1; i < N; i++)
		if (back[i - 1].step > back[i].step ||
		    (back[i - 1].step == back[i].step && back[i - 1].ts > back[i].ts))
			fail_msg("point %zu is out of order", i);
	assert_int_equal(must(series_read(record, id, &c, back, 10, &make_err)), 0);
	/* What arrived since is read from the same cursor. */
	in_transaction(series_add(record, id, &(struct point){N, 0, 1}, 1, &make_err));
	assert_int_equal(must(series_read(record, id, &c, back, 10, &make_err)), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_keys), record_test(test_exact), record_test(test_aggregates),
	        record_test(test_open),      record_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
