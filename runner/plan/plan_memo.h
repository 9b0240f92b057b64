/* Which attempts stood in for steps at the last plan (JIG/plan.cache), by the key of a step, so that a plan of many
 * steps need not ask the record for each. It holds as long as no attempt began or ended and no run was removed; then
 * what it says is what query_candidates and query_given would say first. That traces hold and that outputs are there is
 * never remembered. A memo that is missing or damaged costs time, never correctness. */
#ifndef RUNNER_PLAN_MEMO_H
#define RUNNER_PLAN_MEMO_H

#include "runner/work/inputs.h"
#include "tracker/reuse.h"

struct plan_memo;
/* Never fails: what cannot be used gives an empty memo. */
struct plan_memo *plan_memo_open(const char *jig, struct tracker *t);
/* Written when something is new, or much of it was not asked for. NULL is fine. */
void plan_memo_close(struct plan_memo *m);

/* Where the newest candidate with this key stands, or 0; m NULL: 0. May be asked by many threads at once. */
uint32_t plan_memo_find(const struct plan_memo *m, const struct digest *key);
/* It, and what it gave, by path; facts, form and snapshot are not filled. Both borrowed from the memo. */
struct plan_outputs { const struct fact *v; size_t len; };
struct past_attempt plan_memo_attempt(const struct plan_memo *m, uint32_t at);
struct plan_outputs plan_memo_outputs(const struct plan_memo *m, uint32_t at);
/* It is kept when the memo is written. */
void plan_memo_use(struct plan_memo *m, uint32_t at);
/* a: the newest candidate; one that continued from a checkpoint is not kept. outputs: all that the step gave. m NULL:
 * no-op. */
void plan_memo_add(struct plan_memo *m, const struct digest *key, const struct past_attempt *a,
                   const struct facts *outputs);

#endif
