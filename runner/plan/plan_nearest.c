/* Which earlier attempt a reason compares with: one that differs in what was changed since, and in nothing else. */
#include "runner/plan/plan_parts.h"

#include <limits.h>

/* So many attempts of a step are looked at, and so many of a plan beyond the newest of each step: what a reason says is
 * not worth more time. */
enum { NEAR_MOST = 32, NEAR_IN_ALL = 4096 };

static void count(void *arg, const char *dotted, const json_t *before, const json_t *now)
{
	++*(int *)arg;
}

/* The params that differ from those of an earlier run; at least 1. */
static int params_distance(struct plan *p, int64_t run, int *ret, struct err *e)
{
	int n = 0, r = plan_params_changed(p, run, count, &n, e);

	if (r >= 0)
		*ret = n > 1 ? n : 1;
	return r;
}

static int trace_distance(struct plan *p, const struct past_attempt *past, int *ret, struct err *e)
{
	struct trace_now now = { .jig = p->o.jig, .names = p->o.names, .params = &p->params };
	_arena_ struct arena a = ARENA_INIT;
	const struct plan_trace *t;
	struct trace_difference d;
	struct trace_rows rows;
	const char *tokens;
	int r = plan_trace_holds(p, past->trace, &t, e);

	*ret = 0;
	if (r < 0 || t->holds)
		return r;
	if ((r = query_trace(p->o.tracker, past->trace, &a, &rows, e)) < 0 ||
	    (r = trace_check(&rows, &now, false, &a, &d, &tokens, e)) < 0)
		return r;
	*ret = 1;
	return d.change == TRACE_ALL_PARAMS ? params_distance(p, past->run, ret, e) : 0;
}

/* In how many ways it differs from now, or something that is not below `least`. */
static int distance(struct plan *p, const struct step_key *k, const struct past_attempt *past, int least, int *ret,
                    struct err *e)
{
	int of_trace = 0, r = 0;

	*ret = past->facts && past->trace ? step_key_distance(past->facts, k->facts) : INT_MAX;
	if (*ret < least)
		r = trace_distance(p, past, &of_trace, e);
	*ret += of_trace;
	return r;
}

int plan_nearest(struct plan *p, int step, const struct step_key *k, struct past_attempt *ret, struct err *e)
{
	const struct step *s = &p->o.pipeline->steps[step];
	_arena_ struct arena a = ARENA_INIT;
	struct past_attempts c;
	int64_t nearest = 0;
	int least, r = query_newest_success(p->o.tracker, s->name, s->noutputs ? s->outputs[0].path : NULL, &p->arena,
	                                    ret, e);

	if (r <= 0 || (r = distance(p, k, ret, INT_MAX, &least, e)) < 0)
		return r;
	/* What was changed is one thing as a rule. */
	if (least <= 1 || p->looked >= NEAR_IN_ALL)
		return 1;
	if ((r = query_successes(p->o.tracker, s->name, NEAR_MOST, &a, &c, e)) < 0)
		return r;
	for (size_t i = 1; i < c.len && least > 1; i++) {
		int n;

		p->looked++;
		if ((r = distance(p, k, &c.v[i], least, &n, e)) < 0)
			return r;
		if (n < least) {
			least = n;
			nearest = c.v[i].id;
		}
	}
	r = nearest ? query_past(p->o.tracker, nearest, &p->arena, ret, e) : 0;
	return r < 0 ? r : 1;
}
