/* Within the runs screen: what its files share. Not for others than view_runs*.c. */
#ifndef TUI_VIEW_RUNS_PARTS_H
#define TUI_VIEW_RUNS_PARTS_H

#include "tui/runs/runs_list.h"
#include "tui/runs/runs_strip.h"
#include "tui/runs/runs_table.h"
#include "tui/workbench/app.h"

/* What outlives the view while the asker works for it. */
struct tie { struct view_runs *view; int owners; };

struct view_runs {
	struct view v;
	struct app *app;
	struct runs_list *list; /* NULL: no record yet */
	struct runs_table table;
	bool own_columns;       /* a person chose them */
	bool at_end;            /* the last row is wanted, which has not come yet */
	int64_t cursor;         /* entry under the cursor; 0: none */
	int64_t coming;         /* the run that gets the cursor as soon as the list has it; 0: none */
	size_t at, top;
	int rows;               /* of the list, as drawn last */
	VEC(int64_t) marks;
	int64_t total;          /* runs there were when marks were looked after */
	char *filter;           /* that holds; NULL: none */
	bool fuzzy, typing, bad;
	char *fault;            /* while bad: what is wrong with what is typed, in a few words */
	char *sort;             /* the column's name it is sorted by; NULL: newest first */
	bool descending;
	struct tie *tie;
	struct runs_strip strip;
	int64_t strip_of;       /* whose strip was asked for */
	char *git;
	int64_t git_at, drawn_at;
	bool git_asked, dirty;  /* whether tracked files differ is being asked; they did when it was asked last */
	int64_t dirty_at;       /* when that was; 0: never */
	struct pick_names { struct arena arena; VEC(const char *) v; } names; /* of columns to choose from */
};

static inline struct view_runs *of(struct view *v)
{
	return (struct view_runs *)v;
}

static inline size_t len(const struct view_runs *w)
{
	return w->list ? runs_list_len(w->list) : 0;
}

static inline size_t visible(const struct view_runs *w)
{
	return w->rows > 0 ? (size_t)w->rows : 1;
}

/* How many to ask the list for. */
static inline int asked_rows(const struct view_runs *w)
{
	return w->rows > 0 ? w->rows : 64;
}

/* The cursor moves to a row (the last one at most). VIEW_…, as all that follow and return int. */
int view_runs_cursor_to(struct view_runs *w, size_t at, struct err *e);
/* The screen moves by rows, and the cursor only where it would leave it. */
int view_runs_cursor_scroll(struct view_runs *w, int by, struct err *e);
/* Puts the cursor back on its run, in the same row of the screen; at the very top the top stays. */
int view_runs_cursor_stick(struct view_runs *w, struct err *e);
/* The rows on the screen are loaded, as far as there is time; the rest, what is near and shapes come by work(). */
int view_runs_cursor_show(struct view_runs *w, struct err *e);
/* Asks for the strip of the run under the cursor. again: even if it is there already. */
void view_runs_cursor_strip(struct view_runs *w, bool again);

/* Shows the runs of a filter, as far as it is typed: of one that is not complete (bad, fault) the last that was
 * stays. */
int view_runs_filter(struct view_runs *w, const char *text, struct err *e);
/* Asks for the list anew, by filter and sort. */
int view_runs_filter_ask(struct view_runs *w, struct err *e);
/* The line to type a filter in. */
int view_runs_filter_type(struct view_runs *w);
/* While one is typed: how many runs match, or what is wrong, at the right of it. */
void view_runs_filter_note(struct view_runs *w);

/* Columns that nobody has to ask for, unless a person chose others. */
void view_runs_columns_choose(struct view_runs *w);
/* The same where a run brought a metric, or a param began to differ; else columns stay as they are. */
void view_runs_columns_grow(struct view_runs *w);
/* The overlay to choose from all there are. */
int view_runs_columns_pick(struct view_runs *w, struct err *e);
/* The overlay with all that runs can be sorted by. */
int view_runs_columns_pick_sort(struct view_runs *w, struct err *e);
/* Sorts by the column whose title stands at a column of the screen; the one that runs are sorted by already is turned
 * round. */
int view_runs_columns_sort_by(struct view_runs *w, int col, struct err *e);

/* Of view_ops. */
void view_runs_draw(struct view *v, struct app *a, struct grid *g, struct rect r);
void view_runs_draw_title(struct view *v, struct app *a, struct buf *trail, struct buf *facts);

#endif
