#include "tui/workbench/view_step.h"

#include <stdlib.h>
#include <string.h>
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "tui/run_text.h"
#include "tui/workbench/step_facts.h"
#include "tui/workbench/view_log.h"
#include "tui/workbench/view_metrics.h"
#include "tui/workbench/view_runs.h"

/* SYMBOL, action, screen, title. Log and metrics are views of their own, the others lists of lines. */
#define TABS(X) \
	X(TAB_LOG, ACT_TAB_LOG, SCREEN_LOG, "log") \
	X(TAB_METRICS, ACT_TAB_METRICS, SCREEN_METRICS, "metrics") \
	X(TAB_FILES, ACT_TAB_FILES, SCREEN_FILES, "files") \
	X(TAB_ENV, ACT_TAB_ENV, SCREEN_ENV, "environment") \
	X(TAB_COMMAND, ACT_TAB_COMMAND, SCREEN_COMMAND, "command") \
	X(TAB_ATTEMPTS, ACT_TAB_ATTEMPTS, SCREEN_ATTEMPTS, "attempts")
#define TAB_SYMBOL_(s, ...) s,
enum tab { TABS(TAB_SYMBOL_) TAB_COUNT };
static const struct { enum action action; enum screen screen; const char *title; } tabs[] = {
#define X(symbol, action, screen, title) [symbol] = { action, screen, title },
	TABS(X)
#undef X
};

struct view_step {
	struct view view;
	struct app *app;
	int64_t run, step;
	bool removed;   /* the run was deleted meanwhile; what was read stands */
	int64_t chosen; /* the attempt that a person chose; 0: the newest */
	struct step_facts facts;
	enum tab tab;
	struct view *inner[2];  /* of TAB_LOG and TAB_METRICS; NULL: not opened yet */
	int64_t inner_of;       /* the attempt that they are of */
	struct lines lines;     /* of the other tabs */
	struct view_ops ops;    /* with the foot of the tab */
	int tab_col[TAB_COUNT + 1];
};

static const enum action list_foot[] = {ACT_TAB_LOG, ACT_TAB_METRICS, ACT_TAB_FILES, ACT_COPY,
                                        ACT_BACK,    ACT_HELP,        ACT_PALETTE,   ACT_NONE};
static const enum action attempts_foot[] = {ACT_ENTER, ACT_TAB_LOG, ACT_COPY, ACT_BACK,
                                            ACT_HELP,  ACT_PALETTE, ACT_NONE};

static struct view *inner(const struct view_step *s)
{
	return s->tab <= TAB_METRICS ? s->inner[s->tab] : NULL;
}

static void close_inner(struct view_step *s)
{
	for (int i = 0; i < 2; i++) {
		if (s->inner[i]) {
			app_forget(s->app, s->inner[i]);
			s->inner[i]->ops->free(s->inner[i]);
		}
		s->inner[i] = NULL;
	}
}

static int fill(struct view_step *s, struct app *a, struct err *e)
{
	switch (s->tab) {
	case TAB_FILES: return step_files(a->tracker, &s->facts, &s->lines, e);
	case TAB_ENV: return step_env(a->tracker, &s->facts, &s->lines, e);
	case TAB_COMMAND: return step_command(a->tracker, &s->facts, &s->lines, e);
	case TAB_ATTEMPTS: return step_attempts(&s->facts, &s->lines);
	default: return 0;
	}
}

/* The runs that are marked in the list are laid over this one, where they have the step. */
static int overlay_marked(struct view_step *s, struct app *a, struct err *e)
{
	const int64_t *runs;
	size_t n = view_runs_marked(app_first(a), &runs);

	for (size_t i = 0; i < n; i++) {
		_cleanup_(step_facts_release) struct step_facts f = { 0 };
		_arena_ struct arena arena = ARENA_INIT;
		struct step_row row;
		int r = query_step_named(a->tracker, runs[i], s->facts.step.name, &arena, &row, e);

		if (r == ERR_NOT_FOUND || runs[i] == s->run)
			continue;
		if (r >= 0)
			r = step_facts_load(a->tracker, runs[i], row.id, 0, &f, e);
		if (r >= 0 && f.seen)
			r = view_metrics_add(s->inner[TAB_METRICS], a, &f.run, f.seen, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int open_inner(struct view_step *s, struct app *a, struct err *e)
{
	const struct attempt_row *seen = s->facts.seen;

	if (s->inner_of != (seen ? seen->id : 0))
		close_inner(s);
	s->inner_of = seen ? seen->id : 0;
	if (s->tab > TAB_METRICS || s->inner[s->tab] || !seen)
		return 0;
	if (s->tab == TAB_LOG) {
		_free_ char *folder = path_join(a->project->jig, seen->folder);
		struct log_pane_options o = {
			.folder = folder,
			.root = a->project->root,
			.live = seen->state == ATTEMPT_RUNNING,
			.end = seen->state == ATTEMPT_FAILED,
		};

		s->inner[TAB_LOG] = view_log_new(&o, NULL);
	} else {
		s->inner[TAB_METRICS] = view_metrics_new(a, &s->facts.run, &s->facts.step, seen, e);
		if (s->inner[TAB_METRICS])
			return overlay_marked(s, a, e);
	}
	return s->inner[s->tab] ? 0 : e->code;
}

static int show(struct view_step *s, struct app *a, enum tab tab, struct err *e)
{
	int r;

	if (tab != s->tab)
		s->lines.at = s->lines.top = 0;
	s->tab = tab;
	s->view.screen = tabs[tab].screen;
	r = open_inner(s, a, e);
	if (r >= 0)
		r = fill(s, a, e);
	s->ops.foot = inner(s) ? inner(s)->ops->foot : tab == TAB_ATTEMPTS ? attempts_foot : list_foot;
	if (inner(s) && inner(s)->ops->work)
		app_work(a, &s->view);
	return r < 0 ? r : VIEW_REDRAW;
}

static void step_free(struct view *v)
{
	struct view_step *s = (struct view_step *)v;

	close_inner(s);
	lines_release(&s->lines);
	step_facts_release(&s->facts);
	free(s);
}

static void draw_head(struct view_step *s, struct app *a, struct grid *g, struct rect r)
{
	const struct attempt_row *seen = s->facts.seen;
	const struct step_row *step = &s->facts.step;
	const struct word *w =
	        seen ? word_of(WORDS_ATTEMPT_STATE, seen->state) : word_of(WORDS_STEP_STATE, step->state);
	int x = 1;
	_buf_ struct buf why = BUF_INIT;
	char end[64] = "", took[24] = "";

	if (step->reason)
		buf_addf(&why, "%s%s", seen && !step->reused_attempt ? "why it ran: " : "", reason_text(step->reason));
	if (step->reused_attempt)
		w = word_of(WORDS_STEP_STATE, STEP_REUSED);
	if (seen) {
		attempt_end_text(seen, end);
		attempt_clock(seen, time_now(), took);
	}
	const char *said = seen || step->reused_attempt ? w->text : step_state_said(step->state);

	x += grid_text(g, r.row, x, -1, role_find(w->role), w->glyph) + 1;
	x += grid_text(g, r.row, x, -1, role_find(w->role), said) + 2;
	if (step->reused_attempt)
		x += grid_textf(g, r.row, x, -1, ROLE_TEXT, "from run %lld", (long long)step->reused_run) + 2;
	if (*end && strcmp(end, said))
		x += grid_text(g, r.row, x, -1, ROLE_TEXT, end) + 2;
	x += grid_text(g, r.row, x, -1, ROLE_TEXT, took) + (*took ? 3 : 0);
	if (s->removed)
		grid_textf(g, r.row, x, r.cols - x - 1, ROLE_WARNING, "run %lld was deleted", (long long)s->run);
	else if (step->reason && x < r.cols)
		grid_text_cut(g, r.row, x, r.cols - x - 1, ROLE_QUIET, why.data);
}

static void draw_tabs(struct view_step *s, struct grid *g, int row, int cols)
{
	int x = 1;

	for (int i = 0; i < TAB_COUNT; i++) {
		s->tab_col[i] = x;
		x += grid_textf(g, row, x, -1, i == (int)s->tab ? ROLE_ACCENT : ROLE_QUIET, "%d ", i + 1);
		x += grid_text(g, row, x, cols - x, i == (int)s->tab ? ROLE_STRONG : ROLE_QUIET, tabs[i].title);
		if (i == (int)s->tab)
			grid_attr(g, row, s->tab_col[i] + 2, x - s->tab_col[i] - 2, CELL_UNDERLINE);
		x += 2;
	}
	s->tab_col[TAB_COUNT] = x;
}

static struct rect inside(struct rect r)
{
	return (struct rect){ r.row + 2, r.col, r.rows - 2, r.cols };
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_step *s = (struct view_step *)v;
	struct view *in = inner(s);

	draw_head(s, a, g, r);
	draw_tabs(s, g, r.row + 1, r.cols);
	if (in)
		in->ops->draw(in, a, g, inside(r));
	else if (s->tab <= TAB_METRICS)
		grid_textf(g, r.row + 3, 1, -1, ROLE_QUIET, "%s has not begun: %s", s->facts.step.name,
			   word_of(WORDS_STEP_STATE, s->facts.step.state)->meaning);
	else
		lines_draw(&s->lines, g, inside(r));
}

static int enter(struct view_step *s, struct app *a, struct err *e)
{
	const struct line *line = lines_at(&s->lines);
	int r;

	if (s->tab != TAB_ATTEMPTS || !line || !line->id)
		return VIEW_SAME;
	s->chosen = line->id;
	r = step_facts_load(a->tracker, s->run, s->step, s->chosen, &s->facts, e);
	return r < 0 ? r : show(s, a, TAB_LOG, e);
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_step *s = (struct view_step *)v;
	struct view *in = inner(s);
	int r = VIEW_PASS;

	for (int i = 0; i < TAB_COUNT; i++)
		if (tabs[i].action == action)
			return show(s, a, i, e);
	if (in) {
		r = in->ops->act(in, a, action, e);
		if (r >= 0 && r & VIEW_MORE)
			app_work(a, v);
	} else if (lines_act(&s->lines, action)) {
		return VIEW_REDRAW;
	} else if (action == ACT_ENTER) {
		return enter(s, a, e);
	}
	if (r >= 0 && r & VIEW_PASS && action == ACT_NEXT_PANE)
		return show(s, a, (s->tab + 1) % TAB_COUNT, e);
	return r;
}

static int mouse(struct view *v, struct app *a, const struct mouse *m, struct rect r, struct err *e)
{
	struct view_step *s = (struct view_step *)v;
	struct view *in = inner(s);

	if (m->kind == MOUSE_PRESS && m->row == r.row + 1) {
		for (int i = 0; i < TAB_COUNT; i++)
			if (m->col >= s->tab_col[i] && m->col < s->tab_col[i + 1] - 2)
				return show(s, a, i, e);
		return VIEW_SAME;
	}
	if (in)
		return in->ops->mouse ? in->ops->mouse(in, a, m, inside(r), e) : VIEW_PASS;
	if (m->kind == MOUSE_PRESS || m->kind == MOUSE_DOUBLE) {
		bool hit = lines_click(&s->lines, inside(r), m->row);

		return hit && m->kind == MOUSE_DOUBLE ? enter(s, a, e) | VIEW_REDRAW : VIEW_REDRAW;
	}
	return VIEW_PASS;
}

static int refresh(struct view *v, struct app *a, int why, struct err *e)
{
	struct view_step *s = (struct view_step *)v;
	struct view *in;
	int r = VIEW_SAME, more;

	if (why & REFRESH_RECORD && !s->removed) {
		int64_t seen = s->facts.seen ? s->facts.seen->id : 0;

		r = step_facts_load(a->tracker, s->run, s->step, s->chosen, &s->facts, e);
		if (r == ERR_NOT_FOUND) {
			s->removed = true;
			return VIEW_REDRAW;
		}
		if (r >= 0 && (s->facts.seen ? s->facts.seen->id : 0) != seen)
			r = show(s, a, s->tab, e);
		else if (r >= 0)
			r = fill(s, a, e);
		if (r >= 0 && s->inner[TAB_LOG])
			view_log_live(s->inner[TAB_LOG], a, s->facts.seen->state == ATTEMPT_RUNNING);
		if (r < 0)
			return r;
		r = VIEW_REDRAW;
	}
	in = inner(s);
	if (!in || !in->ops->refresh)
		return r | (why & REFRESH_CLOCK ? VIEW_REDRAW : VIEW_SAME);
	more = in->ops->refresh(in, a, why, e);
	if (more >= 0 && more & VIEW_MORE)
		app_work(a, v);
	return more < 0 ? more : r | more | (why & REFRESH_CLOCK ? VIEW_REDRAW : VIEW_SAME);
}

static int work(struct view *v, struct app *a, struct err *e)
{
	struct view *in = inner((struct view_step *)v);

	return in && in->ops->work ? in->ops->work(in, a, e) : VIEW_SAME;
}

static int64_t due(struct view *v)
{
	struct view_step *s = (struct view_step *)v;
	struct view *in = inner(s);
	int64_t clock = s->facts.seen && s->facts.seen->state == ATTEMPT_RUNNING ?
	                        time_mono() / US_PER_S * US_PER_S + US_PER_S :
	                        -1;
	int64_t other = in && in->ops->due ? in->ops->due(in) : -1;

	return other >= 0 && (clock < 0 || other < clock) ? other : clock;
}

static void title(struct view *v, struct app *a, struct buf *trail, struct buf *facts)
{
	struct view_step *s = (struct view_step *)v;
	struct view *in = inner(s);

	/* Short, so that what the tab counts has room beside it. */
	buf_addf(trail, "%lld ▸ %s", (long long)s->run, s->facts.step.name);
	if (s->facts.seen)
		buf_addf(trail, "@%d", s->facts.seen->n);
	buf_addf(trail, " ▸ %s", tabs[s->tab].title);
	if (in && in->ops->title) {
		_buf_ struct buf unused = BUF_INIT;

		in->ops->title(in, a, &unused, facts);
	}
}

static bool copy(struct view *v, struct app *a, struct buf *out)
{
	struct view_step *s = (struct view_step *)v;
	struct view *in = inner(s);
	const struct line *line = lines_at(&s->lines);

	if (in)
		return in->ops->copy && in->ops->copy(in, a, out);
	if (!line || !line->copy)
		return false;
	buf_adds(out, line->copy);
	return true;
}

static const struct view_ops ops = {
        .free = step_free,
        .draw = draw,
        .act = act,
        .mouse = mouse,
        .refresh = refresh,
        .work = work,
        .due = due,
        .title = title,
        .copy = copy,
};

struct view *view_step_new(struct app *a, int64_t run, int64_t step, enum action tab, struct err *e)
{
	struct view_step *s = mem_zero(sizeof *s);
	int r;

	s->ops = ops;
	s->view = (struct view){ &s->ops, SCREEN_LOG, false };
	s->app = a;
	s->run = run;
	s->step = step;
	r = step_facts_load(a->tracker, run, step, 0, &s->facts, e);
	if (r >= 0)
		r = show(s, a, TAB_LOG + (int)(tab - ACT_TAB_LOG), e);
	if (r < 0) {
		step_free(&s->view);
		return NULL;
	}
	return &s->view;
}
