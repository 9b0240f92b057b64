#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pty.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "tui/theme.h"

static const struct paint plain = { 0 }, ascii = { .ascii = true }, colour = { .colour = true, .depth = DEPTH_16 };

static void assert_row(const struct grid *g, int row, const struct paint *p, const char *wanted)
{
	_buf_ struct buf b = BUF_INIT;
	grid_row(g, row, p, &b);
	assert_string_equal(b.data, wanted);
}

static void roles_have_names(void **state)
{
	assert_int_equal(role_find("text"), ROLE_TEXT);
	assert_int_equal(role_find("failed"), ROLE_FAILED);
	assert_int_equal(role_find("series6"), ROLE_SERIES_6);
	assert_int_equal(role_find("pink"), ROLE_COUNT);
	assert_int_equal(role_find(""), ROLE_COUNT);
}

static void text_is_cut_at_the_edge(void **state)
{
	struct grid g;
	grid_init(&g, 2, 8);
	assert_int_equal(grid_text(&g, 0, 2, -1, ROLE_TEXT, "abcdefghij"), 6);
	assert_row(&g, 0, &plain, "  abcdef");
	assert_int_equal(grid_text(&g, 1, 0, 3, ROLE_TEXT, "abcdef"), 3);
	assert_row(&g, 1, &plain, "abc");
	grid_clear(&g);
	assert_int_equal(grid_text_cut(&g, 0, 0, 5, ROLE_TEXT, "abcdef"), 5);
	assert_row(&g, 0, &plain, "abcd…");
	assert_row(&g, 0, &ascii, "abcd~");
	assert_int_equal(grid_text_cut(&g, 1, 0, 6, ROLE_TEXT, "abcdef"), 6);
	assert_row(&g, 1, &plain, "abcdef");
	assert_int_equal(grid_text(&g, 0, 9, -1, ROLE_TEXT, "x"), 0);
	assert_int_equal(grid_text(&g, 7, 0, -1, ROLE_TEXT, "x"), 1);
	assert_int_equal(grid_textf(&g, 1, 0, -1, ROLE_TEXT, "%d of %d", 3, 12), 7);
	assert_row(&g, 1, &plain, "3 of 12");
	grid_put(&g, -1, 0, 'x', ROLE_TEXT);
	grid_put(&g, 0, -1, 'x', ROLE_TEXT);
	grid_put(&g, 2, 8, 'x', ROLE_TEXT);
	grid_release(&g);
}

static void wide_characters_never_stand_halved(void **state)
{
	struct grid g;
	grid_init(&g, 1, 5);
	assert_int_equal(grid_text(&g, 0, 0, -1, ROLE_TEXT, "日本語"), 4);
	assert_row(&g, 0, &plain, "日本");
	grid_put(&g, 0, 1, 'x', ROLE_TEXT);
	assert_row(&g, 0, &plain, " x本");
	grid_put(&g, 0, 2, 'y', ROLE_TEXT);
	assert_row(&g, 0, &plain, " xy");
	grid_put(&g, 0, 4, 0x65e5, ROLE_TEXT);
	assert_row(&g, 0, &plain, " xy");
	grid_clear(&g);
	grid_text(&g, 0, 0, -1, ROLE_TEXT, "日本");
	grid_put(&g, 0, 1, 0x8a9e, ROLE_TEXT);
	assert_row(&g, 0, &plain, " 語");
	assert_int_equal(grid_text_cut(&g, 0, 0, 4, ROLE_TEXT, "日本語"), 3);
	assert_row(&g, 0, &ascii, "??~");
	grid_release(&g);
}

static void marks_join_their_character(void **state)
{
	struct grid g;
	grid_init(&g, 1, 4);
	assert_int_equal(grid_text(&g, 0, 0, -1, ROLE_TEXT, "e\xcc\x81\xcc\xa3x"), 2);
	assert_row(&g, 0, &plain, "e\xcc\x81\xcc\xa3x");
	grid_release(&g);
}

static void harmful_text_is_one_visible_cell_each(void **state)
{
	struct grid g;
	grid_init(&g, 1, 20);
	assert_int_equal(grid_text(&g, 0, 0, -1, ROLE_TEXT, "a\033[31mb\n\xe2\x80\xae" "c\xff"), 11);
	_buf_ struct buf b = BUF_INIT;
	grid_row(&g, 0, &plain, &b);
	assert_null(memchr(b.data, '\033', b.len));
	assert_null(memchr(b.data, '\n', b.len));
	assert_null(strstr(b.data, "\xe2\x80\xae"));
	grid_release(&g);
}

static void colours_change_only_where_roles_do(void **state)
{
	struct grid g;
	grid_init(&g, 1, 20);
	grid_text(&g, 0, 0, -1, ROLE_FAILED, "ab");
	grid_text(&g, 0, 3, -1, ROLE_FAILED, "c");
	grid_text(&g, 0, 5, -1, ROLE_TEXT, "d");
	assert_row(&g, 0, &colour, "\033[0;1;31mab c \033[0md");
	assert_row(&g, 0, &plain, "ab c d");
	grid_clear(&g);
	grid_text(&g, 0, 0, -1, ROLE_TEXT, "x");
	grid_attr(&g, 0, 0, 3, CELL_REVERSE);
	assert_row(&g, 0, &colour, "\033[0;7mx  \033[0m");
	assert_row(&g, 0, &plain, "x");
	grid_release(&g);
}

static void rows_follow_theme_and_depth(void **state)
{
	struct theme t;
	struct err e;
	struct paint p = { .colour = true, .theme = &t };
	struct grid g;

	assert_int_equal(theme_parse("t",
	                             "text = #c0c0c0/white on #101010\nfailed = #ff5f00/bright-red bold\ncursor = on "
	                             "#0000ff/blue\nquiet = 7 on #101010",
	                             &t, &e),
	                 0);
	grid_init(&g, 1, 20);
	grid_text(&g, 0, 0, -1, ROLE_FAILED, "ab");
	grid_text(&g, 0, 3, -1, ROLE_TEXT, "c");
	/* The ground is the terminal's, and so are the letters upon it. */
	p.depth = DEPTH_TRUE;
	assert_row(&g, 0, &p, "\033[0;1;38;2;255;95;0mab \033[0mc");
	p.depth = DEPTH_256;
	assert_row(&g, 0, &p, "\033[0;1;38;5;202mab \033[0mc");
	p.depth = DEPTH_16;
	assert_row(&g, 0, &p, "\033[0;1;91mab \033[0mc");
	p.depth = DEPTH_NONE;
	assert_row(&g, 0, &p, "\033[0;1;4mab\033[0m c");
	/* A row that has a background is seen to its end. */
	grid_attr(&g, 0, 0, 6, CELL_CURSOR);
	p.depth = DEPTH_16;
	assert_row(&g, 0, &p, "\033[0;1;91;44mab \033[0;37;44mc  \033[0m");
	grid_clear(&g);
	grid_text(&g, 0, 0, -1, ROLE_QUIET, "q");
	p.depth = DEPTH_TRUE;
	assert_row(&g, 0, &p, "\033[0;37mq\033[0m");
	grid_attr(&g, 0, 0, 1, CELL_FG | CELL_BG);
	g.cells[0].fg = 196;
	g.cells[0].bg = 3;
	assert_row(&g, 0, &p, "\033[0;38;5;196;43mq\033[0m");
	grid_release(&g);
}

static void glyphs_have_ascii_twins(void **state)
{
	struct grid g;
	grid_init(&g, 1, 40);
	grid_text(&g, 0, 0, -1, ROLE_TEXT, "┌─┬┼│┘ ✓✗▶⟲·◌■ ▓▒░ ×é⣿");
	assert_row(&g, 0, &ascii, "+-+)|+ +x>=.?# #=. x??");
	grid_release(&g);
}

static void printing_leaves_out_empty_ends(void **state)
{
	struct grid g;
	grid_init(&g, 4, 10);
	grid_text(&g, 1, 1, -1, ROLE_TEXT, "hi");
	_buf_ struct buf b = BUF_INIT;
	grid_print(&g, &plain, &b);
	assert_string_equal(b.data, "\n hi\n");
	grid_release(&g);
	grid_init(&g, 0, 0);
	buf_reset(&b);
	grid_print(&g, &plain, &b);
	assert_int_equal(b.len, 0);
	grid_release(&g);
}

static void paint_asks_the_environment(void **state)
{
	setenv("LC_ALL", "C.UTF-8", 1);
	setenv("TERM", "xterm-256color", 1);
	setenv("NO_COLOR", "1", 1);
	assert_false(paint_for(1).colour);
	assert_false(paint_for(-1).colour);
	assert_false(term_obeys(-1));
	assert_false(paint_for(-1).ascii);
	setenv("LC_ALL", "C", 1);
	assert_true(paint_for(-1).ascii);
}

static void depth_asks_the_environment(void **state)
{
	static const struct { const char *term, *colorterm; enum depth depth;
	} rows[] = {
	        {"xterm-256color", "", DEPTH_256},
	        {"xterm-256color", "truecolor", DEPTH_TRUE},
	        {"tmux-256color", "24bit", DEPTH_TRUE},
	        {"xterm-direct", "", DEPTH_TRUE},
	        {"screen-256color", "yes", DEPTH_256},
	        {"xterm", "", DEPTH_16},
	        {"linux", "", DEPTH_16},
	        {"xterm-16color", "", DEPTH_16},
	        {"vt100", "", DEPTH_NONE},
	        {"vtx", "", DEPTH_16},
	        {"dumb", "truecolor", DEPTH_NONE},
	        {"", "truecolor", DEPTH_NONE},
	};

	unsetenv("NO_COLOR");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		setenv("TERM", rows[i].term, 1);
		setenv("COLORTERM", rows[i].colorterm, 1);
		assert_int_equal(depth_env(), rows[i].depth);
	}
	setenv("TERM", "xterm-256color", 1);
	unsetenv("COLORTERM");
	setenv("NO_COLOR", "", 1);
	assert_int_equal(depth_env(), DEPTH_256);
	setenv("NO_COLOR", "1", 1);
	assert_int_equal(depth_env(), DEPTH_NONE);
}

static void paint_takes_the_theme_that_was_chosen(void **state)
{
	_free_ char *folder = NULL, *config = NULL;
	struct err e;
	int master, slave;

	assert_int_equal(file_temp_dir("/tmp", "test_cell", &folder, &e), 0);
	config = mem_printf("%s/jig/config", folder);
	setenv("XDG_CONFIG_HOME", folder, 1);
	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("NO_COLOR");
	unsetenv("COLORTERM");
	unsetenv("JIG_THEME");
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);

	struct paint p = paint_for(slave);
	assert_true(p.colour && !p.ascii);
	assert_int_equal(p.depth, DEPTH_256);
	assert_string_equal(p.theme->name, "default");
	assert_null(paint_fault());

	assert_int_equal(file_mkdirs_parent(config, 0755, &e), 0);
	assert_int_equal(file_write(config, "theme = dark\nambiguous = wide\n", 30, 0644, &e), 0);
	p = paint_for(slave);
	assert_string_equal(p.theme->name, "dark");
	assert_true(p.ascii);
	setenv("JIG_THEME", "light", 1);
	assert_string_equal(paint_for(slave).theme->name, "light");
	setenv("NO_COLOR", "1", 1);
	p = paint_for(slave);
	assert_false(p.colour);
	assert_int_equal(p.depth, DEPTH_NONE);
	unsetenv("NO_COLOR");

	setenv("JIG_THEME", "lihgt", 1);
	assert_null(paint_for(slave).theme);
	assert_non_null(strstr(paint_fault(), "JIG_THEME: there is no theme \"lihgt\" (did you mean \"light\"?)"));
	/* What is no terminal needs no theme, and takes no fault away. */
	assert_null(paint_for(-1).theme);
	assert_non_null(paint_fault());
	unsetenv("JIG_THEME");
	paint_for(slave);
	assert_null(paint_fault());
	assert_int_equal(file_write(config, "theme = drak\n", 13, 0644, &e), 0);
	assert_null(paint_for(slave).theme);
	assert_non_null(strstr(paint_fault(), "/jig/config: there is no theme \"drak\""));

	close(master);
	close(slave);
	assert_int_equal(file_remove_tree(folder, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_have_names),
		cmocka_unit_test(text_is_cut_at_the_edge),
		cmocka_unit_test(wide_characters_never_stand_halved),
		cmocka_unit_test(marks_join_their_character),
		cmocka_unit_test(harmful_text_is_one_visible_cell_each),
		cmocka_unit_test(colours_change_only_where_roles_do),
		cmocka_unit_test(rows_follow_theme_and_depth),
		cmocka_unit_test(glyphs_have_ascii_twins),
		cmocka_unit_test(printing_leaves_out_empty_ends),
		cmocka_unit_test(paint_asks_the_environment),
		cmocka_unit_test(depth_asks_the_environment),
		cmocka_unit_test(paint_takes_the_theme_that_was_chosen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
