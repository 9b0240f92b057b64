#include "tui/table.h"

#include <stdarg.h>
#include <string.h>
#include "base/utf8.h"

#define GAP 2 /* blanks between columns */

struct entry { char *text; enum role role; int cells, before; /* cells left of the decimal point, -1: no number */ };

struct table {
	struct table_column *columns;
	int ncolumns;
	struct entry *entries; /* ncolumns a row */
	size_t nrows, cap;
	int filled; /* cells of the newest row */
};

struct table *table_new(const struct table_column *columns, int n)
{
	struct table *t = mem_zero(sizeof *t);
	t->columns = mem_array(NULL, (size_t)n + 1, sizeof *t->columns);
	memcpy(t->columns, columns, (size_t)n * sizeof *columns);
	t->ncolumns = n;
	for (int i = 0; i < n; i++)
		t->columns[i].title = mem_strdup(columns[i].title);
	return t;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->nrows * (size_t)t->ncolumns; i++)
		free(t->entries[i].text);
	for (int i = 0; i < t->ncolumns; i++)
		free((char *)t->columns[i].title);
	free(t->entries);
	free(t->columns);
	free(t);
}

void table_row(struct table *t)
{
	if (t->nrows == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		t->entries = mem_array(t->entries, t->cap * (size_t)t->ncolumns + 1, sizeof *t->entries);
	}
	memset(t->entries + t->nrows * (size_t)t->ncolumns, 0, (size_t)t->ncolumns * sizeof *t->entries);
	t->nrows++;
	t->filled = 0;
}

/* Cells before the point of a number ("-12.5" 3, "7" 1, "1e-5" 1), -1 for a text that is none. */
static int before_point(const char *s)
{
	size_t i = strspn(s, "+-");
	size_t digits = strspn(s + i, "0123456789,");
	if (digits == 0 && s[i] != '.')
		return -1;
	char next = s[i + digits];
	if (next != '\0' && !strchr(".eE %", next))
		return -1;
	return (int)(i + digits);
}

void table_cell(struct table *t, enum role role, const char *fmt, ...)
{
	if (t->filled >= t->ncolumns || t->nrows == 0)
		return;
	struct entry *c = &t->entries[(t->nrows - 1) * (size_t)t->ncolumns + (size_t)t->filled++];
	if (!fmt)
		return;
	_buf_ struct buf raw = BUF_INIT, shown = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_addv(&raw, fmt, ap);
	va_end(ap);
	utf8_visible(&shown, raw.data, raw.len, false);
	c->cells = (int)utf8_cells(shown.data, shown.len);
	c->before = before_point(shown.data);
	c->role = role;
	c->text = buf_steal(&shown);
}

struct shape { int width, natural, least, before; bool shown; };

static const struct entry *entry_at(const struct table *t, size_t row, int column)
{
	return &t->entries[row * (size_t)t->ncolumns + (size_t)column];
}

static void measure(const struct table *t, struct shape *shapes)
{
	for (int i = 0; i < t->ncolumns; i++) {
		const struct table_column *c = &t->columns[i];
		struct shape *s = &shapes[i];
		int after = 0;
		s->shown = true;
		s->natural = c->title ? (int)utf8_cells(c->title, strlen(c->title)) : 0;
		for (size_t row = 0; row < t->nrows; row++) {
			const struct entry *x = entry_at(t, row, i);
			if (!x->text)
				continue;
			if (c->align == ALIGN_POINT && x->before >= 0) {
				if (x->before > s->before)
					s->before = x->before;
				if (x->cells - x->before > after)
					after = x->cells - x->before;
			} else if (x->cells > s->natural) {
				s->natural = x->cells;
			}
		}
		if (s->before + after > s->natural)
			s->natural = s->before + after;
		/* Wide titles push the numbers to the right edge of their column. */
		s->before = s->natural - after;
		if (c->max > 0 && s->natural > c->max)
			s->natural = c->max;
		s->least = c->min > 0 && c->min < s->natural ? c->min : s->natural;
		if (c->min > s->natural)
			s->natural = s->least = c->min;
		s->width = s->natural;
	}
}

static int total(const struct shape *shapes, int n, bool least)
{
	int sum = 0, shown = 0;
	for (int i = 0; i < n; i++) {
		if (!shapes[i].shown)
			continue;
		sum += least ? shapes[i].least : shapes[i].width;
		shown++;
	}
	return sum + (shown > 1 ? (shown - 1) * GAP : 0);
}

/* Takes cells from the column that has most to give until the columns fit; `floor` is what each one keeps. */
static void shrink(struct shape *shapes, int n, int width, bool below_least)
{
	while (total(shapes, n, false) > width) {
		int widest = -1, most = 0;
		for (int i = 0; i < n; i++) {
			int spare = shapes[i].width - (below_least ? 1 : shapes[i].least);
			if (shapes[i].shown && spare > most) {
				most = spare;
				widest = i;
			}
		}
		if (widest < 0)
			return;
		shapes[widest].width--;
	}
}

static void fit(const struct table *t, struct shape *shapes, int width)
{
	int n = t->ncolumns;
	while (total(shapes, n, true) > width) {
		int victim = -1;
		for (int i = 0; i < n; i++)
			if (shapes[i].shown && t->columns[i].drop > 0 &&
			    (victim < 0 || t->columns[i].drop >= t->columns[victim].drop))
				victim = i;
		if (victim < 0)
			break;
		shapes[victim].shown = false;
	}
	shrink(shapes, n, width, false);
	shrink(shapes, n, width, true);
	for (int i = n - 1; i > 0 && total(shapes, n, false) > width; i--)
		shapes[i].shown = false;
}

static void put_entry(struct grid *g, int col, const struct table_column *c, const struct shape *s,
                      const struct entry *x)
{
	int at = col;
	if (x->cells < s->width && c->align != ALIGN_LEFT)
		at += s->width - x->cells;
	if (c->align == ALIGN_POINT && x->before >= 0 && s->width == s->natural &&
	    s->before - x->before + x->cells <= s->width && s->before >= x->before)
		at = col + s->before - x->before;
	grid_text_cut(g, 0, at, s->width - (at - col), x->role, x->text);
}

void table_print(const struct table *t, int width, const struct paint *p, struct buf *out)
{
	_free_ struct shape *shapes = mem_zero(((size_t)t->ncolumns + 1) * sizeof *shapes);
	measure(t, shapes);
	if (width > 0)
		fit(t, shapes, width);
	struct grid g;
	grid_init(&g, 1, total(shapes, t->ncolumns, false));
	if (width > 0 && g.cols > width)
		g.cols = width;
	bool titled = false;
	for (int i = 0; i < t->ncolumns; i++)
		titled = titled || t->columns[i].title;
	for (size_t row = titled ? 0 : 1; row <= t->nrows; row++) {
		grid_clear(&g);
		int col = 0;
		for (int i = 0; i < t->ncolumns; i++) {
			if (!shapes[i].shown)
				continue;
			const char *title = t->columns[i].title;
			if (row > 0) {
				const struct entry *x = entry_at(t, row - 1, i);
				if (x->text)
					put_entry(&g, col, &t->columns[i], &shapes[i], x);
			} else if (title) {
				struct entry head = { .text = (char *)title, .role = ROLE_QUIET, .before = -1,
						      .cells = (int)utf8_cells(title, strlen(title)) };
				put_entry(&g, col, &t->columns[i], &shapes[i], &head);
			}
			col += shapes[i].width + GAP;
		}
		grid_row(&g, 0, p, out);
		buf_addc(out, '\n');
	}
	grid_release(&g);
}
