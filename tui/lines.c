#include "tui/lines.h"

#include <stdarg.h>
#include <string.h>
#include "base/utf8.h"

void lines_release(struct lines *l)
{
	vec_release(&l->v);
	arena_release(&l->arena);
}

void lines_clear(struct lines *l)
{
	l->v.len = 0;
	memset(l->right, 0, sizeof l->right);
	arena_release(&l->arena);
	l->arena = (struct arena)ARENA_INIT;
	memset(l->right, 0, sizeof l->right);
}

static const char *format(struct lines *l, const char *fmt, va_list ap)
{
	_buf_ struct buf text = BUF_INIT;

	buf_addv(&text, fmt, ap);
	return arena_strndup(&l->arena, text.data, text.len);
}

struct line *lines_add(struct lines *l)
{
	return vec_add(&l->v);
}

void lines_part(struct lines *l, struct line *line, enum role role, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line->parts[line->nparts++] = (struct line_part){ format(l, fmt, ap), role };
	va_end(ap);
}

void lines_head(struct lines *l, const char *text)
{
	struct line *line;

	if (l->v.len) {
		line = lines_add(l);
		line->head = true;
	}
	line = lines_add(l);
	line->head = true;
	lines_part(l, line, ROLE_STRONG, "%s", text);
}

void lines_text(struct lines *l, enum role role, const char *fmt, ...)
{
	struct line *line = lines_add(l);
	va_list ap;

	va_start(ap, fmt);
	line->parts[line->nparts++] = (struct line_part){ format(l, fmt, ap), role };
	va_end(ap);
	line->copy = line->parts[0].text;
}

/* The nearest line that is no heading, from `at` on in this direction, else in the other. */
static int settle(const struct lines *l, int at, int by)
{
	int n = (int)l->v.len, i;

	at = at < 0 ? 0 : at >= n ? n - 1 : at;
	for (i = at; i >= 0 && i < n; i += by)
		if (!l->v.v[i].head)
			return i;
	for (i = at; i >= 0 && i < n; i -= by)
		if (!l->v.v[i].head)
			return i;
	return at;
}

bool lines_act(struct lines *l, enum action action)
{
	int page = l->shown > 1 ? l->shown - 1 : 1;

	if (!l->v.len)
		return false;
	switch (action) {
	case ACT_UP: l->at = settle(l, l->at - 1, -1); break;
	case ACT_DOWN: l->at = settle(l, l->at + 1, 1); break;
	case ACT_PAGE_UP: l->at = settle(l, l->at - page, -1); break;
	case ACT_PAGE_DOWN: l->at = settle(l, l->at + page, 1); break;
	case ACT_FIRST: l->at = settle(l, 0, 1); break;
	case ACT_LAST: l->at = settle(l, (int)l->v.len - 1, -1); break;
	default: return false;
	}
	return true;
}

const struct line *lines_at(const struct lines *l)
{
	return l->at >= 0 && (size_t)l->at < l->v.len ? &l->v.v[l->at] : NULL;
}

bool lines_click(struct lines *l, struct rect r, int row)
{
	int at = l->top + row - r.row;

	if (row < r.row || row >= r.row + r.rows || (size_t)at >= l->v.len || l->v.v[at].head)
		return false;
	l->at = at;
	return true;
}

/* Columns of the lines between two headings, around this one. A line of one part is free of them. */
static void widths(const struct lines *l, int around, int *ret)
{
	int from = around;

	memset(ret, 0, LINE_PARTS * sizeof *ret);
	while (from > 0 && !l->v.v[from - 1].head)
		from--;
	for (size_t i = (size_t)from; i < l->v.len && !l->v.v[i].head; i++)
		for (int p = 0; l->v.v[i].nparts > 1 && p < l->v.v[i].nparts; p++) {
			int cells = (int)utf8_cells(l->v.v[i].parts[p].text, strlen(l->v.v[i].parts[p].text));

			if (cells > ret[p])
				ret[p] = cells;
		}
}

static void draw_line(const struct lines *l, const struct line *line, const int *width, struct grid *g, int y,
                      struct rect r)
{
	int x = r.col, edge = r.col + r.cols;

	for (int p = 0; p < line->nparts && x < edge; p++) {
		const char *text = line->parts[p].text;
		bool last = p == line->nparts - 1;
		int most = last ? edge - x : width[p] < r.cols / 2 ? width[p] : r.cols / 2;
		int cells = (int)utf8_cells(text, strlen(text));
		int wide = width[p] < most ? width[p] : most,
		    pad = l->right[p] && line->nparts > 1 && cells < wide ? wide - cells : 0;

		grid_text_cut(g, y, x + pad, (most < edge - x ? most : edge - x) - pad, line->parts[p].role, text);
		x += most + 2;
	}
}

void lines_draw(struct lines *l, struct grid *g, struct rect r)
{
	int width[LINE_PARTS], most = (int)l->v.len - r.rows;
	struct rect in = { r.row, r.col + 1, r.rows, r.cols - 2 };

	l->shown = r.rows;
	if (l->v.len)
		l->at = settle(l, l->at, 1);
	if (l->at < l->top)
		l->top = l->at;
	if (l->at >= l->top + r.rows)
		l->top = l->at - r.rows + 1;
	/* A heading above the first line is seen with it. */
	if (l->top > 0 && l->top == l->at)
		while (l->top > 0 && l->v.v[l->top - 1].head && l->at - l->top < r.rows - 1)
			l->top--;
	if (l->top > most)
		l->top = most > 0 ? most : 0;
	for (int i = 0; i < r.rows && l->top + i < (int)l->v.len; i++) {
		if (i == 0 || l->v.v[l->top + i - 1].head)
			widths(l, l->top + i, width);
		draw_line(l, &l->v.v[l->top + i], width, g, r.row + i, in);
		if (l->top + i == l->at && !l->v.v[l->at].head)
			grid_attr(g, r.row + i, r.col, r.cols, CELL_CURSOR);
	}
}
