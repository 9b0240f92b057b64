#include "tui/cell.h"

#include <stdarg.h>
#include <string.h>
#include "base/text.h"
#include "base/utf8.h"

enum role role_find(const char *name)
{
#define X(symbol, text, ...)           \
	if (strcmp(name, text) == 0)  \
		return symbol;
	ROLES(X)
#undef X
	return ROLE_COUNT;
}

const char *role_nearest(const char *name)
{
	static const char *const names[] = {
#define X(symbol, text, ...) text,
		ROLES(X)
#undef X
	};
	return text_nearest(name, names, ARRAY_LEN(names));
}

void grid_init(struct grid *g, int rows, int cols)
{
	g->rows = rows > 0 ? rows : 0;
	g->cols = cols > 0 ? cols : 0;
	g->cells = mem_array(NULL, (size_t)g->rows * (size_t)g->cols + 1, sizeof *g->cells);
	grid_clear(g);
}

void grid_release(struct grid *g)
{
	free(g->cells);
	*g = (struct grid){ 0 };
}

void grid_clear(struct grid *g)
{
	size_t n = (size_t)g->rows * (size_t)g->cols;
	for (size_t i = 0; i < n; i++)
		g->cells[i] = (struct cell){ .cp = { ' ' }, .role = ROLE_TEXT };
}

static struct cell *cell_at(const struct grid *g, int row, int col)
{
	if (row < 0 || col < 0 || row >= g->rows || col >= g->cols)
		return NULL;
	return &g->cells[(size_t)row * (size_t)g->cols + (size_t)col];
}

/* A wide character must never be left with one of its halves: whoever takes a half blanks the other. */
static struct cell *cell_take(struct grid *g, int row, int col)
{
	struct cell *c = cell_at(g, row, col);
	if (!c)
		return NULL;
	if (c->cp[0] == 0 && col > 0)
		c[-1] = (struct cell){ .cp = { ' ' }, .role = c[-1].role };
	if (col + 1 < g->cols && c[1].cp[0] == 0)
		c[1] = (struct cell){ .cp = { ' ' }, .role = c[1].role };
	return c;
}

void grid_put(struct grid *g, int row, int col, uint32_t cp, enum role role)
{
	int width = utf8_width(cp);
	if (width == 0)
		return;
	if (width == 2 && (!cell_at(g, row, col) || !cell_at(g, row, col + 1)))
		return;
	struct cell *c = cell_take(g, row, col);
	if (!c)
		return;
	*c = (struct cell){ .cp = { cp }, .role = (uint8_t)role };
	if (width == 2) {
		struct cell *right = cell_take(g, row, col + 1);
		/* cell_take blanked nothing of ours: c is no right half and right is no left half yet. */
		*right = (struct cell){ .cp = { 0 }, .role = (uint8_t)role };
	}
}

/* Writes text that is visible already. Returns the cells taken. */
static int put_visible(struct grid *g, int row, int col, int limit, enum role role, const char *s, size_t n)
{
	int taken = 0;
	struct cell *last = NULL;
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		i += utf8_decode(s + i, n - i, &cp);
		int width = utf8_width(cp);
		if (width == 0) {
			for (int mark = 1; last && mark <= CELL_MARKS; mark++)
				if (last->cp[mark] == 0) {
					last->cp[mark] = cp;
					break;
				}
			continue;
		}
		if (taken + width > limit)
			break;
		grid_put(g, row, col + taken, cp, role);
		last = cell_at(g, row, col + taken);
		taken += width;
	}
	return taken;
}

static int room(const struct grid *g, int col, int max_cells)
{
	int edge = g->cols - col;
	if (max_cells < 0 || max_cells > edge)
		return edge > 0 ? edge : 0;
	return max_cells;
}

int grid_text(struct grid *g, int row, int col, int max_cells, enum role role, const char *text)
{
	_buf_ struct buf b = BUF_INIT;
	utf8_visible(&b, text, strlen(text), false);
	return put_visible(g, row, col, room(g, col, max_cells), role, b.data, b.len);
}

int grid_textf(struct grid *g, int row, int col, int max_cells, enum role role, const char *fmt, ...)
{
	_buf_ struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	return grid_text(g, row, col, max_cells, role, b.data);
}

int grid_text_cut(struct grid *g, int row, int col, int max_cells, enum role role, const char *text)
{
	_buf_ struct buf b = BUF_INIT;
	utf8_visible(&b, text, strlen(text), false);
	int limit = room(g, col, max_cells);
	if (limit <= 0)
		return 0;
	if (utf8_cells(b.data, b.len) <= (size_t)limit)
		return put_visible(g, row, col, limit, role, b.data, b.len);
	int taken = put_visible(g, row, col, limit - 1, role, b.data, b.len);
	grid_put(g, row, col + taken, 0x2026, role);
	return taken + 1;
}

void grid_attr(struct grid *g, int row, int col, int cells, uint8_t attrs)
{
	for (int i = 0; i < cells; i++) {
		struct cell *c = cell_at(g, row, col + i);
		if (c)
			c->attrs |= attrs;
	}
}

void grid_blank(struct grid *g, struct rect r)
{
	for (int row = r.row; row < r.row + r.rows; row++)
		for (int col = r.col; col < r.col + r.cols; col++) {
			struct cell *c = cell_take(g, row, col);
			if (c)
				*c = (struct cell){ .cp = { ' ' }, .role = ROLE_TEXT };
		}
}

void grid_rule(struct grid *g, int row, int col, int cells)
{
	for (int i = 0; i < cells; i++)
		grid_put(g, row, col + i, 0x2500, ROLE_RULE);
}

static void grid_frame(struct grid *g, struct rect r)
{
	int bottom = r.row + r.rows - 1, right = r.col + r.cols - 1;
	grid_rule(g, r.row, r.col, r.cols);
	grid_rule(g, bottom, r.col, r.cols);
	for (int row = r.row + 1; row < bottom; row++) {
		grid_put(g, row, r.col, 0x2502, ROLE_RULE);
		grid_put(g, row, right, 0x2502, ROLE_RULE);
	}
	grid_put(g, r.row, r.col, 0x250c, ROLE_RULE);
	grid_put(g, r.row, right, 0x2510, ROLE_RULE);
	grid_put(g, bottom, r.col, 0x2514, ROLE_RULE);
	grid_put(g, bottom, right, 0x2518, ROLE_RULE);
}

void grid_overlay(struct grid *g, struct rect frame, struct rect r)
{
	bool narrow = r.cols - frame.cols <= 4;

	grid_blank(g, narrow ? (struct rect){ frame.row, r.col, frame.rows, r.cols } : frame);
	grid_frame(g, frame);
}
