#include "tui/workbench/view_plan.h"

#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "tracker/query.h"
#include "tui/runs/runs_columns.h"
#include "tui/run_text.h"
#include "tui/workbench/plan_params.h"
#include "tui/workbench/view_pick.h"
#include "tui/workbench/view_run.h"
#include "tui/workbench/view_runs.h"
#include "tui/wrap.h"

/* So many steps of one matrix with one action are one line, as in `jig plan`. */
enum { FOLD = 4 };
enum { EXPLAINED = 200 }; /* steps whose failure is looked up for a plan */

struct plan_line {
	const char *glyph, *name, *action, *reason;
	bool folded; /* stands for several steps */
	enum role role;
};
struct view_plan {
	struct view view;
	int64_t run;
	char *name;                   /* of the run; NULL: a new one */
	char *title;
	char *file;                   /* the pipeline file of the earlier run, for a new run; NULL: jig.yaml */
	enum action action;
	struct plan_params params;
	struct buf left_out;          /* params of the earlier run that are not taken over: a line each */
	json_t *plan;                 /* what is shown, as the command said it, but for the time it takes; NULL: none */
	struct arena arena;           /* of what is shown */
	VEC(const char *) notes;
	VEC(struct plan_line) lines;
	const char *sum;
	char *fault;                  /* why there is no plan; NULL: there is one, or it is being made */
	bool loading, starting;
	bool again;                   /* something was changed since the plan that is being made was asked for */
	bool checking;                /* Enter was pressed: what is being made has to be what is shown */
	bool warned;                  /* it was not, and that was said */
	int top, shown;
	char *changing;               /* the param that is typed; NULL: its name is typed, too */
	char *typed;                  /* what was typed for it */
	char *refused;                /* why it was not taken; NULL: it was */
};

static const char *command_of(const struct view_plan *p)
{
	return p->action == ACT_RESUME ? "resume" : p->action == ACT_RESTART ? "restart" : "run";
}

/* "resume 17 -p …", to look or to do. */
static int command(struct view_plan *p, struct app *a, bool look, app_done_fn *done, struct err *e)
{
	VEC(const char *) args = { 0 };
	_free_ char *number = mem_printf("%lld", (long long)p->run);
	bool is_new = p->action == ACT_NEW_RUN;
	int r;

	vec_push(&args, is_new && look ? "plan" : command_of(p));
	if (!is_new)
		vec_push(&args, number);
	if (look && !is_new)
		vec_push(&args, "--dry-run");
	vec_push(&args, look ? "--json" : "-d");
	if (p->file) {
		vec_push(&args, "-f");
		vec_push(&args, p->file);
	}
	for (size_t i = 0; i < p->params.given.len; i++) {
		vec_push(&args, "-p");
		vec_push(&args, p->params.given.v[i]);
	}
	vec_push(&args, NULL);
	r = app_command(a, args.v, done, p, e);
	vec_release(&args);
	return r;
}

static void forget_plan(struct view_plan *p)
{
	vec_clear(&p->notes);
	vec_clear(&p->lines);
	arena_release(&p->arena);
	p->arena = (struct arena)ARENA_INIT;
	p->sum = NULL;
	json_decref(p->plan);
	p->plan = NULL;
	free(p->fault);
	p->fault = NULL;
}

/* What a command says of its failure. Owned. */
static char *complaint(const char *out, size_t n)
{
	size_t skip = text_starts(out, "jig: ") ? 5 : 0;

	return mem_strndup(out + skip, n - skip);
}

static struct plan_line line_of(struct view_plan *p, const char *name, const char *action, const char *reason)
{
	const struct word *running = word_of(WORDS_STEP_STATE, STEP_RUNNING),
	                  *reused = word_of(WORDS_STEP_STATE, STEP_REUSED),
	                  *skipped = word_of(WORDS_STEP_STATE, STEP_SKIPPED), *w = NULL;
	const char *colon = strstr(reason, ": ");

	w = !strcmp(action, "run")     ? running
	    : !strcmp(action, "reuse") ? reused
	    : !strcmp(action, "skip")  ? skipped
	                               : NULL;
	return (struct plan_line){
		.glyph = w ? w->glyph : "?",
		.role = w == running ? ROLE_ACCENT : w ? role_find(w->role) : ROLE_QUIET,
		.name = arena_strdup(&p->arena, name),
		.action = arena_strdup(&p->arena, action),
		.reason = arena_strdup(&p->arena, colon ? colon + 2 : reason),
	};
}

/* Steps of a matrix that have action and reason in common become one line. */
static void fold(struct view_plan *p)
{
	size_t kept = 0;

	for (size_t i = 0, n; i < p->lines.len; i += n) {
		struct plan_line *l = &p->lines.v[i];
		size_t base = strcspn(l->name, "[");

		for (n = 1; l->name[base] && i + n < p->lines.len; n++) {
			const struct plan_line *o = &p->lines.v[i + n];

			if (strncmp(o->name, l->name, base + 1) || strcmp(o->action, l->action) ||
			    strcmp(o->reason, l->reason))
				break;
		}
		if (n < FOLD) {
			memmove(&p->lines.v[kept], l, n * sizeof *l);
			kept += n;
		} else {
			struct plan_line one = *l;

			one.name = arena_printf(&p->arena, "%.*s ×%zu", (int)base, l->name, n);
			one.folded = true;
			p->lines.v[kept++] = one;
		}
	}
	p->lines.len = kept;
}

/* What came of the step in the run that is gone on from, behind a reason that only says that nothing stands in for
 * it. */
static int explain(struct view_plan *p, struct app *a, struct plan_line *l, struct err *e)
{
	_arena_ struct arena arena = ARENA_INIT;
	_buf_ struct buf why = BUF_INIT;
	const struct attempt_row *last;
	struct attempt_rows attempts;
	struct step_row step;
	int r = query_step_named(a->tracker, p->run, l->name, &arena, &step, e);

	if (r >= 0)
		r = query_step_attempts(a->tracker, step.id, &arena, &attempts, e);
	if (r < 0 || !attempts.len)
		return r;
	last = &attempts.v[attempts.len - 1];
	if (last->state != ATTEMPT_FAILED && last->state != ATTEMPT_STOPPED && last->state != ATTEMPT_LOST)
		return 0;
	attempt_error_text(&why, last);
	if (!why.len && last->state == ATTEMPT_FAILED) {
		char how[64];

		attempt_end_text(last, how);
		buf_adds(&why, how);
	}
	l->reason = arena_printf(&p->arena, "%s; %s in run %lld%s%s", l->reason, attempt_state_text(last->state),
	                         (long long)p->run, why.len ? ": " : "", why.len ? why.data : "");
	return 0;
}

static void explain_failed(struct view_plan *p, struct app *a)
{
	struct err ignored;
	int told = 0;

	for (size_t i = 0; p->run && a->tracker && i < p->lines.len && told < EXPLAINED; i++) {
		struct plan_line *l = &p->lines.v[i];

		if (l->folded || strcmp(l->action, "run") || strcmp(l->reason, "never finished"))
			continue;
		told++;
		/* A step that is new is not in that run. */
		explain(p, a, l, &ignored);
	}
}

static void sum_up(struct view_plan *p, const json_t *plan, const int *counts)
{
	_buf_ struct buf text = BUF_INIT;
	const json_t *expected = json_object_get(plan, "expected");
	char clock[24];

	buf_addf(&text, "%d run, %d reused", counts[0], counts[1]);
	if (counts[2])
		buf_addf(&text, ", %d known later", counts[2]);
	if (counts[3])
		buf_addf(&text, ", %d skipped", counts[3]);
	if (json_is_number(expected) && json_number_value(expected) >= 1) {
		duration_clock((int64_t)(json_number_value(expected) * 1e6), clock);
		buf_addf(&text, "; about %s", clock);
	}
	p->sum = arena_strdup(&p->arena, text.data);
}

static void show_plan(struct view_plan *p, struct app *a, const json_t *plan)
{
	static const char *const kinds[] = { "run", "reuse", "unknown", "skip" };
	int counts[4] = { 0 };
	const json_t *one;
	size_t i;

	plan_params_set_now(&p->params, json_object_get(plan, "params"));
	for (const char *at = p->left_out.data; p->left_out.len && *at; at += strcspn(at, "\n") + 1)
		vec_push(&p->notes, arena_printf(&p->arena, "%.*s", (int)strcspn(at, "\n"), at));
	json_array_foreach(json_object_get(plan, "notes"), i, one)
		vec_push(&p->notes, arena_strdup(&p->arena, json_string_value(one)));
	json_array_foreach(json_object_get(plan, "steps"), i, one) {
		const char *name = json_string_value(json_object_get(one, "step")),
		           *action = json_string_value(json_object_get(one, "action")),
		           *reason = json_string_value(json_object_get(one, "reason"));

		if (!name || !action || !reason)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
			counts[k] += !strcmp(action, kinds[k]);
		vec_push(&p->lines, line_of(p, name, action, reason));
	}
	fold(p);
	if (p->action != ACT_NEW_RUN)
		explain_failed(p, a);
	sum_up(p, plan, counts);
}

static int load(struct view_plan *p, struct app *a, struct err *e);
static int start(struct view_plan *p, struct app *a, struct err *e);
static void type_param(struct view_plan *p, struct app *a, const char *text);

static void do_or_say(struct view_plan *p, struct app *a, int (*what)(struct view_plan *, struct app *, struct err *))
{
	struct err e = { 0 };

	if (what(p, a, &e) < 0)
		app_say(a, ROLE_FAILED, "%s", e.text);
}

/* With what was typed there is no plan: it is typed once more, and all else is as it was. */
static void refuse(struct view_plan *p, struct app *a, const char *out, size_t n)
{
	plan_params_undo(&p->params);
	free(p->refused);
	p->refused = complaint(out, n);
	do_or_say(p, a, load);
	if (app_top(a) == &p->view)
		type_param(p, a, p->typed);
}

/* The time that it takes hangs on what else was run meanwhile. Remarks decide once: in a folder where files come and go
 * those about the code may never be the same. */
static bool same_plan(const json_t *before, const json_t *now, bool remarks)
{
	static const char *const parts[] = { "steps", "params", "notes" };
	bool same = before && now;

	for (size_t i = 0; same && i < ARRAY_LEN(parts) - !remarks; i++)
		same = json_equal(json_object_get(before, parts[i]), json_object_get(now, parts[i]));
	return same;
}

static void planned(void *arg, struct app *a, int status, const char *out, size_t n)
{
	struct view_plan *p = arg;
	_json_ json_t *plan = status ? NULL : json_loadb(out, n, 0, NULL);
	bool checked = p->checking;

	p->loading = p->checking = false;
	app_redraw(a);
	if (p->again) {
		p->again = false;
		do_or_say(p, a, load);
		return;
	}
	if (!plan && p->params.trying) {
		refuse(p, a, out, n);
		return;
	}
	plan_params_keep(&p->params);
	if (checked && same_plan(p->plan, plan, !p->warned)) {
		do_or_say(p, a, start);
		return;
	}
	forget_plan(p);
	if (plan) {
		show_plan(p, a, plan);
		p->plan = mem_take(plan);
	} else {
		p->fault = complaint(out, n);
	}
	p->warned = checked && p->plan;
	if (p->warned)
		app_say(a, ROLE_WARNING, "something has changed since this was shown: Enter starts it as it is now");
}

static int load(struct view_plan *p, struct app *a, struct err *e)
{
	int r;

	if (p->loading) {
		p->again = true;
		return VIEW_REDRAW;
	}
	r = command(p, a, true, planned, e);
	p->loading = r >= 0;
	return r < 0 ? r : VIEW_REDRAW;
}

/* The list of runs goes to the new one. */
static void runs_show(struct app *a, int64_t number)
{
	struct err e;

	if (number && app_top(a)->screen == SCREEN_RUNS && view_runs_show(app_top(a), number, &e) < 0)
		app_say(a, ROLE_FAILED, "%s", e.text);
}

/* "run 18 calm-otter goes on …", behind what is said of the run it comes from: the new run's screen, where the old
 * one's was. */
static void started(void *arg, struct app *a, int status, const char *out, size_t n)
{
	struct view_plan *p = arg;
	struct err e = { 0 };
	const char *line = text_starts(out, "run ") ? out : strstr(out, "\nrun ");
	long number;
	struct view *v;

	p->starting = false;
	if (status) {
		free(p->fault);
		p->fault = complaint(out, n);
		app_redraw(a);
		return;
	}
	line = !line ? out : line + (*line == '\n');
	number = text_starts(line, "run ") ? strtol(line + 4, NULL, 10) : 0;
	app_pop(a);
	if (number && app_top(a)->screen == SCREEN_RUN && (v = view_run_new(a, number, &e))) {
		/* Its title says which run it is, and it may end while one looks. */
		app_pop(a);
		runs_show(a, number);
		app_push(a, v);
	} else {
		runs_show(a, number);
		app_say(a, ROLE_QUIET, "%.*s", (int)strcspn(line, "\n"), line);
	}
}

static void forget_typed(struct view_plan *p)
{
	free(p->typed);
	free(p->refused);
	p->typed = p->refused = NULL;
}

static int param_typed(void *arg, struct app *a, enum typed how, const char *text, struct err *e)
{
	struct view_plan *p = arg;
	const char *now = p->changing ? pair_rows_find(&p->params.now, p->changing) : NULL;
	bool whole = p->changing || strchr(text, '=') || *text == '~';
	_free_ char *param = NULL;

	if (how == TYPED_CHANGE) {
		app_type_note(a, *text && !whole, "%s", p->changing ? "" : "key=value");
		return VIEW_REDRAW;
	}
	forget_typed(p);
	if (how == TYPED_ESC || !whole || (now && !strcmp(now, text)))
		return VIEW_REDRAW;
	p->typed = mem_strdup(text);
	param = p->changing ? mem_printf("%s=%s", p->changing, text) : mem_strdup(text);
	plan_params_try(&p->params, param);
	return load(p, a, e);
}

static void type_param(struct view_plan *p, struct app *a, const char *text)
{
	app_type(a, p->changing ? p->changing : "param", text, param_typed, p);
}

static int param_chosen(void *arg, struct app *a, int row, const char *typed, struct err *e)
{
	struct view_plan *p = arg;
	const struct pair *one = row >= 0 && (size_t)row < p->params.now.len ? &p->params.now.v[row] : NULL;

	forget_typed(p);
	free(p->changing);
	p->changing = one ? mem_strdup(one->key) : NULL;
	type_param(p, a, one ? one->value : typed);
	return VIEW_REDRAW;
}

static const struct pick_ops param_ops = { .chosen = param_chosen };

static int choose_param(struct view_plan *p, struct app *a)
{
	VEC(struct pick_row) rows = { 0 };

	for (size_t i = 0; i < p->params.now.len; i++)
		vec_push(&rows, (struct pick_row){ .name = p->params.now.v[i].key, .text = p->params.now.v[i].value });
	vec_push(&rows, (struct pick_row){ .name = "another", .text = "key=value", .role = ROLE_QUIET });
	view_pick_push(a, "params", "param", rows.v, (int)rows.len, 0, &param_ops, p);
	vec_release(&rows);
	return VIEW_REDRAW;
}

static int start(struct view_plan *p, struct app *a, struct err *e)
{
	int r = command(p, a, false, started, e);

	p->starting = r >= 0;
	return r < 0 ? r : VIEW_REDRAW;
}

/* Enter: the code may be another one than when the plan was made. */
static int go(struct view_plan *p, struct app *a, struct err *e)
{
	int r;

	if (p->fault) {
		app_say(a, ROLE_WARNING, "nothing can be started as long as there is no plan");
		return VIEW_REDRAW;
	}
	if (p->loading || p->starting)
		return VIEW_SAME;
	r = load(p, a, e);
	p->checking = r >= 0;
	return r;
}

static void scroll(struct view_plan *p, int by)
{
	int most = (int)p->lines.len - p->shown;

	p->top += by;
	if (p->top > most)
		p->top = most;
	if (p->top < 0)
		p->top = 0;
}

static void set_title(struct view_plan *p)
{
	free(p->title);
	if (p->action == ACT_NEW_RUN && !p->run)
		p->title = mem_strdup("a new run with the code as it is now");
	else if (p->action == ACT_NEW_RUN)
		p->title = mem_printf("a new run with the code as it is now, as %lld %s", (long long)p->run,
		                      p->name);
	else
		p->title =
		        mem_printf("%s %lld %s with the code as it is now", command_of(p), (long long)p->run, p->name);
}

/* A restart in place of a resume, and back. */
static int turn(struct view_plan *p, struct app *a, struct err *e)
{
	p->action = p->action == ACT_RESTART ? ACT_RESUME : ACT_RESTART;
	set_title(p);
	return load(p, a, e);
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_plan *p = (struct view_plan *)v;

	switch (action) {
	case ACT_UP: scroll(p, -1); break;
	case ACT_DOWN: scroll(p, 1); break;
	case ACT_PAGE_UP: scroll(p, -p->shown); break;
	case ACT_PAGE_DOWN: scroll(p, p->shown); break;
	case ACT_FIRST: scroll(p, -(int)p->lines.len); break;
	case ACT_LAST: scroll(p, (int)p->lines.len); break;
	case ACT_GO: return go(p, a, e);
	case ACT_PARAMS: return choose_param(p, a);
	case ACT_PLAN_RESTART: return p->action == ACT_NEW_RUN ? VIEW_SAME : turn(p, a, e);
	default: return VIEW_PASS;
	}
	return VIEW_REDRAW;
}

static int draw_lines(struct view_plan *p, struct grid *g, struct rect in, int y)
{
	int names = 0, actions = 0;

	for (size_t i = 0; i < p->lines.len; i++) {
		int cells = (int)utf8_cells(p->lines.v[i].name, strlen(p->lines.v[i].name));
		int word = (int)strlen(p->lines.v[i].action);

		names = cells > names ? cells : names;
		actions = word > actions ? word : actions;
	}
	if (names > in.cols / 3)
		names = in.cols / 3;
	p->shown = in.row + in.rows - y;
	scroll(p, 0);
	for (int i = 0; i < p->shown && p->top + i < (int)p->lines.len; i++) {
		const struct plan_line *l = &p->lines.v[p->top + i];
		int x = in.col;

		grid_text(g, y + i, x, 1, l->role, l->glyph);
		x += 2;
		grid_text_cut(g, y + i, x, names, l->role, l->name);
		x += names + 2;
		grid_text(g, y + i, x, actions, ROLE_TEXT, l->action);
		x += actions + 2;
		if (in.col + in.cols > x)
			grid_text_cut(g, y + i, x, in.col + in.cols - x, ROLE_QUIET, l->reason);
	}
	return (int)p->lines.len < p->shown ? y + (int)p->lines.len : y + p->shown;
}

/* Text of many lines, each cut at the edge. */
static int draw_text(struct grid *g, struct rect in, int y, enum role role, const char *text)
{
	for (; *text && y < in.row + in.rows; y++) {
		size_t n = strcspn(text, "\n");
		_free_ char *line = mem_strndup(text, n);

		grid_text_cut(g, y, in.col, in.cols, role, line);
		text += n + (text[n] == '\n');
	}
	return y;
}

/* The whole of a text in as many rows as it takes; g NULL: they are counted. */
static int draw_wrapped(struct grid *g, struct rect in, int y, const char *text)
{
	size_t n = strlen(text), next;

	for (; n && y < in.row + in.rows; y++, text += next, n -= next) {
		size_t fit = wrap_row(text, n, in.cols, &next);
		_free_ char *line = mem_strndup(text, fit);

		if (g)
			grid_text_cut(g, y, in.col, in.cols, ROLE_FAILED, line);
	}
	return y;
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_plan *p = (struct view_plan *)v;
	int cols = r.cols - 2 < 100 ? r.cols - 2 : 100;
	const char *wrong = p->refused ? p->refused : p->fault;
	struct rect all = { 0, 0, r.rows, cols - 4 };
	int params = plan_params_draw(&p->params, NULL, all);
	int body = wrong ? draw_wrapped(NULL, all, 0, wrong) : (int)p->lines.len;
	int wanted = (int)p->notes.len + body + params + 6;
	int rows = wanted < 9 ? 9 : wanted < r.rows ? wanted : r.rows;
	struct rect box = { r.row + (r.rows - rows) / 3, r.col + (r.cols - cols) / 2, rows, cols };
	struct rect in = { box.row + 1, box.col + 2, rows - 4, cols - 4 };
	int y = in.row;

	grid_overlay(g, box, r);
	grid_textf(g, box.row, in.col, in.cols, ROLE_STRONG, " %s ", p->title);
	for (size_t i = 0; i < p->notes.len && y < in.row + in.rows - 1; i++)
		y = draw_text(g, in, y, *p->notes.v[i] == '!' ? ROLE_WARNING : ROLE_TEXT, p->notes.v[i]);
	y += plan_params_draw(&p->params, g, (struct rect){ y, in.col, in.row + in.rows - y, in.cols });
	if (y > in.row)
		y++;
	if (wrong)
		draw_wrapped(g, in, y, wrong);
	else
		draw_lines(p, g, in, y);
	y = box.row + rows - 2;
	if (p->starting)
		grid_text_cut(g, y, in.col, in.cols, ROLE_RUNNING,
		              "starting; an environment that has to be built takes its time");
	else if (p->loading)
		grid_text_cut(g, y, in.col, in.cols, ROLE_QUIET, "looking at what has changed");
	else if (p->sum)
		grid_text_cut(g, y, in.col, in.cols, ROLE_STRONG, p->sum);
}

static void plan_free(struct view *v)
{
	struct view_plan *p = (struct view_plan *)v;

	plan_params_release(&p->params);
	forget_plan(p);
	forget_typed(p);
	vec_release(&p->notes);
	vec_release(&p->lines);
	arena_release(&p->arena);
	buf_release(&p->left_out);
	free(p->changing);
	free(p->file);
	free(p->title);
	free(p->name);
	free(p);
}

static const enum action foot[] = {ACT_GO, ACT_PARAMS, ACT_PLAN_RESTART, ACT_BACK, ACT_NONE},
                         new_foot[] = {ACT_GO, ACT_PARAMS, ACT_BACK, ACT_NONE};
static const struct view_ops new_ops = {.free = plan_free, .draw = draw, .act = act, .foot = new_foot},
                             ops = {.free = plan_free, .draw = draw, .act = act, .foot = foot};

/* What the new run has in common with the earlier one, and what to hold its params against. */
static int take_over(struct view_plan *p, struct app *a, const struct run_row *row, struct err *e)
{
	int r = query_params(a->tracker, p->run, &p->params.before_arena, &p->params.before, e);
	_json_ json_t *options = NULL;

	if (r < 0)
		return r;
	p->params.shown = p->params.has_before = true;
	p->name = mem_strdup(row->name);
	options = row->options ? json_loads(row->options, 0, NULL) : NULL;
	plan_params_set(&p->params, json_object_get(options, "overrides"));
	/* The commands that name a run take it over by themselves. */
	if (p->action != ACT_NEW_RUN)
		return 0;
	p->file = mem_strdup(json_string_value(json_object_get(options, "file")));
	plan_params_take(&p->params, a->project, json_object_get(options, "overrides"), p->run, p->file, &p->left_out);
	return 0;
}

int view_plan_push(struct app *a, int64_t run, enum action action, struct err *e)
{
	struct view_plan *p = mem_zero(sizeof *p);
	_arena_ struct arena arena = ARENA_INIT;
	struct run_row row;
	int r = run ? query_run(a->tracker, run, &arena, &row, e) : 0;

	p->view = (struct view){ action == ACT_NEW_RUN ? &new_ops : &ops, SCREEN_PLAN, true };
	p->run = run;
	p->action = action;
	buf_init(&p->left_out);
	if (r >= 0 && run)
		r = take_over(p, a, &row, e);
	if (r < 0) {
		plan_free(&p->view);
		return r;
	}
	set_title(p);
	app_push(a, &p->view);
	return load(p, a, e);
}
