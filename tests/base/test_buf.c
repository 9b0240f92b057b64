#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>
#include "base/buf.h"

static void empty_is_a_string(void **state)
{
	struct buf b = BUF_INIT;

	assert_string_equal(b.data, "");
	buf_add(&b, NULL, 0);
	buf_adds(&b, "");
	buf_fill(&b, 'x', 0);
	buf_cut(&b, 0);
	buf_drop(&b, 3);
	buf_reset(&b);
	assert_int_equal(b.cap, 0);
	buf_release(&b);
	char *s = buf_steal(&b);
	assert_string_equal(s, "");
	free(s);
}

static void bytes_are_appended(void **state)
{
	_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "one");
	buf_addc(&b, ' ');
	buf_add(&b, "t\0o", 3);
	buf_addf(&b, " %03d", 7);
	buf_fill(&b, '-', 2);
	assert_int_equal(b.len, 13);
	assert_memory_equal(b.data, "one t\0o 007--", 14);
}

static void integers(void **state)
{
	static const long long v[] = {0, 7, -1, 10, 1234567890123, LLONG_MAX, LLONG_MIN};
	_buf_ struct buf b = BUF_INIT, same = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		buf_addi(&b, v[i]);
		buf_addf(&same, "%lld", v[i]);
	}
	assert_string_equal(b.data, same.data);
	assert_int_equal(b.len, same.len);
}

static void every_length_stays_terminated(void **state)
{
	_buf_ struct buf b = BUF_INIT;

	for (size_t i = 0; i < 5000; i++) {
		if (i % 2)
			buf_addc(&b, 'a');
		else
			buf_addf(&b, "%s", "a");
		assert_int_equal(b.len, i + 1);
		assert_int_equal(b.data[b.len], 0);
	}
	assert_int_equal(strlen(b.data), 5000);
}

static void format_fits_exactly(void **state)
{
	for (size_t n = 0; n < 200; n++) {
		_buf_ struct buf b = BUF_INIT;
		buf_addf(&b, "%*s", (int)n, "");
		buf_addf(&b, "%*s", (int)n, "");
		assert_int_equal(b.len, 2 * n);
		assert_int_equal(strlen(b.data), 2 * n);
	}
}

static void cut_and_drop(void **state)
{
	_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "0123456789");
	buf_drop(&b, 3);
	assert_string_equal(b.data, "3456789");
	buf_cut(&b, 100);
	assert_int_equal(b.len, 7);
	buf_cut(&b, 4);
	assert_string_equal(b.data, "3456");
	buf_drop(&b, 4);
	assert_string_equal(b.data, "");
	buf_adds(&b, "x");
	_free_ char *s = buf_steal(&b);
	assert_string_equal(s, "x");
	assert_int_equal(b.cap, 0);
}

static void read_appends(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "hello", 5), 5);
	close(fds[1]);
	buf_adds(&b, ">");
	assert_int_equal(buf_read(&b, fds[0], 2), 2);
	assert_int_equal(buf_read(&b, fds[0], SIZE_MAX / 4), 3);
	assert_string_equal(b.data, ">hello");
	assert_int_equal(buf_read(&b, fds[0], 10), 0);
	close(fds[0]);
	assert_int_equal(buf_read(&b, fds[0], 10), -1);
	assert_int_equal(errno, EBADF);
	assert_string_equal(b.data, ">hello");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(empty_is_a_string),
	        cmocka_unit_test(bytes_are_appended),
	        cmocka_unit_test(integers),
	        cmocka_unit_test(every_length_stays_terminated),
	        cmocka_unit_test(format_fits_exactly),
	        cmocka_unit_test(cut_and_drop),
	        cmocka_unit_test(read_appends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
