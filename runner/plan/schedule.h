/* The rules of order: when a step may start, when it never will, what a run's state is. Pure: no clock, no disk. */
#ifndef RUNNER_SCHEDULE_H
#define RUNNER_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>
#include "runner/pipeline/pipeline.h"
#include "tracker/state.h"

/* What a trigger says of a step, given the states of the steps it needs. */
enum schedule_verdict {
	SCHEDULE_WAIT,
	SCHEDULE_GO,
	SCHEDULE_UPSTREAM_FAILED, /* it can no longer start because a need failed */
	SCHEDULE_SKIP,            /* its trigger can no longer hold though nothing it wants failed */
};
/* states: per step of the pipeline. Needs for which `in` (NULL: all) is false are not part of the run and count as
 * succeeded. */
enum schedule_verdict schedule_verdict(const struct pipeline *p, int step, const enum step_state *states,
                                       const bool *in);

/* The state of a run all of whose steps have ended: failed when a failed step was not forgiven by a successful direct
 * dependent with one_failed or all_failed; else stopped when a step was stopped; else success. */
enum run_state schedule_run_state(const struct pipeline *p, const enum step_state *states, const bool *in);

/* Whether a failed attempt (number n, from 1) is followed by another, and after how long. random: uniform in [0, 1),
 * for the jitter of ±20 %. */
bool schedule_retry(const struct step_retry *r, int n, enum cause cause, int exit_status, double random,
                    int64_t *ret_delay_us);

/* What a machine has to give, and what is taken. */
struct reserve { int jobs; double cpu; int64_t memory; int gpu; };
/* Whether the step can ever fit; if not, what (static text: "cpu", "memory", "gpu"). */
const char *reserve_impossible(const struct reserve *total, const struct step *s);
bool reserve_fits(const struct reserve *total, const struct reserve *used, const struct step *s);
void reserve_add(struct reserve *used, const struct step *s, int sign);

#endif
