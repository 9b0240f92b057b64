#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/time.h"
#include "base/utf8.h"
#include "tui/log/log_line.h"

static struct log_line l = LOG_LINE_INIT;

static int drop(void **state)
{
	log_line_release(&l);
	return 0;
}

/* Cells and text alone say the same. */
static void assert_shown(const char *bytes, size_t n, const char *wanted)
{
	_free_ char *copy = mem_dup(bytes, n); /* a look beyond the line is seen */
	log_line_set(&l, copy, n, SIZE_MAX);
	assert_string_equal(l.text.data, wanted);
	assert_int_equal(l.cells.len, l.at.len);
	log_line_set_text(&l, copy, n);
	assert_string_equal(l.text.data, wanted);
}
#define assert_line(bytes, wanted) assert_shown(bytes, sizeof(bytes) - 1, wanted)

static void text_is_text(void **state)
{
	assert_line("", "");
	assert_line("epoch 10  loss 0.412", "epoch 10  loss 0.412");
	assert_line("日本 é", "日本 é");
	assert_line("crlf\r", "crlf");
}

static void progress_bars_show_their_last_state(void **state)
{
	assert_line(" 10%\r 50%\r100%", "100%");
	assert_line(" 10%\r 50%\r100%\r\r", "100%");
	assert_line("100%\r\033[K", "100%");
	assert_line("\r\r\r", "");
	assert_line("|\b/\b-\bdone", "done");
	assert_line("ab\b\b\b\bc", "c");
	assert_line("日\bx", "x");
	assert_line("a\tb\b\bc", "ac");
	assert_line("e\xcc\x81\bx", "x");
}

static void overstrikes_are_bold_and_underlined(void **state)
{
	log_line_set(&l, "x\bx_\byz", 7, SIZE_MAX);
	assert_string_equal(l.text.data, "xyz");
	assert_int_equal(l.cells.v[0].attrs, CELL_BOLD);
	assert_int_equal(l.cells.v[1].attrs, CELL_UNDERLINE);
	assert_int_equal(l.cells.v[2].attrs, 0);
}

static void tabs_go_to_eights(void **state)
{
	log_line_set(&l, "a\tb\t\tc", 6, SIZE_MAX);
	assert_int_equal(l.cells.len, 25);
	assert_int_equal(l.cells.v[8].cp[0], 'b');
	assert_int_equal(l.cells.v[24].cp[0], 'c');
	assert_int_equal(l.at.v[7], 1);
	assert_int_equal(l.at.v[8], 2);
	assert_int_equal(l.cells.v[3].cp[0], ' ');
}

static void assert_cell(size_t i, uint32_t cp, uint8_t attrs, uint8_t fg, uint8_t bg)
{
	assert_true(i < l.cells.len);
	assert_int_equal(l.cells.v[i].cp[0], cp);
	assert_int_equal(l.cells.v[i].attrs, attrs);
	if (attrs & CELL_FG)
		assert_int_equal(l.cells.v[i].fg, fg);
	if (attrs & CELL_BG)
		assert_int_equal(l.cells.v[i].bg, bg);
}

static void colours_are_kept(void **state)
{
	static const struct { const char *sgr; uint8_t attrs, fg, bg;
	} cases[] = {
	        {"31", CELL_FG, 1, 0},
	        {"1;97", CELL_FG | CELL_BOLD, 15, 0},
	        {"42;30", CELL_FG | CELL_BG, 0, 2},
	        {"104", CELL_BG, 0, 12},
	        {"38;5;208", CELL_FG, 208, 0},
	        {"48;5;17;4", CELL_BG | CELL_UNDERLINE, 0, 17},
	        {"38;2;255;0;0", CELL_FG, 196, 0},
	        {"38:2:0:255:0", CELL_FG, 46, 0},
	        {"38:2::0:0:255;1", CELL_FG | CELL_BOLD, 21, 0},
	        {"38:5:9", CELL_FG, 9, 0},
	        {"38;2;128;128;128", CELL_FG, 244, 0},
	        {"48;2;8;8;8", CELL_BG, 0, 232},
	        {"31;39;41;49", 0, 0, 0},
	        {"1;2;4;7;22;24;27", 0, 0, 0},
	        {"31;0", 0, 0, 0},
	        {"31;", 0, 0, 0},
	        {"", 0, 0, 0},
	        {"4:3", CELL_UNDERLINE, 0, 0},
	        {"4:0", 0, 0, 0},
	        {"2;7", CELL_DIM | CELL_REVERSE, 0, 0},
	        /* What is not complete or out of range changes nothing. */
	        {"38", 0, 0, 0},
	        {"38;5", 0, 0, 0},
	        {"38;5;256", 0, 0, 0},
	        {"38;2;1;2", 0, 0, 0},
	        {"38;2;1;2;300", 0, 0, 0},
	        {"99999999999999999999", 0, 0, 0},
	        {"8", 0, 0, 0},
	        {"38:9:1", 0, 0, 0},
	        {"1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1", 0, 0, 0},
	        {"?1", 0, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_free_ char *s = mem_printf("\033[%smx\033[0my", cases[i].sgr);
		log_line_set(&l, s, strlen(s), SIZE_MAX);
		assert_string_equal(l.text.data, "xy");
		assert_cell(0, 'x', cases[i].attrs, cases[i].fg, cases[i].bg);
		assert_cell(1, 'y', 0, 0, 0);
	}
	/* SGR ends with its line. */
	log_line_set(&l, "\033[31mx", 6, SIZE_MAX);
	log_line_set(&l, "y", 1, SIZE_MAX);
	assert_cell(0, 'y', 0, 0, 0);
}

static void other_sequences_leave_nothing(void **state)
{
	assert_line("a\033[2J\033[H\033[?25lb", "ab");
	assert_line("a\033]52;c;ZWNobyBoaQ==\ab", "ab");
	assert_line("a\033]52;c;ZWNobyBoaQ==\033\\b", "ab");
	assert_line("a\033]8;;http://example.org\033\\link\033]8;;\033\\b", "alinkb");
	assert_line("a\033P1$r0m\033\\b", "ab");
	assert_line("a\033_hidden\033\\\033^x\033\\\033Xy\033\\b", "ab");
	assert_line("a\033cb\0337\0338\033(0c\033#8d", "abcd");
	assert_line("a\033OPb\033NAc", "abc");
	assert_line("a\033]0;title\033[31mb", "ab");
	assert_line("a\033[ qb", "ab");
}

static void what_is_not_ended_is_seen(void **state)
{
	assert_line("a\033", "a·");
	assert_line("a\033[", "a·[");
	assert_line("a\033[31", "a·[31");
	assert_line("a\033]52;c;ZWNobw==", "a·]52;c;ZWNobw==");
	assert_line("a\033P", "a·P");
	assert_line("a\033\001b", "a··b");
	assert_line("\033\033\033[0mx", "··x");
}

static void control_characters_are_one_cell(void **state)
{
	assert_line("a\0b", "a·b");
	assert_line("\a\v\f\x7f", "····");
	assert_line("\xc2\x9b" "31mx\xc2\x85", "·31mx·");
	assert_line("\xe2\x80\xae" "evil\xe2\x80\xac", "·evil·");
	assert_line("a\xe2\x80\x8b" "b\xf3\xa0\x81\x81" "c", "a·b·c");
	assert_line("\xff\xfe" "a\xc3", "\xef\xbf\xbd\xef\xbf\xbd" "a\xef\xbf\xbd");
	assert_line("\x9b" "31m", "\xef\xbf\xbd" "31m");
	assert_line("\xcc\x81" "a", "·a");
}

static void marks_are_four_at_most(void **state)
{
	const char s[] = "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81.";
	log_line_set(&l, s, sizeof s - 1, SIZE_MAX);
	assert_int_equal(l.cells.len, 2);
	assert_int_equal(l.cells.v[0].cp[CELL_MARKS], 0x301);
	assert_int_equal(l.cells.v[1].cp[0], '.');
	log_line_set(&l, "\xe6\x97\xa5\xcc\x81", 5, SIZE_MAX);
	assert_int_equal(l.cells.len, 2);
	assert_int_equal(l.cells.v[0].cp[1], 0x301);
	assert_int_equal(l.cells.v[1].cp[0], 0);
}

static void long_lines_end_where_they_may(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	buf_fill(&b, 'x', 1 << 20);
	log_line_set(&l, b.data, b.len, 200);
	assert_int_equal(l.cells.len, 200);
	log_line_set(&l, b.data, b.len, SIZE_MAX);
	assert_int_equal(l.cells.len, 1 << 20);
	/* Nothing that takes the square of a line's length. */
	static const char *const bad[] = { "\033]", "\033[", "\033P", "\r", "\b", "\xcc\x81", "a\r", "\033", "\t\b" };
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_reset(&b);
		while (b.len < 1 << 20)
			buf_adds(&b, bad[i]);
		log_line_set(&l, b.data, b.len, SIZE_MAX);
		_free_ char *text = mem_strdup(l.text.data);
		log_line_set_text(&l, b.data, b.len);
		assert_string_equal(l.text.data, text);
	}
}

static void special_bytes_are_found(void **state)
{
	char s[100];
	for (size_t at = 0; at < sizeof s; at++)
		for (size_t i = 0; i < 3; i++) {
			memset(s, 'x', sizeof s);
			assert_ptr_equal(log_line_special(s, s + at), s + at);
			s[at] = "\033\r\b"[i];
			assert_ptr_equal(log_line_special(s, s + sizeof s), s + at);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(text_is_text, drop),
		cmocka_unit_test_teardown(progress_bars_show_their_last_state, drop),
		cmocka_unit_test_teardown(overstrikes_are_bold_and_underlined, drop),
		cmocka_unit_test_teardown(tabs_go_to_eights, drop),
		cmocka_unit_test_teardown(colours_are_kept, drop),
		cmocka_unit_test_teardown(other_sequences_leave_nothing, drop),
		cmocka_unit_test_teardown(what_is_not_ended_is_seen, drop),
		cmocka_unit_test_teardown(control_characters_are_one_cell, drop),
		cmocka_unit_test_teardown(marks_are_four_at_most, drop),
		cmocka_unit_test_teardown(long_lines_end_where_they_may, drop),
		cmocka_unit_test_teardown(special_bytes_are_found, drop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
