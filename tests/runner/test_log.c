#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "runner/log/log.h"

static struct err e;

static int set_up(void **state)
{
	return file_temp_dir("/tmp", "log", (char **)state, &e);
}

static int tear_down(void **state)
{
	file_remove_tree(*state, &e);
	free(*state);
	return 0;
}

static void put(struct log *l, int stream, const char *text, int64_t now)
{
	assert_int_equal(log_write(l, stream, text, strlen(text), now, &e), 0);
}

static char *content(const char *dir)
{
	_free_ char *path = path_join(dir, "log");
	struct buf b = BUF_INIT;

	assert_int_equal(file_read(path, 1 << 24, &b, &e), 0);
	return buf_steal(&b);
}

static int64_t finish(struct log *l, int64_t now)
{
	int64_t size = -1;

	assert_int_equal(log_finish(l, now, &size, &e), 0);
	return size;
}

static void assert_content(const char *dir, const char *want)
{
	_free_ char *text = content(dir);

	assert_string_equal(text, want);
}

static void test_silent(void **state)
{
	struct log *l = log_new(*state, 1000);
	_free_ char *path = path_join(*state, "log"), *idx = path_join(*state, "log.idx");

	assert_int_equal(log_write(l, 0, "", 0, 1, &e), 0);
	assert_int_equal(log_flush(l, 1000000, &e), 0);
	assert_string_equal(log_last_line(l, -1), "");
	assert_int_equal(finish(l, 2), 0);
	assert_false(file_exists(path));
	assert_false(file_exists(idx));
	log_free(l);
	log_free(NULL);
}

static void test_lines_stay_whole(void **state)
{
	struct log *l = log_new(*state, 1 << 20);

	put(l, 0, "one ", 10);
	put(l, 1, "err\nwar", 20);
	put(l, 0, "line\ntwo\nthr", 30);
	put(l, 1, "ning\n", 40);
	put(l, 0, "ee\n", 50);
	int64_t size = finish(l, 60);
	assert_content(*state, "err\none line\ntwo\nwarning\nthree\n");
	assert_int_equal(size, 31);
	/* Ended is ended. */
	put(l, 0, "late\n", 70);
	assert_int_equal(finish(l, 80), size);
	assert_content(*state, "err\none line\ntwo\nwarning\nthree\n");
	log_free(l);
}

static void test_index(void **state)
{
	struct log *l = log_new(*state, 1 << 20);
	struct log_mark *m;
	size_t n;

	put(l, 0, "aa\n", 10);
	put(l, 1, "bbb\n", 20);
	put(l, 1, "c\n", 30);
	put(l, 0, "d\n", 40);
	finish(l, 50);
	log_free(l);
	assert_int_equal(log_index_read(*state, &m, &n, &e), 0);
	assert_int_equal(n, 4);
	static const struct log_mark want[] = { { 0, 10, 0 }, { 3, 20, 1 }, { 7, 30, 1 }, { 9, 40, 0 } };
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(m[i].offset, want[i].offset);
		assert_int_equal(m[i].ts, want[i].ts);
		assert_int_equal(m[i].stream, want[i].stream);
	}
	free(m);

	/* A torn record at the end is left out; a wrong beginning is an error. */
	_free_ char *path = path_join(*state, "log.idx");
	assert_int_equal(truncate(path, 8 + 3 * 16 + 5), 0);
	assert_int_equal(log_index_read(*state, &m, &n, &e), 0);
	assert_int_equal(n, 3);
	free(m);
	assert_int_equal(file_write(path, "JIG", 3, 0600, &e), 0);
	assert_int_equal(log_index_read(*state, &m, &n, &e), ERR_BROKEN);
	unlink(path);
	assert_int_equal(log_index_read(*state, &m, &n, &e), ERR_NOT_FOUND);
}

static void test_unfinished_lines(void **state)
{
	struct log *l = log_new(*state, 1 << 20);

	put(l, 0, "working", 1000000);
	assert_int_equal(log_flush(l, 1100000, &e), 0);
	put(l, 1, "x\n", 1100000);
	assert_content(*state, "x\n");
	assert_int_equal(log_flush(l, 1200000, &e), 0);
	assert_content(*state, "x\nworking");
	put(l, 0, "... done", 1300000);
	assert_int_equal(finish(l, 1400000), 18);
	assert_content(*state, "x\nworking... done\n");
	log_free(l);

	l = log_new(*state, 1 << 20);
	put(l, 1, "half", 1000000);
	assert_int_equal(log_flush(l, 2000000, &e), 0);
	finish(l, 3000000);
	assert_content(*state, "half\n");
	log_free(l);
}

static void test_long_line(void **state)
{
	struct log *l = log_new(*state, 1 << 20);
	_free_ char *text = mem_alloc(70001);

	memset(text, 'x', 70000);
	text[70000] = '\0';
	put(l, 0, text, 1);
	put(l, 1, "err\n", 2);
	put(l, 0, "y\n", 3);
	finish(l, 4);
	_free_ char *all = content(*state);
	assert_int_equal(strlen(all), 70006);
	assert_string_equal(all + 70000, "err\ny\n");
	log_free(l);
}

static void test_last_line(void **state)
{
	struct log *l = log_new(*state, 1 << 20);

	put(l, 0, "first\n\n  \n", 1);
	assert_string_equal(log_last_line(l, 0), "first");
	assert_string_equal(log_last_line(l, 1), "");
	assert_string_equal(log_last_line(l, -1), "first");
	put(l, 1, "\033[31mred\033[0m 10%\r\033[2Kred 20%\r\n", 2);
	assert_string_equal(log_last_line(l, 1), "red 20%");
	assert_string_equal(log_last_line(l, -1), "red 20%");
	put(l, 0, "\n", 3);
	assert_string_equal(log_last_line(l, -1), "first");
	put(l, 0, "\033]0;title\033\\shown\x07\n", 4);
	assert_string_equal(log_last_line(l, 0), "shown");
	finish(l, 5);
	log_free(l);
}

#define SECRET "s3cr3t-value"
#define LONGER "s3cr3t-value-and-more"

/* In every way of cutting the text in two. */
static void test_masks(void **state)
{
	static const char text[] = "a " SECRET " b\n" LONGER "\n" SECRET SECRET "\nkey=" LONGER;
	static const char *const values[] = { SECRET, "short", LONGER, "12345678" };

	for (size_t cut = 0; cut <= sizeof text - 1; cut++) {
		struct log *l = log_new(*state, 1 << 20);
		log_mask(l, values, 4);
		assert_int_equal(log_write(l, 0, text, cut, 1000000, &e), 0);
		assert_int_equal(log_flush(l, 2000000, &e), 0);
		assert_int_equal(log_write(l, 0, text + cut, sizeof text - 1 - cut, 3000000, &e), 0);
		finish(l, 4000000);
		assert_content(*state, "a *** b\n***\n******\nkey=***\n");
		assert_string_equal(log_last_line(l, -1), "key=***");
		log_free(l);
	}
}

static void test_mask_byte_by_byte(void **state)
{
	static const char text[] = "s3cr3t-valu s3cr3t-s3cr3t-value short\ns3cr3t-value-and";
	static const char *const values[] = { SECRET, LONGER };
	struct log *l = log_new(*state, 1 << 20);

	log_mask(l, values, 2);
	for (size_t i = 0; i < sizeof text - 1; i++) {
		assert_int_equal(log_write(l, 1, text + i, 1, (int64_t)i * 1000000, &e), 0);
		assert_int_equal(log_flush(l, (int64_t)i * 1000000 + 500000, &e), 0);
	}
	finish(l, 100000000);
	assert_content(*state, "s3cr3t-valu s3cr3t-*** short\n***-and\n");
	log_free(l);
}

static void test_limit(void **state)
{
	enum { LIMIT = 100000 };
	struct log *l = log_new(*state, LIMIT);
	_free_ char *path = path_join(*state, "log");
	struct rusage before, after;
	struct log_mark *m;
	struct stat st;
	size_t n;
	char line[64];

	getrusage(RUSAGE_SELF, &before);
	for (int i = 0; i < 300000; i++) {
		snprintf(line, sizeof line, "line %d of the log\n", i);
		put(l, i % 7 == 0, line, i);
		if (i % 10000 == 0 && stat(path, &st) == 0)
			assert_true(st.st_size <= LIMIT);
	}
	getrusage(RUSAGE_SELF, &after);
	int64_t size = finish(l, 300000);
	log_free(l);
	assert_true(size <= LIMIT + 4096);
	_free_ char *text = content(*state);
	assert_int_equal(strlen(text), size);
	assert_memory_equal(text, "line 0 of the log\nline 1 of", 27);
	assert_non_null(strstr(text, " left out here]\nline "));
	assert_non_null(strstr(text, "\nline 299999 of the log\n"));
	_free_ char *tail = path_join(*state, "log.tail");
	assert_false(file_exists(tail));

	/* The index still says where each stream's lines are. */
	assert_int_equal(log_index_read(*state, &m, &n, &e), 0);
	assert_true(n > 1000);
	for (size_t i = 1; i < n; i++)
		assert_true(m[i].offset >= m[i - 1].offset && (int64_t)m[i].offset < size && m[i].ts >= m[i - 1].ts);
	free(m);
}

/* Half a gigabyte through a small log: memory stays. */
static void test_flood(void **state)
{
	struct log *l = log_new(*state, 1 << 20);
	_free_ char *chunk = mem_alloc(65537);
	struct rusage before, after;

	for (int i = 0; i < 65536; i++)
		chunk[i] = i % 100 == 99 ? '\n' : 'z';
	chunk[65536] = '\0';
	put(l, 0, chunk, 0);
	getrusage(RUSAGE_SELF, &before);
	for (int i = 1; i < 8000; i++)
		put(l, i & 1, chunk, i * 100);
	getrusage(RUSAGE_SELF, &after);
	assert_true(after.ru_maxrss - before.ru_maxrss < 32 * 1024);
	assert_true(finish(l, 900000) <= (1 << 20) + 4096);
	log_free(l);
}

static void test_small_limits(void **state)
{
	for (int64_t limit = 1; limit < 40; limit++) {
		struct log *l = log_new(*state, limit);
		for (int i = 0; i < 20; i++)
			put(l, i & 1, "abc\n", i);
		assert_true(finish(l, 30) <= limit + 64);
		log_free(l);
	}
}

static void test_failures(void **state)
{
	_free_ char *gone = path_join(*state, "gone");
	struct log *l = log_new(gone, 1000);

	assert_int_equal(log_write(l, 0, "x\n", 2, 1, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "gone/log"));
	log_free(l);
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        CASE(test_silent),       CASE(test_lines_stay_whole),
	        CASE(test_index),        CASE(test_unfinished_lines),
	        CASE(test_long_line),    CASE(test_last_line),
	        CASE(test_masks),        CASE(test_mask_byte_by_byte),
	        CASE(test_limit),        CASE(test_flood),
	        CASE(test_small_limits), CASE(test_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
