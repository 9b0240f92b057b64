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
#include "tui/log/log_pane.h"

static struct err e;
static char *dir, *path;
static struct log_pane *p;
static struct grid g;
static struct buf screen = BUF_INIT, words = BUF_INIT;

static int begin(void **state)
{
	setenv("TZ", "UTC", 1);
	assert_int_equal(file_temp_dir("/tmp", "log", &dir, &e), 0);
	path = path_join(dir, "log");
	grid_init(&g, 6, 60);
	return 0;
}

static int end(void **state)
{
	log_pane_free(p);
	p = NULL;
	grid_release(&g);
	buf_release(&screen);
	buf_release(&words);
	file_remove_tree(dir, &e);
	free(dir);
	free(path);
	return 0;
}

static void size(int rows, int cols)
{
	grid_release(&g);
	grid_init(&g, rows, cols);
}

static void put(const char *text)
{
	assert_int_equal(file_write(path, text, strlen(text), 0644, &e), 0);
}

static void append(const char *text)
{
	_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(file_write_all(fd, text, strlen(text)), 0);
}

static void open_pane(bool live, bool at_end)
{
	p = log_pane_new(&(struct log_pane_options){ .folder = dir, .live = live, .end = at_end });
}

static void draw(void)
{
	static const struct paint plain = { 0 };
	grid_clear(&g);
	log_pane_draw(p, &g, (struct rect){ 0, 0, g.rows, g.cols });
	buf_reset(&screen);
	grid_print(&g, &plain, &screen);
}

static void assert_screen(const char *wanted)
{
	draw();
	assert_string_equal(screen.data, wanted);
}

/* The row under the cursor, -1 when none is. */
static int cursor(void)
{
	draw();
	for (int row = 0; row < g.rows; row++)
		if (g.cells[row * g.cols].attrs & CELL_CURSOR)
			return row;
	return -1;
}

static void work(void)
{
	bool redraw;
	while (log_pane_work(p, 3000, &redraw))
		;
}

static void assert_facts(const char *wanted)
{
	buf_reset(&words);
	log_pane_facts(p, &words);
	assert_string_equal(words.data, wanted);
}

static void assert_said(const char *part)
{
	const char *said = log_pane_said(p);
	if (!part)
		assert_null(said);
	else if (!said || !strstr(said, part))
		fail_msg("said \"%s\", not \"%s\"", said ? said : "", part);
}

static void assert_line(const char *wanted)
{
	buf_reset(&words);
	assert_true(log_pane_copy(p, &words));
	assert_string_equal(words.data, wanted);
}

static void ten(void)
{
	put("");
	for (int i = 1; i <= 10; i++) {
		char line[32];
		snprintf(line, sizeof line, "line %d\n", i);
		append(line);
	}
}

static void one_moves_by_lines_and_pages(void **state)
{
	ten();
	open_pane(false, false);
	assert_screen("line 1\nline 2\nline 3\nline 4\nline 5\nline 6\n");
	assert_int_equal(cursor(), 0);
	work();
	assert_facts("1 of 10 lines · 71 B");
	for (int i = 0; i < 6; i++)
		assert_true(log_pane_move(p, LOG_DOWN));
	assert_screen("line 2\nline 3\nline 4\nline 5\nline 6\nline 7\n");
	assert_int_equal(cursor(), 5);
	log_pane_move(p, LOG_LAST);
	assert_screen("line 5\nline 6\nline 7\nline 8\nline 9\nline 10\n");
	assert_line("line 10");
	log_pane_move(p, LOG_DOWN);
	assert_line("line 10");
	log_pane_move(p, LOG_PAGE_UP);
	assert_line("line 6");
	assert_screen("line 1\nline 2\nline 3\nline 4\nline 5\nline 6\n");
	log_pane_move(p, LOG_PAGE_UP);
	assert_line("line 1");
	log_pane_move(p, LOG_PAGE_DOWN);
	assert_line("line 5");
	log_pane_move(p, LOG_PAGE_DOWN);
	assert_line("line 10");
	log_pane_move(p, LOG_FIRST);
	assert_line("line 1");
	log_pane_move(p, LOG_UP);
	assert_line("line 1");
	assert_true(log_pane_scroll(p, 3));
	assert_screen("line 4\nline 5\nline 6\nline 7\nline 8\nline 9\n");
	assert_line("line 4");
	log_pane_scroll(p, 3);
	assert_screen("line 5\nline 6\nline 7\nline 8\nline 9\nline 10\n");
	assert_true(log_pane_click(p, 3));
	assert_line("line 8");
	assert_false(log_pane_click(p, 3));
	assert_false(log_pane_click(p, 77));
	log_pane_scroll(p, -3);
	assert_line("line 7");
	assert_int_equal(cursor(), 5);
	size(40, 60);
	assert_screen("line 1\nline 2\nline 3\nline 4\nline 5\nline 6\nline 7\nline 8\nline 9\nline 10\n");
	size(1, 20);
	assert_screen("line 7\n");
	size(0, 0);
	draw();
}

static void long_lines_go_on_or_are_wrapped(void **state)
{
	put("abcdefghijklmnopqrstuvwxyz\nshort\n日本日本日本日本日本日本\n");
	size(6, 10);
	open_pane(false, false);
	assert_screen("abcdefghi…\nshort\n日本日本 …\n");
	log_pane_move(p, LOG_RIGHT);
	assert_screen("…ghijklmn…\n…\n…本日本日…\n");
	log_pane_move(p, LOG_LEFT);
	log_pane_wrap(p);
	assert_said("wrapped");
	assert_screen("abcdefghij\nklmnopqrst\nuvwxyz\nshort\n日本日本日\n本日本日本\n");
	log_pane_move(p, LOG_LAST);
	draw();
	assert_screen("klmnopqrst\nuvwxyz\nshort\n日本日本日\n本日本日本\n日本\n");
	/* A line that is taller than the screen. */
	size(2, 10);
	log_pane_move(p, LOG_FIRST);
	assert_screen("abcdefghij\nklmnopqrst\n");
	log_pane_move(p, LOG_DOWN);
	assert_screen("klmnopqrst\nuvwxyz\n");
	log_pane_move(p, LOG_DOWN);
	assert_line("short");
	for (int i = 0; i < 3; i++)
		log_pane_move(p, LOG_UP);
	assert_screen("abcdefghij\nklmnopqrst\n");
	log_pane_scroll(p, 1);
	assert_screen("klmnopqrst\nuvwxyz\n");
	log_pane_wrap(p);
	assert_said("at the right");
}

static void following_stops_when_one_scrolls(void **state)
{
	ten();
	open_pane(true, false);
	assert_screen("line 5\nline 6\nline 7\nline 8\nline 9\nline 10\n");
	append("line 11\npart");
	assert_true(log_pane_refresh(p));
	assert_screen("line 7\nline 8\nline 9\nline 10\nline 11\npart\n");
	work();
	assert_facts("12 lines · 83 B · following");
	assert_false(log_pane_move(p, LOG_DOWN));
	assert_false(log_pane_scroll(p, 3));
	assert_said(NULL);
	log_pane_scroll(p, -3);
	assert_said("following stopped");
	append("ial\nline 13\n");
	log_pane_refresh(p);
	assert_screen("line 4\nline 5\nline 6\nline 7\nline 8\nline 9\n");
	log_pane_follow(p);
	assert_said("following the end");
	assert_screen("line 8\nline 9\nline 10\nline 11\npartial\nline 13\n");
	assert_int_equal(cursor(), 5);
	log_pane_live(p, false);
	log_pane_follow(p);
	assert_said("nothing more will come");
	assert_false(log_pane_refresh(p));
}

static void searches_go_as_one_types(void **state)
{
	put("alpha\nbeta\ngamma\nBeta x\ndelta\nbeta\n");
	open_pane(false, false);
	size(3, 40);
	draw();
	log_pane_search_begin(p);
	assert_int_equal(log_pane_search(p, "b", &e), 0);
	assert_line("beta");
	assert_int_equal(log_pane_search(p, "be", &e), 0);
	assert_int_equal(log_pane_search(p, "be(", &e), ERR_USAGE);
	assert_string_equal(log_pane_pattern(p), "be");
	work();
	buf_reset(&words);
	log_pane_found(p, &words);
	assert_string_equal(words.data, "match 1/3");
	draw();
	assert_true(g.cells[cursor() * g.cols].attrs & CELL_HIT);
	assert_true(g.cells[cursor() * g.cols + 1].attrs & CELL_HIT);
	assert_false(g.cells[cursor() * g.cols + 2].attrs & CELL_HIT);
	log_pane_search_end(p, true);
	log_pane_next_hit(p, 1);
	assert_line("Beta x");
	assert_facts("4 of 6 lines   match 2/3");
	log_pane_next_hit(p, 1);
	log_pane_next_hit(p, 1);
	assert_said("from the beginning");
	assert_line("beta");
	log_pane_next_hit(p, -1);
	assert_said("from the end");
	assert_facts("6 of 6 lines   match 3/3");
	log_pane_only_hits(p);
	assert_screen("beta\nBeta x\nbeta\n");
	log_pane_move(p, LOG_FIRST);
	assert_facts("2 of 6 lines   match 1/3 · only");
	log_pane_move(p, LOG_DOWN);
	assert_line("Beta x");
	assert_true(log_pane_back(p));
	assert_said("all lines");
	assert_false(log_pane_back(p));
	assert_line("Beta x");
	log_pane_only_hits(p);
	/* Esc: what was before is there again. */
	log_pane_search_begin(p);
	assert_int_equal(log_pane_search(p, "nothing like it", &e), 0);
	work();
	assert_line("Beta x");
	buf_reset(&words);
	log_pane_found(p, &words);
	assert_string_equal(words.data, "no match");
	log_pane_search_end(p, false);
	assert_string_equal(log_pane_pattern(p), "be");
	assert_screen("beta\nBeta x\nbeta\n");
	/* Capitals count, and an empty text ends it. */
	log_pane_search_begin(p);
	assert_int_equal(log_pane_search(p, "Beta", &e), 0);
	work();
	assert_facts("4 of 6 lines   match 1/1");
	assert_int_equal(log_pane_search(p, "", &e), 0);
	log_pane_search_end(p, true);
	assert_string_equal(log_pane_pattern(p), "");
	assert_false(log_pane_next_hit(p, 1));
	assert_said("/ searches");
	assert_false(log_pane_only_hits(p));
}

static void a_match_far_right_is_shown(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	buf_fill(&b, 'x', 1000);
	buf_adds(&b, "needle\n");
	put(b.data);
	open_pane(false, false);
	draw();
	log_pane_search_begin(p);
	assert_int_equal(log_pane_search(p, "needle", &e), 0);
	log_pane_search_end(p, true);
	draw();
	assert_non_null(strstr(screen.data, "needle"));
}

static void errors_are_jumped_to(void **state)
{
	put("start\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\n    x\nValueError: x\n"
	    "warning: y\nmore\nERROR z\nend\n");
	open_pane(false, false);
	draw();
	work();
	assert_facts("1 of 9 lines   err 2 · warn 1");
	size(6, 100);
	draw();
	assert_facts("1 of 9 lines · 117 B   err 2 · warn 1");
	size(6, 60);
	log_pane_next_error(p);
	assert_line("Traceback (most recent call last):");
	draw();
	assert_int_equal(g.cells[cursor() * g.cols].role, ROLE_FAILED);
	/* The head with what it says at its end. */
	assert_screen("start\nTraceback (most recent call last):\n  File \"a.py\", line 3, in f\n    x\nValueError: "
	              "x\nwarning: y\n");
	size(4, 60);
	log_pane_move(p, LOG_FIRST);
	draw();
	log_pane_next_error(p);
	assert_screen("Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    x\nValueError: x\n");
	assert_int_equal(cursor(), 0);
	size(6, 60);
	log_pane_next_error(p);
	assert_line("ERROR z");
	log_pane_next_error(p);
	assert_said("from the beginning");
	log_pane_free(p);
	/* A failed one begins at the end, on its last error. */
	open_pane(false, true);
	assert_screen("    x\nValueError: x\nwarning: y\nmore\nERROR z\nend\n");
	assert_int_equal(cursor(), 4);
	log_pane_free(p);
	put("nothing wrong\n");
	open_pane(false, true);
	draw();
	log_pane_next_error(p);
	work();
	assert_said("no errors");
}

static void places_are_opened(void **state)
{
	_free_ char *work_dir = path_join(dir, "work"), *file = path_join(work_dir, "lib.py");
	assert_int_equal(file_mkdirs(work_dir, 0755, &e), 0);
	assert_int_equal(file_write(file, "x", 1, 0644, &e), 0);
	put("  File \"lib.py\", line 31, in f\n  File \"none.py\", line 3\n");
	open_pane(false, false);
	const char *got;
	int line;
	assert_screen("  File \"lib.py\", line 31, in f                 ← e opens it\n  File \"none.py\", line 3\n");
	assert_true(log_pane_place(p, &got, &line));
	assert_string_equal(got, file);
	assert_int_equal(line, 31);
	log_pane_move(p, LOG_DOWN);
	assert_false(log_pane_place(p, &got, &line));
	/* The head of a traceback stands for its innermost frame of the project, else for the innermost. */
	put("Traceback (most recent call last):\n  File \"lib.py\", line 3, in f\n    x\n  File \"/etc/hostname\", "
	    "line 1\n"
	    "  File \"lib.py\", line 5, in g\n  File \"none.py\", line 9\nValueError: x\n  File \"lib.py\", line 7\n");
	log_pane_refresh(p);
	log_pane_move(p, LOG_FIRST);
	assert_true(log_pane_place(p, &got, &line));
	assert_string_equal(got, file);
	assert_int_equal(line, 5);
	log_pane_move(p, LOG_LAST);
	log_pane_move(p, LOG_UP);
	assert_line("ValueError: x");
	assert_false(log_pane_place(p, &got, &line));
	size(3, 20);
	draw();
}

static void times_stand_before_lines(void **state)
{
	int64_t bytes;
	struct log *l = log_new(dir, 1 << 20);
	assert_int_equal(log_write(l, 0, "one\n", 4, 1000000, &e), 0);
	assert_int_equal(log_write(l, 1, "two\n", 4, 3500000, &e), 0);
	assert_int_equal(log_finish(l, 4000000, &bytes, &e), 0);
	log_free(l);
	open_pane(false, false);
	assert_screen("00:00:01.000  one\n00:00:03.500! two\n");
	log_pane_times(p);
	assert_screen("           one\n   2.500 ! two\n");
	log_pane_times(p);
	assert_said("without");
	assert_screen("one\ntwo\n");
	log_pane_times(p);
	size(6, 40);
	assert_screen("one\ntwo\n");
}

static void what_is_not_there_is_said(void **state)
{
	open_pane(true, false);
	assert_screen("\n  nothing written yet\n");
	assert_facts("");
	assert_false(log_pane_move(p, LOG_DOWN));
	assert_false(log_pane_next_error(p));
	assert_false(log_pane_copy(p, &words));
	log_pane_search_begin(p);
	assert_int_equal(log_pane_search(p, "x", &e), 0);
	log_pane_search_end(p, true);
	work();
	append("x\n");
	assert_true(log_pane_refresh(p));
	assert_screen("x\n");
	work();
	assert_facts("1 line · following   match 1/1");
	assert_int_equal(unlink(path), 0);
	assert_true(log_pane_refresh(p));
	assert_said("removed");
	assert_false(log_pane_refresh(p));
	assert_screen("x\n");
	log_pane_free(p);
	open_pane(false, false);
	assert_screen("\n  it wrote nothing\n");
	log_pane_times(p);
	assert_said("no times");
	log_pane_free(p);
	assert_int_equal(file_mkdirs(path, 0755, &e), 0);
	open_pane(false, false);
	draw();
	assert_non_null(strstr(screen.data, "is no file"));
	assert_false(log_pane_refresh(p));
	log_pane_search_begin(p);
	assert_int_equal(log_pane_search(p, "x", &e), 0);
	log_pane_search_end(p, false);
	assert_false(log_pane_next_hit(p, 1));
	log_pane_free(p);
	_free_ char *gone = path_join(dir, "gone");
	p = log_pane_new(&(struct log_pane_options){ .folder = gone });
	assert_screen("\n  the files of this attempt were removed\n");
}

static void cuts_and_replacements_are_said(void **state)
{
	ten();
	open_pane(false, true);
	draw();
	log_pane_search_begin(p);
	assert_int_equal(log_pane_search(p, "line", &e), 0);
	log_pane_search_end(p, true);
	log_pane_next_error(p);
	work();
	log_pane_only_hits(p);
	draw();
	while (log_pane_said(p))
		;
	assert_int_equal(truncate(path, 7), 0);
	draw(); /* before anybody looked */
	assert_true(log_pane_refresh(p));
	assert_said("cut");
	assert_screen("line 1\n");
	work();
	assert_facts("1 of 1 line   match 1/1 · only");
	put("LINE 0\nline 1\nx\n");
	assert_true(log_pane_refresh(p));
	assert_said("another log");
	assert_screen("LINE 0\nline 1\n");
	assert_int_equal(truncate(path, 0), 0);
	assert_true(log_pane_refresh(p));
	assert_screen("\n  it wrote nothing\n");
}

static void hostile_logs_only_show(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	static const char bad[] = "\033]52;c;ZWNobw==\a\033[2J\033[31mred\033[0m \xe2\x80\xae"
	                          "bidi \0nul \xff\x9b \033P";
	for (int i = 0; i < 20; i++) {
		buf_add(&b, bad, sizeof bad - 1);
		buf_addc(&b, '\n');
	}
	buf_fill(&b, 'x', 1 << 20);
	assert_int_equal(file_write(path, b.data, b.len, 0644, &e), 0);
	open_pane(false, false);
	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 40; i++) {
			draw();
			for (size_t at = 0; at < screen.len; at++)
				assert_true((unsigned char)screen.data[at] >= 0x20 || screen.data[at] == '\n');
			assert_null(strstr(screen.data, "\xc2\x9b"));
			assert_null(strstr(screen.data, "\xe2\x80\xae"));
			log_pane_move(p, i % 7 == 3 ? LOG_RIGHT : i % 5 == 3 ? LOG_PAGE_DOWN : LOG_DOWN);
		}
		log_pane_wrap(p);
		log_pane_move(p, LOG_FIRST);
	}
	log_pane_move(p, LOG_FIRST);
	draw();
	assert_int_equal(g.cells[0].cp[0], 'r');
	assert_int_equal(g.cells[0].attrs, CELL_FG | CELL_CURSOR);
	assert_int_equal(g.cells[0].fg, 1);
}

/* Any keys in any order: what is drawn is what a pane that went there at once would draw, and nothing breaks. */
static void monkeys_break_nothing(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	unsigned seed = 11;
	bool seen;
	for (int i = 0; i < 3000; i++) {
		buf_fill(&b, 'a' + i % 26, (size_t)(i * 7 % 211));
		buf_adds(&b, i % 50 ? "\n" : " error: x\n");
	}
	put(b.data);
	open_pane(true, false);
	for (int i = 0; i < 3000; i++) {
		unsigned k = (seed = seed * 1103515245 + 12345) >> 16;
		bool redraw;
		switch (k % 20) {
		case 0: log_pane_wrap(p); break;
		case 1: log_pane_follow(p); break;
		case 2: log_pane_only_hits(p); break;
		case 3: log_pane_next_hit(p, k & 64 ? 1 : -1); break;
		case 4: log_pane_next_error(p); break;
		case 5:
			log_pane_search_begin(p);
			log_pane_search(p, k & 64 ? "b" : k & 128 ? "x$" : "", &e);
			log_pane_search_end(p, k & 32);
			break;
		case 6: size((int)(k >> 4) % 30, (int)(k >> 7) % 100); break;
		case 7: append(k & 64 ? "more\n" : "error: more"); log_pane_refresh(p); break;
		case 8: log_pane_scroll(p, (int)(k >> 5) % 40 - 20); break;
		case 9: log_pane_work(p, 50, &redraw); break;
		case 10:
			if (k % 640 == 10)
				assert_int_equal(truncate(path, k % 5000), 0);
			log_pane_refresh(p);
			break;
		case 11: log_pane_times(p); break;
		default: log_pane_move(p, (enum log_move)((k >> 5) % 8)); break;
		}
		draw();
		/* Where a line is seen the cursor is, too. */
		seen = g.rows > 0 && g.cols > 0 && log_pane_copy(p, &words);
		assert_true(cursor() >= 0 || !seen);
		buf_reset(&words);
		log_pane_facts(p, &words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_moves_by_lines_and_pages, begin, end),
		cmocka_unit_test_setup_teardown(long_lines_go_on_or_are_wrapped, begin, end),
		cmocka_unit_test_setup_teardown(following_stops_when_one_scrolls, begin, end),
		cmocka_unit_test_setup_teardown(searches_go_as_one_types, begin, end),
		cmocka_unit_test_setup_teardown(a_match_far_right_is_shown, begin, end),
		cmocka_unit_test_setup_teardown(errors_are_jumped_to, begin, end),
		cmocka_unit_test_setup_teardown(places_are_opened, begin, end),
		cmocka_unit_test_setup_teardown(times_stand_before_lines, begin, end),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_said, begin, end),
		cmocka_unit_test_setup_teardown(cuts_and_replacements_are_said, begin, end),
		cmocka_unit_test_setup_teardown(hostile_logs_only_show, begin, end),
		cmocka_unit_test_setup_teardown(monkeys_break_nothing, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
