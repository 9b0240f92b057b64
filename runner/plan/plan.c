#include "runner/plan/plan_parts.h"

#include <stdlib.h>
#include <unistd.h>
#include "base/json.h"
#include "runner/plan/schedule.h"

/* Below so many steps a memo is not worth a file. */
#define MEMO_LEAST 100

const char *plan_action_text(enum plan_action a)
{
	static const char *const texts[] = {
#define X(symbol, text, meaning) text,
		PLAN_ACTIONS(X)
#undef X
	};

	return texts[a];
}

struct plan *plan_new(const struct plan_options *o)
{
	struct plan *p = mem_zero(sizeof *p);

	p->o = *o;
	p->steps = mem_zero((o->pipeline->nsteps + 1) * sizeof *p->steps);
	p->ran = mem_zero(o->pipeline->nsteps + 1);
	p->variables = step_key_variables(o->environ);
	trace_params(o->pipeline->params, &p->params);
	return p;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->names.len; i++)
		code_names_free(p->names.v[i].names);
	vec_release(&p->names);
	vec_release(&p->traces);
	free(p->variables);
	free(p->steps);
	free(p->ran);
	arena_release(&p->arena);
	free(p);
}

const struct plan_step *plan_get(const struct plan *p, int step)
{
	return &p->steps[step];
}

bool plan_may_run(const struct plan *p, int step)
{
	return p->steps[step].action == PLAN_RUN || p->steps[step].action == PLAN_UNKNOWN;
}

void plan_ran(struct plan *p, int step)
{
	p->ran[step] = true;
}

/* How a step that was planned looks to the rules of order. */
static enum step_state state_of(const struct plan_step *s)
{
	return s->action == PLAN_REUSE && s->at_once ? STEP_REUSED
	       : s->action == PLAN_SKIP              ? STEP_SKIPPED
	                                             : STEP_PENDING;
}

/* The first step it takes from of which nothing is known yet; -1: none. One that only stands in once others have run
 * gives nothing where they fail. */
static int unknown_need(const struct plan *p, int step)
{
	const struct step *s = &p->o.pipeline->steps[step];
	bool wants_success = s->trigger == TRIGGER_ALL_SUCCESS || s->trigger == TRIGGER_NONE_FAILED;

	for (size_t i = 0; s->trigger != TRIGGER_ALWAYS && i < s->nneeds; i++) {
		const struct step_need *n = &s->needs[i];
		const struct plan_step *from = &p->steps[n->step];

		if (n->data && p->o.in[n->step] &&
		    (plan_may_run(p, n->step) || (from->action == PLAN_REUSE && !from->at_once && !wants_success)))
			return n->step;
	}
	return -1;
}

static int set(struct plan *p, int step, enum plan_action action, const char *reason, struct err *e)
{
	struct plan_step *s = &p->steps[step];

	s->action = action;
	s->reason = reason;
	s->expected = 0;
	if (action != PLAN_RUN && action != PLAN_UNKNOWN)
		return 0;
	s->expected = -1;
	return p->o.tracker ? query_duration(p->o.tracker, p->o.pipeline->steps[step].name, &s->expected, e) : 0;
}

int plan_key(const struct plan *p, int step, const struct facts *inputs, struct step_key *ret, struct err *e)
{
	const struct env_set *envs = p->o.envs;
	struct step_key_options o = {.pipeline = p->o.pipeline,
	                             .step = step,
	                             .env_key = envs->v[envs->of[step]].key,
	                             .environ = p->o.environ,
	                             .variables = p->variables,
	                             .inputs = inputs};

	return step_key(&o, ret, e);
}

bool plan_asked(const struct plan *p, int step)
{
	return p->o.asked && p->o.asked[step];
}

static void release_facts(struct facts *f)
{
	vec_release(f);
}

/* There is no record yet. */
static int decide_first(struct plan *p, int step, struct err *e)
{
	_cleanup_(step_key_release) struct step_key k = { 0 };
	int r = plan_key(p, step, NULL, &k, e);

	return r < 0 ? r
	             : set(p, step, PLAN_RUN,
	                   k.never ? arena_printf(&p->arena, "run: %s", k.never) : "run: never finished", e);
}

static int reuse(struct plan *p, int step, const struct past_attempt *past, struct err *e)
{
	const char *reason;
	int r = plan_reason_reuse(p, past, &reason, e);

	if (r < 0)
		return r;
	p->steps[step].run = past->run;
	p->steps[step].attempt = past->n;
	p->steps[step].attempt_id = past->id;
	p->steps[step].trace = past->trace;
	return set(p, step, PLAN_REUSE, reason, e);
}

/* All that it is handed is known. */
static int decide(struct plan *p, int step, struct facts *given, struct err *e)
{
	_cleanup_(step_key_release) struct step_key k = { 0 };
	_cleanup_(release_facts) struct facts inputs = { 0 };
	struct past_attempt past;
	const char *reason;
	int r;

	if (plan_asked(p, step))
		return set(p, step, PLAN_RUN, "run: asked for", e);
	if (!p->o.tracker || !p->o.names)
		return decide_first(p, step, e);
	if (p->ahead && p->ahead[step] &&
	    (r = plan_match_remembered(p, step, p->ahead[step], &past, &given[step], e)) != 0)
		return r < 0 ? r : reuse(p, step, &past, e);
	r = inputs_of(p->o.inputs, p->o.pipeline, step, given, p->o.store, &p->arena, &inputs, e);
	if (r < 0 || (r = plan_key(p, step, &inputs, &k, e)) < 0)
		return r;
	r = k.never ? 0 : plan_match(p, step, &k, &past, &given[step], e);
	if (r < 0)
		return r;
	if (r == 0) {
		r = plan_reason_run(p, step, &k, &reason, e);
		return r < 0 ? r : set(p, step, PLAN_RUN, reason, e);
	}
	return reuse(p, step, &past, e);
}

/* The first step on the way to it that runs, or may. */
static int runs_before(const struct plan *p, int step)
{
	const struct step *s = &p->o.pipeline->steps[step];
	int found = -1;

	for (size_t i = 0; found < 0 && i < s->nneeds; i++) {
		int need = s->needs[i].step;

		if (!p->o.in[need])
			continue;
		if (plan_may_run(p, need))
			found = need;
		else if (p->steps[need].action == PLAN_REUSE && !p->steps[need].at_once)
			found = runs_before(p, need);
	}
	return found;
}

/* An attempt would stand in for it now, but steps that it needs run before. That one of them makes what was only looked
 * for (every folder of PATH, say) is found when it is its turn. */
static int decide_later(struct plan *p, int step, struct facts *given, struct err *e)
{
	const struct plan_trace *t;
	int need, r = plan_trace_holds(p, p->steps[step].trace, &t, e);

	if (r < 0 || !t->outside_file || (need = runs_before(p, step)) < 0)
		return r;
	vec_clear(&given[step]);
	return set(
	        p, step, PLAN_UNKNOWN,
	        arena_printf(&p->arena, "unknown: %s may change %s", p->o.pipeline->steps[need].name, t->outside_file),
	        e);
}

/* Something that it takes from `need` is not there yet: only what is certain all the same is said. */
static int decide_early(struct plan *p, int step, int need, struct err *e)
{
	_cleanup_(step_key_release) struct step_key k = { 0 };
	const char *reason;
	bool could;
	int r;

	if (plan_asked(p, step))
		return set(p, step, PLAN_RUN, "run: asked for", e);
	if (!p->o.tracker || !p->o.names)
		return decide_first(p, step, e);
	if ((r = plan_key(p, step, NULL, &k, e)) < 0)
		return r;
	could = false;
	if (!k.never && (r = plan_could_match(p, step, &k, &could, e)) < 0)
		return r;
	if (could)
		return set(p, step, PLAN_UNKNOWN,
		           arena_printf(&p->arena, "unknown: hangs on what %s gives", p->o.pipeline->steps[need].name),
		           e);
	r = plan_reason_run(p, step, &k, &reason, e);
	return r < 0 ? r : set(p, step, PLAN_RUN, reason, e);
}

static bool wants_failure(const struct step *s)
{
	return s->trigger == TRIGGER_ONE_FAILED || s->trigger == TRIGGER_ALL_FAILED;
}

static const char *runs_if(struct plan *p, const struct step *s)
{
	_buf_ struct buf b = BUF_INIT;

	buf_addf(&b, "unknown: runs if %s",
	         s->trigger == TRIGGER_ALL_FAILED ? "all of "
	         : s->nneeds > 1                  ? "one of "
	                                          : "");
	for (size_t i = 0; i < s->nneeds; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", p->o.pipeline->steps[s->needs[i].step].name);
	buf_adds(&b, " failed");
	return arena_strdup(&p->arena, b.data);
}

static int plan_each(struct plan *p, struct facts *given, struct err *e)
{
	const struct pipeline *pl = p->o.pipeline;
	_free_ enum step_state *states = mem_zero((pl->nsteps + 1) * sizeof *states);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < pl->nsteps; i++) {
		const struct step *s = &pl->steps[i];
		enum schedule_verdict v;
		int need;

		if (!p->o.in[i])
			continue;
		states[i] = STEP_PENDING;
		v = schedule_verdict(pl, (int)i, states, p->o.in);
		need = unknown_need(p, (int)i);
		if (v == SCHEDULE_SKIP || v == SCHEDULE_UPSTREAM_FAILED)
			r = set(p, (int)i, PLAN_SKIP,
			        s->nneeds ? "skip: its trigger can no longer hold"
			                  : "skip: it needs no step that could fail",
			        e);
		else if (v == SCHEDULE_WAIT && wants_failure(s))
			r = set(p, (int)i, PLAN_UNKNOWN, runs_if(p, s), e);
		else if (need >= 0)
			r = decide_early(p, (int)i, need, e);
		else
			r = decide(p, (int)i, given, e);
		if (r >= 0 && p->steps[i].action == PLAN_REUSE) {
			p->steps[i].at_once = v == SCHEDULE_GO;
			r = v == SCHEDULE_GO ? 0 : decide_later(p, (int)i, given, e);
		}
		states[i] = state_of(&p->steps[i]);
	}
	return r < 0 ? r : 0;
}

int plan_all(struct plan *p, struct facts *given, struct err *e)
{
	int r = p->o.tracker ? tracker_read_begin(p->o.tracker, e) : 0;

	if (r >= 0 && p->o.tracker && p->o.pipeline->nsteps >= MEMO_LEAST)
		p->memo = plan_memo_open(p->o.jig, p->o.tracker);
	if (r >= 0) {
		plan_ahead(p);
		r = plan_each(p, given, e);
	}
	free(mem_take(p->ahead));
	plan_memo_close(mem_take(p->memo));
	if (p->o.tracker)
		tracker_read_end(p->o.tracker);
	return r;
}

int plan_one(struct plan *p, int step, struct facts *given, struct err *e)
{
	p->under_way = true;
	return decide(p, step, given, e);
}

int64_t plan_expected(const struct plan *p)
{
	const struct pipeline *pl = p->o.pipeline;
	_free_ int64_t *until = mem_zero((pl->nsteps + 1) * sizeof *until);
	int64_t longest = 0, all = 0;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	for (size_t i = 0; i < pl->nsteps; i++) {
		const struct step *s = &pl->steps[i];

		if (!p->o.in[i])
			continue;
		if (p->steps[i].expected < 0)
			return -1;
		for (size_t k = 0; k < s->nneeds; k++)
			if (p->o.in[s->needs[k].step] && until[s->needs[k].step] > until[i])
				until[i] = until[s->needs[k].step];
		until[i] += p->steps[i].expected;
		all += p->steps[i].expected;
		if (until[i] > longest)
			longest = until[i];
	}
	all /= cpus > 0 ? cpus : 1;
	return all > longest ? all : longest;
}
