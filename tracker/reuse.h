/* What the planner asks of the record: attempts that may stand in for a step, and the one that a reason compares with.
 * Results live in the arena. */
#ifndef TRACKER_REUSE_H
#define TRACKER_REUSE_H

#include "base/sha256.h"
#include "tracker/query.h"

struct past_attempt {
	int64_t id, run, step;
	int n;
	const char *name;          /* of its step */
	const char *facts;         /* NULL: unknown */
	struct digest form, key;   /* zero: it never may stand in */
	int64_t trace;             /* query_trace; 0: none, then it never may */
	int64_t continued;         /* 0 = none */
	const char *snapshot;      /* tree id of its run; NULL = none */
	enum attempt_state state;
};
struct past_attempts { struct past_attempt *v; size_t len; };

/* Successful attempts with this form and, unless key is NULL, this key, newest first, with a trace; of runs that are
 * kept, or that a kept run borrows from. Served by one index. */
int query_candidates(struct tracker *t, const struct digest *form, const struct digest *key, struct arena *a,
                     struct past_attempts *ret, struct err *e);
/* The newest successful attempt of a step of this name (kept runs, or borrowed); else of one with an output at `output`
 * (NULL: none). 1 and *ret, or 0. */
int query_newest_success(struct tracker *t, const char *name, const char *output, struct arena *a,
                         struct past_attempt *ret, struct err *e);
/* Of this name alone the newest ones, newest first, at most `most`. */
int query_successes(struct tracker *t, const char *name, int most, struct arena *a, struct past_attempts *ret,
                    struct err *e);
int query_past(struct tracker *t, int64_t attempt, struct arena *a, struct past_attempt *ret, struct err *e);
/* The last attempt, however it ended, of a step of this run (of a reused one the attempt that stands in): by name, else
 * by an output path that the step's `declared` names. 1 and *ret, or 0. */
int query_last_attempt(struct tracker *t, int64_t run, const char *name, const char *output, struct arena *a,
                       struct past_attempt *ret, struct err *e);
/* Declared outputs of an attempt (roles out and metric), by path. */
int query_given(struct tracker *t, int64_t attempt, struct arena *a, struct artifact_rows *ret, struct err *e);
/* Adds what attempts of a run logged as params, by their ids: {"7": [[key, value], …]}, with those alone that logged
 * any. after: the last event that was looked at, 0 at first; goes on to the newest. */
int query_logged_params(struct tracker *t, int64_t run, int64_t *after, json_t *ret, struct err *e);
/* A place in the record's history; event 0: nothing has happened yet. */
struct record_mark { int64_t event; struct digest hash; };
int query_mark(struct tracker *t, struct record_mark *ret, struct err *e);
/* 1: no attempt began or ended and no run was removed since, so that query_candidates and query_given answer as they
 * did. 0: they may not, or the mark is of another history. */
int query_unchanged(struct tracker *t, const struct record_mark *since, struct err *e);
/* NULL, NULL: it had none. For reasons: the environment's text for people and its packages (query_packages) stand with
 * the attempt; this is its row's key and detail. */
int query_attempt_env(struct tracker *t, int64_t attempt, struct arena *a, const char **ret_key,
                      const char **ret_detail, struct err *e);

#endif
