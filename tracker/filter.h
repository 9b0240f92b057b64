/* The filter grammar of `jig ls`: MLflow's search grammar.
 *
 *   expr   := term (("AND" | "OR") term)* with AND binding tighter; parentheses
 *   term   := key op value | key "IN" "(" value, … ")" | key "NOT IN" (…)
 *   key    := metrics.K | params.K | tags.K | attributes.A | A
 *             (K may be quoted: metrics."train[lr]".acc, params.`a b`)
 *   op     := = == != > >= < <= LIKE ILIKE NOT LIKE NOT ILIKE       (LIKE: % and _; texts only)
 *   value  := number | 'text' | "text" ; NaN and inf for metrics
 *   A      := number name state pipeline kind origin created started ended seconds user host branch commit dirty note
 *             (MLflow's run_name, status, start_time, end_time, run_id are taken too)
 * created/started/ended compare with an ISO time text or UTC ms. A run without the key does not match (also for !=).
 * Params compare as numbers when both are numbers, else as texts. Keywords are case-insensitive. */
#ifndef TRACKER_FILTER_H
#define TRACKER_FILTER_H

#include "base/arena.h"
#include "base/err.h"

struct filter;      /* parsed; lives in the arena */
/* "metrics.acc DESC", "created", "params.train.lr ASC, number DESC": keys as above; unknown and NaN last */
struct filter_sort;

/* ERR_USAGE names the column of text, what was found and what would fit, with the nearest key for a misspelt
 * attribute. */
int filter_parse(const char *text, struct arena *a, struct filter **ret, struct err *e);
int filter_parse_sort(const char *text, struct arena *a, struct filter_sort **ret, struct err *e);

#endif
