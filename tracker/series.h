/* Metrics over steps. Values are exact: they are stored as a 64-bit integer that orders like IEEE 754's total order
 * with every NaN above +Inf (value_key), so NaN, infinities and −0.0 come back bit for bit (NaNs as the one quiet NaN);
 * a view gives plain REAL. A series belongs to an attempt of a step and a key. last/min/max/count are kept as points
 * arrive: last is the maximum of (step, ts, value) as in MLflow; min and max leave NaN out unless there is nothing
 * else; a point given twice (same step, ts, value) is one. */
#ifndef TRACKER_SERIES_H
#define TRACKER_SERIES_H

#include "tracker/tracker.h"

int64_t value_key(double v);
double value_of_key(int64_t key);

struct point { int64_t step, ts; double value; }; /* ts: UTC µs */

/* Finds or makes the series. Needs a transaction. key: UTF-8, 1–250 bytes. */
int series_open(struct tracker *t, int64_t run, int64_t step, int64_t attempt, const char *key, int64_t *ret_id,
                struct err *e);
/* Adds points in any order and updates the aggregates once. ≥ 500,000 points/s in batches of 1,000 and more. Needs a
 * transaction. */
int series_add(struct tracker *t, int64_t series, const struct point *p, size_t n, struct err *e);

/* Points by (step, ts, value), from a cursor on: reads at most max into ret, returns how many. *cursor begins
 * zeroed. */
struct series_cursor { bool begun; int64_t step, ts, key; };
int series_read(struct tracker *t, int64_t series, struct series_cursor *cursor, struct point *ret, size_t max,
                struct err *e);

#endif
