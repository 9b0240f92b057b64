/* The table of runs on a grid: a head line, a row an entry. Columns keep the width that they once needed, so that
 * nothing hops while one scrolls. */
#ifndef TUI_RUNS_TABLE_H
#define TUI_RUNS_TABLE_H

#include "tui/runs/runs_item.h"

struct runs_table_row {
	const struct runs_item *item; /* NULL: not loaded, drawn blank */
	bool cursor, marked;
	bool open, inside;            /* an opened sweep; a run within one */
};
struct runs_table_place {
	int left, right, spark, whole; /* cells before and behind the point, of shapes, and of what has no point and
	                                  stands over all of these */
	int col, width;                /* as last drawn; width 0: not shown */
};
/* Zeroed: no columns. */
struct runs_table {
	struct runs_columns columns;
	struct runs_table_place *places; /* one a column */
	size_t nplaces;
	int sorted;                      /* the column it is sorted by, -1: none */
	bool descending;
};
void runs_table_release(struct runs_table *t);
/* Columns were changed: widths are found anew. */
void runs_table_changed(struct runs_table *t);
/* The head line and r.rows − 1 rows at most. now: UTC µs. */
void runs_table_draw(struct runs_table *t, struct grid *g, struct rect r, const struct runs_table_row *rows, size_t n,
                     int64_t now);
int runs_table_column_at(const struct runs_table *t, int col); /* -1: none */

#endif
