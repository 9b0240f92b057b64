#include "tui/workbench/app_parts.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "base/time.h"
#include "runner/lost.h"
#include "tracker/query.h"
#include "tui/asker.h"
#include "tui/workbench/script.h"
#include "tui/workbench/view_runs.h"
#include "tui/workbench/view_start.h"

#define FRAME_US 100000      /* frames without a key: ten a second */
#define KEY_FRAME_US 10000   /* what comes soon after a key is its answer */
#define KEY_ANSWER_US 500000
#define TICK_US 200000       /* how often the record is asked whether it changed */
#define LIVE_TICK_US 100000  /* while a run is under way */
#define LOST_US (5 * US_PER_S)

void app_redraw(struct app *a)
{
	bench_of(a)->dirty = true;
}

void app_push(struct app *a, struct view *v)
{
	vec_push(&bench_of(a)->stack, v);
	app_redraw(a);
}

/* The views that can be seen: the last that is no overlay, and what lies over it. */
static void bench_refresh(struct bench *b, int why)
{
	size_t first = b->stack.len;

	if (why & REFRESH_RECORD && b->app.tracker) {
		_arena_ struct arena a = ARENA_INIT;
		struct err e = { 0 };
		int64_t *live;
		size_t n;

		if (query_live(b->app.tracker, &a, &live, &n, &e) >= 0)
			b->live = n > 0;
	}
	while (first > 0 && b->stack.v[first - 1]->overlay)
		first--;
	for (size_t i = first ? first - 1 : 0; i < b->stack.len; i++) {
		struct view *v = b->stack.v[i];
		struct err e = { 0 };

		if (v->ops->refresh)
			bench_take(b, v->ops->refresh(v, &b->app, why, &e), &e);
	}
}

void app_forget(struct app *a, const struct view *v)
{
	struct bench *b = bench_of(a);

	if (b->working == v)
		b->working = NULL;
	b->typing.on = b->asking.on = false;
	commands_forget(b, v);
}

void app_pop(struct app *a)
{
	struct bench *b = bench_of(a);
	struct view *v = vec_pop(&b->stack);

	app_forget(a, v);
	vec_push(&b->gone, v);
	/* What was hidden may be behind the record. */
	if (b->stack.len && !v->overlay)
		bench_refresh(b, REFRESH_RECORD);
	app_redraw(a);
}

struct view *app_first(struct app *a)
{
	return bench_of(a)->stack.v[0];
}

struct view *app_top(struct app *a)
{
	return bench_top(bench_of(a));
}

int app_find_project(struct app *a, struct err *e)
{
	struct bench *b = bench_of(a);
	int r = project_find(&b->found, e);

	if (r >= 0)
		a->project = &b->found;
	return r;
}

void app_work(struct app *a, struct view *v)
{
	bench_of(a)->working = v;
}

void app_quit(struct app *a)
{
	bench_of(a)->quit = true;
}

void app_say(struct app *a, enum role role, const char *fmt, ...)
{
	struct bench *b = bench_of(a);
	va_list ap;

	buf_reset(&b->said);
	va_start(ap, fmt);
	buf_addv(&b->said, fmt, ap);
	va_end(ap);
	b->said_role = role;
	app_redraw(a);
}

void app_type(struct app *a, const char *label, const char *text, app_typed_fn *cb, void *arg)
{
	struct bench *b = bench_of(a);

	line_edit_release(&b->typing.line);
	line_edit_init(&b->typing.line, text);
	buf_reset(&b->typing.label);
	buf_adds(&b->typing.label, label);
	buf_reset(&b->typing.note);
	b->typing.on = true;
	b->typing.bad = false;
	b->typing.cb = cb;
	b->typing.arg = arg;
	app_redraw(a);
}

void app_type_note(struct app *a, bool bad, const char *fmt, ...)
{
	struct bench *b = bench_of(a);
	va_list ap;

	buf_reset(&b->typing.note);
	va_start(ap, fmt);
	buf_addv(&b->typing.note, fmt, ap);
	va_end(ap);
	b->typing.bad = bad;
	app_redraw(a);
}

void app_ask(struct app *a, struct key key, const char *what, app_answer_fn *cb, void *arg)
{
	struct bench *b = bench_of(a);

	buf_reset(&b->asking.what);
	buf_adds(&b->asking.what, what);
	b->asking.on = true;
	b->asking.key = key;
	b->asking.cb = cb;
	b->asking.arg = arg;
	app_redraw(a);
}

void app_copy(struct app *a, const char *text, size_t n)
{
	struct bench *b = bench_of(a);
	struct err e = { 0 };
	size_t first = strcspn(text, "\n");

	if (b->term && term_copy(b->term, text, n, &e) < 0)
		app_say(a, ROLE_FAILED, "%s", e.text);
	else
		app_say(a, ROLE_QUIET, "copied: %.*s%s", (int)(first < 200 ? first : 200), text, first < n ? " …" : "");
}

int bench_theme(struct bench *b, const char *name, struct err *e)
{
	struct theme theme;
	int r = theme_load(name, &theme, e);

	if (r < 0)
		return r;
	b->theme = theme;
	b->app.paint.theme = &b->theme;
	if (b->term) {
		term_paint(b->term, &b->app.paint);
		term_forget(b->term);
	}
	app_redraw(&b->app);
	return 0;
}

static int64_t next_due(struct bench *b)
{
	int64_t first = -1;

	for (size_t i = 0; i < b->stack.len; i++) {
		struct view *v = b->stack.v[i];
		int64_t at = v->ops->due ? v->ops->due(v) : -1;

		if (at >= 0 && (first < 0 || at < first))
			first = at;
	}
	return first;
}

/* The first run of a folder makes its record while the workbench looks at the folder. */
static int open_record(struct bench *b, struct err *e)
{
	struct app *a = &b->app;
	int r;

	if (a->tracker || !a->project || (r = project_has_record(a->project, e)) == 0)
		return 0;
	if (r >= 0)
		r = tracker_open(a->project->jig, TRACKER_READ, &a->tracker, e);
	if (r >= 0)
		r = lost_find(a->project, a->tracker, e);
	if (r >= 0)
		r = asker_new(a->loop, a->project->jig, &a->asker, e);
	if (r >= 0)
		b->version = tracker_data_version(a->tracker);
	return r;
}

static void show_first(struct bench *b)
{
	struct err e = { 0 };
	struct view *v = b->app.tracker ? view_runs_new(&b->app, &e) : view_start_new(&b->app);

	if (!v) {
		app_say(&b->app, ROLE_FAILED, "%s", e.text);
		v = view_start_new(&b->app);
	}
	app_push(&b->app, v);
}

static void drop_gone(struct bench *b)
{
	for (size_t i = 0; i < b->gone.len; i++)
		b->gone.v[i]->ops->free(b->gone.v[i]);
	b->gone.len = 0;
}

/* The record was deleted, or another stands there: what was read of it says nothing of what is there now. */
static void leave_record(struct bench *b)
{
	while (b->stack.len) {
		struct view *v = vec_pop(&b->stack);

		app_forget(&b->app, v);
		vec_push(&b->gone, v);
	}
	drop_gone(b);
	asker_free(b->app.asker);
	tracker_close(b->app.tracker);
	b->app.asker = NULL;
	b->app.tracker = NULL;
	b->live = false;
	show_first(b);
	app_say(&b->app, ROLE_WARNING, "the record in .jig was deleted or replaced; what stands there now is shown");
	app_redraw(&b->app);
}

/* A first record takes the place of what was shown without one. */
static void look_for_record(struct bench *b)
{
	struct err e = { 0 };
	int r = open_record(b, &e);

	if (r < 0) {
		app_say(&b->app, ROLE_FAILED, "%s", e.text);
	} else if (b->app.tracker) {
		while (b->stack.len)
			app_pop(&b->app);
		show_first(b);
		bench_refresh(b, REFRESH_RECORD);
	}
}

static void on_tick(void *arg)
{
	struct bench *b = arg;
	int64_t now = time_mono(), version, due = next_due(b);
	int why = 0;

	loop_timer_set(b->tick_timer, now + (b->live ? LIVE_TICK_US : TICK_US));
	if (!b->app.tracker) {
		look_for_record(b);
		return;
	}
	if (tracker_moved(b->app.tracker)) {
		leave_record(b);
		return;
	}
	if (b->live && now - b->lost_looked > LOST_US) {
		struct err e = { 0 };

		b->lost_looked = now;
		if (lost_find(b->app.project, b->app.tracker, &e) > 0)
			why |= REFRESH_RECORD;
	}
	version = tracker_data_version(b->app.tracker);
	if (version != b->version) {
		b->version = version;
		why |= REFRESH_RECORD;
	}
	if (b->live)
		why |= REFRESH_TICK;
	if (due >= 0 && due <= now)
		why |= REFRESH_CLOCK;
	if (why)
		bench_refresh(b, why);
}

static void on_frame(void *arg)
{
}

static void on_input(void *arg)
{
}

bool bench_busy(const struct bench *b)
{
	return b->working || b->commands.len || (b->app.asker && asker_busy(b->app.asker));
}

static void slice(struct bench *b)
{
	struct view *v = b->working;
	struct err e = { 0 };
	int r = v->ops->work(v, &b->app, &e);

	bench_take(b, r, &e);
	if (b->working == v && (r < 0 || !(r & VIEW_MORE)))
		b->working = NULL;
}

static void draw(struct bench *b)
{
	int64_t now = time_mono(), since = now - b->last_frame;
	int64_t apart = now - b->last_input < KEY_ANSWER_US ? KEY_FRAME_US : FRAME_US;

	if (!b->dirty || !b->term)
		return;
	if (b->first_drawn && since < apart && b->last_input < b->last_frame) {
		loop_timer_set(b->frame_timer, b->last_frame + apart);
		return;
	}
	bench_frame(b);
	term_draw(b->term, &b->grid, b->cursor_row, b->cursor_col);
	b->dirty = false;
	b->first_drawn = true;
	b->last_frame = now;
}

int bench_step(struct bench *b, int64_t max_wait_us, struct err *e)
{
	struct input in;
	int r;

	while (!b->quit && b->term && term_input(b->term, &in)) {
		b->last_input = time_mono();
		bench_input(b, &in);
		drop_gone(b);
		/* A frame for each key keeps pace with fast typing; those that wait together share one. */
	}
	draw(b);
	if (b->quit)
		return 0;
	if (b->working) {
		slice(b);
		max_wait_us = 0;
	}
	r = loop_step(b->app.loop, b->dirty && b->term && !b->first_drawn ? 0 : max_wait_us, e);
	drop_gone(b);
	return r;
}

static void bench_release(struct bench *b)
{
	while (b->stack.len)
		vec_push(&b->gone, vec_pop(&b->stack));
	drop_gone(b);
	commands_release(b);
	asker_free(b->app.asker);
	term_close(b->term);
	loop_remove(b->frame_timer);
	loop_remove(b->tick_timer);
	loop_free(b->app.loop);
	tracker_close(b->app.tracker);
	project_release(&b->found);
	keymap_free(b->keys);
	config_release(&b->config);
	grid_release(&b->grid);
	line_edit_release(&b->typing.line);
	buf_release(&b->typing.label);
	buf_release(&b->typing.note);
	buf_release(&b->asking.what);
	buf_release(&b->said);
	vec_release(&b->zones);
	vec_release(&b->stack);
	vec_release(&b->gone);
}

/* The config and the theme: what is wrong with them is told once, and the rest holds. */
static void settle_tastes(struct bench *b)
{
	_buf_ struct buf faults = BUF_INIT, told = BUF_INIT;
	struct err e = { 0 };

	config_load(&b->config, &faults);
	keymap_set(b->keys, &b->config, &faults);
	if (b->config.wide)
		b->app.paint.ascii = true;
	if (theme_load(config_theme(&b->config), &b->theme, &e) < 0) {
		b->theme = *theme_default();
		buf_addf(&faults, "%s\n", e.text);
	}
	b->app.paint.theme = &b->theme;
	if (faults.len) {
		int more = -1;

		for (const char *p = faults.data; (p = strchr(p, '\n')); p++)
			more++;
		buf_add(&told, faults.data, strcspn(faults.data, "\n"));
		if (more > 0)
			buf_addf(&told, ", and %d more", more);
		if (text_starts(told.data, "config:") && b->config.path && !strstr(told.data, b->config.path))
			buf_addf(&told, " (%s; man jig-keys)", b->config.path);
		app_say(&b->app, ROLE_WARNING, "%s", told.data);
	}
}

static int open_all(struct bench *b, const struct app_options *o, struct err *e)
{
	struct app *a = &b->app;
	int r = 0, rows = o->rows, cols = o->cols;

	a->loop = loop_new();
	if (!a->loop)
		return err_errno(e, "the event loop cannot be made");
	b->keys = keymap_new();
	a->keymap = b->keys;
	a->paint = paint_for(STDOUT_FILENO);
	settle_tastes(b);
	r = open_record(b, e);
	if (r >= 0 && !o->script)
		r = term_open(STDIN_FILENO, STDOUT_FILENO, a->loop, &a->paint, !b->config.no_mouse, on_input, b,
		              &b->term, e);
	if (r < 0)
		return r;
	if (b->term) {
		/* The terminal's description knows more than the variables that commands go by. */
		a->paint.depth = term_depth();
		term_paint(b->term, &a->paint);
		term_size(b->term, &rows, &cols);
	}
	grid_init(&b->grid, rows, cols);
	b->app.cols = cols;
	show_first(b);
	bench_refresh(b, REFRESH_RECORD);
	b->frame_timer = loop_timer(a->loop, -1, on_frame, b);
	b->tick_timer = loop_timer(a->loop, time_mono() + TICK_US, on_tick, b);
	return 0;
}

int app_run(const struct app_options *o, struct err *e)
{
	_cleanup_(bench_release) struct bench b = {
	        .app = {.project = o->project, .self = o->self}, .cursor_row = -1, .cursor_col = -1};
	int r;

	buf_init(&b.said);
	buf_init(&b.typing.label);
	buf_init(&b.typing.note);
	buf_init(&b.asking.what);
	line_edit_init(&b.typing.line, NULL);
	r = open_all(&b, o, e);
	if (r < 0)
		return r;
	if (o->script)
		return script_run(&b, o->script, e);
	while (r >= 0 && !b.quit)
		r = bench_step(&b, -1, e);
	return r;
}
