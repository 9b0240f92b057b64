#include "tui/workbench/view_log.h"

#include <string.h>
#include "base/mem.h"
#include "tui/workbench/app.h"

#define SLICE_US 2000

struct view_log {
	struct view view;
	struct log_pane *pane;
	char *trail;
	bool bad; /* what is typed is no expression */
};

static struct view_log *log_of(struct view *v)
{
	return (struct view_log *)v;
}

static void free_log(struct view *v)
{
	struct view_log *l = log_of(v);

	log_pane_free(l->pane);
	free(l->trail);
	free(l);
}

/* Tells what the pane has to say and sees to it that its work is done. */
static int done(struct view_log *l, struct app *a, bool redraw)
{
	const char *said = log_pane_said(l->pane);

	if (said)
		app_say(a, ROLE_QUIET, "%s", said);
	if (log_pane_busy(l->pane))
		app_work(a, &l->view);
	return redraw || said ? VIEW_REDRAW : VIEW_SAME;
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_log *l = log_of(v);

	/* The margin of all tabs; the cursor's row is as broad as theirs. */
	if (r.cols > 1)
		log_pane_draw(l->pane, g, (struct rect){ r.row, r.col + 1, r.rows, r.cols - 1 });
	for (int row = r.row; r.cols > 1 && row < r.row + r.rows && row < g->rows; row++)
		if (g->cells[(size_t)row * (size_t)g->cols + (size_t)r.col + 1].attrs & CELL_CURSOR)
			grid_attr(g, row, r.col, 1, CELL_CURSOR);
	if (log_pane_busy(l->pane))
		app_work(a, v);
}

static int work(struct view *v, struct app *a, struct err *e)
{
	struct view_log *l = log_of(v);
	bool redraw, more = log_pane_work(l->pane, SLICE_US, &redraw);

	return done(l, a, redraw) | (more ? VIEW_MORE : 0);
}

/* ---- search ---- */

static void note(struct view_log *l, struct app *a, bool bad)
{
	_buf_ struct buf b = BUF_INIT;

	log_pane_found(l->pane, &b);
	app_type_note(a, bad, "%s", bad ? "not an expression yet" : b.data);
}

static int typed(void *arg, struct app *a, enum typed how, const char *text, struct err *e)
{
	struct view_log *l = arg;
	struct err fault;

	if (how == TYPED_CHANGE) {
		l->bad = log_pane_search(l->pane, text, &fault) < 0;
		note(l, a, l->bad);
	} else {
		log_pane_search_end(l->pane, how == TYPED_ENTER);
		/* What was left is no expression: it is told what is wrong with it. */
		if (how == TYPED_ENTER && l->bad)
			return log_pane_search(l->pane, text, e);
	}
	return done(l, a, true) | VIEW_REDRAW;
}

static int search(struct view_log *l, struct app *a)
{
	_free_ char *last = mem_strdup(log_pane_pattern(l->pane));

	l->bad = false;
	log_pane_search_begin(l->pane);
	app_type(a, "/", last, typed, l);
	if (*last) {
		struct err ignored;
		log_pane_search(l->pane, last, &ignored);
		note(l, a, false);
	}
	return VIEW_REDRAW;
}

/* ---- actions ---- */

static int edit(struct view_log *l, struct app *a, struct err *e)
{
	const char *file;
	int line;

	if (!log_pane_place(l->pane, &file, &line)) {
		app_say(a, ROLE_QUIET, "this line names no file that is here");
		return VIEW_REDRAW;
	}
	_free_ char *path = mem_strdup(file);
	int r = app_edit(a, path, line, e);
	return r < 0 ? r : VIEW_REDRAW;
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_log *l = log_of(v);
	struct log_pane *p = l->pane;
	int r;

	switch (action) {
	case ACT_UP:
		return done(l, a, log_pane_move(p, LOG_UP));
	case ACT_DOWN:
		return done(l, a, log_pane_move(p, LOG_DOWN));
	case ACT_LEFT:
		return done(l, a, log_pane_move(p, LOG_LEFT));
	case ACT_RIGHT:
		return done(l, a, log_pane_move(p, LOG_RIGHT));
	case ACT_PAGE_UP:
		return done(l, a, log_pane_move(p, LOG_PAGE_UP));
	case ACT_PAGE_DOWN:
		return done(l, a, log_pane_move(p, LOG_PAGE_DOWN));
	case ACT_FIRST:
		return done(l, a, log_pane_move(p, LOG_FIRST));
	case ACT_LAST:
		return done(l, a, log_pane_move(p, LOG_LAST));
	case ACT_SEARCH:
		r = search(l, a);
		return done(l, a, true) | r;
	case ACT_NEXT_HIT:
		return done(l, a, log_pane_next_hit(p, 1));
	case ACT_PREVIOUS_HIT:
		return done(l, a, log_pane_next_hit(p, -1));
	case ACT_ONLY_HITS:
		return done(l, a, log_pane_only_hits(p));
	case ACT_NEXT_ERROR:
		return done(l, a, log_pane_next_error(p));
	case ACT_FOLLOW:
		return done(l, a, log_pane_follow(p));
	case ACT_WRAP:
		return done(l, a, log_pane_wrap(p));
	case ACT_TIMES:
		return done(l, a, log_pane_times(p));
	case ACT_EDIT:
		return edit(l, a, e);
	case ACT_BACK:
		return log_pane_back(p) ? done(l, a, true) : VIEW_PASS;
	default:
		return VIEW_PASS;
	}
}

static int mouse(struct view *v, struct app *a, const struct mouse *m, struct rect r, struct err *e)
{
	struct view_log *l = log_of(v);

	switch (m->kind) {
	case MOUSE_WHEEL_UP:
		return done(l, a, log_pane_scroll(l->pane, -3));
	case MOUSE_WHEEL_DOWN:
		return done(l, a, log_pane_scroll(l->pane, 3));
	case MOUSE_PRESS:
	case MOUSE_DRAG:
		return done(l, a, log_pane_click(l->pane, m->row - r.row));
	default:
		return VIEW_PASS;
	}
}

static int refresh(struct view *v, struct app *a, int why, struct err *e)
{
	struct view_log *l = log_of(v);

	return why & (REFRESH_TICK | REFRESH_RECORD) ? done(l, a, log_pane_refresh(l->pane)) : VIEW_SAME;
}

static void title(struct view *v, struct app *a, struct buf *trail, struct buf *facts)
{
	struct view_log *l = log_of(v);

	if (l->trail)
		buf_adds(trail, l->trail);
	log_pane_facts(l->pane, facts);
}

static bool copy(struct view *v, struct app *a, struct buf *out)
{
	return log_pane_copy(log_of(v)->pane, out);
}

static const enum action foot[] = {
	ACT_SEARCH, ACT_ONLY_HITS, ACT_NEXT_ERROR, ACT_FOLLOW, ACT_WRAP, ACT_TIMES, ACT_EDIT,
	ACT_COPY, ACT_BACK, ACT_HELP, ACT_NONE,
};

static const struct view_ops ops = {
	.free = free_log,
	.draw = draw,
	.act = act,
	.mouse = mouse,
	.refresh = refresh,
	.work = work,
	.title = title,
	.copy = copy,
	.foot = foot,
};

struct view *view_log_new(const struct log_pane_options *o, const char *trail)
{
	struct view_log *l = mem_zero(sizeof *l);

	l->view = (struct view){ .ops = &ops, .screen = SCREEN_LOG };
	l->pane = log_pane_new(o);
	l->trail = trail ? mem_strdup(trail) : NULL;
	return &l->view;
}

void view_log_live(struct view *v, struct app *a, bool live)
{
	struct view_log *l = log_of(v);

	log_pane_refresh(l->pane);
	log_pane_live(l->pane, live);
	done(l, a, true);
}
