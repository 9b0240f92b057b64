/* The planner's inside, shared by plan.c (which step next), plan_ahead.c (many at once), plan_match.c (what may stand
 * in), plan_nearest.c (what a reason compares with) and plan_reason.c (the sentences). */
#ifndef RUNNER_PLAN_PARTS_H
#define RUNNER_PLAN_PARTS_H

#include "base/json.h"
#include "runner/plan/plan.h"
#include "runner/plan/plan_memo.h"
#include "runner/trace/trace.h"

/* A set of lookups held against the code as it is now; many attempts share one. */
struct plan_trace {
	int64_t set;
	bool holds;
	const char *tokens_only;       /* in the arena */
	/* it compares what lies outside the project, which a step of the run may change */
	bool outside;
	const char *outside_file;      /* the first file or listed folder of those; NULL: all were only looked for */
};
/* The names of an earlier snapshot, kept for listings. */
struct plan_names { char tree[41]; struct code_names *names; };

struct plan {
	struct plan_options o;
	struct arena arena;
	struct plan_step *steps;
	bool *ran;                     /* per step: it ran in this run */
	bool under_way;                /* steps of the run may have changed what is outside the project */
	char *variables;               /* of every step that names none */
	struct plan_memo *memo;        /* NULL: the record is asked */
	/* per step: where the memo has what may stand in, its outputs in the store; 0: to be looked for. NULL
	 * without a memo */
	uint32_t *ahead;
	VEC(struct plan_trace) traces;
	VEC(struct plan_names) names;
	int looked;                    /* attempts that plan_nearest looked at beyond the newest ones */
	struct digest params;          /* of all params */
	char *params_text;
};

/* plan_match.c: the newest attempt that stands in for a step; 1 and *ret, or 0. inputs known: key and form; else form
 * alone, and *ret is one that could. */
int plan_match(struct plan *p, int step, const struct step_key *k, struct past_attempt *ret, struct facts *given,
               struct err *e);
int plan_could_match(struct plan *p, int step, const struct step_key *k, bool *ret, struct err *e);
int plan_trace_holds(struct plan *p, int64_t set, const struct plan_trace **ret, struct err *e);

/* What the memo has by this key, where the store has all that it gave. May be asked by many threads at once. */
bool plan_remembered(const struct plan *p, int step, const struct digest *key, uint32_t *ret);
/* As plan_match, of that. */
int plan_match_remembered(struct plan *p, int step, uint32_t at, struct past_attempt *ret, struct facts *given,
                          struct err *e);

/* plan.c: inputs NULL: they are not known yet. */
int plan_key(const struct plan *p, int step, const struct facts *inputs, struct step_key *ret, struct err *e);
bool plan_asked(const struct plan *p, int step);

/* plan_ahead.c: fills `ahead` for the steps that take nothing from others, on all cores. What goes wrong is met again,
 * and told, when it is the step's turn. */
void plan_ahead(struct plan *p);

/* plan_nearest.c: the attempt that a reason compares with: of the newest successes of the step's name the one that
 * differs least, the newest of several; else the newest with its first output. 1 and *ret, or 0. */
int plan_nearest(struct plan *p, int step, const struct step_key *k, struct past_attempt *ret, struct err *e);

/* plan_reason.c. Texts in the plan's arena. */
/* The pipeline's params that are others than those of an earlier run. */
int plan_params_changed(struct plan *p, int64_t run, json_change_fn *cb, void *arg, struct err *e);
int plan_reason_reuse(struct plan *p, const struct past_attempt *a, const char **ret, struct err *e);
int plan_reason_run(struct plan *p, int step, const struct step_key *k, const char **ret, struct err *e);
/* The chain of checkpoints that an attempt continued from, of other runs: the first of them, *ret->id 0: none. ERR_…
 * none; false in *ret_same: more than the code differs along it. */
int plan_chain(struct plan *p, const struct past_attempt *a, struct past_attempt *ret, bool *ret_same, struct err *e);

#endif
