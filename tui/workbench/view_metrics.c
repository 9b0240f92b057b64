#include "tui/workbench/view_metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "tui/chart/chart_set.h"

#define SLICE_US 3000
#define CHART_COLS 38 /* at least, of one in the grid */
#define CHART_ROWS 8
#define GAP 2         /* columns between charts */
#define SINGLES_ROWS 3

struct view_metrics {
	struct view view;
	struct chart_set charts;
	char *note;             /* whose metrics these are, where that is not plain; NULL */
	char *chosen;           /* title of the chart under the cursor, NULL: the first one; the one of several: "" */
	bool large;
	size_t top;             /* the first row of charts in sight */
	size_t curves, points;  /* what the charts were made of */
	struct rect rect;       /* of the charts, as drawn last */
	int across, high, wide; /* charts a row, and their cells */
	struct chart_frame frame; /* of the chosen one */
};

static const enum action foot[] = {ACT_ENTER,  ACT_OVERLAY, ACT_ZOOM_IN, ACT_LOG_AXIS, ACT_X_AXIS,
                                   ACT_SMOOTH, ACT_COPY,    ACT_BACK,    ACT_HELP,     ACT_NONE};

static struct view_metrics *of(struct view *v)
{
	return (struct view_metrics *)v;
}

static size_t chosen(const struct view_metrics *m)
{
	for (size_t i = 0; m->chosen && i < m->charts.items.len; i++) {
		const struct chart_item *item = &m->charts.items.v[i];
		if (item->over ? !*m->chosen : !strcmp(item->title, m->chosen))
			return i;
	}
	return 0;
}

static struct chart_item *item(struct view_metrics *m)
{
	return m->charts.items.len ? &m->charts.items.v[chosen(m)] : NULL;
}

static void choose(struct view_metrics *m, size_t i)
{
	if (i >= m->charts.items.len)
		return;
	free(m->chosen);
	m->chosen = mem_strdup(m->charts.items.v[i].over ? "" : m->charts.items.v[i].title);
}

/* A chart that is large is shown with all of its points, where they are not too many. */
static int sharpen(struct view_metrics *m)
{
	struct chart_item *i = m->large ? item(m) : NULL;
	int r = VIEW_SAME;
	for (size_t n = 0; i && n < i->curves.len; n++)
		if (series_set_sharpen(&m->charts.series, &m->charts.series.curves.v[i->curves.v[n]]))
			r = VIEW_MORE;
	return r;
}

/* Whether one more has got its second point. */
static size_t drawable(const struct view_metrics *m)
{
	size_t n = 0;
	for (size_t i = 0; i < m->charts.series.curves.len; i++)
		n += m->charts.series.curves.v[i].count > 1;
	return n;
}

static void rebuild(struct view_metrics *m)
{
	size_t n = drawable(m);
	if (m->curves == m->charts.series.curves.len && m->points == n)
		return;
	m->curves = m->charts.series.curves.len;
	m->points = n;
	chart_set_build(&m->charts);
}

static int look(struct view_metrics *m, struct app *a, struct err *e)
{
	int r = series_set_look(&m->charts.series, a->tracker, e);
	if (r < 0)
		return r;
	r = series_set_read(&m->charts.series, a->tracker, time_mono() + SLICE_US, e);
	rebuild(m);
	return r < 0 ? r : VIEW_REDRAW | (r ? VIEW_MORE : 0);
}

static void metrics_free(struct view *v)
{
	struct view_metrics *m = of(v);
	chart_set_release(&m->charts);
	free(m->note);
	free(m->chosen);
	free(m);
}

/* What has one value only: "acc 0.912   rows 150". Gives back the rows it took. */
static int draw_singles(struct view_metrics *m, struct grid *g, struct rect r)
{
	const struct series_set *s = &m->charts.series;
	int row = 0, at = 0, most = r.rows / 4 < 1 ? 1 : r.rows / 4 > SINGLES_ROWS ? SINGLES_ROWS : r.rows / 4;
	for (size_t i = 0; i < m->charts.singles.len; i++) {
		const struct curve *c = &s->curves.v[m->charts.singles.v[i]];
		const char *label = s->sources.len > 1 ? s->sources.v[c->source].label : NULL;
		char number[32];
		number_short(c->last, number);
		int cells = (int)(utf8_cells(c->key, strlen(c->key)) + 1 + strlen(number) +
		                  (label ? utf8_cells(label, strlen(label)) + 1 : 0));
		if (at > 0 && at + cells + (row + 1 == most ? 6 : 0) > r.cols - 2) {
			if (row + 1 == most) {
				grid_textf(g, r.row + row, r.col + 1 + at, r.cols - 1 - at, ROLE_QUIET, "+%zu",
				           m->charts.singles.len - i);
				break;
			}
			row++;
			at = 0;
		}
		int col = r.col + 1 + at, end = r.col + r.cols;
		if (label)
			col += grid_text_cut(g, r.row + row, col, end - col, ROLE_QUIET, label) + 1;
		col += grid_text_cut(g, r.row + row, col, end - col, ROLE_QUIET, c->key) + 1;
		if (col < end)
			grid_text_cut(g, r.row + row, col, end - col, ROLE_TEXT, number);
		at += cells + 3;
	}
	return m->charts.singles.len ? row + 1 : 0;
}

static void draw_nothing(struct view_metrics *m, struct grid *g, struct rect r)
{
	bool any = m->charts.singles.len > 0;
	int row = r.row + (r.rows > 6 ? 1 : 0);
	if (any)
		return;
	grid_text_cut(g, row, r.col + 1, r.cols - 2, ROLE_TEXT, "no metrics");
	grid_text_cut(g, row + 2, r.col + 1, r.cols - 2, ROLE_QUIET,
	              "a step gives them with   jig log loss=0.31 --step 10");
	grid_text_cut(g, row + 3, r.col + 1, r.cols - 2, ROLE_QUIET,
	              "or by lines in $JIG_METRICS   {\"loss\": 0.31, \"step\": 10}");
}

/* How many charts stand side by side, and how high they are. */
static void lay_out(struct view_metrics *m, struct rect r)
{
	int n = (int)m->charts.items.len;
	m->rect = r;
	m->across = (r.cols + GAP) / (CHART_COLS + GAP);
	m->across = m->across < 1 ? 1 : m->across > n ? n : m->across;
	int rows = (n + m->across - 1) / m->across, least = r.rows < CHART_ROWS ? r.rows : CHART_ROWS;
	m->high = r.rows / rows > 2 * CHART_ROWS ? 2 * CHART_ROWS : r.rows / rows < least ? least : r.rows / rows;
	m->wide = (r.cols - GAP * (m->across - 1)) / m->across;
	int fit = m->high > 0 && r.rows / m->high > 0 ? r.rows / m->high : 1, at = (int)chosen(m) / m->across,
	    top = (int)m->top;
	/* Those that are seen share the rows that no further one fits into. */
	if (rows > fit && r.rows > m->high)
		m->high = r.rows / fit;
	top = at < top ? at : at >= top + fit ? at - fit + 1 : top;
	m->top = (size_t)(top > rows - fit ? rows > fit ? rows - fit : 0 : top);
}

static struct rect place_of(const struct view_metrics *m, size_t i)
{
	int row = (int)i / m->across - (int)m->top, col = (int)i % m->across;
	return (struct rect){ m->rect.row + row * m->high, m->rect.col + col * (m->wide + GAP), m->high, m->wide };
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_metrics *m = of(v);
	struct chart_set *c = &m->charts;
	struct chart_frame frame;
	m->frame = (struct chart_frame){0};
	if (m->note && r.rows > 4) {
		grid_text_cut(g, r.row, r.col + 1, r.cols - 2, ROLE_REUSED, m->note);
		r.row++;
		r.rows--;
	}
	if (r.rows < 1)
		return;
	struct rect whole = r;
	r.col++;
	r.cols--;
	if (m->large && c->items.len) {
		chart_set_draw(c, item(m), g, r, true, LEGEND_TABLE, a->paint.ascii, &m->frame);
		m->rect = r;
		return;
	}
	int taken = draw_singles(m, g, whole);
	r.row += taken;
	r.rows -= taken;
	if (c->items.len == 0) {
		draw_nothing(m, g, whole);
		return;
	}
	if (r.rows < 1)
		return;
	lay_out(m, r);
	size_t at = chosen(m);
	for (size_t i = m->top * (size_t)m->across; i < c->items.len; i++) {
		struct rect place = place_of(m, i);
		if (place.row + place.rows > r.row + r.rows)
			break;
		/* The cursor's bar, or the mark of what is laid over. */
		bool over = chart_set_has(c, &c->items.v[i]);
		if (i == at || over)
			grid_put(g, place.row, place.col, i == at ? 0x258c : 0x25cf, ROLE_ACCENT);
		place.col += 2;
		place.cols -= 2;
		chart_set_draw(c, &c->items.v[i], g, place, i == at, LEGEND_HEAD, a->paint.ascii, &frame);
		if (i == at)
			m->frame = frame;
	}
}

static int step_to(struct view_metrics *m, int by)
{
	int n = (int)m->charts.items.len, i = (int)chosen(m) + by;
	if (i < 0 || i >= n)
		return VIEW_SAME;
	choose(m, (size_t)i);
	return VIEW_REDRAW | sharpen(m);
}

/* Keys that move: between the charts, or the crosshair of the one that is large. */
static int move(struct view_metrics *m, struct app *a, enum action action)
{
	struct chart_item *i = item(m);
	int across = m->across ? m->across : 1,
	    fit = m->high > 0 && m->rect.rows >= m->high ? m->rect.rows / m->high : 1;
	int cols = m->frame.curves.cols ? m->frame.curves.cols : 60;
	if (m->large) {
		switch (action) {
		case ACT_LEFT:
		case ACT_RIGHT:
			chart_set_move(&m->charts, a->tracker, i, action == ACT_LEFT ? -1 : 1, cols);
			return VIEW_REDRAW;
		case ACT_FIRST:
		case ACT_LAST:
			chart_set_end(&m->charts, a->tracker, i, action == ACT_FIRST ? -1 : 1);
			return VIEW_REDRAW;
		case ACT_PAGE_UP:
		case ACT_PAGE_DOWN:
			chart_set_pan(&m->charts, a->tracker, i, action == ACT_PAGE_UP ? -0.5 : 0.5);
			return VIEW_REDRAW;
		case ACT_UP: return step_to(m, -1);
		default: return step_to(m, 1);
		}
	}
	switch (action) {
	case ACT_LEFT: return step_to(m, -1);
	case ACT_RIGHT: return step_to(m, 1);
	case ACT_UP: return step_to(m, -across);
	case ACT_DOWN: return step_to(m, across);
	case ACT_PAGE_UP:
		choose(m, chosen(m) > (size_t)(across * fit) ? chosen(m) - (size_t)(across * fit) : 0);
		return VIEW_REDRAW;
	case ACT_PAGE_DOWN: {
		size_t to = chosen(m) + (size_t)(across * fit), last = m->charts.items.len - 1;
		choose(m, to < last ? to : last);
		return VIEW_REDRAW;
	}
	case ACT_FIRST: choose(m, 0); return VIEW_REDRAW;
	default: choose(m, m->charts.items.len - 1); return VIEW_REDRAW;
	}
}

static int overlay(struct view_metrics *m)
{
	struct chart_item *i = item(m);
	bool over = i->over;
	/* The titles move by the chart that comes or goes; the cursor stays on its own. */
	char *title = mem_strdup(over ? NULL : i->title);
	chart_set_turn(&m->charts, i);
	free(m->chosen);
	m->chosen = title;
	if (over)
		m->large = false;
	return VIEW_REDRAW;
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_metrics *m = of(v);
	struct chart_set *c = &m->charts;
	if (action == ACT_BACK && m->large) {
		m->large = false;
		return VIEW_REDRAW;
	}
	if (c->items.len == 0)
		return VIEW_PASS;
	switch (action) {
	case ACT_UP:
	case ACT_DOWN:
	case ACT_LEFT:
	case ACT_RIGHT:
	case ACT_PAGE_UP:
	case ACT_PAGE_DOWN:
	case ACT_FIRST:
	case ACT_LAST: return move(m, a, action);
	case ACT_ENTER:
		if (m->large)
			return VIEW_SAME;
		choose(m, chosen(m));
		m->large = true;
		return VIEW_REDRAW | sharpen(m);
	case ACT_OVERLAY: return overlay(m);
	case ACT_ZOOM_IN: chart_set_zoom(c, a->tracker, item(m), 0.5); return VIEW_REDRAW;
	case ACT_ZOOM_OUT: chart_set_zoom(c, a->tracker, item(m), 2); return VIEW_REDRAW;
	case ACT_ZOOM_RESET: chart_set_all(c); return VIEW_REDRAW;
	case ACT_LOG_AXIS: c->log = !c->log; return VIEW_REDRAW;
	case ACT_SMOOTH: c->smooth = (c->smooth + 1) % SMOOTHS; return VIEW_REDRAW;
	case ACT_X_AXIS:
		chart_set_by_time(c, a->tracker, item(m), !c->series.by_time);
		return VIEW_REDRAW | VIEW_MORE;
	default: return VIEW_PASS;
	}
}

static int click(struct view_metrics *m, struct app *a, const struct mouse *e)
{
	struct rect f = m->frame.curves;
	if (m->large) {
		if (e->kind == MOUSE_RELEASE || e->row < f.row || e->row > f.row + f.rows || e->col < f.col ||
		    e->col >= f.col + f.cols)
			return VIEW_SAME;
		chart_set_cross(&m->charts, a->tracker, item(m), chart_x_at(&m->frame, e->col));
		return VIEW_REDRAW;
	}
	if (e->kind != MOUSE_PRESS && e->kind != MOUSE_DOUBLE)
		return VIEW_SAME;
	for (size_t i = m->top * (size_t)m->across; i < m->charts.items.len; i++) {
		struct rect p = place_of(m, i);
		if (e->row < p.row || e->row >= p.row + p.rows || e->col < p.col || e->col >= p.col + p.cols ||
		    p.row + p.rows > m->rect.row + m->rect.rows)
			continue;
		choose(m, i);
		m->large = e->kind == MOUSE_DOUBLE;
		return VIEW_REDRAW | sharpen(m);
	}
	return VIEW_SAME;
}

static int mouse(struct view *v, struct app *a, const struct mouse *e, struct rect r, struct err *err)
{
	struct view_metrics *m = of(v);
	bool up = e->kind == MOUSE_WHEEL_UP;
	/* Nothing was drawn that could be clicked on. */
	if (m->charts.items.len == 0 || (!m->large && m->across == 0))
		return VIEW_SAME;
	if (!up && e->kind != MOUSE_WHEEL_DOWN)
		return click(m, a, e);
	if (!m->large)
		return step_to(m, up ? -m->across : m->across);
	if (up && m->frame.curves.cols > 0)
		chart_set_cross(&m->charts, a->tracker, item(m), chart_x_at(&m->frame, e->col));
	chart_set_zoom(&m->charts, a->tracker, item(m), up ? 0.5 : 2);
	return VIEW_REDRAW;
}

static int refresh(struct view *v, struct app *a, int why, struct err *e)
{
	return why & REFRESH_RECORD ? look(of(v), a, e) : VIEW_SAME;
}

static int work(struct view *v, struct app *a, struct err *e)
{
	struct view_metrics *m = of(v);
	int r = series_set_read(&m->charts.series, a->tracker, time_mono() + SLICE_US, e);
	rebuild(m);
	return r < 0 ? r : VIEW_REDRAW | (r ? VIEW_MORE : 0);
}

static void title(struct view *v, struct app *a, struct buf *trail, struct buf *facts)
{
	struct view_metrics *m = of(v);
	struct chart_set *c = &m->charts;
	int64_t read, count;
	buf_adds(trail, "metrics");
	series_set_progress(&c->series, &read, &count);
	if (read < count)
		buf_addf(facts, "reading %d %% · ", (int)(100 * read / count));
	if (c->over.len)
		buf_addf(facts, "%zu laid over · ", c->over.len);
	if (c->smooth)
		buf_addf(facts, "smooth %g · ", chart_set_strength(c));
	if (c->log)
		buf_adds(facts, "log · ");
	buf_addf(facts, "by %s · ", c->series.by_time ? "time" : "step");
	if (c->items.len)
		buf_addf(facts, "%zu of %zu charts", chosen(m) + 1, c->items.len);
	else
		buf_adds(facts, "no charts");
}

static bool copy(struct view *v, struct app *a, struct buf *out)
{
	struct view_metrics *m = of(v);
	char number[32];
	double value;
	if (!item(m) || !chart_set_value(&m->charts, item(m), &value))
		return false;
	number_exact(value, number);
	buf_adds(out, number);
	return true;
}

static const struct view_ops ops = {
        .free = metrics_free,
        .draw = draw,
        .act = act,
        .mouse = mouse,
        .refresh = refresh,
        .work = work,
        .title = title,
        .copy = copy,
        .foot = foot,
};

static void add_source(struct view_metrics *m, const struct run_row *run, const struct attempt_row *attempt)
{
	_free_ char *label = mem_printf("%lld %s", (long long)run->number, run->name ? run->name : "");
	series_set_add(&m->charts.series, attempt->id, attempt->started, label);
}

struct view *view_metrics_new(struct app *a, const struct run_row *run, const struct step_row *step,
                              const struct attempt_row *attempt, struct err *e)
{
	struct view_metrics *m = mem_zero(sizeof *m);
	m->view = (struct view){ .ops = &ops, .screen = SCREEN_METRICS };
	add_source(m, run, attempt);
	if (step->reused_attempt && step->reused_attempt == attempt->id)
		m->note = mem_printf("reused: what %s@%d gave in run %lld, which this step stands on", step->name,
		                     step->reused_n, (long long)step->reused_run);
	if (look(m, a, e) < 0) {
		metrics_free(&m->view);
		return NULL;
	}
	return &m->view;
}

int view_metrics_add(struct view *v, struct app *a, const struct run_row *run, const struct attempt_row *attempt,
                     struct err *e)
{
	add_source(of(v), run, attempt);
	return look(of(v), a, e);
}
