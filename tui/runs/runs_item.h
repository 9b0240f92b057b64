/* What is loaded of an entry of the list (runs_fold.h) to draw its row. */
#ifndef TUI_RUNS_ITEM_H
#define TUI_RUNS_ITEM_H

#include "tracker/query_list.h"
#include "tui/runs/runs_columns.h"

enum { SPARK_CELLS = 6, SPARKS_MOST = 8 };
struct runs_spark { const char *key; double v[SPARK_CELLS]; size_t n; };
struct runs_item {
	int64_t entry;
	struct arena arena;
	bool gone;                   /* removed meanwhile */
	bool stale;                  /* of the list: to be loaded again */
	uint64_t used;               /* of the list: when it was looked at last */
	struct run_row row;          /* of a run, from here on */
	struct metric_rows totals;
	struct pair_rows params, tags;
	struct run_progress progress; /* of one that is live or has failed */
	bool sparked;
	struct runs_spark sparks[SPARKS_MOST];
	int nsparks;
	struct sweep_row sweep;      /* of a sweep, from here on */
	bool ranged, lower;          /* lower: the least value is the best */
	struct sweep_range range;
	const char *range_key, *axes, *best; /* "lr × seed"; "lr 0.05 seed 3" or NULL */
};
/* item zeroed but for entry. metric: whose range and best a sweep shows; NULL: none. */
int runs_item_load(struct tracker *t, const char *metric, struct runs_item *item, struct err *e);
/* The shapes of the metrics among the columns. */
int runs_item_spark(struct tracker *t, const struct runs_columns *c, struct runs_item *item, struct err *e);
/* Takes over the shapes that were loaded before, so that they stand until they are loaded anew; those of an ended run
 * never change. */
void runs_item_keep_sparks(struct runs_item *item, const struct runs_item *before);
void runs_item_release(struct runs_item *item);
struct run_facts runs_item_facts(const struct runs_item *item);
bool runs_item_live(const struct runs_item *item);

/* By its name, for no record says so: of a loss or an error less is better. */
bool metric_lower_better(const char *key);

#endif
