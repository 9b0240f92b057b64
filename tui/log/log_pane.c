#include "tui/log/log_pane.h"

#include <string.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "base/vec.h"
#include "tui/log/log_hits.h"
#include "tui/log/log_level.h"
#include "tui/log/log_pane_parts.h"
#include "tui/log/log_place.h"

void pane_say(struct log_pane *p, const char *text)
{
	free(p->said);
	p->said = mem_strdup(text);
	p->unsaid = true;
}

struct log_pane *log_pane_new(const struct log_pane_options *o)
{
	struct log_pane *p = mem_zero(sizeof *p);
	_free_ char *path = path_join(o->folder, "log");
	struct err e;

	p->folder = mem_strdup(o->folder);
	p->root = o->root ? mem_strdup(o->root) : NULL;
	p->work = path_join(o->folder, "work");
	p->live = p->follow = o->live;
	p->rows = 24;
	p->cols = 80;
	p->columns = COLUMN_TIME;
	p->line = (struct log_line)LOG_LINE_INIT;
	p->place_of = -1;
	if (log_file_open(path, &p->file, &e) < 0)
		p->fault = mem_strdup(e.text);
	p->times = log_times_new(o->folder);
	p->at_end = o->end || o->live;
	p->to_error = o->end && !o->live;
	return p;
}

void log_pane_free(struct log_pane *p)
{
	if (!p)
		return;
	log_hits_free(p->hits);
	log_hits_free(p->errors);
	log_hits_free(p->hits_before);
	log_times_free(p->times);
	log_file_free(p->file);
	log_line_release(&p->line);
	vec_release(&p->shown);
	free(p->folder);
	free(p->root);
	free(p->work);
	free(p->fault);
	free(p->said);
	free(p->pattern);
	free(p->pattern_before);
	free(p->place_file);
	free(p);
}

void log_pane_live(struct log_pane *p, bool live)
{
	p->live = live;
	if (!live)
		p->follow = false;
}

/* ---- lines ---- */

bool pane_empty(const struct log_pane *p)
{
	return !p->file || p->file->size == 0;
}

static bool line_next(struct log_pane *p, int64_t off, int64_t *ret)
{
	if (p->only)
		return log_hits_next(p->hits, off, ret) == FOUND_LINE;
	*ret = log_file_next(p->file, off);
	return *ret < p->file->size;
}

static bool line_previous(struct log_pane *p, int64_t off, int64_t *ret)
{
	if (p->only)
		return log_hits_previous(p->hits, off, ret) == FOUND_LINE;
	*ret = log_file_previous(p->file, off);
	return *ret >= 0;
}

static int64_t last_line(struct log_pane *p)
{
	int64_t at = 0;

	line_previous(p, p->file->size, &at);
	return at;
}

int pane_left(const struct log_pane *p)
{
	if (p->columns == COLUMN_NONE || p->cols < TIMES_FROM || !log_times_any(p->times))
		return 0;
	return p->columns == COLUMN_TIME ? 14 : 11;
}

int pane_width(const struct log_pane *p)
{
	int w = p->cols - pane_left(p);

	return w > 1 ? w : 1;
}

/* Rows of a line, up to `most`. */
static int rows_of(struct log_pane *p, int64_t off, int most)
{
	size_t n;

	if (!p->wrap)
		return 1;
	const char *s = log_file_line(p->file, off, &n);
	log_line_set(&p->line, s, n, (size_t)most * (size_t)pane_width(p));
	int rows = (int)((p->line.cells.len + (size_t)pane_width(p) - 1) / (size_t)pane_width(p));
	return rows < 1 ? 1 : rows > most ? most : rows;
}

#define ALL_ROWS (2 * LOG_PIECE)

/* The first line seen goes back or on by rows, as far as there are lines. */
static void move_top(struct log_pane *p, int rows)
{
	int64_t at;

	for (; rows > 0; rows--) {
		if (rows_of(p, p->top, p->top_row + 2) > p->top_row + 1) {
			p->top_row++;
		} else if (line_next(p, p->top, &at)) {
			p->top = at;
			p->top_row = 0;
		} else {
			break;
		}
	}
	for (; rows < 0; rows++) {
		if (p->top_row > 0) {
			p->top_row--;
		} else if (line_previous(p, p->top, &at)) {
			p->top = at;
			p->top_row = rows_of(p, at, ALL_ROWS) - 1;
		} else {
			break;
		}
	}
}

static int fill(struct log_pane *p)
{
	int row = -p->top_row;
	int64_t at = p->top, next;

	vec_clear(&p->shown);
	for (bool more = true; more && row < p->rows; at = next) {
		int rows = rows_of(p, at, p->rows - row + 1);
		vec_push(&p->shown, (struct shown){ at, row, rows });
		row += rows;
		more = line_next(p, at, &next);
	}
	return row;
}

/* From the first line on, without an empty end as long as there are lines before. */
static void settle(struct log_pane *p)
{
	int used = fill(p);

	if (used < p->rows && (p->top_row > 0 || p->top > 0)) {
		move_top(p, used - p->rows);
		fill(p);
	}
}

static const struct shown *shown_of(const struct log_pane *p, int64_t off)
{
	for (size_t i = 0; i < p->shown.len; i++)
		if (p->shown.v[i].off == off)
			return &p->shown.v[i];
	return NULL;
}

/* With the cursor in sight; far away it comes to stand at a third of the height. */
static void keep_cursor(struct log_pane *p)
{
	const struct shown *s = shown_of(p, p->cursor);

	if (s && s->row + s->rows <= p->rows && s->row >= 0)
		return;
	if (s && s->rows >= p->rows && s->row < p->rows && s->row + s->rows > 0 && (s->row <= 0 || p->top == s->off))
		return;
	if (s && s->row > 0) {
		int below = s->row + rows_of(p, s->off, p->rows) - p->rows;
		move_top(p, below < s->row ? below : s->row);
	} else if (s) {
		move_top(p, s->row);
	} else {
		int64_t at;
		bool near = p->shown.len && line_next(p, p->shown.v[p->shown.len - 1].off, &at) && at == p->cursor;
		bool before = p->shown.len && line_previous(p, p->shown.v[0].off, &at) && at == p->cursor;
		p->top = p->cursor;
		p->top_row = 0;
		if (near)
			move_top(p, rows_of(p, p->cursor, p->rows) - p->rows);
		else if (!before)
			move_top(p, -(p->rows / 3));
	}
	settle(p);
}

/* The cursor goes to what is in sight. */
static void bring_cursor(struct log_pane *p, int row)
{
	if (!p->shown.len)
		return;
	const struct shown *s = &p->shown.v[0];
	for (size_t i = 0; i < p->shown.len; i++)
		if (p->shown.v[i].row <= row)
			s = &p->shown.v[i];
	p->cursor = s->off;
}

/* Only hits: where one stands must be one. */
static void onto_hit(struct log_pane *p, int64_t *off)
{
	int64_t at;

	if (log_hits_at(p->hits, *off))
		return;
	if (log_hits_next(p->hits, *off, &at) == FOUND_LINE || log_hits_previous(p->hits, *off, &at) == FOUND_LINE)
		*off = at;
}

bool pane_blank(struct log_pane *p, int64_t off)
{
	size_t n;
	const char *s = off >= 0 ? log_file_line(p->file, off, &n) : "";

	return off >= 0 && n > 0 && (*s == ' ' || *s == '\t');
}

enum log_level pane_level(struct log_pane *p, int64_t off)
{
	bool indented = pane_blank(p, log_file_previous(p->file, off));
	size_t n;
	const char *s = log_file_line(p->file, off, &n);

	return log_level_of(s, n, indented);
}

/* The file that a line names and that is there. Owned. */
static char *place_at(struct log_pane *p, int64_t off, int *ret_line)
{
	size_t n;
	_free_ char *file = NULL;
	const char *s = log_file_line(p->file, off, &n);

	log_line_set_text(&p->line, s, n < PLACE_LOOK ? n : PLACE_LOOK);
	if (!log_place_find(p->line.text.data, p->line.text.len, &file, ret_line))
		return NULL;
	return log_place_resolve(file, p->root, p->work);
}

static bool is_own(const struct log_pane *p, const char *path)
{
	return (p->root && path_within(path, p->root)) || path_within(path, p->work);
}

/* Of the line under the cursor. The head of a traceback stands for its innermost frame, one of the project first. */
static void find_place(struct log_pane *p)
{
	int64_t at = p->cursor;

	if (p->place_of == p->cursor && p->place_size == p->file->size)
		return;
	p->place_of = p->cursor;
	p->place_size = p->file->size;
	free(p->place_file);
	p->place_file = place_at(p, at, &p->place_line);
	if (p->place_file || pane_level(p, at) != LEVEL_ERROR)
		return;
	for (int i = 0; i < FRAMES_LOOK && (at = log_file_next(p->file, at)) < p->file->size && pane_blank(p, at);
	     i++) {
		int line;
		char *file = place_at(p, at, &line);
		if (file && (!p->place_file || is_own(p, file) || !is_own(p, p->place_file))) {
			free(p->place_file);
			p->place_file = file;
			p->place_line = line;
		} else {
			free(file);
		}
	}
}

/* Of the last screenful the last line that tells of an error. */
static void onto_last_error(struct log_pane *p)
{
	for (size_t i = p->shown.len; i > 0; i--)
		if (pane_level(p, p->shown.v[i - 1].off) == LEVEL_ERROR) {
			p->cursor = p->shown.v[i - 1].off;
			return;
		}
}

/* What is seen, from where one stands. False: nothing is. */
bool pane_fit(struct log_pane *p)
{
	if (pane_empty(p)) {
		vec_clear(&p->shown);
		return false;
	}
	if (p->only && p->hits->total == 0) {
		vec_clear(&p->shown);
		return false;
	}
	if (p->follow || p->at_end) {
		p->cursor = p->top = last_line(p);
		p->top_row = 0;
	}
	if (p->only) {
		onto_hit(p, &p->top);
		onto_hit(p, &p->cursor);
	}
	settle(p);
	if (p->at_end && p->to_error)
		onto_last_error(p);
	p->at_end = false;
	keep_cursor(p);
	find_place(p);
	return true;
}

/* Whether all of a line is in sight, as it was fit last. */
bool pane_shows(const struct log_pane *p, int64_t off)
{
	const struct shown *s = shown_of(p, off);

	return s && s->row >= 0 && s->row + s->rows <= p->rows;
}

void pane_top(struct log_pane *p, int64_t off, int above)
{
	p->top = off;
	p->top_row = 0;
	move_top(p, -above);
	settle(p);
}

/* ---- moving ---- */

static void stop_following(struct log_pane *p)
{
	if (p->follow && p->live)
		pane_say(p, "following stopped · F follows again");
	p->follow = false;
}

bool log_pane_scroll(struct log_pane *p, int rows)
{
	if (!pane_fit(p))
		return false;
	if (rows < 0)
		stop_following(p);
	else if (p->follow)
		return false;
	const struct shown *s = shown_of(p, p->cursor);
	int row = s ? s->row : 0;
	move_top(p, rows);
	settle(p);
	s = shown_of(p, p->cursor);
	if (!s || s->row < 0 || s->row >= p->rows)
		bring_cursor(p, s || row > 0 ? (rows < 0 ? p->rows - 1 : 0) : 0);
	return true;
}

static void page(struct log_pane *p, int rows)
{
	const struct shown *s = shown_of(p, p->cursor);
	int64_t top = p->top;
	int row = s ? s->row : 0, top_row = p->top_row;

	move_top(p, rows);
	settle(p);
	if (p->top == top && p->top_row == top_row)
		row = rows < 0 ? 0 : p->rows - 1;
	bring_cursor(p, row);
}

bool log_pane_move(struct log_pane *p, enum log_move move)
{
	int64_t at;
	int step = pane_width(p) / 2;

	if (!pane_fit(p))
		return false;
	const struct shown *s = shown_of(p, p->cursor);
	if (move == LOG_LEFT || move == LOG_RIGHT) {
		p->shift += move == LOG_RIGHT ? step : -step;
		p->shift = p->shift < 0 || p->wrap ? 0 : p->shift;
		return true;
	}
	if (p->follow && (move == LOG_DOWN || move == LOG_PAGE_DOWN || move == LOG_LAST))
		return false;
	stop_following(p);
	p->jump = JUMP_NONE;
	switch (move) {
	case LOG_UP:
		if (s && s->row < 0) /* a line that is taller than the screen */
			move_top(p, -1);
		else if (line_previous(p, p->cursor, &at))
			p->cursor = at;
		break;
	case LOG_DOWN:
		if (s && s->row + s->rows > p->rows)
			move_top(p, 1);
		else if (line_next(p, p->cursor, &at))
			p->cursor = at;
		break;
	case LOG_PAGE_UP:
		page(p, -(p->rows > 1 ? p->rows - 1 : 1));
		break;
	case LOG_PAGE_DOWN:
		page(p, p->rows > 1 ? p->rows - 1 : 1);
		break;
	case LOG_FIRST:
		p->cursor = p->top = 0;
		p->top_row = 0;
		break;
	default:
		p->at_end = true;
		p->to_error = false;
		break;
	}
	return pane_fit(p);
}

bool log_pane_click(struct log_pane *p, int row)
{
	if (!pane_fit(p) || row < 0 || row >= p->rows)
		return false;
	for (size_t i = 0; i < p->shown.len; i++) {
		const struct shown *s = &p->shown.v[i];
		if (row >= s->row && row < s->row + s->rows && s->off != p->cursor) {
			p->cursor = s->off;
			stop_following(p);
			return true;
		}
	}
	return false;
}

bool log_pane_follow(struct log_pane *p)
{
	p->follow = !p->follow;
	p->jump = JUMP_NONE;
	if (p->follow && p->only)
		p->only = false;
	pane_say(p, !p->follow ? "following stopped"
	            : p->live  ? "following the end"
	                       : "at the end; nothing more will come");
	p->at_end = p->follow;
	p->to_error = false;
	p->follow = p->follow && p->live;
	return true;
}

bool log_pane_wrap(struct log_pane *p)
{
	p->wrap = !p->wrap;
	p->shift = p->top_row = 0;
	pane_say(p, p->wrap ? "long lines are wrapped" : "long lines go on at the right");
	return true;
}

bool log_pane_times(struct log_pane *p)
{
	if (!log_times_any(p->times)) {
		pane_say(p, "this log has no times");
		return false;
	}
	p->columns = (p->columns + 1) % COLUMN_COUNT;
	pane_say(p, p->columns == COLUMN_TIME ? "when each line came" :
	            p->columns == COLUMN_DELTA ? "time since the line before" : "without times");
	return true;
}

/* ---- what changes ---- */

bool log_pane_refresh(struct log_pane *p)
{
	if (!p->file)
		return false;
	int64_t old = p->file->size;
	enum log_change change = log_file_refresh(p->file);

	if (change == LOG_GONE && !p->gone)
		pane_say(p, "the log was removed; what is seen here was read before");
	bool redraw = change == LOG_GONE && !p->gone;
	p->gone = change == LOG_GONE;
	if (change == LOG_SAME || change == LOG_GONE)
		return redraw;
	log_times_refresh(p->times);
	p->place_of = -1;
	if (p->hits)
		log_hits_changed(p->hits, change, old);
	if (p->hits_before)
		log_hits_changed(p->hits_before, change, old);
	if (p->errors)
		log_hits_changed(p->errors, change, old);
	if (change != LOG_GREW) {
		pane_say(p,
		         change == LOG_CUT ? "the log was cut: read anew" : "another log stands here now: read anew");
		p->top = p->cursor = 0;
		p->top_row = p->shift = 0;
		p->before = (struct where){ .follow = p->before.follow };
		p->jump = JUMP_NONE;
	}
	log_file_count(p->file, SLICE_REFRESH);
	if (p->hits)
		log_hits_work(p->hits, SLICE_REFRESH);
	return true;
}

bool log_pane_busy(const struct log_pane *p)
{
	return p->file && p->file->fd >= 0 &&
	       (!log_file_counted(p->file) || (p->hits && !log_hits_complete(p->hits)) || p->jump != JUMP_NONE);
}

bool log_pane_work(struct log_pane *p, int64_t us, bool *ret_redraw)
{
	int64_t now = time_mono();
	bool jumping = p->jump != JUMP_NONE;

	*ret_redraw = false;
	if (!log_pane_busy(p))
		return false;
	if (p->hits && !log_hits_complete(p->hits))
		log_hits_work(p->hits, us);
	else if (p->jump == JUMP_ERROR && !log_hits_complete(p->errors))
		log_hits_work(p->errors, us);
	else
		log_file_count(p->file, us);
	if (jumping)
		pane_jump_on(p);
	bool more = log_pane_busy(p);
	/* Progress need not be seen more often than eyes can follow; an arrival at once. */
	if (!more || (jumping && p->jump == JUMP_NONE) || now - p->seen > PROGRESS_US) {
		*ret_redraw = true;
		p->seen = now;
	}
	return more;
}

const char *log_pane_said(struct log_pane *p)
{
	if (!p->unsaid)
		return NULL;
	p->unsaid = false;
	return p->said;
}

bool log_pane_copy(struct log_pane *p, struct buf *out)
{
	size_t n;

	if (!pane_fit(p))
		return false;
	const char *s = log_file_line(p->file, p->cursor, &n);
	log_line_set_text(&p->line, s, n);
	buf_add(out, p->line.text.data, p->line.text.len);
	return true;
}

bool log_pane_place(struct log_pane *p, const char **ret_file, int *ret_line)
{
	if (!pane_fit(p) || !p->place_file)
		return false;
	*ret_file = p->place_file;
	*ret_line = p->place_line;
	return true;
}
