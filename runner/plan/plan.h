/* The planner: for each step of a pipeline, whether an earlier attempt stands in for it or it has to run, and why
 * (4-record.md). `jig plan`, a run's start, and a run under way ask the same functions, so that a plan says before what
 * a run then does. */
#ifndef RUNNER_PLAN_H
#define RUNNER_PLAN_H

#include "runner/code/code_names.h"
#include "runner/env/env.h"
#include "runner/pipeline/pipeline.h"
#include "runner/plan/step_key.h"
#include "runner/work/inputs.h"
#include "tracker/reuse.h"

/* SYMBOL, text, meaning */
#define PLAN_ACTIONS(X)                                                          \
	X(PLAN_RUN, "run", "it runs")                                            \
	X(PLAN_REUSE, "reuse", "an earlier attempt stands in for it")            \
	X(PLAN_UNKNOWN, "unknown", "known once a step that it takes from has run") \
	X(PLAN_SKIP, "skip", "its trigger can no longer hold")
#define PLAN_SYMBOL_(s, ...) s,
enum plan_action { PLAN_ACTIONS(PLAN_SYMBOL_) };
const char *plan_action_text(enum plan_action a);

struct plan_step {
	enum plan_action action;
	const char *reason;            /* one line, "run: …", "reuse: …", "unknown: …", "skip: …"; the plan's */
	int64_t run, attempt_id, trace; /* of PLAN_REUSE: what executed, and the set of its lookups */
	int attempt;
	/* of PLAN_REUSE: no step that it needs has to run before, so none can fail and keep it from standing in */
	bool at_once;
	int64_t expected;              /* µs, from earlier durations; -1 = never ran; 0 for PLAN_REUSE */
};
struct plan_options {
	struct tracker *tracker;       /* NULL: there is no record yet */
	struct store *store;
	const char *root, *jig;
	const struct pipeline *pipeline;
	const bool *in;                /* part of the run */
	const bool *asked;             /* these run whatever there is (--force, --from, --fresh); NULL: none */
	int64_t origin;                /* the run that is gone on from; 0: none */
	const struct inputs *inputs;
	const struct env_set *envs;    /* resolved */
	const struct code_names *names; /* of the code; NULL: there is no record, nothing can be reused */
	char *const *environ;
};
struct plan;
struct plan *plan_new(const struct plan_options *o); /* options are borrowed as long as the plan */
void plan_free(struct plan *p);
/* All steps, as far as that is known before anything runs. Fills given[] (per step of the pipeline) for the steps that
 * are reused. */
int plan_all(struct plan *p, struct facts *given, struct err *e);
/* One step whose needs have ended: given[] of all it takes from is filled. PLAN_RUN or PLAN_REUSE (then given[step] is
 * filled). */
int plan_one(struct plan *p, int step, struct facts *given, struct err *e);
const struct plan_step *plan_get(const struct plan *p, int step);
/* Whether it runs, or may turn out to. */
bool plan_may_run(const struct plan *p, int step);
/* A step that runs: its inputs changed because this step ran again (for reasons of those that follow). */
void plan_ran(struct plan *p, int step);
/* The time that what runs should take, one after the other along the longest way; -1: not known of some step. */
int64_t plan_expected(const struct plan *p);

#endif
