/* Where the cursor stands, the rows on the screen, and the strip of the run under it. */
#include "tui/workbench/view_runs_parts.h"

#include "tui/asker.h"

enum { AT_ONCE_US = 12000 }; /* a key waits no longer for rows; the rest comes by work() */

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
	struct view_runs *w = s->tie->view;

	if (w && r >= 0 && s->entry == w->strip_of) {
		runs_strip_release(&w->strip);
		w->strip = s->strip;
		s->strip = (struct runs_strip){0};
		app_redraw(w->app);
	}
	strip_drop(s);
}

void view_runs_cursor_strip(struct view_runs *w, bool again)
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

int view_runs_cursor_show(struct view_runs *w, struct err *e)
{
	size_t n = len(w), rows = visible(w);
	int r;

	if (w->at >= n)
		w->at = n ? n - 1 : 0;
	if (w->top > w->at)
		w->top = w->at;
	if (w->at >= w->top + rows)
		w->top = w->at - rows + 1;
	if (w->top + rows > n)
		w->top = n > rows ? n - rows : 0;
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
	view_runs_cursor_strip(w, false);
	app_work(w->app, &w->v);
	return VIEW_REDRAW;
}

int view_runs_cursor_to(struct view_runs *w, size_t at, struct err *e)
{
	size_t n = len(w);

	w->at_end = false;
	w->at = at < n ? at : n ? n - 1 : 0;
	w->cursor = n ? runs_list_entry(w->list, w->at) : 0;
	return view_runs_cursor_show(w, e);
}

int view_runs_cursor_scroll(struct view_runs *w, int by, struct err *e)
{
	size_t n = len(w), rows = visible(w), most = n > rows ? n - rows : 0;
	int64_t top = (int64_t)w->top + by;

	w->top = top < 0 ? 0 : (size_t)top > most ? most : (size_t)top;
	if (w->at < w->top)
		return view_runs_cursor_to(w, w->top, e);
	return view_runs_cursor_to(w, w->at >= w->top + rows ? w->top + rows - 1 : w->at, e);
}

int view_runs_cursor_stick(struct view_runs *w, struct err *e)
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
		return view_runs_cursor_to(w, n - 1, e);
	if (at < 0) {
		if (runs_list_complete(w->list))
			w->cursor = 0;
		return view_runs_cursor_show(w, e);
	}
	w->at = (size_t)at;
	w->cursor = runs_list_entry(w->list, w->at);
	w->top = w->at > row ? w->at - row : 0;
	if (first && w->at < visible(w))
		w->top = 0;
	return view_runs_cursor_show(w, e);
}
