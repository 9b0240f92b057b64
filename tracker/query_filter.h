/* How a filter and an order find their runs. Private to tracker/.
 *
 * Either a seed of the filter is small: its runs are looked at one by one and sorted. Or runs are walked in the order
 * asked for, along an index, and looked at until enough match. The walk has up to three phases: by the value of the
 * first key, its NaNs (of a param: its texts), and the runs without it. */
#ifndef TRACKER_QUERY_FILTER_H
#define TRACKER_QUERY_FILTER_H

#include "tracker/filter_sql.h"

enum { FILTER_MAX_PHASES = 3, FILTER_SMALL_SEED = 4000, FILTER_COUNT_SEED = 200000, FILTER_WHOLE_SEED = 600000 };

struct filter_plan {
	struct filter_sql phases[FILTER_MAX_PHASES]; /* SELECTs of run numbers; the last parameter of each is a limit to
	                                                be bound */
	int n;
	bool seeded;
};
/* sort NULL: newest first. Equal runs stand in the direction of the last key. whole: all runs are wanted, not the first
 * few. */
int filter_plan(struct tracker *t, const struct filter *f, const struct filter_sort *sort, bool whole, struct arena *a,
                struct filter_plan *ret, struct err *e);
void filter_plan_release(struct filter_plan *p);

/* Numbers of the runs [offset, offset + limit) of the list, in the arena. limit -1: all. */
int filter_numbers(struct tracker *t, const struct filter *f, const struct filter_sort *sort, int64_t limit,
                   int64_t offset, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e);
/* The same in memory that the caller frees. */
int filter_numbers_take(struct tracker *t, const struct filter *f, const struct filter_sort *sort, int64_t limit,
                        int64_t offset, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e);
int filter_count(struct tracker *t, const struct filter *f, struct arena *a, int64_t *ret, struct err *e);

#endif
