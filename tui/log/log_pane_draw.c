#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "tui/log/log_pane_parts.h"

#define MATCHES_MOST 1000
#define SIZE_FROM 100 /* columns from which on there is room for all facts */
#define BEYOND 256 /* cells read behind the edge, for matches that go on there */

/* Marks the cells of all matches. */
static void mark_hits(struct log_pane *p)
{
	struct log_line *l = &p->line;
	size_t from = 0, to = 0, i = 0;

	if (!p->hits)
		return;
	for (int k = 0; k < MATCHES_MOST; k++) {
		if (!log_pattern_find(p->hits->pattern, l->text.data, l->text.len, to, false, &from, &to))
			return;
		while (i < l->cells.len && l->at.v[i] < from)
			i++;
		for (; i < l->cells.len && l->at.v[i] < to; i++)
			l->cells.v[i].attrs |= CELL_HIT;
	}
}

static void put_delta(struct grid *g, int row, int col, int64_t us)
{
	char clock[24];

	if (us < 0)
		us = 0;
	if (us >= 1000 * US_PER_S) {
		duration_clock(us, clock);
		grid_textf(g, row, col, 8, ROLE_TEXT, "%8.8s", clock);
	} else {
		grid_textf(g, row, col, 8, us >= US_PER_S ? ROLE_TEXT : ROLE_QUIET, "%8.3f", (double)us / US_PER_S);
	}
}

static void put_times(struct log_pane *p, struct grid *g, struct rect r, const struct shown *s)
{
	char clock[16];
	int64_t us, before, previous;
	int stream, ignored, left = pane_left(p);

	if (!left || s->row < 0 || !log_times_at(p->times, s->off, &us, &stream))
		return;
	if (p->columns == COLUMN_TIME) {
		time_clock(us, clock);
		grid_text(g, r.row + s->row, r.col, 12, ROLE_QUIET, clock);
	} else if ((previous = log_file_previous(p->file, s->off)) >= 0 &&
	           log_times_at(p->times, previous, &before, &ignored)) {
		put_delta(g, r.row + s->row, r.col, us - before);
	}
	if (stream == 1)
		grid_put(g, r.row + s->row, r.col + left - 2, '!', ROLE_QUIET);
}

/* Cells [from, from + n) of the line at a place of the grid; a wide character that is cut is blank. */
static void put_cells(struct log_pane *p, struct grid *g, int row, int col, size_t from, size_t n, enum role role)
{
	const struct log_line *l = &p->line;

	for (size_t i = 0; i < n && from + i < l->cells.len; i++) {
		struct cell c = l->cells.v[from + i];
		bool right = c.cp[0] == 0, wide = from + i + 1 < l->cells.len && l->cells.v[from + i + 1].cp[0] == 0;
		if (col + (int)i >= g->cols)
			break;
		if ((right && i == 0) || (wide && (i + 1 == n || col + (int)i + 1 >= g->cols)))
			c.cp[0] = ' ';
		c.role = (uint8_t)role;
		g->cells[(size_t)row * (size_t)g->cols + (size_t)(col + (int)i)] = c;
	}
}

static void put_line(struct log_pane *p, struct grid *g, struct rect r, const struct shown *s)
{
	static const enum role roles[] = {
		[LEVEL_PLAIN] = ROLE_TEXT, [LEVEL_WARNING] = ROLE_WARNING, [LEVEL_ERROR] = ROLE_FAILED,
	};
	int left = pane_left(p), width = pane_width(p);
	enum role role = roles[pane_level(p, s->off)];
	size_t n;
	const char *bytes = log_file_line(p->file, s->off, &n);

	log_line_set(&p->line, bytes, n, (size_t)(p->wrap ? s->rows : 1) * (size_t)width + (size_t)p->shift + BEYOND);
	mark_hits(p);
	put_times(p, g, r, s);
	for (int k = 0; k < s->rows; k++) {
		int row = s->row + k;
		if (row < 0 || row >= r.rows)
			continue;
		size_t from = p->wrap ? (size_t)k * (size_t)width : (size_t)p->shift;
		put_cells(p, g, r.row + row, r.col + left, from, (size_t)width, role);
	}
	if (p->wrap || s->row < 0)
		return;
	if (p->shift > 0 && p->line.cells.len > 0)
		grid_put(g, r.row + s->row, r.col + left, 0x2026, ROLE_QUIET);
	if (p->line.cells.len > (size_t)p->shift + (size_t)width)
		grid_put(g, r.row + s->row, r.col + left + width - 1, 0x2026, ROLE_QUIET);
}

static void put_cursor(struct log_pane *p, struct grid *g, struct rect r, const struct shown *s)
{
	static const char words[] = "  ← e opens it ";
	int cells = (int)utf8_cells(words, sizeof words - 1), row = s->row < 0 ? 0 : s->row;

	if (p->place_file && r.cols >= 2 * cells && row < r.rows)
		grid_text(g, r.row + row, r.col + r.cols - cells, cells, ROLE_ACCENT, words);
	for (int k = 0; k < s->rows; k++)
		if (s->row + k >= 0 && s->row + k < r.rows)
			grid_attr(g, r.row + s->row + k, r.col, r.cols, CELL_CURSOR);
}

static const char *nothing(const struct log_pane *p)
{
	if (p->fault)
		return p->fault;
	if (p->only && p->file->size)
		return log_hits_complete(p->hits) ? "no line has a match" : "looking …";
	if (!file_is_dir(p->folder))
		return "the files of this attempt were removed";
	return p->live ? "nothing written yet" : "it wrote nothing";
}

void log_pane_draw(struct log_pane *p, struct grid *g, struct rect r)
{
	if (r.rows <= 0 || r.cols <= 0 || r.row < 0 || r.col < 0 || r.row + r.rows > g->rows ||
	    r.col + r.cols > g->cols)
		return;
	p->rows = r.rows;
	p->cols = r.cols;
	if (!pane_fit(p)) {
		grid_text_cut(g, r.row + (r.rows > 2), r.col + (r.cols > 20 ? 2 : 0), r.cols - (r.cols > 20 ? 2 : 0),
		              ROLE_QUIET, nothing(p));
		return;
	}
	for (size_t i = 0; i < p->shown.len; i++) {
		put_line(p, g, r, &p->shown.v[i]);
		if (p->shown.v[i].off == p->cursor)
			put_cursor(p, g, r, &p->shown.v[i]);
	}
}

/* ---- words ---- */

static void add_count(struct buf *out, int64_t n)
{
	char text[32];

	count_text(n, text);
	buf_adds(out, text);
}

void log_pane_found(struct log_pane *p, struct buf *out)
{
	if (!p->hits)
		return;
	bool complete = log_hits_complete(p->hits);
	int64_t ordinal = log_hits_at(p->hits, p->cursor) ? log_hits_ordinal(p->hits, p->cursor) : -1;
	if (complete && p->hits->total == 0) {
		buf_adds(out, "no match");
	} else if (complete && ordinal > 0) {
		buf_adds(out, "match ");
		add_count(out, ordinal);
		buf_addc(out, '/');
		add_count(out, p->hits->total);
	} else {
		buf_adds(out, complete ? "" : "≥ ");
		add_count(out, p->hits->total);
		buf_adds(out, p->hits->total == 1 ? " match" : " matches");
	}
}

static int percent(int64_t part, int64_t of)
{
	return of > 0 ? (int)((double)part * 100 / (double)of) : 100;
}

void log_pane_facts(struct log_pane *p, struct buf *out)
{
	if (!p->file || p->file->size == 0)
		return;
	const char *separator = "   ";
	/* Where there is little room, what is wrong and found says more than bytes. */
	bool short_of_room =
	        p->cols < SIZE_FROM && (p->hits || log_file_errors(p->file) > 0 || log_file_warnings(p->file) > 0);
	char size[16];

	size_text(p->file->size, size);
	bool counted = log_file_counted(p->file);
	int64_t lines = log_file_lines(p->file), number = p->follow ? 0 : log_file_number(p->file, p->cursor);
	if (number > 0) {
		buf_adds(out, counted ? "" : "line ");
		add_count(out, number);
		buf_adds(out, counted ? " of " : " · ");
	} else if (!counted && !p->follow) {
		buf_addf(out, "%d %% · ", percent(p->cursor, p->file->size));
	}
	if (counted) {
		add_count(out, lines);
		buf_adds(out, lines == 1 ? " line" : " lines");
		buf_adds(out, short_of_room ? "" : " · ");
	}
	if (!counted || !short_of_room)
		buf_adds(out, size);
	if (p->follow)
		buf_adds(out, " · following");
	if (!counted)
		buf_addf(out, " · counting %d %%", percent(p->file->counted, p->file->size));
	if (log_file_errors(p->file) > 0) {
		buf_addf(out, "%serr ", separator);
		add_count(out, log_file_errors(p->file));
		separator = " · ";
	}
	if (log_file_warnings(p->file) > 0) {
		buf_addf(out, "%swarn ", separator);
		add_count(out, log_file_warnings(p->file));
		separator = " · ";
	}
	if (p->hits) {
		buf_adds(out, separator);
		log_pane_found(p, out);
	}
	if (p->only)
		buf_adds(out, " · only");
}
