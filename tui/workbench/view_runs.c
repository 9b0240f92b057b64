#include "tui/workbench/view_runs.h"

#include "base/time.h"
#include "tui/runs/runs_git.h"
#include "tui/workbench/run_actions.h"
#include "tui/workbench/view_run.h"
#include "tui/workbench/view_runs_parts.h"

enum {
	WHEEL = 3,
	SLICE_US = 3000,
	GIT_US = 5 * US_PER_S,
	DIRTY_US = 30 * US_PER_S,
};

static const struct runs_item *under(const struct view_runs *w)
{
	return w->at < len(w) ? runs_list_item(w->list, w->at) : NULL;
}

/* Runs that were deleted are not marked any more. */
static void drop_marks(struct view_runs *w)
{
	int64_t total = runs_list_total(w->list), before = w->total;

	w->total = total;
	for (size_t i = w->marks.len; total < before && i-- > 0;) {
		_arena_ struct arena arena = ARENA_INIT;
		struct run_row row;
		struct err ignored;
		int r = query_run(w->app->tracker, w->marks.v[i], &arena, &row, &ignored);

		if (r == ERR_NOT_FOUND || (r >= 0 && row.removed))
			vec_remove(&w->marks, i);
	}
}

static void list_changed(void *arg)
{
	struct view_runs *w = arg;
	struct err e;
	int r;

	drop_marks(w);
	if (w->typing) {
		w->at = w->top = 0;
		w->cursor = 0;
	}
	r = view_runs_cursor_stick(w, &e);
	if (r < 0)
		app_say(w->app, ROLE_FAILED, "%s", e.text);
	view_runs_filter_note(w);
	app_redraw(w->app);
}

/* Actions */

static int fold(struct view_runs *w)
{
	const struct runs_item *item = under(w);
	int64_t sweep = !item ? 0 : item->entry < 0 ? -item->entry : item->row.sweep;

	if (!sweep) {
		app_say(w->app, ROLE_QUIET, "no sweep is under the cursor");
		return VIEW_REDRAW;
	}
	runs_list_fold(w->list, sweep, w->rows);
	return VIEW_SAME;
}

static int mark(struct view_runs *w, struct err *e)
{
	size_t i = 0;

	while (i < w->marks.len && w->marks.v[i] != w->cursor)
		i++;
	if (i < w->marks.len)
		vec_remove(&w->marks, i);
	else if (w->cursor > 0)
		vec_push(&w->marks, w->cursor);
	return view_runs_cursor_to(w, w->at + 1, e);
}

static int open_run(struct view_runs *w, struct err *e)
{
	struct view *v;

	if (w->cursor < 0)
		return fold(w);
	if (!w->cursor)
		return VIEW_SAME;
	v = view_run_new(w->app, w->cursor, e);
	if (!v)
		return e->code;
	app_push(w->app, v);
	return VIEW_REDRAW;
}

static int back(struct view_runs *w, struct err *e)
{
	if (w->filter)
		return view_runs_filter(w, "", e);
	if (w->marks.len) {
		vec_clear(&w->marks);
		return VIEW_REDRAW;
	}
	return VIEW_PASS;
}

static int act_on_run(struct view_runs *w, enum action action, struct err *e)
{
	bool many = action == ACT_DELETE || action == ACT_TAG || action == ACT_COMPARE;

	if (many && w->marks.len > (action == ACT_COMPARE))
		return run_act_many(w->app, w->marks.v, w->marks.len, action, e);
	if (action == ACT_COMPARE) {
		app_say(w->app, ROLE_QUIET, "mark two runs or more with Space, then compare them");
		return VIEW_REDRAW;
	}
	if (action == ACT_TAG || action == ACT_NOTE)
		runs_list_anew(w->list);
	if (w->cursor <= 0 && action != ACT_NEW_RUN) {
		app_say(w->app, ROLE_QUIET,
		        w->cursor ? "a sweep is under the cursor: z opens it" : "no run is under the cursor");
		return VIEW_REDRAW;
	}
	return run_act(w->app, w->cursor > 0 ? w->cursor : 0, NULL, action, e);
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_runs *w = of(v);
	size_t rows = visible(w), page = rows > 1 ? rows - 1 : 1;

	w->coming = 0;
	switch ((int)action) {
	case ACT_NEW_RUN: return act_on_run(w, action, e);
	case ACT_BACK: return w->list ? back(w, e) : VIEW_PASS;
	}
	if (!w->list)
		return VIEW_PASS;
	switch ((int)action) {
	case ACT_UP: return view_runs_cursor_to(w, w->at ? w->at - 1 : 0, e);
	case ACT_DOWN: return view_runs_cursor_to(w, w->at + 1, e);
	case ACT_PAGE_UP:
		w->top = w->top > page ? w->top - page : 0;
		return view_runs_cursor_to(w, w->at > page ? w->at - page : 0, e);
	case ACT_PAGE_DOWN: w->top += page; return view_runs_cursor_to(w, w->at + page, e);
	case ACT_FIRST: return view_runs_cursor_to(w, 0, e);
	case ACT_LAST: {
		int r = view_runs_cursor_to(w, len(w) ? len(w) - 1 : 0, e);

		w->at_end = !runs_list_complete(w->list);
		return r;
	}
	case ACT_ENTER: return open_run(w, e);
	case ACT_SEARCH: return view_runs_filter_type(w);
	case ACT_MARK: return mark(w, e);
	case ACT_SORT: return view_runs_columns_pick_sort(w, e);
	case ACT_COLUMNS: return view_runs_columns_pick(w, e);
	case ACT_FOLD: return fold(w);
	case ACT_COMPARE: case ACT_TAG: case ACT_NOTE: case ACT_RESUME: case ACT_RESTART: case ACT_STOP:
	case ACT_PAUSE: case ACT_DELETE: case ACT_DEBUG: return act_on_run(w, action, e);
	default: return VIEW_PASS;
	}
}

static int mouse(struct view *v, struct app *a, const struct mouse *m, struct rect r, struct err *e)
{
	struct view_runs *w = of(v);
	size_t at = w->top + (size_t)(m->row - r.row - 1);

	if (!w->list)
		return VIEW_PASS;
	w->coming = 0;
	if (m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN)
		return view_runs_cursor_scroll(w, m->kind == MOUSE_WHEEL_UP ? -WHEEL : WHEEL, e);
	if (m->kind != MOUSE_PRESS && m->kind != MOUSE_DOUBLE)
		return VIEW_SAME;
	if (m->row == r.row)
		return m->kind == MOUSE_PRESS ? view_runs_columns_sort_by(w, m->col, e) : VIEW_SAME;
	if (m->row <= r.row || m->row > r.row + w->rows || at >= len(w))
		return VIEW_SAME;
	int moved = view_runs_cursor_to(w, at, e);
	return moved < 0 || m->kind == MOUSE_PRESS ? moved : open_run(w, e);
}

/* Time and the record */

static int make_list(struct view_runs *w, struct err *e)
{
	int r;

	if (w->list || !w->app->tracker)
		return 0;
	w->list = runs_list_new(w->app->tracker, w->app->asker, list_changed, w);
	r = view_runs_filter_ask(w, e);
	if (r < 0)
		return r;
	view_runs_columns_choose(w);
	w->total = runs_list_total(w->list);
	return view_runs_cursor_show(w, e);
}

static void read_git(struct view_runs *w)
{
	_buf_ struct buf text = BUF_INIT;

	if (!w->app->project || (w->git && time_mono() - w->git_at < GIT_US))
		return;
	runs_git_text(&text, w->app->project->root);
	/* Another commit: what differed from the last one says nothing. */
	if (w->git && strcmp(w->git, text.data)) {
		w->dirty = false;
		w->dirty_at = 0;
	}
	free(w->git);
	w->git = mem_strdup(text.data);
	w->git_at = time_mono();
}

static void dirty_told(void *arg, struct app *a, int status, const char *out, size_t n)
{
	struct view_runs *w = arg;
	bool dirty = !status && n > 0;

	w->git_asked = false;
	if (dirty != w->dirty)
		app_redraw(a);
	w->dirty = dirty;
}

/* Whether the working tree differs from what its commit says, by git itself and beside everything else. What git cannot
 * tell is left out. */
static void ask_dirty(struct view_runs *w)
{
	static const char *const status[] = {
	        "git", "--no-optional-locks", "status", "--porcelain", "--untracked-files=no", "--", ".", NULL,
	};
	struct err ignored;

	if (!w->git || !*w->git || w->git_asked || (w->dirty_at && time_mono() - w->dirty_at < DIRTY_US))
		return;
	w->dirty_at = time_mono();
	w->git_asked = app_program(w->app, status, dirty_told, w, &ignored) >= 0;
}

static bool any_live(const struct view_runs *w)
{
	for (size_t i = w->top; i < w->top + visible(w) && i < len(w); i++) {
		const struct runs_item *item = runs_list_item(w->list, i);

		if (item && runs_item_live(item))
			return true;
	}
	return false;
}

static int refresh(struct view *v, struct app *a, int why, struct err *e)
{
	struct view_runs *w = of(v);
	bool empty = !len(w);
	int r;

	if (!w->list)
		return make_list(w, e);
	if (why & (REFRESH_RECORD | REFRESH_CLOCK))
		read_git(w);
	if (!(why & REFRESH_RECORD)) {
		if (why & REFRESH_CLOCK && any_live(w))
			view_runs_cursor_strip(w, true);
		return why & REFRESH_CLOCK ? VIEW_REDRAW : VIEW_SAME;
	}
	if ((r = runs_list_refresh(w->list, asked_rows(w), e)) < 0 || (r = view_runs_cursor_stick(w, e)) < 0)
		return r;
	drop_marks(w);
	if (empty && len(w))
		view_runs_columns_choose(w);
	else
		view_runs_columns_grow(w);
	view_runs_cursor_strip(w, true);
	view_runs_filter_note(w);
	return VIEW_REDRAW;
}

static int work(struct view *v, struct app *a, struct err *e)
{
	struct view_runs *w = of(v);
	size_t rows = visible(w), from = w->top > rows ? w->top - rows : 0, before = len(w);
	int r;

	if (!w->list)
		return VIEW_SAME;
	r = runs_list_load(w->list, w->top, rows, SLICE_US, e);
	if (r > 0)
		return VIEW_REDRAW | VIEW_MORE;
	if (r >= 0 && !w->table.columns.len)
		view_runs_columns_choose(w);
	if (r >= 0)
		r = runs_list_spark(w->list, &w->table.columns, w->top, rows, SLICE_US, e);
	if (r > 0)
		return VIEW_REDRAW | VIEW_MORE;
	/* A page to each side, so that the next key finds it loaded. */
	if (r >= 0)
		r = runs_list_load(w->list, from, w->top - from + 2 * rows, SLICE_US, e);
	if (r >= 0 && len(w) != before) {
		struct err ignored;

		view_runs_cursor_stick(w, &ignored);
	}
	if (r == 0)
		ask_dirty(w);
	return r < 0 ? r : VIEW_REDRAW | (r > 0 ? VIEW_MORE : 0);
}

static int64_t due(struct view *v)
{
	struct view_runs *w = of(v);

	return len(w) ? w->drawn_at + (any_live(w) ? 1 : 60) * US_PER_S : -1;
}

static bool copy(struct view *v, struct app *a, struct buf *out)
{
	const struct runs_item *item = under(of(v));

	if (!item || item->entry < 0)
		return false;
	buf_adds(out, item->row.name);
	return true;
}

static void free_view(struct view *v)
{
	struct view_runs *w = of(v);

	w->tie->view = NULL;
	if (--w->tie->owners == 0)
		free(w->tie);
	runs_list_free(w->list);
	runs_table_release(&w->table);
	runs_strip_release(&w->strip);
	vec_release(&w->marks);
	vec_release(&w->names.v);
	arena_release(&w->names.arena);
	free(w->filter);
	free(w->fault);
	free(w->sort);
	free(w->git);
	free(w);
}

size_t view_runs_marked(const struct view *v, const int64_t **ret)
{
	const struct view_runs *w = (const struct view_runs *)v;

	if (v->screen != SCREEN_RUNS)
		return 0;
	*ret = w->marks.v;
	return w->marks.len;
}

int view_runs_show(struct view *v, int64_t run, struct err *e)
{
	struct view_runs *w = of(v);

	w->coming = run;
	return w->list ? view_runs_cursor_stick(w, e) : VIEW_SAME;
}

struct view *view_runs_new(struct app *a, struct err *e)
{
	static const enum action foot[] = {ACT_SEARCH,  ACT_MARK, ACT_ENTER,   ACT_RESUME, ACT_STOP,
	                                   ACT_NEW_RUN, ACT_HELP, ACT_PALETTE, ACT_NONE};
	static const struct view_ops ops = {
	        .free = free_view,
	        .draw = view_runs_draw,
	        .act = act,
	        .mouse = mouse,
	        .refresh = refresh,
	        .work = work,
	        .due = due,
	        .title = view_runs_draw_title,
	        .copy = copy,
	        .foot = foot,
	};
	struct view_runs *w = mem_zero(sizeof *w);

	w->v = (struct view){.ops = &ops, .screen = SCREEN_RUNS};
	w->app = a;
	w->table.sorted = -1;
	w->tie = mem_zero(sizeof *w->tie);
	*w->tie = (struct tie){w, 1};
	read_git(w);
	if (make_list(w, e) < 0) {
		free_view(&w->v);
		return NULL;
	}
	return &w->v;
}
