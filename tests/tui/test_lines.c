#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/mem.h"
#include "tui/lines.h"

static void assert_screen(struct lines *l, int rows, int cols, const char *wanted)
{
	_cleanup_(grid_release) struct grid g;
	_buf_ struct buf screen = BUF_INIT;

	grid_init(&g, rows, cols);
	lines_draw(l, &g, (struct rect){ 0, 0, rows, cols });
	grid_print(&g, &(struct paint){ 0 }, &screen);
	assert_string_equal(screen.data, wanted);
}

static void add(struct lines *l, const char *name, const char *number, const char *rest)
{
	struct line *line = lines_add(l);

	lines_part(l, line, ROLE_TEXT, "%s", name);
	lines_part(l, line, ROLE_TEXT, "%s", number);
	lines_part(l, line, ROLE_QUIET, "%s", rest);
	line->copy = line->parts[0].text;
}

static void parts_stand_in_columns(void **state)
{
	_cleanup_(lines_release) struct lines l = { 0 };

	l.right[1] = true;
	lines_head(&l, "inputs");
	add(&l, "data/raw.csv", "9 B", "first");
	add(&l, "a", "120 MB", "second, which is too long");
	lines_head(&l, "outputs");
	lines_text(&l, ROLE_TEXT, "%s %d", "none of", 12);
	assert_screen(&l, 8, 36,
		" inputs\n"
		" data/raw.csv     9 B  first\n"
		" a             120 MB  second, whi…\n"
		"\n"
		" outputs\n"
		" none of 12\n");
}

static void right_edges_are_of_what_is_shown_now(void **state)
{
	_cleanup_(lines_release) struct lines l = { 0 };

	add(&l, "a", "1", "");
	add(&l, "b", "222", "");
	l.right[1] = true;
	assert_screen(&l, 3, 20, " a    1\n b  222\n");
	lines_clear(&l);
	add(&l, "a", "1", "");
	add(&l, "b", "222", "");
	assert_screen(&l, 3, 20, " a  1\n b  222\n");
}

/* A column has at most half of the room: what is short stands at its edge, and not behind it. */
static void a_wide_column_is_cut_and_its_numbers_are_not(void **state)
{
	_cleanup_(lines_release) struct lines l = { 0 };

	add(&l, "digest", "0123456789abcdef", "x");
	add(&l, "count", "5", "y");
	l.right[1] = true;
	assert_screen(&l, 3, 26, " digest  0123456789a…  x\n count              5  y\n");
}

static void the_cursor_passes_over_headings(void **state)
{
	_cleanup_(lines_release) struct lines l = { 0 };

	lines_head(&l, "first");
	add(&l, "a", "1", "");
	lines_head(&l, "second");
	add(&l, "b", "2", "");
	add(&l, "c", "3", "");
	assert_screen(&l, 9, 20, " first\n a  1\n\n second\n b  2\n c  3\n");
	assert_string_equal(lines_at(&l)->copy, "a");
	assert_true(lines_act(&l, ACT_DOWN));
	assert_string_equal(lines_at(&l)->copy, "b");
	assert_true(lines_act(&l, ACT_UP));
	assert_string_equal(lines_at(&l)->copy, "a");
	assert_true(lines_act(&l, ACT_UP)); /* there is nothing above */
	assert_string_equal(lines_at(&l)->copy, "a");
	assert_true(lines_act(&l, ACT_LAST));
	assert_string_equal(lines_at(&l)->copy, "c");
	assert_true(lines_act(&l, ACT_DOWN));
	assert_string_equal(lines_at(&l)->copy, "c");
	assert_true(lines_act(&l, ACT_FIRST));
	assert_string_equal(lines_at(&l)->copy, "a");
	assert_true(lines_act(&l, ACT_PAGE_DOWN));
	assert_string_equal(lines_at(&l)->copy, "c");
	assert_true(lines_act(&l, ACT_PAGE_UP));
	assert_string_equal(lines_at(&l)->copy, "a");
	assert_false(lines_act(&l, ACT_ENTER));
	assert_false(lines_act(&l, ACT_LEFT));
}

static void the_view_follows_the_cursor(void **state)
{
	_cleanup_(lines_release) struct lines l = { 0 };

	lines_head(&l, "many");
	for (int i = 0; i < 20; i++)
		lines_text(&l, ROLE_TEXT, "line %d", i);
	assert_screen(&l, 4, 20, " many\n line 0\n line 1\n line 2\n");
	for (int i = 0; i < 5; i++)
		lines_act(&l, ACT_DOWN);
	assert_screen(&l, 4, 20, " line 2\n line 3\n line 4\n line 5\n");
	lines_act(&l, ACT_PAGE_DOWN);
	assert_screen(&l, 4, 20, " line 5\n line 6\n line 7\n line 8\n");
	lines_act(&l, ACT_LAST);
	assert_screen(&l, 4, 20, " line 16\n line 17\n line 18\n line 19\n");
	lines_act(&l, ACT_FIRST);
	assert_screen(&l, 4, 20, " many\n line 0\n line 1\n line 2\n");
	/* A larger screen shows more of it, never emptiness behind the end. */
	lines_act(&l, ACT_LAST);
	assert_screen(&l, 4, 20, " line 16\n line 17\n line 18\n line 19\n");
	assert_screen(&l, 6, 20, " line 14\n line 15\n line 16\n line 17\n line 18\n line 19\n");
	assert_screen(&l, 1, 20, " line 19\n");
}

static void clicks_choose_lines(void **state)
{
	_cleanup_(lines_release) struct lines l = { 0 };
	struct rect r = { 5, 0, 4, 20 };

	lines_head(&l, "many");
	for (int i = 0; i < 9; i++)
		lines_text(&l, ROLE_TEXT, "line %d", i);
	assert_screen(&l, 4, 20, " many\n line 0\n line 1\n line 2\n");
	assert_false(lines_click(&l, r, 5)); /* a heading */
	assert_false(lines_click(&l, r, 4));
	assert_false(lines_click(&l, r, 9));
	assert_true(lines_click(&l, r, 7));
	assert_string_equal(lines_at(&l)->copy, "line 1");
	lines_clear(&l);
	assert_false(lines_click(&l, r, 7));
}

static void nothing_is_no_trouble(void **state)
{
	_cleanup_(lines_release) struct lines l = { 0 };

	assert_null(lines_at(&l));
	assert_false(lines_act(&l, ACT_DOWN));
	assert_screen(&l, 3, 20, "");
	lines_head(&l, "only a heading");
	assert_true(lines_act(&l, ACT_DOWN));
	assert_true(lines_act(&l, ACT_LAST));
	assert_screen(&l, 3, 20, " only a heading\n");
	assert_screen(&l, 1, 3, " …\n");
}

static void the_cursor_stays_when_lines_are_filled_anew(void **state)
{
	_cleanup_(lines_release) struct lines l = { 0 };

	for (int i = 0; i < 9; i++)
		lines_text(&l, ROLE_TEXT, "line %d", i);
	lines_act(&l, ACT_LAST);
	lines_clear(&l);
	for (int i = 0; i < 12; i++)
		lines_text(&l, ROLE_TEXT, "new %d", i);
	assert_string_equal(lines_at(&l)->copy, "new 8");
	lines_clear(&l);
	lines_text(&l, ROLE_TEXT, "the only one");
	assert_screen(&l, 3, 20, " the only one\n");
	assert_string_equal(lines_at(&l)->copy, "the only one");
}

static void texts_of_data_are_harmless(void **state)
{
	_cleanup_(lines_release) struct lines l = { 0 };

	lines_text(&l, ROLE_TEXT, "a\x1b[2J\xe2\x80\xae\xff");
	assert_screen(&l, 1, 20, " a·[2J·\xef\xbf\xbd\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_stand_in_columns),
		cmocka_unit_test(right_edges_are_of_what_is_shown_now),
		cmocka_unit_test(a_wide_column_is_cut_and_its_numbers_are_not),
		cmocka_unit_test(the_cursor_passes_over_headings),
		cmocka_unit_test(the_view_follows_the_cursor),
		cmocka_unit_test(clicks_choose_lines),
		cmocka_unit_test(nothing_is_no_trouble),
		cmocka_unit_test(the_cursor_stays_when_lines_are_filled_anew),
		cmocka_unit_test(texts_of_data_are_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
