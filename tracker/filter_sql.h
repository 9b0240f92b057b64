/* SQL of a filter: fixed pieces, every value of the user's a bound parameter. Private to tracker/.
 *
 * In all pieces `r` is the run. A *seed* is a SELECT of run numbers that holds every run a term can match, maybe
 * others, maybe one twice; it reads one range of an index (of a param two: its texts and its numbers). */
#ifndef TRACKER_FILTER_SQL_H
#define TRACKER_FILTER_SQL_H

#include "base/buf.h"
#include "base/vec.h"
#include "tracker/db.h"
#include "tracker/filter_tree.h"

struct filter_sql {
	struct buf text;
	VEC(struct db_value)
	values; /* of the "?" in text, in order; their texts live as long as the filter and `arena` */
	struct arena *arena;
};
void filter_sql_release(struct filter_sql *q);

/* Appends " AND (…)": the runs that match. Nothing for a filter without terms. */
void filter_sql_where(struct filter_sql *q, const struct filter *f);
/* Appends the key's terms of an ORDER BY, unknown and NaN last. */
void filter_sql_order(struct filter_sql *q, const struct filter_order *o);
/* Appends the key's value for r (a param's as text). Metrics: order key. */
void filter_sql_value(struct filter_sql *q, const struct filter_key *k);

bool filter_sql_seeds(const struct filter_term *t);
/* Appends the term's seed; only where filter_sql_seeds(). */
void filter_sql_seed(struct filter_sql *q, const struct filter_term *t);

/* The order keys that satisfy `value op v`: [*lo, *hi], none when *lo > *hi. op: = > >= < <=. */
void filter_metric_range(enum filter_op op, double v, int64_t *lo, int64_t *hi);

#endif
