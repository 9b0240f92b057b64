#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "runner/log/log.h"
#include "tui/log/log_times.h"

static struct err e;
static char *dir, *path;
static struct log_times *t;

static int begin(void **state)
{
	assert_int_equal(file_temp_dir("/tmp", "log", &dir, &e), 0);
	path = path_join(dir, "log.idx");
	return 0;
}

static int end(void **state)
{
	log_times_free(t);
	t = NULL;
	file_remove_tree(dir, &e);
	free(dir);
	free(path);
	return 0;
}

static void assert_at(int64_t off, int64_t wanted_us, int wanted_stream)
{
	int64_t us = -1;
	int stream = -1;
	assert_true(log_times_at(t, off, &us, &stream));
	assert_int_equal(us, wanted_us);
	assert_int_equal(stream, wanted_stream);
}

static void what_the_runner_writes(void **state)
{
	int64_t size, us;
	int stream;
	t = log_times_new(dir);
	assert_false(log_times_any(t));
	assert_false(log_times_at(t, 0, &us, &stream));
	struct log *l = log_new(dir, 1 << 20);
	assert_int_equal(log_write(l, 0, "one\n", 4, 1000, &e), 0);
	assert_int_equal(log_write(l, 1, "two\n", 4, 2000, &e), 0);
	log_times_refresh(t);
	assert_true(log_times_any(t));
	assert_at(0, 1000, 0);
	assert_at(3, 1000, 0);
	assert_at(4, 2000, 1);
	assert_at(1000, 2000, 1);
	assert_int_equal(log_write(l, 0, "three\n", 6, 3000, &e), 0);
	log_times_refresh(t);
	assert_at(7, 2000, 1);
	assert_at(8, 3000, 0);
	assert_int_equal(log_finish(l, 4000, &size, &e), 0);
	log_free(l);
}

static void large_ones_are_looked_up(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	enum { N = 5000 };
	buf_adds(&b, "JIGLOG1\n");
	for (uint64_t i = 0; i < N; i++) {
		uint64_t r[2] = { 10 + i * 7, (i * 1000) << 1 | (i % 3 == 0) };
		buf_add(&b, r, sizeof r);
	}
	buf_adds(&b, "torn");
	assert_int_equal(file_write(path, b.data, b.len, 0644, &e), 0);
	t = log_times_new(dir);
	int64_t us;
	int stream;
	assert_false(log_times_at(t, 9, &us, &stream));
	for (int64_t i = 0; i < N; i += 13)
		for (int64_t k = 0; k < 7; k += 6)
			assert_at(10 + i * 7 + k, i * 1000, i % 3 == 0);
	for (int64_t i = N - 1; i >= 0; i--)
		assert_at(10 + i * 7, i * 1000, i % 3 == 0);
	for (int64_t i = 0; i < N; i++)
		assert_at(10 + i * 7 * 3001 % (N * 7) / 7 * 7, i * 3001 % N * 1000, i * 3001 % N % 3 == 0);
}

static void damaged_ones_tell_nothing(void **state)
{
	int64_t us;
	int stream;
	assert_int_equal(file_write(path, "something else, long enough for a record", 40, 0644, &e), 0);
	t = log_times_new(dir);
	assert_false(log_times_any(t));
	assert_false(log_times_at(t, 0, &us, &stream));
	assert_int_equal(file_write(path, "JIG", 3, 0644, &e), 0);
	log_times_refresh(t);
	assert_false(log_times_any(t));
	/* Cut behind our back. */
	_buf_ struct buf b = BUF_INIT;
	buf_adds(&b, "JIGLOG1\n");
	buf_fill(&b, '\0', 16 * 600);
	assert_int_equal(file_write(path, b.data, b.len, 0644, &e), 0);
	log_times_refresh(t);
	assert_true(log_times_any(t));
	assert_int_equal(truncate(path, 20), 0);
	assert_false(log_times_at(t, 5, &us, &stream));
	log_times_refresh(t);
	assert_false(log_times_any(t));
	log_times_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_runner_writes, begin, end),
		cmocka_unit_test_setup_teardown(large_ones_are_looked_up, begin, end),
		cmocka_unit_test_setup_teardown(damaged_ones_tell_nothing, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
