#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "tui/log/log_file.h"

static struct err e;
static char *dir, *path;
static struct log_file *f;

static void put(const char *bytes, size_t n)
{
	assert_int_equal(file_write(path, bytes, n, 0644, &e), 0);
}

static void append(const char *bytes, size_t n)
{
	_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, bytes, n), 0);
}

static void count_all(void)
{
	while (log_file_count(f, 4000))
		;
	assert_true(log_file_counted(f));
}

static int begin(void **state)
{
	assert_int_equal(file_temp_dir("/tmp", "log", &dir, &e), 0);
	path = path_join(dir, "log");
	f = NULL;
	return 0;
}

static int end(void **state)
{
	log_file_free(f);
	file_remove_tree(dir, &e);
	free(dir);
	free(path);
	return 0;
}

static void assert_line_at(int64_t off, const char *wanted)
{
	size_t n;
	const char *s = log_file_line(f, off, &n);
	assert_int_equal(n, strlen(wanted));
	assert_memory_equal(s, wanted, n);
}

static void small_logs(void **state)
{
	put("one\ntwo\n\nerror: x\nlast", 22);
	assert_int_equal(log_file_open(path, &f, &e), 0);
	assert_line_at(0, "one");
	assert_int_equal(log_file_next(f, 0), 4);
	assert_line_at(4, "two");
	assert_int_equal(log_file_next(f, 4), 8);
	assert_line_at(8, "");
	assert_int_equal(log_file_next(f, 18), f->size);
	assert_line_at(18, "last");
	assert_int_equal(log_file_previous(f, f->size), 18);
	assert_int_equal(log_file_previous(f, 18), 9);
	assert_int_equal(log_file_previous(f, 9), 8);
	assert_int_equal(log_file_previous(f, 8), 4);
	assert_int_equal(log_file_previous(f, 4), 0);
	assert_int_equal(log_file_previous(f, 0), -1);
	assert_int_equal(log_file_start(f, 6), 4);
	assert_int_equal(log_file_start(f, 7), 4);
	assert_int_equal(log_file_number(f, 9), 0);
	count_all();
	assert_int_equal(log_file_lines(f), 5);
	assert_int_equal(log_file_errors(f), 1);
	assert_int_equal(log_file_number(f, 0), 1);
	assert_int_equal(log_file_number(f, 9), 4);
	assert_int_equal(log_file_refresh(f), LOG_SAME);
}

static void nothing_is_fine(void **state)
{
	assert_int_equal(log_file_open(path, &f, &e), 0);
	assert_int_equal(f->fd, -1);
	assert_false(log_file_count(f, 4000));
	assert_int_equal(log_file_lines(f), 0);
	assert_int_equal(log_file_next(f, 0), 0);
	assert_int_equal(log_file_refresh(f), LOG_SAME);
	put("", 0);
	assert_int_equal(log_file_refresh(f), LOG_GREW);
	assert_int_equal(log_file_lines(f), 0);
	append("x\n", 2);
	assert_int_equal(log_file_refresh(f), LOG_GREW);
	count_all();
	assert_int_equal(log_file_lines(f), 1);
	struct log_file *none = (void *)1;
	assert_int_equal(log_file_open(dir, &none, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "is no file"));
	assert_int_equal(log_file_open("/dev/null", &none, &e), ERR_USAGE);
	assert_ptr_equal(none, (void *)1);
	log_file_free(NULL);
}

static void changes_are_seen(void **state)
{
	put("one\nwarning: x\n", 15);
	assert_int_equal(log_file_open(path, &f, &e), 0);
	count_all();
	assert_int_equal(log_file_warnings(f), 1);
	append("tw", 2);
	assert_int_equal(log_file_refresh(f), LOG_GREW);
	assert_false(log_file_counted(f));
	count_all();
	assert_int_equal(log_file_lines(f), 3);
	assert_int_equal(log_file_warnings(f), 1);
	append("o\n", 2);
	assert_int_equal(log_file_refresh(f), LOG_GREW);
	count_all();
	assert_int_equal(log_file_lines(f), 3);
	assert_line_at(15, "two");
	/* Cut while it is read, before anybody looked. */
	assert_int_equal(truncate(path, 2), 0);
	buf_reset(&f->cache);
	assert_line_at(4, "");
	assert_int_equal(log_file_previous(f, 15), 0);
	assert_int_equal(log_file_refresh(f), LOG_CUT);
	count_all();
	assert_int_equal(log_file_lines(f), 1);
	assert_line_at(0, "on");
	/* Cut and written again, longer than before. */
	put("ON\nand more of it\n", 18);
	assert_int_equal(log_file_refresh(f), LOG_REPLACED);
	count_all();
	assert_int_equal(log_file_lines(f), 2);
	_free_ char *other = path_join(dir, "other");
	assert_int_equal(file_write(other, "new\n", 4, 0644, &e), 0);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(log_file_refresh(f), LOG_REPLACED);
	count_all();
	assert_line_at(0, "new");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(log_file_refresh(f), LOG_GONE);
	assert_line_at(0, "new");
}

static void counting_survives_a_cut(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	while (b.len < 5 * LOG_BLOCK)
		buf_addf(&b, "line %zu\n", b.len);
	put(b.data, b.len);
	assert_int_equal(log_file_open(path, &f, &e), 0);
	assert_int_equal(truncate(path, LOG_BLOCK + 10), 0);
	while (log_file_count(f, 4000))
		;
	assert_int_equal(log_file_refresh(f), LOG_CUT);
	count_all();
}

/* The lines of a text of any kind, by blocks, forwards, backwards and by number. */
static void assert_lines(const char *s, size_t n)
{
	struct log_window w = LOG_WINDOW_INIT;
	int64_t at = 0, number = 1, before = -1;
	int64_t lines = 0, errors = 0;
	for (int64_t block = 0; block * LOG_BLOCK < (int64_t)n; block++) {
		log_window_read(&w, f, block);
		for (size_t p = w.from; p < w.end; lines++) {
			assert_int_equal(w.at + (int64_t)p, at);
			assert_true(at / LOG_BLOCK == block);
			int64_t next = log_file_next(f, at);
			const char *nl = memchr(w.b.data + p, '\n', w.end - p);
			size_t stop = nl ? (size_t)(nl - w.b.data) + 1 : w.end;
			assert_int_equal(w.at + (int64_t)stop, next);
			assert_int_equal(log_file_previous(f, at), before);
			assert_int_equal(log_file_start(f, next - 1), at);
			assert_int_equal(log_file_start(f, at + (next - at) / 2), at);
			assert_true(next - at < 2 * LOG_PIECE);
			assert_true(next - at >= LOG_PIECE || s[next - 1] == '\n' || next == (int64_t)n);
			assert_int_equal(log_file_number(f, at), number);
			number += s[next - 1] == '\n';
			errors += next - at < 10 && memcmp(s + at, "error: x", 8) == 0;
			before = at;
			at = next;
			p = stop;
		}
	}
	assert_int_equal(at, n);
	assert_int_equal(log_file_lines(f), number - 1 + (n > 0 && s[n - 1] != '\n'));
	assert_int_equal(log_file_errors(f), errors);
	log_window_release(&w);
}

static void lines_of_all_lengths(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	static const size_t lengths[] = {
	        10, 0,         70000,         1, LOG_BLOCK - 1,      LOG_BLOCK, LOG_BLOCK + 1, 5, LOG_PIECE - 1,
	        30, LOG_PIECE, LOG_PIECE + 1, 0, 3 * LOG_PIECE + 17, 2,         2 * LOG_PIECE, 80};
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		buf_fill(&b, 'x', lengths[i]);
		buf_adds(&b, "\nerror: x\n");
	}
	put(b.data, b.len);
	assert_int_equal(log_file_open(path, &f, &e), 0);
	count_all();
	assert_lines(b.data, b.len);
	/* A newline at, before and behind each end of a block. */
	for (int shift = -2; shift <= 2; shift++) {
		buf_reset(&b);
		for (int i = 1; i < 5; i++) {
			buf_fill(&b, 'y', (size_t)(i * LOG_BLOCK + shift) - b.len);
			buf_adds(&b, "\nerror: x\n");
		}
		buf_cut(&b, b.len - (shift == 0));
		put(b.data, b.len);
		log_file_refresh(f);
		count_all();
		assert_lines(b.data, b.len);
	}
	buf_reset(&b);
	buf_fill(&b, 'z', 5 * LOG_PIECE + 3);
	put(b.data, b.len);
	log_file_refresh(f);
	count_all();
	assert_lines(b.data, b.len);
}

/* What is counted while a log grows is what is counted at once. */
static void growing_logs_count_alike(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	unsigned seed = 3;
	put("", 0);
	assert_int_equal(log_file_open(path, &f, &e), 0);
	for (int i = 0; i < 150; i++) {
		size_t from = b.len;
		for (unsigned n = (seed = seed * 1103515245 + 12345) >> 16 & 255; n > 0; n--)
			buf_adds(&b, n % 7 ? "epoch 3 loss 0.4\n" : n % 3 ? "error: x\n" : "no newline");
		append(b.data + from, b.len - from);
		log_file_refresh(f);
		log_file_count(f, i % 3 ? 4000 : 0);
	}
	count_all();
	assert_lines(b.data, b.len);
}

static void tracebacks_count_once(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	for (int i = 0; i < 5000; i++)
		buf_adds(&b, "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    x\nValueError: "
		             "x\nwarning: y\n");
	put(b.data, b.len);
	assert_int_equal(log_file_open(path, &f, &e), 0);
	count_all();
	assert_int_equal(log_file_errors(f), 5000);
	assert_int_equal(log_file_warnings(f), 5000);
	assert_int_equal(log_file_lines(f), 25000);
}

/* 10 GB without a byte on disk: both ends are there at once. */
static void huge_logs_open_at_once(void **state)
{
	const int64_t size = 10LL << 30;
	put("first\n", 6);
	assert_int_equal(truncate(path, size), 0);
	append("\nlast\n", 6);
	assert_int_equal(log_file_open(path, &f, &e), 0);
	assert_line_at(0, "first");
	assert_int_equal(log_file_previous(f, f->size), size + 1);
	assert_line_at(size + 1, "last");
	assert_true(log_file_previous(f, size + 1) >= size - LOG_PIECE);
	assert_int_equal(log_file_number(f, size + 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(small_logs, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_fine, begin, end),
		cmocka_unit_test_setup_teardown(changes_are_seen, begin, end),
		cmocka_unit_test_setup_teardown(counting_survives_a_cut, begin, end),
		cmocka_unit_test_setup_teardown(lines_of_all_lengths, begin, end),
		cmocka_unit_test_setup_teardown(growing_logs_count_alike, begin, end),
		cmocka_unit_test_setup_teardown(tracebacks_count_once, begin, end),
		cmocka_unit_test_setup_teardown(huge_logs_open_at_once, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
