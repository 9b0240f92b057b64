#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <vterm.h>

#include "base/utf8.h"
#include "tui/term_frame.h"

/* A terminal that gets the bytes of frames. */
struct screen {
	VTerm *term;
	VTermScreen *cells;
	struct frame frame;
	int rows, cols;
	size_t bytes; /* of the last frame */
	bool scrolled;
};

static int on_push(int cols, const VTermScreenCell *cells, void *arg)
{
	((struct screen *)arg)->scrolled = true;
	return 0;
}

static const struct frame_abilities all = {.colours = 256,
                                           .attrs = 0xff,
                                           .erases_coloured = true,
                                           .corner = true,
                                           .show = "\033[?25h",
                                           .hide = "\033[?25l"};

static void open_screen(struct screen *s, int rows, int cols, const struct frame_abilities *can, const struct paint *p)
{
	static const VTermScreenCallbacks callbacks = {.sb_pushline = on_push};

	*s = (struct screen){.term = vterm_new(rows, cols), .rows = rows, .cols = cols};
	vterm_set_utf8(s->term, 1);
	s->cells = vterm_obtain_screen(s->term);
	vterm_screen_set_callbacks(s->cells, &callbacks, s);
	vterm_screen_reset(s->cells, 1);
	frame_init(&s->frame, can, p);
}

static void close_screen(struct screen *s)
{
	vterm_free(s->term);
	frame_release(&s->frame);
}

static void show(struct screen *s, const struct grid *g, int cursor_row, int cursor_col)
{
	_buf_ struct buf out = BUF_INIT;

	frame_draw(&s->frame, g, s->rows, s->cols, cursor_row, cursor_col, &out);
	vterm_input_write(s->term, out.data, out.len);
	s->bytes = out.len;
}

/* ---- what a cell must look like, said anew ---- */

static int32_t colour_of(const VTermColor *c, bool back)
{
	if (back ? VTERM_COLOR_IS_DEFAULT_BG(c) : VTERM_COLOR_IS_DEFAULT_FG(c))
		return -1;
	return VTERM_COLOR_IS_INDEXED(c) ? c->indexed.idx
	                                 : COLOUR_RGB | c->rgb.red << 16 | c->rgb.green << 8 | c->rgb.blue;
}

static void check(struct screen *s, const struct grid *g, const char *what)
{
	for (int row = 0; row < s->rows; row++)
		for (int col = 0; col < s->cols; col++) {
			static const struct cell none = {.cp = {' '}};
			const struct cell *c = row < g->rows && col < g->cols ? &g->cells[row * g->cols + col] : &none;
			if (!s->frame.can.corner && row == s->rows - 1 && col >= s->cols - 2)
				continue; /* a wide one ends there */
			VTermScreenCell seen;
			vterm_screen_get_cell(s->cells, (VTermPos){.row = row, .col = col}, &seen);
			if (c->cp[0] == 0) {
				if (seen.chars[0] != UINT32_MAX)
					fail_msg("%s: %d,%d is no right half: %x", what, row, col, seen.chars[0]);
				continue;
			}
			bool blank = c->cp[0] == ' ' && !c->cp[1];
			bool over = false;
			for (int i = 0; i <= CELL_MARKS && !over; over = !seen.chars[i++])
				if (seen.chars[i] != c->cp[i] && !(blank && seen.chars[i] == 0))
					fail_msg("%s: %d,%d is %x %x, not %x %x", what, row, col, seen.chars[0],
					         seen.chars[1], c->cp[0], c->cp[1]);
			struct style wanted = theme_style(s->frame.paint.theme, c, s->frame.paint.depth);
			if (s->frame.can.colours < 16 && wanted.bg >= 8)
				wanted.bg -= 8;
			if (s->frame.can.colours < 16 && wanted.fg >= 8)
				wanted.fg -= 8, wanted.attrs |= STYLE_BOLD;
			bool bare = blank && !(wanted.attrs & (STYLE_REVERSE | STYLE_UNDERLINE));
			if (colour_of(&seen.bg, true) != wanted.bg ||
			    (!bare && colour_of(&seen.fg, false) != wanted.fg))
				fail_msg("%s: %d,%d has colours %x on %x, not %x on %x", what, row, col,
				         (unsigned)colour_of(&seen.fg, false), (unsigned)colour_of(&seen.bg, true),
				         (unsigned)wanted.fg, (unsigned)wanted.bg);
			if ((seen.attrs.underline != 0) != !!(wanted.attrs & STYLE_UNDERLINE) ||
			    (seen.attrs.reverse != 0) != !!(wanted.attrs & STYLE_REVERSE) ||
			    (!blank && ((seen.attrs.bold != 0) != !!(wanted.attrs & STYLE_BOLD) ||
			                (seen.attrs.italic != 0) != !!(wanted.attrs & STYLE_ITALIC))))
				fail_msg("%s: %d,%d has attributes not as %x", what, row, col, wanted.attrs);
		}
	assert_false(s->scrolled);
}

/* ---- random grids ---- */

static uint32_t seed;
static uint32_t dice(uint32_t sides)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % sides;
}

static void mark_up(struct grid *g)
{
	static const char *const words[] = {"a",
	                                    "bc def",
	                                    "漢字",
	                                    ("e\xcc\x81\xcc\xa7"
	                                     "x"),
	                                    "│─┼",
	                                    "x漢",
	                                    "🙂",
	                                    "  ",
	                                    "✗ failed"};
	int row = (int)dice((uint32_t)g->rows), col = (int)dice((uint32_t)g->cols);

	switch (dice(8)) {
	case 0:
		grid_blank(g, (struct rect){row, col, 1 + (int)dice(4), 1 + (int)dice(20)});
		break;
	case 1:
		grid_attr(g, row, 0, g->cols, CELL_CURSOR);
		break;
	case 2:
		grid_attr(g, row, col, (int)dice(6), (uint8_t)(1u << dice(4)));
		break;
	case 3:
		grid_attr(g, row, col, (int)dice(6), CELL_HIT);
		break;
	case 4: {
		struct cell *c = &g->cells[row * g->cols + col];
		c->fg = (uint8_t)dice(256);
		c->bg = (uint8_t)dice(256);
		grid_attr(g, row, col, 1, dice(2) ? CELL_FG : CELL_BG);
		break;
	}
	default:
		grid_text(g, row, col, -1, (enum role)dice(ROLE_COUNT), words[dice(ARRAY_LEN(words))]);
		break;
	}
}

static void test_random(void **state)
{
	static const char *const themes[] = {"default", "dark", "mono"};
	struct err e;

	seed = 1;
	for (int n = 0; n < 12; n++) {
		struct theme theme;
		struct frame_abilities can = all;
		char what[100];
		assert_int_equal(theme_load(themes[n % 3], &theme, &e), 0);
		struct paint p = {.colour = true, .depth = (enum depth)(n / 3 % 4), .theme = &theme};
		can.colours = p.depth == DEPTH_16 ? (n % 2 ? 8 : 16) : 256;
		can.erases_coloured = n % 2;
		can.synchronized = n % 4 == 1;
		can.corner = n % 5 != 4;
		struct screen s, fresh;
		struct grid g;
		int rows = 3 + (int)dice(10), cols = 5 + (int)dice(40);
		open_screen(&s, rows, cols, &can, &p);
		grid_init(&g, rows, cols);
		for (int step = 0; step < 120; step++) {
			snprintf(what, sizeof what, "round %d, step %d", n, step);
			for (uint32_t i = 0, changes = dice(12); i < changes; i++)
				mark_up(&g);
			if (step % 40 == 39)
				grid_clear(&g);
			if (step % 17 == 16)
				frame_forget(&s.frame);
			show(&s, &g, step % 3 ? -1 : (int)dice((uint32_t)rows), 0);
			check(&s, &g, what);
			/* Nothing differs: nothing is written. */
			show(&s, &g, -1, 0);
			show(&s, &g, -1, 0);
			assert_int_equal(s.bytes, 0);
		}
		/* The same at once. */
		open_screen(&fresh, rows, cols, &can, &p);
		show(&fresh, &g, -1, 0);
		check(&fresh, &g, "at once");
		close_screen(&fresh);
		close_screen(&s);
		grid_release(&g);
	}
}

/* Cells that look the same are the same, whatever their roles. */
static void test_same_look(void **state)
{
	struct paint p = {.colour = true, .depth = DEPTH_NONE};
	struct screen s;
	struct grid g;

	open_screen(&s, 4, 20, &all, &p);
	grid_init(&g, 4, 20);
	grid_text(&g, 1, 2, -1, ROLE_SUCCESS, "word");
	show(&s, &g, -1, 0);
	assert_true(s.bytes > 0);
	grid_text(&g, 1, 2, -1, ROLE_REUSED, "word");
	grid_text(&g, 2, 2, -1, ROLE_STRONG, "    ");
	show(&s, &g, -1, 0);
	check(&s, &g, "another role");
	size_t n = s.bytes;
	show(&s, &g, -1, 0);
	assert_int_equal(s.bytes, 0);
	assert_in_range(n, 1, 30);
	/* One letter costs a place and the letter. */
	grid_put(&g, 1, 3, 'x', ROLE_REUSED);
	show(&s, &g, -1, 0);
	assert_true(s.bytes > 0 && s.bytes <= 12);
	check(&s, &g, "a letter");
	grid_release(&g);
	close_screen(&s);
}

static void test_sizes(void **state)
{
	struct paint p = {.colour = true, .depth = DEPTH_256};
	struct screen s;
	struct grid g;

	open_screen(&s, 6, 20, &all, &p);
	for (int i = 0; i < 4; i++) {
		grid_init(&g, i % 2 ? 9 : 3, i / 2 ? 33 : 7);
		for (int row = 0; row < g.rows; row++)
			grid_text(&g, row, 0, -1, ROLE_ACCENT, "0123456漢漢漢漢漢漢漢漢漢漢漢漢漢漢");
		show(&s, &g, -1, 0);
		for (int row = 0; row < 6; row++)
			for (int col = 0; col < 20; col++) {
				VTermScreenCell seen;
				vterm_screen_get_cell(s.cells, (VTermPos){.row = row, .col = col}, &seen);
				bool within = row < g.rows && col < g.cols;
				/* The last column cannot hold half of a character. */
				if (col == 0)
					assert_int_equal(seen.chars[0], within ? '0' : 0);
				if (col == 19)
					assert_true(seen.chars[0] == 0 || seen.chars[0] == ' ');
			}
		show(&s, &g, -1, 0);
		assert_int_equal(s.bytes, 0);
		grid_release(&g);
	}
	/* Another size of the terminal begins anew. */
	vterm_set_size(s.term, 10, 30);
	s.rows = 10;
	s.cols = 30;
	s.scrolled = false;
	grid_init(&g, 10, 30);
	grid_text(&g, 9, 27, -1, ROLE_TEXT, "end");
	show(&s, &g, -1, 0);
	check(&s, &g, "larger");
	grid_release(&g);
	close_screen(&s);
}

static void test_cursor(void **state)
{
	struct paint p = {.colour = true, .depth = DEPTH_256};
	struct screen s;
	struct grid g;
	VTermPos at;

	open_screen(&s, 4, 20, &all, &p);
	grid_init(&g, 4, 20);
	show(&s, &g, 1, 2);
	vterm_state_get_cursorpos(vterm_obtain_state(s.term), &at);
	assert_int_equal(at.row * 100 + at.col, 102);
	show(&s, &g, 1, 2);
	assert_int_equal(s.bytes, 0);
	/* Moving alone does not blink. */
	show(&s, &g, 1, 3);
	assert_int_equal(s.bytes, 6);
	grid_put(&g, 3, 19, 'x', ROLE_TEXT);
	show(&s, &g, 1, 3);
	vterm_state_get_cursorpos(vterm_obtain_state(s.term), &at);
	assert_int_equal(at.row * 100 + at.col, 103);
	check(&s, &g, "corner");
	show(&s, &g, -1, 0);
	assert_int_equal(s.bytes, 6);
	show(&s, &g, -1, 0);
	assert_int_equal(s.bytes, 0);
	/* Outside there is none. */
	show(&s, &g, 4, 0);
	assert_int_equal(s.bytes, 0);
	grid_release(&g);
	close_screen(&s);
}

static void test_ascii(void **state)
{
	struct paint p = {.colour = true, .depth = DEPTH_16, .ascii = true};
	struct screen s;
	struct grid g;
	_buf_ struct buf out = BUF_INIT, wanted = BUF_INIT;

	open_screen(&s, 2, 20, &all, &p);
	grid_init(&g, 2, 20);
	grid_text(&g, 0, 0, -1, ROLE_TEXT, "│─✗ 漢e\xcc\x81…x");
	frame_draw(&s.frame, &g, 2, 20, -1, 0, &out);
	for (size_t i = 0; i < out.len; i++)
		assert_true((unsigned char)out.data[i] < 0x80);
	grid_row(&g, 0, &(struct paint){.ascii = true}, &wanted);
	vterm_input_write(s.term, out.data, out.len);
	for (int col = 0; col < (int)wanted.len; col++) {
		VTermScreenCell seen;
		vterm_screen_get_cell(s.cells, (VTermPos){.row = 0, .col = col}, &seen);
		assert_int_equal(seen.chars[0] ? seen.chars[0] : ' ', wanted.data[col]);
	}
	grid_release(&g);
	close_screen(&s);
}

/* What the terminal does not have is not asked for. */
static void test_abilities(void **state)
{
	static const struct theme_role emphatic = {
	        .style = {9, 12, 0x1f}, .fg16 = STAND_IN_NEAREST, .bg16 = STAND_IN_NEAREST};
	struct theme theme = *theme_default();
	struct paint p = {.colour = true, .depth = DEPTH_16, .theme = &theme};
	struct frame_abilities can = {.colours = 8,
	                              .attrs = STYLE_BOLD | STYLE_UNDERLINE | STYLE_DIM,
	                              .not_coloured = STYLE_UNDERLINE | STYLE_DIM,
	                              .corner = true};
	struct frame f;
	struct grid g;
	_buf_ struct buf out = BUF_INIT;

	theme.roles[ROLE_FAILED] = emphatic;
	frame_init(&f, &can, &p);
	grid_init(&g, 2, 20);
	grid_text(&g, 0, 0, -1, ROLE_FAILED, "x");
	frame_draw(&f, &g, 2, 20, -1, 0, &out);
	assert_non_null(strstr(out.data, "\033[0;1;31;44mx"));
	assert_null(strstr(out.data, "?2026"));
	grid_release(&g);
	frame_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_random), cmocka_unit_test(test_same_look), cmocka_unit_test(test_sizes),
	        cmocka_unit_test(test_cursor), cmocka_unit_test(test_ascii),     cmocka_unit_test(test_abilities),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
