#include "tui/workbench/view_timeline.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "tui/run_text.h"
#include "tui/workbench/run_model.h"
#include "tui/workbench/view_step.h"

enum { STRIP_ROWS = 4, AXIS_ROWS = 2, TICK_CELLS = 10, ZOOM_MOST = 1 << 20 };

struct view_timeline {
	struct view view;
	struct run_model model;
	int *rows;           /* steps that have begun, by when */
	int nrows;
	bool *critical;      /* of each step */
	int cursor, top, shown;
	int64_t zoom;        /* 1: all is in sight */
	double middle;       /* of the window, 0 … 1 of the run */
};

static const enum action foot[] = {
	ACT_ENTER, ACT_ZOOM_IN, ACT_TIMELINE, ACT_BACK, ACT_HELP, ACT_PALETTE, ACT_NONE,
};

static void timeline_free(struct view *v)
{
	struct view_timeline *s = (struct view_timeline *)v;
	run_model_release(&s->model);
	free(s->rows);
	free(s->critical);
	free(s);
}

static int compare_begun(const void *pa, const void *pb, void *arg)
{
	const struct run_model *m = arg;
	int a = *(const int *)pa, b = *(const int *)pb;
	int64_t x = run_model_began(m, a), y = run_model_began(m, b);
	return x != y ? (x > y) - (x < y) : (a > b) - (a < b);
}

static void list_rows(struct view_timeline *s)
{
	size_t n = s->model.steps.len;
	int under = s->nrows ? s->rows[s->cursor] : -1;
	s->rows = mem_array(s->rows, n + 1, sizeof *s->rows);
	s->critical = mem_array(s->critical, n + 1, sizeof *s->critical);
	s->nrows = 0;
	for (size_t i = 0; i < n; i++)
		if (s->model.last[i] >= 0)
			s->rows[s->nrows++] = (int)i;
	qsort_r(s->rows, (size_t)s->nrows, sizeof *s->rows, compare_begun, &s->model);
	run_model_critical(&s->model, time_now(), s->critical);
	s->cursor = 0;
	for (int i = 0; i < s->nrows; i++)
		if (s->rows[i] == under)
			s->cursor = i;
}

/* What of the run is in sight, and where: µs, UTC. */
struct window { int64_t begin, from, to; int col, cells; };

static int64_t began(const struct run_model *m)
{
	return m->row.started ? m->row.started : m->row.created;
}

static int64_t ended(const struct run_model *m, int64_t now)
{
	int64_t end = m->row.ended ? m->row.ended : run_model_live(m) ? now : began(m);
	for (size_t i = 0; i < m->attempts.len; i++)
		end = m->attempts.v[i].ended > end ? m->attempts.v[i].ended : end;
	return end > began(m) + US_PER_S / 10 ? end : began(m) + US_PER_S / 10;
}

static struct window window_of(const struct view_timeline *s, int col, int cells, int64_t now)
{
	int64_t begin = began(&s->model), end = ended(&s->model, now), whole = end - begin, span = whole / s->zoom;
	int64_t from = begin + (int64_t)(s->middle * (double)whole) - span / 2;
	from = from > end - span ? end - span : from;
	from = from < begin ? begin : from;
	return (struct window){ begin, from, from + (span > 0 ? span : 1), col, cells };
}

/* The cell of a time; left of the window: -1, right of it: cells. */
static int cell_of(const struct window *w, int64_t at)
{
	if (at < w->from)
		return -1;
	if (at > w->to)
		return w->cells;
	int cell = (int)((double)(at - w->from) / (double)(w->to - w->from) * w->cells);
	return cell >= w->cells ? w->cells - 1 : cell;
}

/* Cells that [from, to] covers within the window; false when it lies outside. */
static bool covered(const struct window *w, int64_t from, int64_t to, int *ret_first, int *ret_last)
{
	int first = cell_of(w, from), last = cell_of(w, to);
	if (last < 0 || first >= w->cells)
		return false;
	*ret_first = first < 0 ? 0 : first;
	*ret_last = last >= w->cells ? w->cells - 1 : last;
	return true;
}

static void put_span(struct grid *g, int row, const struct window *w, int64_t from, int64_t to, uint32_t cp,
                     enum role role)
{
	int first, last;
	if (!covered(w, from, to, &first, &last))
		return;
	for (int i = first; i <= last; i++)
		grid_put(g, row, w->col + i, cp, role);
}

static void draw_bars(const struct view_timeline *s, struct grid *g, int row, const struct window *w, int step,
                      int64_t now)
{
	const struct run_model *m = &s->model;
	int64_t first = run_model_began(m, step), ready = run_model_ready(m, step, now);
	if (ready < first)
		put_span(g, row, w, ready, first, 0x2591, ROLE_QUIET);
	for (int i = m->last[step]; i >= 0; i = m->before.v[i]) {
		const struct attempt_row *a = &m->attempts.v[i];
		bool running = a->state == ATTEMPT_RUNNING;
		int64_t end = running ? now : a->ended ? a->ended : a->started;
		if (m->before.v[i] >= 0)
			put_span(g, row, w, m->attempts.v[m->before.v[i]].ended, a->started, 0x2591, ROLE_QUIET);
		put_span(g, row, w, a->started, end, running ? 0x2592 : 0x2588,
		         role_find(word_of(WORDS_ATTEMPT_STATE, a->state)->role));
	}
	/* Behind the waiting, which overlaps the cell where a failed attempt ended. */
	for (int i = m->last[step], from, to; i >= 0; i = m->before.v[i]) {
		const struct attempt_row *a = &m->attempts.v[i];
		if (a->state == ATTEMPT_FAILED && covered(w, a->started, a->ended, &from, &to) &&
		    cell_of(w, a->ended) == to)
			grid_put(g, row, w->col + to, 0x2717, ROLE_FAILED);
	}
}

/* The least round distance of ticks that leaves room for their labels. */
static int64_t tick_of(const struct window *w)
{
	static const int seconds[] = {1,   2,   5,    10,   15,   30,    60,    120,   300,
	                              600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400};
	double least = (double)(w->to - w->from) / (w->cells > 0 ? w->cells : 1) * TICK_CELLS;
	for (size_t i = 0; i < ARRAY_LEN(seconds); i++)
		if ((double)seconds[i] * US_PER_S >= least)
			return seconds[i] * US_PER_S;
	int64_t days = 2;
	while ((double)days * 86400 * US_PER_S < least)
		days *= days % 3 == 2 ? 5 : 2;
	return days * 86400 * US_PER_S;
}

static void draw_axis(struct grid *g, int row, const struct window *w)
{
	int64_t tick = tick_of(w), first = (w->from - w->begin + tick - 1) / tick * tick;
	grid_rule(g, row + 1, w->col, w->cells);
	for (int64_t at = first; w->begin + at <= w->to; at += tick) {
		char text[24];
		int col = w->col + cell_of(w, w->begin + at);
		duration_clock(at, text);
		if (col + (int)strlen(text) <= w->col + w->cells)
			grid_text(g, row, col, -1, ROLE_QUIET, text);
		grid_put(g, row + 1, col, 0x252c, ROLE_RULE);
	}
}

static void draw_strip(const struct view_timeline *s, struct grid *g, struct rect r, int64_t now)
{
	const struct run_model *m = &s->model;
	int step = s->rows[s->cursor], col = r.col + 1, end = r.col + r.cols, tries = 0;
	const struct attempt_row *a = run_model_attempt(m, step);
	const struct word *w = word_of(WORDS_ATTEMPT_STATE, a->state);
	int64_t ready = run_model_ready(m, step, now), first = run_model_began(m, step);
	char took[24], at[24], why[64];
	grid_rule(g, r.row, r.col, r.cols);
	col += grid_textf(g, r.row + 1, col, end - col, ROLE_STRONG, "%s @%d", m->steps.v[step].name, a->n) + 2;
	attempt_end_text(a, why);
	col += grid_textf(g, r.row + 1, col, end - col, role_find(w->role), "%s %s", w->glyph, w->text) + 2;
	if (*why)
		col += grid_text(g, r.row + 1, col, end - col, ROLE_TEXT, why) + 2;
	attempt_clock(a, now, took);
	duration_clock(a->started - began(m), at);
	col += grid_textf(g, r.row + 1, col, end - col, ROLE_TEXT, "took %s", took) + 2;
	col += grid_textf(g, r.row + 1, col, end - col, ROLE_QUIET, "from %s", at) + 2;
	if (first - ready >= US_PER_S) {
		duration_clock(first - ready, took);
		col += grid_textf(g, r.row + 1, col, end - col, ROLE_QUIET, "waited %s", took) + 2;
	}
	if (s->critical[step])
		grid_text(g, r.row + 1, col, end - col, ROLE_ACCENT, "on the critical path");
	_buf_ struct buf error = BUF_INIT, others = BUF_INIT;
	attempt_error_text(&error, a);
	for (int i = m->before.v[m->last[step]]; i >= 0 && tries < 8; i = m->before.v[i], tries++) {
		const struct attempt_row *other = &m->attempts.v[i];
		attempt_clock(other, time_now(), took);
		attempt_end_text(other, why);
		buf_addf(&others, "%s@%d %s%s%s %s", others.len ? " · " : "", other->n,
		         word_of(WORDS_ATTEMPT_STATE, other->state)->text, *why ? " " : "", why, took);
	}
	int row = r.row + 2;
	if (error.len)
		grid_text_cut(g, row++, r.col + 1, r.cols - 1, ROLE_FAILED, error.data);
	if (others.len)
		grid_text_cut(g, row, r.col + 1, r.cols - 1, ROLE_QUIET, others.data);
}

static int name_cells(const struct view_timeline *s, int cols)
{
	int wide = 6, most = cols / 3 > 10 ? cols / 3 : 10;
	for (int i = 0; i < s->nrows && wide < most; i++) {
		const char *name = s->model.steps.v[s->rows[i]].name;
		int cells = (int)utf8_cells(name, strlen(name));
		wide = cells > wide ? cells : wide;
	}
	return wide < most ? wide : most;
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_timeline *s = (struct view_timeline *)v;
	int64_t now = time_now();
	(void)a;
	if (s->model.removed || s->nrows == 0) {
		s->shown = 0;
		if (s->model.removed)
			grid_textf(g, r.row + 1, r.col + 2, r.cols - 2, ROLE_WARNING,
			           "run %lld was deleted; Esc goes back", (long long)s->model.number);
		else
			grid_text(g, r.row + 1, r.col + 2, r.cols - 2, ROLE_QUIET, "nothing has begun in this run");
		return;
	}
	int strip = r.rows >= AXIS_ROWS + STRIP_ROWS + 3 ? STRIP_ROWS : 0, names = name_cells(s, r.cols);
	struct window w = window_of(s, r.col + 3 + names + 1, r.cols - names - 5, now);
	s->shown = r.rows - AXIS_ROWS - strip;
	if (s->top > s->nrows - s->shown)
		s->top = s->nrows > s->shown ? s->nrows - s->shown : 0;
	if (s->cursor >= s->top + s->shown)
		s->top = s->cursor - s->shown + 1;
	if (s->cursor < s->top)
		s->top = s->cursor;
	if (w.cells > 4)
		draw_axis(g, r.row, &w);
	for (int i = 0; i < s->shown && s->top + i < s->nrows; i++) {
		int step = s->rows[s->top + i], row = r.row + AXIS_ROWS + i;
		const struct word *state = word_of(WORDS_STEP_STATE, s->model.steps.v[step].state);
		enum role role = s->model.steps.v[step].state == STEP_FAILED ? ROLE_FAILED
		                 : s->critical[step]                         ? ROLE_STRONG
		                                                             : ROLE_TEXT;
		if (s->critical[step])
			grid_put(g, row, r.col, 0x25cf, ROLE_ACCENT);
		grid_text(g, row, r.col + 1, 1, role_find(state->role), state->glyph);
		grid_text_cut(g, row, r.col + 3, names, role, s->model.steps.v[step].name);
		if (w.cells > 4)
			draw_bars(s, g, row, &w, step, now);
		if (s->top + i == s->cursor)
			/* A bar keeps its colour. */
			grid_attr(g, row, r.col, w.cells > 4 ? 3 + names : r.cols, CELL_CURSOR);
	}
	if (strip)
		draw_strip(s, g, (struct rect){ r.row + r.rows - strip, r.col, strip, r.cols }, now);
}

static int open_step(struct view_timeline *s, struct app *a, struct err *e)
{
	if (!s->nrows)
		return VIEW_SAME;
	struct view *step = view_step_new(a, s->model.number, s->model.steps.v[s->rows[s->cursor]].id, ACT_TAB_LOG, e);
	if (!step)
		return e->code;
	app_push(a, step);
	return VIEW_REDRAW;
}

static int move(struct view_timeline *s, int to)
{
	to = to >= s->nrows ? s->nrows - 1 : to;
	to = to < 0 ? 0 : to;
	if (to == s->cursor)
		return VIEW_SAME;
	s->cursor = to;
	return VIEW_REDRAW;
}

/* Around the attempt under the cursor, as long as that is not what is looked at already. */
static int zoom_in(struct view_timeline *s)
{
	int64_t now = time_now(), begin = began(&s->model), whole = ended(&s->model, now) - begin;
	if (!s->nrows || s->zoom >= ZOOM_MOST || whole / (s->zoom * 2) < 1000)
		return VIEW_SAME;
	if (s->zoom == 1) {
		int step = s->rows[s->cursor];
		int64_t middle = (run_model_began(&s->model, step) + run_model_ended(&s->model, step, now)) / 2;
		s->middle = (double)(middle - begin) / (double)whole;
	}
	s->zoom *= 2;
	return VIEW_REDRAW;
}

static int zoom_to(struct view_timeline *s, int64_t zoom)
{
	if (zoom == s->zoom || zoom < 1)
		return VIEW_SAME;
	s->zoom = zoom;
	return VIEW_REDRAW;
}

static int pan(struct view_timeline *s, int by)
{
	double half = 0.5 / (double)s->zoom, to = s->middle + by / (8.0 * (double)s->zoom);
	to = to < half ? half : to > 1 - half ? 1 - half : to;
	if (s->zoom == 1 || to == s->middle)
		return VIEW_SAME;
	s->middle = to;
	return VIEW_REDRAW;
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_timeline *s = (struct view_timeline *)v;
	int page = s->shown > 2 ? s->shown - 1 : 1;
	if (s->model.removed)
		return VIEW_PASS;
	switch (action) {
	case ACT_UP: return move(s, s->cursor - 1);
	case ACT_DOWN: return move(s, s->cursor + 1);
	case ACT_PAGE_UP: return move(s, s->cursor - page);
	case ACT_PAGE_DOWN: return move(s, s->cursor + page);
	case ACT_FIRST: return move(s, 0);
	case ACT_LAST: return move(s, s->nrows - 1);
	case ACT_LEFT: return pan(s, -1);
	case ACT_RIGHT: return pan(s, 1);
	case ACT_ZOOM_IN: return zoom_in(s);
	case ACT_ZOOM_OUT: return zoom_to(s, s->zoom / 2);
	case ACT_ZOOM_RESET: return zoom_to(s, 1);
	case ACT_ENTER: return open_step(s, a, e);
	case ACT_TIMELINE:
		app_pop(a);
		return VIEW_REDRAW;
	default: return VIEW_PASS;
	}
}

static int mouse(struct view *v, struct app *a, const struct mouse *m, struct rect r, struct err *e)
{
	struct view_timeline *s = (struct view_timeline *)v;
	int row = m->row - r.row - AXIS_ROWS + s->top;
	if (m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN)
		return move(s, s->cursor + (m->kind == MOUSE_WHEEL_UP ? -3 : 3));
	if ((m->kind != MOUSE_PRESS && m->kind != MOUSE_DOUBLE) || m->row < r.row + AXIS_ROWS ||
	    row >= s->top + s->shown || row >= s->nrows)
		return VIEW_PASS;
	s->cursor = row;
	return m->kind == MOUSE_DOUBLE ? open_step(s, a, e) : VIEW_REDRAW;
}

static int refresh(struct view *v, struct app *a, int why, struct err *e)
{
	struct view_timeline *s = (struct view_timeline *)v;
	if (why & REFRESH_RECORD) {
		int r = run_model_refresh(a->tracker, &s->model, e);
		if (r < 0)
			return r;
		if (r > 0) {
			list_rows(s);
			return VIEW_REDRAW;
		}
	}
	return why & REFRESH_CLOCK ? VIEW_REDRAW : VIEW_SAME;
}

static int64_t due(struct view *v)
{
	return run_model_live(&((struct view_timeline *)v)->model) ? time_mono() / US_PER_S * US_PER_S + US_PER_S : -1;
}

static void title(struct view *v, struct app *a, struct buf *trail, struct buf *facts)
{
	struct view_timeline *s = (struct view_timeline *)v;
	int64_t on_path = 0, now = time_now(), elapsed = run_elapsed(&s->model.row);
	char took[24];
	buf_addf(trail, "%s ▸ %lld %s ▸ timeline", a->project->name, (long long)s->model.number, s->model.row.name);
	for (int i = 0; i < s->nrows; i++)
		if (s->critical[s->rows[i]])
			on_path += run_model_ended(&s->model, s->rows[i], now) - run_model_began(&s->model, s->rows[i]);
	if (on_path > 0) {
		duration_clock(on_path, took);
		buf_addf(facts, "● critical path %s", took);
	}
	if (elapsed >= 0) {
		duration_clock(elapsed, took);
		buf_addf(facts, "%s%s", facts->len ? " of " : "", took);
	}
	if (s->zoom > 1)
		buf_addf(facts, " · zoom ×%lld", (long long)s->zoom);
}

static bool copy(struct view *v, struct app *a, struct buf *out)
{
	struct view_timeline *s = (struct view_timeline *)v;
	(void)a;
	if (!s->nrows)
		return false;
	buf_adds(out, s->model.steps.v[s->rows[s->cursor]].name);
	return true;
}

static const struct view_ops ops = {
	.free = timeline_free,
	.draw = draw,
	.act = act,
	.mouse = mouse,
	.refresh = refresh,
	.due = due,
	.title = title,
	.copy = copy,
	.foot = foot,
};

struct view *view_timeline_new(struct app *a, int64_t run, struct err *e)
{
	struct view_timeline *s = mem_zero(sizeof *s);
	s->view = (struct view){ &ops, SCREEN_TIMELINE, false };
	s->zoom = 1;
	s->middle = 0.5;
	if (run_model_load(a->tracker, run, &s->model, e) < 0) {
		timeline_free(&s->view);
		return NULL;
	}
	list_rows(s);
	return &s->view;
}
