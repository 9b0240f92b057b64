/* Within the runs screen: what its files share. Not for others than view_runs*.c. */
#ifndef TUI_VIEW_RUNS_PARTS_H
#define TUI_VIEW_RUNS_PARTS_H

#include "tui/runs/runs_list.h"
#include "tui/runs/runs_strip.h"
#include "tui/runs/runs_table.h"
#include "tui/workbench/app.h"

/* What outlives the view while the asker works for it. */
struct tie { struct runs_view *view; int owners; };

struct runs_view {
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

static inline struct runs_view *of(struct view *v)
{
	return (struct runs_view *)v;
}

static inline size_t len(const struct runs_view *w)
{
	return w->list ? runs_list_len(w->list) : 0;
}

static inline size_t visible(const struct runs_view *w)
{
	return w->rows > 0 ? (size_t)w->rows : 1;
}

/* Asks for the list anew, by filter and sort. VIEW_… */
int runs_view_ask(struct runs_view *w, struct err *e);
/* Shows the runs of a filter, as far as it is typed: of one that is not complete (bad, fault) the last that was stays.
 * VIEW_… */
int runs_view_filter(struct runs_view *w, const char *text, struct err *e);
/* Columns that nobody has to ask for, unless a person chose others. */
void runs_view_choose_columns(struct runs_view *w);
/* The same where a run brought a metric, or a param began to differ; else columns stay as they are. */
void runs_view_grow_columns(struct runs_view *w);
/* The overlay to choose from all there are. */
int runs_view_pick_columns(struct runs_view *w, struct err *e);
/* The overlay with all that runs can be sorted by. */
int runs_view_pick_sort(struct runs_view *w, struct err *e);
/* Sorts by a column; the one that they are sorted by already is turned round. VIEW_… */
int runs_view_sort(struct runs_view *w, const struct runs_column *c, struct err *e);
/* The table shows which column it is, where that is shown. */
void runs_view_mark_sorted(struct runs_view *w);

#endif
