#include "tui/workbench/view_run.h"

#include <stdlib.h>
#include <string.h>
#include "base/time.h"
#include "base/utf8.h"
#include "runner/retry.h"
#include "tui/run_text.h"
#include "tui/workbench/dag_view.h"
#include "tui/workbench/run_actions.h"
#include "tui/workbench/view_run_panel.h"
#include "tui/workbench/view_step.h"
#include "tui/workbench/view_timeline.h"

enum { WIDE = 80, TALL = 20 }; /* cells for two panes side by side, and one above the other */
enum { PANE_LEAST = 20, ROWS_LEAST = 4 }; /* of a pane, however the divider is drawn */
enum { PANEL_LEAST = 30, PANEL_READ = 36, PANEL_MOST = 90 }; /* cells; the least only where the whole drawing fits so */

struct view_run {
	struct view view;
	struct run_model model;
	struct dag_view *dag;
	struct run_panel panel;
	bool in_panel;       /* keys scroll the panel */
	bool dragging;       /* the divider */
	int panel_cols, dag_rows; /* where a person put the divider; 0: as it fits */
	/* a person chose the step, or had it tried again; until then the cursor goes to what fails, or runs */
	bool moved;
	int searched_from;   /* step under the cursor before a search */
};

static const enum action foot[] = {
	ACT_ENTER, ACT_TAB_LOG, ACT_TAB_METRICS, ACT_TAB_FILES, ACT_RETRY, ACT_STOP, ACT_PAUSE, ACT_TIMELINE,
	ACT_RESUME, ACT_EDIT,  ACT_FOLD,    ACT_BACK,        ACT_HELP,      ACT_NONE,
};

static void run_free(struct view *v)
{
	struct view_run *s = (struct view_run *)v;
	dag_view_free(s->dag);
	run_panel_release(&s->panel);
	run_model_release(&s->model);
	free(s);
}

static int load_panel(struct view_run *s, struct app *a, struct err *e)
{
	return run_panel_load(&s->panel, a, &s->model, s->dag, e);
}

static int between(int n, int least, int most)
{
	return n < least ? least : n > most ? most : n;
}

struct panes { struct rect dag, panel, rule; };

/* A panel that can still be read, beside a drawing that takes all it gets. */
static int narrow_panel(int cols)
{
	return between(cols * 38 / 100, PANEL_LEAST, PANEL_MOST);
}

/* Side by side, one above the other, or only the one that has the keys. */
static struct panes panes_of(const struct view_run *s, struct rect r)
{
	struct panes p = { .dag = r };
	if (r.cols >= WIDE) {
		int panel = r.cols * 46 / 100;
		int spare = r.cols - 2 - dag_view_cols(s->dag), narrow = narrow_panel(r.cols);
		/* The drawing takes what it needs, as long as the panel can still be read. */
		panel = spare < panel ? (spare > narrow ? spare : narrow) : panel;
		if (panel < PANEL_READ)
			panel = spare >= PANEL_LEAST && spare < PANEL_READ ? spare : PANEL_READ;
		panel = panel > PANEL_MOST ? PANEL_MOST : panel;
		panel = s->panel_cols ? between(s->panel_cols, PANE_LEAST, r.cols - 2 - PANE_LEAST) : panel;
		p.dag.cols = r.cols - panel - 2;
		p.rule = (struct rect){ r.row, r.col + p.dag.cols, r.rows, 1 };
		p.panel = (struct rect){ r.row, r.col + p.dag.cols + 2, r.rows, panel };
	} else if (r.rows >= TALL) {
		p.dag.rows = s->dag_rows ? between(s->dag_rows, ROWS_LEAST, r.rows - 1 - ROWS_LEAST) : r.rows / 2;
		p.rule = (struct rect){ r.row + p.dag.rows, r.col, 1, r.cols };
		p.panel = (struct rect){ r.row + p.dag.rows + 1, r.col + 1, r.rows - p.dag.rows - 1, r.cols - 1 };
	} else if (s->in_panel) {
		p.panel = (struct rect){ r.row, r.col + 1, r.rows, r.cols - 1 };
		p.dag.rows = 0;
	}
	return p;
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_run *s = (struct view_run *)v;
	int64_t now = time_now();
	struct panes p = panes_of(s, r);
	(void)a;
	if (s->model.removed) {
		grid_textf(g, r.row + 1, r.col + 2, r.cols - 2, ROLE_WARNING, "run %lld was deleted; Esc goes back",
		           (long long)s->model.number);
		return;
	}
	if (s->model.steps.len == 0)
		grid_text(g, r.row + 1, r.col + 2, r.cols - 2, ROLE_QUIET, "no steps yet");
	else if (p.dag.rows > 0)
		dag_view_draw(s->dag, g, p.dag, !s->in_panel, now);
	for (int i = 0; p.rule.cols == 1 && i < p.rule.rows; i++)
		grid_put(g, p.rule.row + i, p.rule.col, 0x2502, ROLE_RULE);
	if (p.rule.cols > 1)
		grid_rule(g, p.rule.row, p.rule.col, p.rule.cols);
	if (p.panel.rows > 0)
		run_panel_draw(&s->panel, &s->model, g, p.panel, s->in_panel, now);
}

static int open_step(struct view_run *s, struct app *a, enum action tab, struct err *e)
{
	if (s->panel.step < 0)
		return VIEW_SAME;
	struct view *step = view_step_new(a, s->model.number, s->model.steps.v[s->panel.step].id, tab, e);
	if (!step)
		return e->code;
	app_push(a, step);
	return VIEW_REDRAW;
}

static int open_timeline(struct view_run *s, struct app *a, struct err *e)
{
	struct view *timeline = view_timeline_new(a, s->model.number, e);
	if (!timeline)
		return e->code;
	app_push(a, timeline);
	return VIEW_REDRAW;
}

/* The first step whose name holds the text, from the one where the search began. */
static int search(void *arg, struct app *a, enum typed how, const char *text, struct err *e)
{
	struct view_run *s = arg;
	int n = (int)s->model.steps.len, from = s->searched_from, found = -1;
	if (how == TYPED_ENTER || n == 0)
		return VIEW_REDRAW;
	if (how == TYPED_ESC || !*text)
		found = from;
	for (int i = 0, hits = 0; how == TYPED_CHANGE && *text && i < n; i++) {
		int at = (from + i) % n;
		if (!strcasestr(s->model.steps.v[at].name, text))
			continue;
		if (hits++ == 0)
			found = at;
	}
	if (how == TYPED_CHANGE)
		app_type_note(a, found < 0, "%s", found < 0 ? "no step is named so" : "");
	s->moved = true;
	if (found >= 0)
		dag_view_show(s->dag, found);
	int r = load_panel(s, a, e);
	return r < 0 ? r : VIEW_REDRAW;
}

static int edit(struct view_run *s, struct app *a, struct err *e)
{
	if (!s->panel.error_path)
		return err_set(e, ERR_NOT_FOUND, s->panel.step >= 0 && s->panel.begun && s->panel.attempt.error_file
		                                         ? "the file of the error is not there any more"
		                                         : "no place of an error is known of this step");
	return app_edit(a, s->panel.error_path, s->panel.attempt.error_line, e);
}

static int act_dag(struct view_run *s, struct app *a, enum action action, struct err *e)
{
	int r = dag_view_act(s->dag, action, e);
	if (r < 0 || !(r & VIEW_REDRAW))
		return r;
	s->moved = true;
	int loaded = load_panel(s, a, e);
	return loaded < 0 ? loaded : r;
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_run *s = (struct view_run *)v;
	if (s->model.removed)
		return VIEW_PASS;
	switch (action) {
	case ACT_UP:
	case ACT_DOWN:
	case ACT_PAGE_UP:
	case ACT_PAGE_DOWN:
	case ACT_FIRST:
	case ACT_LAST:
		if (s->in_panel)
			return run_panel_act(&s->panel, action) ? VIEW_REDRAW : VIEW_SAME;
		return act_dag(s, a, action, e);
	case ACT_LEFT:
	case ACT_RIGHT:
	case ACT_LANES:
		return act_dag(s, a, action, e);
	case ACT_FOLD: {
		int r = act_dag(s, a, action, e);
		if (r != VIEW_SAME)
			return r;
		app_say(a, ROLE_QUIET, "no matrix is under the cursor");
		return VIEW_REDRAW;
	}
	case ACT_NEXT_PANE:
		s->in_panel = !s->in_panel;
		s->moved = true;
		return VIEW_REDRAW;
	case ACT_ENTER:
		return s->panel.nfolded > 1 && !s->in_panel ? act_dag(s, a, ACT_FOLD, e) :
		                                              open_step(s, a, ACT_TAB_LOG, e);
	case ACT_TAB_LOG:
	case ACT_TAB_METRICS:
	case ACT_TAB_FILES:
	case ACT_TAB_ENV:
	case ACT_TAB_COMMAND:
	case ACT_TAB_ATTEMPTS:
		return open_step(s, a, action, e);
	case ACT_TIMELINE:
		return open_timeline(s, a, e);
	case ACT_RESUME:
	case ACT_RESTART:
	case ACT_RETRY:
	case ACT_STOP:
	case ACT_PAUSE:
	case ACT_DEBUG:
		s->moved |= action == ACT_RETRY;
		return run_act(a, s->model.number, s->panel.step >= 0 ? s->model.steps.v[s->panel.step].name : NULL,
		               action, e);
	case ACT_EDIT:
		return edit(s, a, e);
	case ACT_SEARCH:
		s->searched_from = s->panel.step > 0 ? s->panel.step : 0;
		app_type(a, "step", "", search, s);
		return VIEW_REDRAW;
	default:
		return VIEW_PASS;
	}
}

static bool within(struct rect r, int row, int col)
{
	return row >= r.row && row < r.row + r.rows && col >= r.col && col < r.col + r.cols;
}

static int mouse(struct view *v, struct app *a, const struct mouse *m, struct rect r, struct err *e)
{
	struct view_run *s = (struct view_run *)v;
	struct panes p = panes_of(s, r);
	if (s->model.removed)
		return VIEW_PASS;
	if (m->kind == MOUSE_PRESS)
		s->dragging = within(p.rule, m->row, m->col);
	if (m->kind == MOUSE_RELEASE)
		s->dragging = false;
	if (s->dragging) {
		if (m->kind == MOUSE_DRAG && p.rule.cols == 1)
			s->panel_cols = between(r.col + r.cols - m->col - 2, PANE_LEAST, r.cols);
		else if (m->kind == MOUSE_DRAG)
			s->dag_rows = between(m->row - r.row, ROWS_LEAST, r.rows);
		return m->kind == MOUSE_DRAG ? VIEW_REDRAW : VIEW_SAME;
	}
	if (within(p.panel, m->row, m->col)) {
		bool wheel = m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN, moved = false;
		for (int i = 0; wheel && i < 3; i++)
			moved |= run_panel_act(&s->panel, m->kind == MOUSE_WHEEL_UP ? ACT_UP : ACT_DOWN);
		if (m->kind == MOUSE_PRESS)
			s->in_panel = true;
		return moved || m->kind == MOUSE_PRESS ? VIEW_REDRAW : VIEW_SAME;
	}
	if (p.dag.rows <= 0 || !within(p.dag, m->row, m->col))
		return VIEW_PASS;
	int done = dag_view_mouse(s->dag, m, p.dag);
	if (m->kind == MOUSE_PRESS || m->kind == MOUSE_DOUBLE) {
		s->in_panel = false;
		s->moved = true;
		int r2 = load_panel(s, a, e);
		if (r2 < 0)
			return r2;
	}
	if (done & VIEW_REDRAW && done & VIEW_PASS)
		return act(v, a, ACT_ENTER, e);
	return done;
}

/* What a person came for: what failed first, else what runs, else what was under way when the run was lost or stopped;
 * -1: none. */
static int first_step(const struct run_model *m)
{
	int failed = run_model_first_failed(m), broken = -1;
	for (size_t i = 0; failed < 0 && i < m->steps.len; i++) {
		const struct attempt_row *a = run_model_attempt(m, (int)i);
		if (m->steps.v[i].state == STEP_RUNNING)
			return (int)i;
		if (broken < 0 && a && (a->state == ATTEMPT_LOST || a->state == ATTEMPT_STOPPED))
			broken = (int)i;
	}
	return failed < 0 ? broken : failed;
}

static int refresh(struct view *v, struct app *a, int why, struct err *e)
{
	struct view_run *s = (struct view_run *)v;
	bool running = s->panel.step >= 0 && s->panel.begun && s->panel.attempt.state == ATTEMPT_RUNNING;
	int r = 0, moved = 0;
	if (s->model.removed)
		return VIEW_SAME;
	if (why & REFRESH_RECORD) {
		size_t steps = s->model.steps.len, attempts = s->model.attempts.len;
		moved = r = run_model_refresh(a->tracker, &s->model, e);
		if (r < 0)
			return r;
		if (s->model.removed)
			return VIEW_REDRAW;
		if (s->model.steps.len != steps)
			dag_view_reload(s->dag);
		int first = s->moved ? -1 : first_step(&s->model);
		/* A step may have begun and ended since the last look. */
		if (!s->moved && first < 0 && s->model.attempts.len > attempts)
			first = run_model_step(&s->model, s->model.attempts.v[s->model.attempts.len - 1].step);
		bool ended = first >= 0 && s->model.steps.v[first].state != STEP_RUNNING;
		if (first >= 0 && (ended || s->panel.step < 0 || s->model.steps.v[s->panel.step].state != STEP_RUNNING))
			dag_view_show(s->dag, first);
	}
	/* Its points are commits that move no step. */
	if (moved || (why & REFRESH_RECORD && running) || (why & REFRESH_TICK && run_panel_stale(&s->panel, a))) {
		if ((r = load_panel(s, a, e)) < 0)
			return r;
		return VIEW_REDRAW;
	}
	return why & REFRESH_CLOCK ? VIEW_REDRAW : VIEW_SAME;
}

static int64_t due(struct view *v)
{
	struct view_run *s = (struct view_run *)v;
	return run_model_live(&s->model) ? time_mono() / US_PER_S * US_PER_S + US_PER_S : -1;
}

static void title(struct view *v, struct app *a, struct buf *trail, struct buf *facts)
{
	struct view_run *s = (struct view_run *)v;
	const struct run_row *row = &s->model.row;
	const struct word *w = word_of(WORDS_RUN_STATE, row->state);
	buf_addf(trail, "%s ▸ %lld %s", a->project->name, (long long)s->model.number, row->name);
	if (s->model.removed)
		return;
	buf_addf(trail, " %s %s", w->glyph, w->text);
	if (row->origin)
		buf_addf(facts, "%s %lld", row->kind == KIND_RESTART ? "restarted from" : "resumed from",
		         (long long)row->origin);
	if (row->commit)
		buf_addf(facts, "%s%s %.7s%s", facts->len ? " · " : "", row->branch ? row->branch : "", row->commit,
		         row->dirty > 0 ? "*" : "");
	int64_t elapsed = run_elapsed(row);
	if (elapsed >= 0) {
		char took[24];
		duration_clock(elapsed, took);
		buf_addf(facts, "%s%s", facts->len ? " · " : "", took);
	}
}

static bool copy(struct view *v, struct app *a, struct buf *out)
{
	struct view_run *s = (struct view_run *)v;
	(void)a;
	if (s->model.removed || s->panel.step < 0)
		return false;
	buf_adds(out, s->model.steps.v[s->panel.step].name);
	return true;
}

static bool offers(const struct view *v, enum action action)
{
	const struct view_run *s = (const struct view_run *)v;
	bool live = run_model_live(&s->model);
	char why[96];

	switch (action) {
	case ACT_RESUME: return !live;
	case ACT_STOP:
	case ACT_PAUSE: return live;
	case ACT_RETRY: return live && s->panel.step >= 0 && retry_allowed(s->model.steps.v[s->panel.step].state, why);
	default: return true;
	}
}

static const struct view_ops ops = {
	.free = run_free,
	.draw = draw,
	.act = act,
	.mouse = mouse,
	.refresh = refresh,
	.due = due,
	.title = title,
	.copy = copy,
	.foot = foot,
	.offers = offers,
};

struct view *view_run_new(struct app *a, int64_t run, struct err *e)
{
	struct view_run *s = mem_zero(sizeof *s);
	int r;
	s->view = (struct view){ &ops, SCREEN_RUN, false };
	s->panel.step = -1;
	r = run_model_load(a->tracker, run, &s->model, e);
	if (r >= 0) {
		s->dag = dag_view_new(&s->model);
		if (a->cols)
			dag_view_fit(s->dag, a->cols < WIDE ? a->cols : a->cols - 2 - narrow_panel(a->cols));
		int first = first_step(&s->model);
		dag_view_show(s->dag, first < 0 ? 0 : first);
		r = load_panel(s, a, e);
	}
	if (r < 0) {
		run_free(&s->view);
		return NULL;
	}
	return &s->view;
}
