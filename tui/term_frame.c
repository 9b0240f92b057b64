#include "tui/term_frame.h"

#include <string.h>
#include "base/utf8.h"

#define UNSEEN UINT32_MAX
#define ERASE_FROM 5 /* cells; fewer are written as blanks */
#define GAP_MOST 6   /* cells; so many are sooner written again than passed by */

static const struct cell blank = {.cp = {' '}, .role = ROLE_TEXT};

void frame_init(struct frame *f, const struct frame_abilities *can, const struct paint *p)
{
	*f = (struct frame){.can = *can};
	grid_init(&f->shown, 0, 0);
	frame_paint(f, p);
	frame_forget(f);
}

void frame_release(struct frame *f)
{
	grid_release(&f->shown);
}

static void unsee(struct frame *f)
{
	size_t n = (size_t)f->shown.rows * (size_t)f->shown.cols;

	for (size_t i = 0; i < n; i++)
		f->shown.cells[i].cp[0] = UNSEEN;
}

void frame_paint(struct frame *f, const struct paint *p)
{
	f->paint = *p;
	unsee(f);
}

void frame_forget(struct frame *f)
{
	f->cleared = false;
	f->styled = false;
	f->cursor_shown = true;
	f->row = f->col = -1;
}

/* The style of a cell, as this terminal can have it. */
static struct style style_of(const struct frame *f, const struct cell *c)
{
	struct style s = theme_style(f->paint.theme, c, f->paint.depth);

	if (f->can.colours < 16) {
		if (s.fg >= 8 && s.fg < 16) {
			s.fg -= 8;
			s.attrs |= STYLE_BOLD;
		}
		if (s.bg >= 8 && s.bg < 16)
			s.bg -= 8;
	}
	s.attrs &= f->can.attrs;
	if (s.fg != COLOUR_DEFAULT || s.bg != COLOUR_DEFAULT)
		s.attrs &= (uint8_t)~f->can.not_coloured;
	return s;
}

/* What is seen of a blank in a style. */
static struct style blank_style(struct style s)
{
	s.attrs &= STYLE_REVERSE | STYLE_UNDERLINE;
	if (!s.attrs)
		s.fg = COLOUR_DEFAULT;
	return s;
}

static bool style_equal(struct style a, struct style b)
{
	return a.fg == b.fg && a.bg == b.bg && a.attrs == b.attrs;
}

static bool is_blank(const struct cell *c)
{
	return c->cp[0] == ' ' && c->cp[1] == 0;
}

static bool look_equal(const struct frame *f, const struct cell *a, const struct cell *b)
{
	if (memcmp(a, b, sizeof *a) == 0)
		return true;
	if (a->cp[0] == UNSEEN || memcmp(a->cp, b->cp, sizeof a->cp) != 0)
		return false;
	struct style x = style_of(f, a), y = style_of(f, b);
	return is_blank(a) ? style_equal(blank_style(x), blank_style(y)) : style_equal(x, y);
}

static void set_style(struct frame *f, struct style s, bool on_blank, struct buf *out)
{
	if (f->styled && (on_blank ? style_equal(blank_style(s), blank_style(f->now)) : style_equal(s, f->now)))
		return;
	buf_adds(out, "\033[");
	style_sgr(out, &s);
	buf_addc(out, 'm');
	f->now = s;
	f->styled = true;
}

static void move_to(struct frame *f, int row, int col, struct buf *out)
{
	if (f->row == row && f->col == col)
		return;
	buf_adds(out, "\033[");
	buf_addi(out, row + 1);
	buf_addc(out, ';');
	buf_addi(out, col + 1);
	buf_addc(out, 'H');
	f->row = row;
	f->col = col;
}

static const struct cell *cell_at(const struct grid *g, int row, int col)
{
	return row < g->rows && col < g->cols ? &g->cells[(size_t)row * (size_t)g->cols + (size_t)col] : &blank;
}

/* A cell as it can be shown: a half without the other is a blank. */
static const struct cell *cell_whole(const struct grid *g, int row, int col, int cols, int *ret_width)
{
	const struct cell *c = cell_at(g, row, col);

	*ret_width = c->cp[0] < 0x80 ? 1 : utf8_width(c->cp[0]);
	if (*ret_width == 1 && c->cp[0] >= ' ')
		return c;
	if (*ret_width == 2 && col + 1 < cols && cell_at(g, row, col + 1)->cp[0] == 0)
		return c;
	*ret_width = 1;
	return &blank;
}

static void add_cell(struct frame *f, const struct cell *c, int width, int cols, struct buf *out)
{
	char encoded[4];

	if (f->paint.ascii && c->cp[0] >= 0x80) {
		/* Both halves of a wide character are a sign each. */
		for (int i = 0; i < width; i++) {
			struct cell one = *c;
			grid_row(&(struct grid){.cells = &one, .rows = 1, .cols = 1}, 0, &(struct paint){.ascii = true},
			         out);
		}
	} else {
		for (int i = 0; i <= CELL_MARKS && c->cp[i] && !(f->paint.ascii && i > 0); i++) {
			if (c->cp[i] < 0x80)
				buf_addc(out, (char)c->cp[i]);
			else
				buf_add(out, encoded, utf8_put(c->cp[i], encoded));
		}
		/* Terminals do not agree how far these take the cursor. */
		if (width == 2 || c->cp[1])
			f->col = -1;
	}
	if (f->col >= 0)
		f->col += width;
	/* Behind the last column the cursor waits, or has wrapped. */
	if (f->col >= cols)
		f->row = f->col = -1;
}

/* To a cell to be written: over a few that stay as they are by writing them again, where that needs no other style. */
static void reach(struct frame *f, const struct grid *g, int row, int col, struct buf *out)
{
	bool short_way = f->row == row && f->col >= 0 && f->col < col && col - f->col <= GAP_MOST && f->styled;

	for (int i = f->col; short_way && i < col; i++) {
		const struct cell *c = cell_at(g, row, i);
		struct style s = style_of(f, c);
		short_way = c->cp[0] >= ' ' && c->cp[0] < 0x7f && !c->cp[1] &&
		            (is_blank(c) ? style_equal(blank_style(s), blank_style(f->now)) : style_equal(s, f->now));
	}
	for (; short_way && f->col < col; f->col++)
		buf_addc(out, (char)cell_at(g, row, f->col)->cp[0]);
	move_to(f, row, col, out);
}

/* From where on a row is blank in one style, that erasing leaves behind. */
static int erasable_from(const struct frame *f, const struct grid *g, int row, int cols, struct style *ret)
{
	int from = cols;

	while (from > 0 && is_blank(cell_at(g, row, from - 1))) {
		struct style s = style_of(f, cell_at(g, row, from - 1));
		if (from == cols)
			*ret = s;
		if (s.attrs & (STYLE_REVERSE | STYLE_UNDERLINE) || s.bg != ret->bg ||
		    (s.bg != COLOUR_DEFAULT && !f->can.erases_coloured))
			break;
		from--;
	}
	return from;
}

static bool row_same(const struct frame *f, const struct grid *g, int row, int cols)
{
	const struct cell *shown = &f->shown.cells[(size_t)row * (size_t)f->shown.cols];
	int reach = row < g->rows ? g->cols < cols ? g->cols : cols : 0;

	if (reach && memcmp(shown, cell_at(g, row, 0), (size_t)reach * sizeof *shown) != 0)
		return false;
	for (int col = reach; col < cols; col++)
		if (memcmp(&shown[col], &blank, sizeof blank) != 0)
			return false;
	return true;
}

static void draw_row(struct frame *f, const struct grid *g, int row, int rows, int cols, struct buf *out)
{
	struct cell *shown = &f->shown.cells[(size_t)row * (size_t)f->shown.cols];
	struct style erased = {COLOUR_DEFAULT, COLOUR_DEFAULT, 0};
	int end = erasable_from(f, g, row, cols, &erased), width;
	bool torn = false; /* half of a wide character that stood here was written over */

	if (cols - end < ERASE_FROM)
		end = cols;
	for (int col = 0; col < end; col += width) {
		const struct cell *c = cell_whole(g, row, col, cols, &width);
		bool same = !torn && look_equal(f, &shown[col], c) && (width == 1 || shown[col + 1].cp[0] == 0);
		torn = false;
		if (same)
			continue;
		if (!f->can.corner && row == rows - 1 && col + width == cols)
			continue;
		torn = col + width < cols && shown[col + width].cp[0] == 0;
		reach(f, g, row, col, out);
		set_style(f, style_of(f, c), is_blank(c), out);
		add_cell(f, c, width, cols, out);
	}
	for (int col = end; col < cols; col++) {
		if (!torn && look_equal(f, &shown[col], cell_at(g, row, col)))
			continue;
		move_to(f, row, end, out);
		set_style(f, erased, true, out);
		buf_adds(out, "\033[K");
		break;
	}
	for (int col = 0; col < cols; col++)
		shown[col] = *cell_at(g, row, col);
}

/* A cleared screen shows the ground of the theme where erasing leaves it; else every cell is to be written. */
static void clear(struct frame *f, int rows, int cols, struct buf *out)
{
	struct style ground = style_of(f, &blank);

	if (f->shown.rows != rows || f->shown.cols != cols) {
		grid_release(&f->shown);
		grid_init(&f->shown, rows, cols);
	}
	f->styled = false;
	bool whole = f->can.erases_coloured || ground.bg == COLOUR_DEFAULT;
	set_style(f, whole ? ground : (struct style){COLOUR_DEFAULT, COLOUR_DEFAULT, 0}, true, out);
	buf_adds(out, "\033[H\033[2J");
	f->row = f->col = 0;
	grid_clear(&f->shown);
	if (!whole || blank_style(ground).attrs)
		unsee(f);
	f->cleared = true;
}

void frame_draw(struct frame *f, const struct grid *g, int rows, int cols, int cursor_row, int cursor_col,
                struct buf *out)
{
	static const char begin[] = "\033[?2026h", end[] = "\033[?2026l";
	size_t start = out->len;
	bool wanted = cursor_row >= 0 && cursor_row < rows && cursor_col >= 0 && cursor_col < cols;

	if (f->can.synchronized)
		buf_adds(out, begin);
	if (f->cursor_shown)
		buf_adds(out, f->can.hide);
	size_t empty = out->len;
	if (!f->cleared || f->shown.rows != rows || f->shown.cols != cols)
		clear(f, rows, cols, out);
	for (int row = 0; row < rows; row++)
		if (!row_same(f, g, row, cols))
			draw_row(f, g, row, rows, cols, out);
	bool drawn = out->len > empty;
	if (!drawn && f->cursor_shown == wanted && (!wanted || (f->row == cursor_row && f->col == cursor_col))) {
		buf_cut(out, start);
		return;
	}
	/* Only the cursor moves: it need not vanish for that. */
	if (!drawn && f->cursor_shown && wanted)
		buf_cut(out, start + (f->can.synchronized ? sizeof begin - 1 : 0));
	else if (drawn && f->cursor_shown)
		f->cursor_shown = false;
	if (wanted)
		move_to(f, cursor_row, cursor_col, out);
	if (wanted && !f->cursor_shown)
		buf_adds(out, f->can.show);
	f->cursor_shown = wanted;
	if (f->can.synchronized)
		buf_adds(out, end);
}
