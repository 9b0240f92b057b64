#include "tui/workbench/view_runs.h"

#include "base/text.h"
#include "base/time.h"
#include "tui/asker.h"
#include "tui/runs/runs_git.h"
#include "tui/workbench/run_actions.h"
#include "tui/workbench/view_run.h"
#include "tui/workbench/view_runs_parts.h"

enum {
	FIRST_ROWS = 64,      /* before it is known how many fit */
	STRIP_FROM = 9,       /* rows from which on there is place for the strip */
	STRIP_ROWS = 3,
	WHEEL = 3,
	SLICE_US = 3000,
	AT_ONCE_US = 12000,   /* a key waits no longer for rows; the rest comes by work() */
	GIT_US = 5 * US_PER_S,
	DIRTY_US = 30 * US_PER_S,
};

static const struct runs_item *under(const struct runs_view *w)
{
	return w->at < len(w) ? runs_list_item(w->list, w->at) : NULL;
}

static bool is_marked(const struct runs_view *w, int64_t run)
{
	for (size_t i = 0; i < w->marks.len; i++)
		if (w->marks.v[i] == run)
			return true;
	return false;
}

/* The strip */

struct strip_wish { struct tie *tie; int64_t entry; char *jig, *metric; struct runs_strip strip; };

static void strip_drop(void *arg)
{
	struct strip_wish *s = arg;

	runs_strip_release(&s->strip);
	if (--s->tie->owners == 0)
		free(s->tie);
	free(s->jig);
	free(s->metric);
	free(s);
}

static int strip_ask(void *arg, struct tracker *t, struct err *e)
{
	struct strip_wish *s = arg;

	return runs_strip_load(t, s->jig, s->entry, s->metric, &s->strip, e);
}

static void strip_done(void *arg, int r, const struct err *e)
{
	struct strip_wish *s = arg;
	struct runs_view *w = s->tie->view;

	if (w && r >= 0 && s->entry == w->strip_of) {
		runs_strip_release(&w->strip);
		w->strip = s->strip;
		s->strip = (struct runs_strip){0};
		app_redraw(w->app);
	}
	strip_drop(s);
}

static void ask_strip(struct runs_view *w, bool again)
{
	struct strip_wish *s;

	if (w->strip_of == w->cursor && !again)
		return;
	w->strip_of = w->cursor;
	if (!w->cursor || !w->app->asker) {
		runs_strip_release(&w->strip);
		return;
	}
	s = mem_zero(sizeof *s);
	*s = (struct strip_wish){.tie = w->tie, .entry = w->cursor, .jig = mem_strdup(w->app->project->jig)};
	for (size_t i = 0; i < w->table.columns.len && !s->metric; i++)
		if (w->table.columns.v[i].kind == FACT_METRIC)
			s->metric = mem_strdup(w->table.columns.v[i].key);
	w->tie->owners++;
	asker_wish(w->app->asker, &(struct wish){strip_ask, strip_done, strip_drop, ASK_DETAIL}, s);
}

/* Moves */

/* The rows on the screen are loaded, as far as there is time; the rest, what is near and shapes come by work(). */
static int show(struct runs_view *w, struct err *e)
{
	size_t n = len(w), rows = visible(w);
	int r = 0;

	if (w->at >= n)
		w->at = n ? n - 1 : 0;
	if (w->top > w->at)
		w->top = w->at;
	if (w->at >= w->top + rows)
		w->top = w->at - rows + 1;
	if (w->top + rows > n)
		w->top = n > rows ? n - rows : 0;
	if (w->list)
		r = runs_list_load(w->list, w->top, rows, AT_ONCE_US, e);
	if (r < 0)
		return r;
	n = len(w);
	if (w->at >= n)
		w->at = n ? n - 1 : 0;
	if (n && (w->cursor == 0 || w->cursor == runs_list_entry(w->list, w->at) || runs_list_complete(w->list)))
		w->cursor = runs_list_entry(w->list, w->at);
	else if (!n)
		w->cursor = 0;
	ask_strip(w, false);
	app_work(w->app, &w->v);
	return VIEW_REDRAW;
}

static int move_to(struct runs_view *w, size_t at, struct err *e)
{
	size_t n = len(w);

	w->at_end = false;
	w->at = at < n ? at : n ? n - 1 : 0;
	w->cursor = n ? runs_list_entry(w->list, w->at) : 0;
	return show(w, e);
}

static int scroll(struct runs_view *w, int by, struct err *e)
{
	size_t n = len(w), rows = visible(w), most = n > rows ? n - rows : 0;
	int64_t top = (int64_t)w->top + by;

	w->top = top < 0 ? 0 : (size_t)top > most ? most : (size_t)top;
	if (w->at < w->top)
		return move_to(w, w->top, e);
	return move_to(w, w->at >= w->top + rows ? w->top + rows - 1 : w->at, e);
}

/* Puts the cursor back on its run, in the same row of the screen; at the very top the top stays. */
static int stick(struct runs_view *w, struct err *e)
{
	bool first = w->at == 0 && w->top == 0;
	size_t row = w->at - w->top, n = len(w);
	int64_t at = -1;

	if (w->coming && n && runs_list_find(w->list, w->coming, 0) >= 0) {
		w->cursor = w->coming;
		w->coming = 0;
		w->at_end = false;
	}
	if (w->cursor && n)
		at = runs_list_find(w->list, w->cursor, w->at);
	if (w->at_end && n && runs_list_complete(w->list))
		return move_to(w, n - 1, e);
	if (at < 0) {
		if (runs_list_complete(w->list))
			w->cursor = 0;
		return show(w, e);
	}
	w->at = (size_t)at;
	w->cursor = runs_list_entry(w->list, w->at);
	w->top = w->at > row ? w->at - row : 0;
	if (first && w->at < visible(w))
		w->top = 0;
	return show(w, e);
}

static void note_matching(struct runs_view *w)
{
	char matching[32] = "…", total[32];

	if (!w->typing || !w->list)
		return;
	if (w->bad) {
		app_type_note(w->app, true, "%s", w->fault);
		return;
	}
	if (runs_list_matching(w->list) >= 0)
		count_text(runs_list_matching(w->list), matching);
	count_text(runs_list_total(w->list), total);
	app_type_note(w->app, false, "%s of %s", matching, total);
}

/* Runs that were deleted are not marked any more. */
static void drop_marks(struct runs_view *w)
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
	struct runs_view *w = arg;
	struct err e;
	int r;

	drop_marks(w);
	if (w->typing) {
		w->at = w->top = 0;
		w->cursor = 0;
	}
	r = stick(w, &e);
	if (r < 0)
		app_say(w->app, ROLE_FAILED, "%s", e.text);
	note_matching(w);
	app_redraw(w->app);
}

/* Filter and sort */

static char *sort_text(const struct runs_view *w)
{
	struct runs_columns c = {0};
	struct err ignored;
	_free_ char *key = NULL;
	char *text = NULL;
	bool down = w->descending;

	if (w->sort && runs_columns_add(&c, w->sort, &ignored) >= 0 && (key = runs_column_sort(&c.v[0]))) {
		/* A small age is a late time. */
		down = c.v[0].kind == FACT_AGE ? !down : down;
		if (c.v[0].kind != FACT_NUMBER || !down)
			text = mem_printf("%s%s", key, down ? " DESC" : "");
	}
	runs_columns_release(&c);
	return text;
}

int runs_view_ask(struct runs_view *w, struct err *e)
{
	_free_ char *sort = sort_text(w);
	struct runs_asked q = {
	        .filter = w->fuzzy ? NULL : w->filter, .fuzzy = w->fuzzy ? w->filter : NULL, .sort = sort};
	int r = w->list ? runs_list_ask(w->list, &q, w->rows > 0 ? w->rows : FIRST_ROWS, e) : 0;

	if (r < 0)
		return r;
	return runs_list_pending(w->list) ? VIEW_REDRAW : stick(w, e);
}

static int typed(void *arg, struct app *a, enum typed how, const char *text, struct err *e)
{
	struct runs_view *w = arg;
	int r;

	if (how == TYPED_ESC) {
		w->typing = w->bad = false;
		return runs_view_filter(w, "", e);
	}
	if (how == TYPED_ENTER) {
		struct err why;
		_arena_ struct arena arena = ARENA_INIT;
		struct filter *parsed;

		w->typing = false;
		/* What does not hold is said, and the last that did stands. */
		if (w->bad && filter_parse(text, &arena, &parsed, &why) < 0)
			app_say(a, ROLE_WARNING, "%s", why.text);
		w->bad = false;
		runs_view_choose_columns(w);
		return show(w, e);
	}
	r = runs_view_filter(w, text, e);
	note_matching(w);
	return r;
}

int runs_view_sort(struct runs_view *w, const struct runs_column *c, struct err *e)
{
	_free_ char *name = runs_column_name(c), *key = runs_column_sort(c);

	if (!key) {
		app_say(w->app, ROLE_WARNING, "runs cannot be sorted by %s", runs_column_title(c));
		return VIEW_REDRAW;
	}
	if (w->sort && !strcmp(w->sort, name))
		w->descending = !w->descending;
	else
		w->descending = c->kind == FACT_METRIC ? !metric_lower_better(c->key)
		                                       : c->kind == FACT_TIME || (c->kind == FACT_NUMBER && w->sort);
	free(w->sort);
	w->sort = mem_take(name);
	runs_view_mark_sorted(w);
	w->at = w->top = 0;
	w->cursor = 0;
	return runs_view_ask(w, e);
}

static int sort_clicked(struct runs_view *w, int column, struct err *e)
{
	return column < 0 || (size_t)column >= w->table.columns.len ? VIEW_SAME
	                                                            : runs_view_sort(w, &w->table.columns.v[column], e);
}

/* Actions */

static int fold(struct runs_view *w)
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

static int mark(struct runs_view *w, struct err *e)
{
	if (w->cursor > 0) {
		for (size_t i = 0; i < w->marks.len; i++)
			if (w->marks.v[i] == w->cursor) {
				vec_remove(&w->marks, i);
				return move_to(w, w->at + 1, e);
			}
		vec_push(&w->marks, w->cursor);
	}
	return move_to(w, w->at + 1, e);
}

static int open_run(struct runs_view *w, struct err *e)
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

static int back(struct runs_view *w, struct err *e)
{
	if (w->filter)
		return runs_view_filter(w, "", e);
	if (w->marks.len) {
		vec_clear(&w->marks);
		return VIEW_REDRAW;
	}
	return VIEW_PASS;
}

static int act_on_run(struct runs_view *w, enum action action, struct err *e)
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
	struct runs_view *w = of(v);
	size_t rows = visible(w), page = rows > 1 ? rows - 1 : 1;

	w->coming = 0;
	switch ((int)action) {
	case ACT_NEW_RUN: return act_on_run(w, action, e);
	case ACT_BACK: return w->list ? back(w, e) : VIEW_PASS;
	}
	if (!w->list)
		return VIEW_PASS;
	switch ((int)action) {
	case ACT_UP: return move_to(w, w->at ? w->at - 1 : 0, e);
	case ACT_DOWN: return move_to(w, w->at + 1, e);
	case ACT_PAGE_UP:
		w->top = w->top > page ? w->top - page : 0;
		return move_to(w, w->at > page ? w->at - page : 0, e);
	case ACT_PAGE_DOWN: w->top += page; return move_to(w, w->at + page, e);
	case ACT_FIRST: return move_to(w, 0, e);
	case ACT_LAST: {
		int r = move_to(w, len(w) ? len(w) - 1 : 0, e);

		w->at_end = !runs_list_complete(w->list);
		return r;
	}
	case ACT_ENTER: return open_run(w, e);
	case ACT_SEARCH:
		w->typing = true;
		app_type(a, "filter", w->filter ? w->filter : "", typed, w);
		note_matching(w);
		return VIEW_REDRAW;
	case ACT_MARK: return mark(w, e);
	case ACT_SORT: return runs_view_pick_sort(w, e);
	case ACT_COLUMNS: return runs_view_pick_columns(w, e);
	case ACT_FOLD: return fold(w);
	case ACT_COMPARE: case ACT_TAG: case ACT_NOTE: case ACT_RESUME: case ACT_RESTART: case ACT_STOP:
	case ACT_PAUSE: case ACT_DELETE: case ACT_DEBUG: return act_on_run(w, action, e);
	default: return VIEW_PASS;
	}
}

static int mouse(struct view *v, struct app *a, const struct mouse *m, struct rect r, struct err *e)
{
	struct runs_view *w = of(v);
	size_t at = w->top + (size_t)(m->row - r.row - 1);

	if (!w->list)
		return VIEW_PASS;
	w->coming = 0;
	if (m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN)
		return scroll(w, m->kind == MOUSE_WHEEL_UP ? -WHEEL : WHEEL, e);
	if (m->kind != MOUSE_PRESS && m->kind != MOUSE_DOUBLE)
		return VIEW_SAME;
	if (m->row == r.row)
		return m->kind == MOUSE_PRESS ? sort_clicked(w, runs_table_column_at(&w->table, m->col), e) : VIEW_SAME;
	if (m->row <= r.row || m->row > r.row + w->rows || at >= len(w))
		return VIEW_SAME;
	int moved = move_to(w, at, e);
	return moved < 0 || m->kind == MOUSE_PRESS ? moved : open_run(w, e);
}

/* Time and the record */

static int make_list(struct runs_view *w, struct err *e)
{
	int r;

	if (w->list || !w->app->tracker)
		return 0;
	w->list = runs_list_new(w->app->tracker, w->app->asker, list_changed, w);
	r = runs_view_ask(w, e);
	if (r < 0)
		return r;
	runs_view_choose_columns(w);
	w->total = runs_list_total(w->list);
	return show(w, e);
}

static void read_git(struct runs_view *w)
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
	struct runs_view *w = arg;
	bool dirty = !status && n > 0;

	w->git_asked = false;
	if (dirty != w->dirty)
		app_redraw(a);
	w->dirty = dirty;
}

/* Whether the working tree differs from what its commit says, by git itself and beside everything else. What git cannot
 * tell is left out. */
static void ask_dirty(struct runs_view *w)
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

static bool any_live(const struct runs_view *w)
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
	struct runs_view *w = of(v);
	bool empty = !len(w);
	int r;

	if (!w->list)
		return make_list(w, e);
	if (why & (REFRESH_RECORD | REFRESH_CLOCK))
		read_git(w);
	if (!(why & REFRESH_RECORD)) {
		if (why & REFRESH_CLOCK && any_live(w))
			ask_strip(w, true);
		return why & REFRESH_CLOCK ? VIEW_REDRAW : VIEW_SAME;
	}
	if ((r = runs_list_refresh(w->list, w->rows > 0 ? w->rows : FIRST_ROWS, e)) < 0 || (r = stick(w, e)) < 0)
		return r;
	drop_marks(w);
	if (empty && len(w))
		runs_view_choose_columns(w);
	else
		runs_view_grow_columns(w);
	ask_strip(w, true);
	note_matching(w);
	return VIEW_REDRAW;
}

static int work(struct view *v, struct app *a, struct err *e)
{
	struct runs_view *w = of(v);
	size_t rows = visible(w), from = w->top > rows ? w->top - rows : 0, before = len(w);
	int r, drawn = 0;

	if (!w->list)
		return VIEW_SAME;
	r = runs_list_load(w->list, w->top, rows, SLICE_US, e);
	if (r > 0)
		return VIEW_REDRAW | VIEW_MORE;
	if (r >= 0 && !w->table.columns.len)
		runs_view_choose_columns(w);
	if (r >= 0)
		r = runs_list_spark(w->list, &w->table.columns, w->top, rows, SLICE_US, e);
	if (r > 0)
		return VIEW_REDRAW | VIEW_MORE;
	drawn = VIEW_REDRAW;
	/* A page to each side, so that the next key finds it loaded. */
	if (r >= 0)
		r = runs_list_load(w->list, from, w->top - from + 2 * rows, SLICE_US, e);
	if (r >= 0 && len(w) != before) {
		struct err ignored;

		stick(w, &ignored);
	}
	if (r == 0)
		ask_dirty(w);
	return r < 0 ? r : drawn | (r > 0 ? VIEW_MORE : 0);
}

static int64_t due(struct view *v)
{
	struct runs_view *w = of(v);

	return len(w) ? w->drawn_at + (any_live(w) ? 1 : 60) * US_PER_S : -1;
}

/* Drawing */

static void draw_empty(const struct runs_view *w, struct grid *g, struct rect r)
{
	int row = r.row + (r.rows > 4 ? 2 : 0);

	if (w->filter) {
		grid_text(g, row, r.col + 3, r.cols - 3, ROLE_TEXT,
		          runs_list_pending(w->list) ? "looking …" : "no run matches");
		grid_text(g, row + 1, r.col + 3, r.cols - 3, ROLE_QUIET, "Esc shows all again");
		return;
	}
	grid_text(g, row, r.col + 3, r.cols - 3, ROLE_TEXT, "no run yet");
	grid_text(g, row + 1, r.col + 3, r.cols - 3, ROLE_QUIET, "`jig run` makes the first one; + does so from here");
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct runs_view *w = of(v);
	bool strip = r.rows >= STRIP_FROM;
	int rows = r.rows - 1 - (strip ? STRIP_ROWS : 0);
	struct runs_table_row *shown;
	size_t n = 0;

	w->drawn_at = time_mono();
	if (rows < 1)
		rows = 1;
	if (w->rows != rows) {
		w->rows = rows;
		if (w->at >= w->top + visible(w))
			w->top = w->at - visible(w) + 1;
		if (w->top + visible(w) > len(w))
			w->top = len(w) > visible(w) ? len(w) - visible(w) : 0;
		app_work(a, v);
	}
	if (!len(w)) {
		draw_empty(w, g, r);
		return;
	}
	shown = mem_zero((size_t)rows * sizeof *shown);
	for (; n < (size_t)rows && w->top + n < len(w); n++) {
		int64_t entry = runs_list_entry(w->list, w->top + n);
		const struct runs_item *item = runs_list_item(w->list, w->top + n);

		shown[n] = (struct runs_table_row){
		        .item = item, .cursor = w->top + n == w->at, .marked = is_marked(w, entry)};
		if (item && entry < 0)
			shown[n].open = runs_list_is_open(w->list, -entry);
		else if (item && item->row.sweep)
			shown[n].inside = runs_list_is_open(w->list, item->row.sweep);
	}
	runs_table_draw(&w->table, g, (struct rect){r.row, r.col, rows + 1, r.cols}, shown, n, time_now());
	free(shown);
	if (!strip)
		return;
	grid_rule(g, r.row + r.rows - STRIP_ROWS, r.col + 1, r.cols - 2);
	runs_strip_draw(&w->strip, g, (struct rect){r.row + r.rows - STRIP_ROWS + 1, r.col, STRIP_ROWS - 1, r.cols});
}

static void title(struct view *v, struct app *a, struct buf *trail, struct buf *facts)
{
	struct runs_view *w = of(v);
	char count[32];

	buf_addf(trail, "%s ▸ runs", a->project ? a->project->name : "jig");
	if (!w->list)
		return;
	if (w->marks.len)
		buf_addf(facts, "%zu marked · ", w->marks.len);
	if (w->filter && !w->typing) {
		if (runs_list_matching(w->list) >= 0) {
			count_text(runs_list_matching(w->list), count);
			buf_addf(facts, "%s: %s of ", w->filter, count);
		} else {
			buf_addf(facts, "%s: … of ", w->filter);
		}
	}
	count_text(runs_list_total(w->list), count);
	buf_addf(facts, "%s run%s", count, runs_list_total(w->list) == 1 ? "" : "s");
	if (runs_list_live(w->list))
		buf_addf(facts, " · %lld live", (long long)runs_list_live(w->list));
	if (w->git && *w->git)
		buf_addf(facts, " · %s%s", w->git, w->dirty ? "*" : "");
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
	struct runs_view *w = of(v);

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
	const struct runs_view *w = (const struct runs_view *)v;

	if (v->screen != SCREEN_RUNS)
		return 0;
	*ret = w->marks.v;
	return w->marks.len;
}

int view_runs_show(struct view *v, int64_t run, struct err *e)
{
	struct runs_view *w = of(v);

	w->coming = run;
	return w->list ? stick(w, e) : VIEW_SAME;
}

struct view *view_runs_new(struct app *a, struct err *e)
{
	static const enum action foot[] = {ACT_SEARCH,  ACT_MARK, ACT_ENTER,   ACT_RESUME, ACT_STOP,
	                                   ACT_NEW_RUN, ACT_HELP, ACT_PALETTE, ACT_NONE};
	static const struct view_ops ops = {
	        .free = free_view,
	        .draw = draw,
	        .act = act,
	        .mouse = mouse,
	        .refresh = refresh,
	        .work = work,
	        .due = due,
	        .title = title,
	        .copy = copy,
	        .foot = foot,
	};
	struct runs_view *w = mem_zero(sizeof *w);

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
