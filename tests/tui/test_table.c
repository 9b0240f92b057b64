#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/utf8.h"
#include "tui/table.h"

static const struct paint plain = { 0 };

static const struct table_column columns[] = {
	{ .title = "#", .align = ALIGN_RIGHT },
	{ .title = "name", .min = 6, .max = 20 },
	{ .title = "acc", .align = ALIGN_POINT, .drop = 1 },
	{ .title = "tags", .min = 4, .drop = 2 },
};

static struct table *example(void)
{
	struct table *t = table_new(columns, 4);
	table_row(t);
	table_cell(t, ROLE_TEXT, "%d", 7);
	table_cell(t, ROLE_STRONG, "calm-otter");
	table_cell(t, ROLE_TEXT, "0.903");
	table_cell(t, ROLE_QUIET, "best");
	table_row(t);
	table_cell(t, ROLE_TEXT, "%d", 1203);
	table_cell(t, ROLE_TEXT, "日本語の名前はとても長いです");
	table_cell(t, ROLE_TEXT, "12.5");
	table_row(t);
	table_cell(t, ROLE_TEXT, "9");
	table_cell(t, ROLE_TEXT, NULL);
	table_cell(t, ROLE_TEXT, "-3");
	table_cell(t, ROLE_TEXT, "a\nb");
	table_cell(t, ROLE_TEXT, "more cells than columns");
	return t;
}

static void assert_table(const struct table *t, int width, const char *wanted)
{
	_buf_ struct buf b = BUF_INIT;
	table_print(t, width, &plain, &b);
	assert_string_equal(b.data, wanted);
}

static void numbers_stand_on_their_point(void **state)
{
	struct table *t = example();
	assert_table(t, 0,
		     "   #  name                     acc  tags\n"
		     "   7  calm-otter             0.903  best\n"
		     "1203  日本語の名前はとて…   12.5\n"
		     "   9                        -3      a·b\n");
	table_free(t);
}

static void narrow_tables_cut_then_drop(void **state)
{
	struct table *t = example();
	assert_table(t, 30,
		     "   #  name           acc  tags\n"
		     "   7  calm-otter   0.903  best\n"
		     "1203  日本語の…   12.5\n"
		     "   9              -3      a·b\n");
	assert_table(t, 22,
		     "   #  name         acc\n"
		     "   7  calm-ot…   0.903\n"
		     "1203  日本語…   12.5\n"
		     "   9            -3\n");
	table_free(t);
}

static void no_line_is_wider_than_the_width(void **state)
{
	struct table *t = example();
	for (int width = 1; width < 60; width++) {
		_buf_ struct buf b = BUF_INIT;
		table_print(t, width, &plain, &b);
		for (char *line = b.data, *end; (end = strchr(line, '\n')); line = end + 1)
			assert_true(utf8_cells(line, (size_t)(end - line)) <= (size_t)width);
	}
	table_free(t);
}

static void no_titles_no_head_line(void **state)
{
	const struct table_column bare[] = { { .align = ALIGN_LEFT }, { .align = ALIGN_RIGHT } };
	struct table *t = table_new(bare, 2);
	assert_table(t, 10, "");
	table_cell(t, ROLE_TEXT, "a cell without a row");
	table_row(t);
	table_cell(t, ROLE_TEXT, "a");
	table_cell(t, ROLE_TEXT, "%s", "bcd");
	table_row(t);
	table_cell(t, ROLE_TEXT, "ef");
	table_cell(t, ROLE_TEXT, "g");
	assert_table(t, 0, "a   bcd\nef    g\n");
	table_free(t);
	table_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_stand_on_their_point),
		cmocka_unit_test(narrow_tables_cut_then_drop),
		cmocka_unit_test(no_line_is_wider_than_the_width),
		cmocka_unit_test(no_titles_no_head_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
