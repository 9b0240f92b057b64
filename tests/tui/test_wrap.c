#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/buf.h"
#include "tui/wrap.h"

static void assert_rows(const char *text, int cells, const char *wanted)
{
	_buf_ struct buf got = BUF_INIT;

	for (size_t n = strlen(text), next; n; text += next, n -= next) {
		size_t fit = wrap_row(text, n, cells, &next);

		buf_add(&got, text, fit);
		buf_adds(&got, "|");
		assert_in_range(next, 1, n);
	}
	assert_string_equal(got.len ? got.data : "", wanted);
}

static void rows_end_at_blanks(void **state)
{
	assert_rows("", 10, "");
	assert_rows("short", 10, "short|");
	assert_rows("one two three four", 10, "one two|three four|");
	assert_rows("one two   three", 8, "one two|three|");
	assert_rows("exactly ten", 7, "exactly|ten|");
}

static void what_has_no_blank_is_cut(void **state)
{
	assert_rows("abcdefghij", 4, "abcd|efgh|ij|");
	/* A blank far in front would leave most of the row empty. */
	assert_rows("a bcdefghijkl", 8, "a bcdefg|hijkl|");
}

static void lines_stay_lines(void **state)
{
	assert_rows("one\ntwo three\n", 5, "one|two|three|");
	assert_rows("\n\nx", 5, "||x|");
}

static void a_row_holds_a_character_however_narrow(void **state)
{
	assert_rows("日本", 1, "日|本|");
	assert_rows("ab", 0, "a|b|");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rows_end_at_blanks),
	        cmocka_unit_test(what_has_no_blank_is_cut),
	        cmocka_unit_test(lines_stay_lines),
	        cmocka_unit_test(a_row_holds_a_character_however_narrow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
