#include "tui/cell.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "base/utf8.h"
#include "tracker/state.h"
#include "tui/theme.h"

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

static const char *role_sgr(enum role role)
{
	return theme_default()->sgr[role];
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

void grid_frame(struct grid *g, struct rect r)
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

/* The ASCII sign of one of jig's own drawing characters; "?" for any other. A crossing of lines is ")", the hop of
 * wiring diagrams, so that "+" is left to corners and joins. */
static char ascii_of(uint32_t cp)
{
	static const struct { const char *glyphs; char sign; } signs[] = {
		{ "─━╌–—−", '-' }, { "│▏", '|' }, { "┌┐└┘├┤┬┴╭╮╰╯", '+' }, { "┼", ')' }, { "•", '*' }, { "●", 'o' },
		{ "▓█", '#' }, { "▒", '=' }, { "░", '.' }, { "…", '~' }, { "×", 'x' }, { "▸→▌⏎≥", '>' },
		{ "←≤", '<' }, { "↑", '^' }, { "↓", 'v' }, { "±", '~' },
		{ "▁▂", '.' }, { "▃▄", '_' }, { "▅▆", '-' }, { "▇", '^' },
#define X(symbol, text, glyph, ascii, role, meaning) { glyph, ascii[0] },
	             RUN_STATES(X) STEP_STATES(X)
#undef X
	};
	if (cp < 0x80)
		return (char)cp;
	char encoded[5] = { 0 };
	utf8_put(cp, encoded);
	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strstr(signs[i].glyphs, encoded))
			return signs[i].sign;
	return '?';
}

static void add_cp(struct buf *out, uint32_t cp)
{
	char encoded[4];
	buf_add(out, encoded, utf8_put(cp, encoded));
}

static void add_style(struct buf *out, const struct cell *c)
{
	const char *codes = role_sgr(c->role);
	buf_adds(out, "\033[0");
	if (*codes)
		buf_addf(out, ";%s", codes);
	if (c->attrs & CELL_BOLD)
		buf_adds(out, ";1");
	if (c->attrs & CELL_UNDERLINE)
		buf_adds(out, ";4");
	if (c->attrs & CELL_REVERSE)
		buf_adds(out, ";7");
	buf_addc(out, 'm');
}

static bool cell_blank(const struct cell *c, bool styled)
{
	return c->cp[0] == ' ' && c->cp[1] == 0 && !(styled && c->attrs & (CELL_REVERSE | CELL_UNDERLINE));
}

static int row_end(const struct grid *g, int row, const struct paint *p)
{
	int end = g->cols;
	while (end > 0 && cell_blank(cell_at(g, row, end - 1), p->colour))
		end--;
	return end;
}

/* Blanks look the same in every role without attributes, so they need no change of style. */
static bool style_differs(const struct cell *c, const struct cell *styled)
{
	if (c->attrs != styled->attrs)
		return true;
	return !(c->cp[0] == ' ' && c->attrs == 0) && strcmp(role_sgr(c->role), role_sgr(styled->role)) != 0;
}

void grid_row(const struct grid *g, int row, const struct paint *p, struct buf *out)
{
	if (row < 0 || row >= g->rows)
		return;
	struct cell plain = { .role = ROLE_TEXT };
	const struct cell *styled = &plain;
	int end = row_end(g, row, p);
	for (int col = 0; col < end; col++) {
		const struct cell *c = cell_at(g, row, col);
		if (c->cp[0] == 0) {
			if (p->ascii)
				buf_addc(out, '?');
			continue;
		}
		if (p->colour && style_differs(c, styled)) {
			if (c->attrs == 0 && !*role_sgr(c->role))
				buf_adds(out, "\033[0m");
			else
				add_style(out, c);
			styled = c;
		}
		if (p->ascii) {
			buf_addc(out, ascii_of(c->cp[0]));
			continue;
		}
		for (int i = 0; i <= CELL_MARKS && c->cp[i]; i++)
			add_cp(out, c->cp[i]);
	}
	if (styled->attrs != 0 || *role_sgr(styled->role))
		buf_adds(out, "\033[0m");
}

void grid_print(const struct grid *g, const struct paint *p, struct buf *out)
{
	int rows = g->rows;
	while (rows > 0 && row_end(g, rows - 1, p) == 0)
		rows--;
	for (int row = 0; row < rows; row++) {
		grid_row(g, row, p, out);
		buf_addc(out, '\n');
	}
}

bool term_obeys(int fd)
{
	const char *term = getenv("TERM");
	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

struct paint paint_for(int fd)
{
	const char *no_color = getenv("NO_COLOR");
	return (struct paint){ .colour = term_obeys(fd) && !(no_color && *no_color), .ascii = !utf8_locale() };
}
