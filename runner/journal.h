/* What a supervisor has to tell the record, gathered in memory and written in one short transaction every 200 ms, so
 * that runs side by side do not wait for each other. Entries keep their order. Nothing that says "ended" may be shown
 * before the flush that holds it has come back. */
#ifndef RUNNER_JOURNAL_H
#define RUNNER_JOURNAL_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "tracker/series.h"
#include "tracker/step.h"
#include "tracker/trace.h"
#include "tracker/tracker.h"

#define JOURNAL_DELAY_US 200000

struct journal_series {
	const char *key; /* the map's copy */
	int64_t id;      /* 0 until it is in the record */
	int64_t next;    /* step of the next point that has none */
	VEC(struct point) points;
};
/* What the journal remembers of an attempt under way; part of the caller's attempt, which must live until the flush
 * after journal_end. */
struct journal_attempt {
	int64_t id, step; /* rows; id 0 until flushed */
	VEC(struct journal_series) series;
	struct map by_key;
	bool listed, written; /* has points waiting; they stand in the transaction under way */
};
void journal_attempt_release(struct journal_attempt *a);

struct journal;
struct journal *journal_new(struct tracker *t, int64_t run);
void journal_free(struct journal *j);

/* All texts are copied, json values referenced. */
void journal_move(struct journal *j, const int64_t *steps, size_t n, enum step_state s, const char *reason);
void journal_begin(struct journal *j, struct journal_attempt *a, const struct attempt_new *n);
/* trace: what it looked up, borrowed until the flush; NULL: not known. */
void journal_end(struct journal *j, struct journal_attempt *a, const struct attempt_result *r,
                 const struct trace_rows *trace);
void journal_artifact(struct journal *j, struct journal_attempt *a, const struct artifact_new *f);
/* All params of the run from now on; takes the reference. */
void journal_params(struct journal *j, json_t *params);
void journal_sample(struct journal *j, struct journal_attempt *a, const struct sample *s);
/* step METRIC_NO_STEP: the next whole number of the series. ERR_USAGE for a key that is empty, too long or no UTF-8. */
int journal_point(struct journal *j, struct journal_attempt *a, const char *key, size_t key_len, int64_t step,
                  int64_t ts, double value, int64_t *ret_step, struct err *e);
/* A step for which an earlier attempt stands in; those of one flush become one event. */
void journal_reuse(struct journal *j, int64_t step, int64_t attempt, const char *reason);
void journal_take(struct journal *j, int64_t request, const char *answer);

/* When it wants to be flushed: a time_mono(), or -1 while it is empty. With many points waiting that is now. */
int64_t journal_due(const struct journal *j);
/* Everything gathered, in one transaction. On failure all stays gathered and can be flushed again. */
int journal_flush(struct journal *j, struct err *e);

#endif
