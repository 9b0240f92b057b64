#include "runner/plan/schedule.h"

#include <math.h>

static bool succeeded(enum step_state s)
{
	return s == STEP_SUCCESS || s == STEP_REUSED;
}

static bool failed(enum step_state s)
{
	return s == STEP_FAILED || s == STEP_UPSTREAM_FAILED || s == STEP_STOPPED || s == STEP_LOST;
}

enum schedule_verdict schedule_verdict(const struct pipeline *p, int step, const enum step_state *states,
                                       const bool *in)
{
	const struct step *s = &p->steps[step];
	size_t good = 0, bad = 0, skipped = 0, open = 0;

	for (size_t i = 0; i < s->nneeds; i++) {
		int need = s->needs[i].step;

		if (in && !in[need])
			good++;
		else if (succeeded(states[need]))
			good++;
		else if (failed(states[need]))
			bad++;
		else if (states[need] == STEP_SKIPPED)
			skipped++;
		else
			open++;
	}
	switch (s->trigger) {
	case TRIGGER_ALL_SUCCESS:
		if (bad)
			return SCHEDULE_UPSTREAM_FAILED;
		if (skipped)
			return SCHEDULE_SKIP;
		return open ? SCHEDULE_WAIT : SCHEDULE_GO;
	case TRIGGER_ALL_DONE:
		return open ? SCHEDULE_WAIT : SCHEDULE_GO;
	case TRIGGER_ALL_FAILED:
		if (good || skipped)
			return SCHEDULE_SKIP;
		return open ? SCHEDULE_WAIT : bad ? SCHEDULE_GO : SCHEDULE_SKIP;
	case TRIGGER_ONE_SUCCESS:
		if (good || !s->nneeds)
			return SCHEDULE_GO;
		return open ? SCHEDULE_WAIT : bad ? SCHEDULE_UPSTREAM_FAILED : SCHEDULE_SKIP;
	case TRIGGER_ONE_FAILED:
		if (bad)
			return SCHEDULE_GO;
		return open ? SCHEDULE_WAIT : SCHEDULE_SKIP;
	case TRIGGER_NONE_FAILED:
		if (bad)
			return SCHEDULE_UPSTREAM_FAILED;
		return open ? SCHEDULE_WAIT : SCHEDULE_GO;
	case TRIGGER_ALWAYS:
		return SCHEDULE_GO;
	}
	return SCHEDULE_WAIT;
}

enum run_state schedule_run_state(const struct pipeline *p, const enum step_state *states, const bool *in)
{
	_free_ bool *forgiven = mem_zero(p->nsteps + 1);
	bool stopped = false;

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *s = &p->steps[i];

		if ((in && !in[i]) || !succeeded(states[i]))
			continue;
		if (s->trigger == TRIGGER_ONE_FAILED || s->trigger == TRIGGER_ALL_FAILED)
			for (size_t k = 0; k < s->nneeds; k++)
				forgiven[s->needs[k].step] = true;
	}
	for (size_t i = 0; i < p->nsteps; i++) {
		if (in && !in[i])
			continue;
		if ((states[i] == STEP_FAILED || states[i] == STEP_LOST) && !forgiven[i])
			return RUN_FAILED;
		if (states[i] == STEP_STOPPED)
			stopped = true;
	}
	return stopped ? RUN_STOPPED : RUN_SUCCESS;
}

bool schedule_retry(const struct step_retry *r, int n, enum cause cause, int exit_status, double random,
                    int64_t *ret_delay_us)
{
	bool wanted = r->all || (r->causes & (1u << cause));
	double delay;

	if (n > r->limit || cause == CAUSE_STOPPED)
		return false;
	for (size_t i = 0; i < r->nexits && !wanted; i++)
		wanted = cause == CAUSE_EXIT && r->exits[i] == exit_status;
	if (!wanted)
		return false;
	delay = (double)r->delay_us * pow(r->backoff, n - 1);
	if (delay > (double)r->max_delay_us)
		delay = (double)r->max_delay_us;
	*ret_delay_us = (int64_t)(delay * (0.8 + 0.4 * random));
	return true;
}

const char *reserve_impossible(const struct reserve *total, const struct step *s)
{
	if (s->cpu > total->cpu)
		return "cpu";
	if (s->memory > total->memory)
		return "memory";
	if (s->gpu > total->gpu)
		return "gpu";
	return NULL;
}

bool reserve_fits(const struct reserve *total, const struct reserve *used, const struct step *s)
{
	/* The sum of many decimal shares may miss the total by its last bit. */
	return used->jobs + 1 <= total->jobs && used->cpu + s->cpu <= total->cpu + 1e-9 &&
	       used->memory + s->memory <= total->memory && used->gpu + s->gpu <= total->gpu;
}

void reserve_add(struct reserve *used, const struct step *s, int sign)
{
	used->jobs += sign;
	used->cpu += sign * s->cpu;
	used->memory += sign * s->memory;
	used->gpu += sign * s->gpu;
}
