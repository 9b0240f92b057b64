/* Logs on a terminal. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "cli/log_text.h"

/* The text in pieces of `step` bytes. */
static void shown(const char *text, size_t step, const char *want)
{
	struct log_text t = LOG_TEXT_INIT(false);
	_buf_ struct buf out = BUF_INIT;
	for (size_t i = 0, n = strlen(text); i < n; i += step)
		log_text_add(&t, text + i, n - i < step ? n - i : step, &out);
	log_text_end(&t, &out);
	assert_string_equal(out.data, want);
	log_text_release(&t);
}

static void both(const char *text, const char *want)
{
	for (size_t step = 1; step < 8; step++)
		shown(text, step, want);
	shown(text, 4096, want);
}

static void test_plain(void **state)
{
	both("", "");
	both("one\ntwo\n", "one\ntwo\n");
	both("no newline", "no newline\n");
	both("\n\n", "\n\n");
	both("a\tb\n", "a\tb\n");
	both("käse 雪\n", "käse 雪\n");
}

static void test_colours_stay(void **state)
{
	both("\033[31mred\033[0m\n", "\033[31mred\033[0m\n\033[0m");
	both("\033[38;5;9mx\n", "\033[38;5;9mx\n\033[0m");
}

static void test_harmless(void **state)
{
	both("\033]0;title\007\n", "·]0;title·\n");
	both("\033[2J\033[H\n", "·[2J·[H\n");
	both("\033[31\n", "·[31\n");
	both("\033", "·\n");
	both("a\302\233b\n", "a·b\n");
	both("a\342\200\256b\n", "a·b\n");
	both("a\bb\n", "a·b\n");
}

static void test_written_over(void **state)
{
	both("10%\r20%\r30%\n", "30%\n");
	both("dos\r\n", "dos\n");
	both("10%\r20%\r", "20%\n");
}

static void test_progress(void **state)
{
	struct log_text t = LOG_TEXT_INIT(false);
	_buf_ struct buf out = BUF_INIT;
	log_text_add(&t, "10%\r20%\r3", 9, &out);
	assert_string_equal(out.data, "");
	log_text_progress(&t, &out);
	assert_string_equal(out.data, "20%\n");
	log_text_progress(&t, &out);
	log_text_add(&t, "0%\n", 3, &out);
	assert_string_equal(out.data, "20%\n30%\n");
	log_text_release(&t);
}

static void test_endless_line(void **state)
{
	struct log_text t = LOG_TEXT_INIT(false);
	_buf_ struct buf out = BUF_INIT, piece = BUF_INIT;
	buf_fill(&piece, 'x', 10000);
	for (int i = 0; i < 100; i++)
		log_text_add(&t, piece.data, piece.len, &out);
	assert_true(t.line.len < 100000);
	log_text_end(&t, &out);
	assert_true(out.len >= 1000000);
	log_text_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_plain),    cmocka_unit_test(test_colours_stay),
	        cmocka_unit_test(test_harmless), cmocka_unit_test(test_written_over),
	        cmocka_unit_test(test_progress), cmocka_unit_test(test_endless_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
