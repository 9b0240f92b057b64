#include <stdio.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/time.h"
#include "runner/continue.h"
#include "runner/log/logged.h"
#include "runner/retry.h"
#include "runner/supervisor.h"
#include "tracker/query.h"

static void tell(struct supervisor *s, int step)
{
	const struct run_watch *w = s->o->watch;

	s->ticked = true;
	if (w && w->step)
		w->step(w->arg, &s->live, s->live_at[step]);
}

static bool ended(enum step_state st)
{
	return step_state_ended(st);
}

static void set_state(struct supervisor *s, int step, enum step_state st)
{
	bool was = ended(s->states[step]);

	s->states[step] = st;
	if (ended(st) || st == STEP_RETRYING)
		vec_push(&s->untold, (struct untold){ step, st });
	else
		live_step(s, step)->state = st;
	/* What would have stood in for it gives nothing to those that follow all the same. */
	if (st == STEP_UPSTREAM_FAILED || st == STEP_SKIPPED || st == STEP_STOPPED)
		vec_clear(&s->pre.given[step]);
	if (!was && ended(st))
		s->nopen--;
	else if (was && !ended(st))
		s->nopen++;
}

static void make_ready(struct supervisor *s, int step)
{
	s->waiting[step] = true;
	vec_push(&s->ready, step);
}

/* Why it runs. A plan that knew nothing of it (its needs failed, and it runs all the same) leaves that as it was asked
 * for. */
static void set_reason(struct supervisor *s, int step)
{
	const struct plan_step *plan = plan_get(s->pre.plan, step);

	live_step(s, step)->reason = plan->action == PLAN_RUN && plan->reason ? plan->reason : "run: asked for";
}

/* The steps that follow from one whose state has become final: each becomes ready, or final itself, and so on. */
struct wave { VEC(int) todo; VEC(int64_t) skipped, upstream; };

/* An earlier attempt stands in for it: its outputs are there already. True when the run's params are others now. */
static bool reuse(struct supervisor *s, int step)
{
	const struct plan_step *plan = plan_get(s->pre.plan, step);
	struct live_step *l = live_step(s, step);

	l->reason = plan->reason;
	l->reused_run = plan->run;
	return logged_params_set(s->host.params, step, logged_lent_list(s->lent, plan->run, plan->attempt_id), NULL,
	                         NULL);
}

/* Whether an earlier attempt stands in for it, now that all it is handed is known; from then on nobody takes away what
 * that gave. What cannot be found out is no reason not to run. ERR_BUSY: not now. */
static int stands_in(struct supervisor *s, int step)
{
	const struct plan_step *plan = plan_get(s->pre.plan, step);
	struct err e;
	int r = 0;

	if (plan->action == PLAN_RUN)
		return 0;
	/* Where its run was removed at that moment the record gives another, or none. */
	while (r == 0) {
		if (plan_one(s->pre.plan, step, s->pre.given, &e) < 0 || plan->action != PLAN_REUSE)
			return 0;
		if (control_waits(s))
			return ERR_BUSY;
		r = step_borrow(s->tracker, s->work.number, plan->attempt_id, &e);
	}
	if (r == ERR_BUSY)
		control_held(s, &e);
	return r > 0 || r == ERR_BUSY ? r : 0;
}

static void look(struct supervisor *s, int step, struct wave *w)
{
	int r;

	if (s->states[step] != STEP_PENDING)
		return;
	switch (schedule_verdict(s->p, step, s->states, s->in)) {
	case SCHEDULE_WAIT:
		return;
	case SCHEDULE_GO:
		if ((r = stands_in(s, step)) < 0) {
			vec_push(&s->undecided, step);
			return;
		}
		if (r > 0) {
			const struct plan_step *plan = plan_get(s->pre.plan, step);

			journal_reuse(s->journal, s->ids[step], plan->attempt_id, plan->reason);
			if (reuse(s, step))
				journal_params(s->journal, logged_params_all(s->host.params));
			set_state(s, step, STEP_REUSED);
			break;
		}
		set_reason(s, step);
		set_state(s, step, STEP_QUEUED);
		make_ready(s, step);
		vec_push(&s->unsaid, step);
		return;
	case SCHEDULE_UPSTREAM_FAILED:
		set_state(s, step, STEP_UPSTREAM_FAILED);
		vec_push(&w->upstream, s->ids[step]);
		break;
	case SCHEDULE_SKIP:
		set_state(s, step, STEP_SKIPPED);
		vec_push(&w->skipped, s->ids[step]);
		break;
	}
	vec_push(&w->todo, step);
}

static void roll(struct supervisor *s, struct wave *w)
{
	while (w->todo.len) {
		int step = vec_pop(&w->todo);

		for (size_t i = 0; i < s->followers[step].len; i++)
			look(s, s->followers[step].v[i], w);
	}
	journal_move(s->journal, w->upstream.v, w->upstream.len, STEP_UPSTREAM_FAILED, NULL);
	journal_move(s->journal, w->skipped.v, w->skipped.len, STEP_SKIPPED, NULL);
	vec_release(&w->todo);
	vec_release(&w->upstream);
	vec_release(&w->skipped);
}

static void spread(struct supervisor *s, int from)
{
	struct wave w = { 0 };

	vec_push(&w.todo, from);
	roll(s, &w);
}

int dispatch_init(struct supervisor *s, struct err *e)
{
	bool params = false;

	for (size_t i = 0; i < s->p->nsteps; i++) {
		const struct step *d = &s->p->steps[i];
		struct live_step *l = live_step(s, (int)i);

		s->retry_at[i] = -1;
		if (!s->in[i])
			continue;
		l->name = d->name;
		l->base = d->base;
		l->expected = plan_get(s->pre.plan, (int)i)->expected;
		l->reason = plan_get(s->pre.plan, (int)i)->reason;
		if (plan_get(s->pre.plan, (int)i)->action == PLAN_REUSE && plan_get(s->pre.plan, (int)i)->at_once) {
			params |= reuse(s, (int)i);
			s->states[i] = l->state = STEP_REUSED;
		} else {
			s->nopen++;
		}
		for (size_t k = 0; k < d->nneeds; k++)
			if (s->in[d->needs[k].step])
				vec_push(&s->followers[d->needs[k].step], (int)i);
	}
	if (params)
		journal_params(s->journal, logged_params_all(s->host.params));
	return 0;
}

void dispatch_first(struct supervisor *s)
{
	struct wave w = { 0 };

	for (size_t i = 0; i < s->p->nsteps; i++)
		if (s->in[i])
			look(s, (int)i, &w);
	roll(s, &w);
}

void dispatch_undecided(struct supervisor *s)
{
	struct wave w = { 0 };

	for (size_t n = s->undecided.len; n > 0 && !control_waits(s); n--) {
		int step = s->undecided.v[0];

		vec_remove(&s->undecided, 0);
		look(s, step, &w);
	}
	roll(s, &w);
}

static unsigned take_gpus(struct supervisor *s, int n)
{
	unsigned bits = 0;

	for (int i = 0; i < s->total.gpu && i < 32 && n > 0; i++)
		if (!(s->gpus_used & (1u << i))) {
			bits |= 1u << i;
			n--;
		}
	s->gpus_used |= bits;
	return bits;
}

/* Whose checkpoints it gets: those of the attempt before in this run, which stand there already, else those of an
 * earlier run. NULL: nobody's. */
static const struct past_attempt *continues(struct supervisor *s, int step)
{
	const struct step *d = &s->p->steps[step];
	struct past_attempt *past;
	struct err ignored;

	if (s->tries[step] > 1) {
		_free_ char *folder = NULL;

		past = arena_array(&s->texts, struct past_attempt, 1);
		if (query_last_attempt(s->tracker, s->work.number, d->name, NULL, &s->texts, past, &ignored) > 0) {
			folder = continue_folder(s->o->project->jig, past);
			if (file_is_dir(folder))
				return past;
		}
	}
	return s->o->kind == KIND_RESUME ? continue_find(s->tracker, s->o->project->jig, s->o->origin, d, &s->texts)
	                                 : NULL;
}

static void start(struct supervisor *s, int step)
{
	const struct step *d = &s->p->steps[step];
	uint64_t token = (uint64_t)(s->tries[step] + 1) << 32 | (uint32_t)step;
	int64_t promised = s->pre.promised && s->tries[step] == 0 ? s->pre.promised[step] : 0;
	struct attempt *a;

	reserve_add(&s->used, d, 1);
	s->nlive++;
	s->tries[step]++;
	/* attempt_start may end it at once (no such input): what ended() needs stands before the call. */
	a = attempt_start(&s->host, step, s->tries[step], token, live_step(s, step)->reason, take_gpus(s, d->gpu),
	                  continues(s, step), promised, live_step(s, step));
	if (!a->over)
		s->now[step] = a;
}

void dispatch_start(struct supervisor *s)
{
	VEC(int64_t) queued = { 0 };

	if (!s->live.paused && !s->stopping)
		for (size_t i = 0; i < s->ready.len && s->used.jobs < s->total.jobs;) {
			int step = s->ready.v[i];

			if (!reserve_fits(&s->total, &s->used, &s->p->steps[step])) {
				i++;
				continue;
			}
			/* What it was is written and told before it is something else. */
			if (s->tries[step] > 0)
				control_flush(s);
			if (s->stopping)
				break;
			if (s->tries[step] > 0 && s->held_since) {
				i++;
				continue;
			}
			vec_remove(&s->ready, i);
			s->waiting[step] = false;
			start(s, step);
		}
	/* A step that starts at once was never queued as far as anyone could see. */
	for (size_t i = 0; i < s->unsaid.len; i++)
		if (s->waiting[s->unsaid.v[i]])
			vec_push(&queued, s->ids[s->unsaid.v[i]]);
	vec_clear(&s->unsaid);
	journal_move(s->journal, queued.v, queued.len, STEP_QUEUED, NULL);
	vec_release(&queued);
}

void dispatch_started(void *arg, struct attempt *a)
{
	struct supervisor *s = arg;

	live_step(s, a->step)->attempt = a->n;
	set_state(s, a->step, STEP_RUNNING);
	tell(s, a->step);
}

static double random_unit(struct supervisor *s)
{
	return rand_r(&s->seed) / ((double)RAND_MAX + 1);
}

static enum step_state final_state(const struct attempt *a)
{
	switch (a->result.state) {
	case ATTEMPT_SUCCESS:
		return STEP_SUCCESS;
	case ATTEMPT_STOPPED:
		return STEP_STOPPED;
	default:
		return STEP_FAILED;
	}
}

void dispatch_ended(void *arg, struct attempt *a)
{
	struct supervisor *s = arg;
	int step = a->step;
	struct live_step *l = live_step(s, step);
	enum step_state st = final_state(a);
	int64_t delay;

	s->now[step] = NULL;
	s->nlive--;
	s->gpus_used &= ~a->gpus;
	reserve_add(&s->used, a->def, -1);
	l->attempt = a->n;
	l->exit_status = a->result.exit_status;
	l->signal = a->result.signal;
	l->error_file = arena_strdup(&s->texts, a->error_file);
	l->error_line = a->result.error_line;
	l->error_message = arena_strdup(&s->texts, a->error_message);
	if (st == STEP_FAILED && !s->stopping && !a->unwanted &&
	    schedule_retry(&a->def->retry, a->n, a->result.cause, a->result.exit_status, random_unit(s), &delay)) {
		st = STEP_RETRYING;
		s->retry_at[step] = time_mono() + delay;
	}
	attempt_record(a, st);
	set_state(s, step, st);
	plan_ran(s->pre.plan, step);
	vec_push(&s->over, a);
	if (st == STEP_RETRYING)
		return;
	spread(s, step);
	if (st == STEP_FAILED && s->o->fail_fast && !s->stopping)
		s->stop_wanted = true;
}

void dispatch_retries(struct supervisor *s, int64_t now)
{
	for (size_t i = 0; i < s->p->nsteps; i++)
		if (s->retry_at[i] >= 0 && s->retry_at[i] <= now && !s->live.paused) {
			s->retry_at[i] = -1;
			make_ready(s, (int)i);
		}
}

static void forget(struct queue *q, int step)
{
	for (size_t i = 0; i < q->len; i++)
		if (q->v[i] == step) {
			vec_remove(q, i);
			break;
		}
}

void dispatch_stop_waiting(struct supervisor *s, int step)
{
	forget(&s->ready, step);
	forget(&s->unsaid, step);
	s->waiting[step] = false;
	s->retry_at[step] = -1;
	set_state(s, step, STEP_STOPPED);
	journal_move(s->journal, &s->ids[step], 1, STEP_STOPPED, NULL);
	spread(s, step);
}

void dispatch_end_pending(struct supervisor *s)
{
	VEC(int64_t) ids = { 0 };

	vec_clear(&s->ready);
	for (size_t i = 0; i < s->p->nsteps; i++) {
		s->waiting[i] = false;
		if (!s->in[i] || ended(s->states[i]) || s->now[i])
			continue;
		s->retry_at[i] = -1;
		set_state(s, (int)i, STEP_STOPPED);
		vec_push(&ids, s->ids[i]);
	}
	journal_move(s->journal, ids.v, ids.len, STEP_STOPPED, NULL);
	vec_release(&ids);
}

/* What could not start because of this step may start after all. */
static void revive(struct supervisor *s, int step, int64_t **ids, size_t *n)
{
	for (size_t i = 0; i < s->followers[step].len; i++) {
		int f = s->followers[step].v[i];

		if (s->states[f] != STEP_UPSTREAM_FAILED && s->states[f] != STEP_SKIPPED)
			continue;
		set_state(s, f, STEP_PENDING);
		tell(s, f);
		*ids = mem_array(*ids, *n + 1, sizeof **ids);
		(*ids)[(*n)++] = s->ids[f];
		revive(s, f, ids, n);
	}
}

/* Whether what it needs keeps it from starting. */
static bool refuses(struct supervisor *s, int step, char answer[128])
{
	switch (schedule_verdict(s->p, step, s->states, s->in)) {
	case SCHEDULE_GO:
		return false;
	case SCHEDULE_WAIT:
		snprintf(answer, 128, "what it needs has not ended yet: retry it then");
		break;
	case SCHEDULE_UPSTREAM_FAILED:
		snprintf(answer, 128, "what it needs did not succeed: retry that first");
		break;
	case SCHEDULE_SKIP:
		snprintf(answer, 128, "its trigger does not hold");
		break;
	}
	return true;
}

void dispatch_retry(struct supervisor *s, int step, char answer[128])
{
	_free_ int64_t *ids = NULL;
	size_t n = 0;
	enum step_state st = s->states[step];
	static const char when_continued[] = "when the run, which is paused, goes on: `jig continue`";
	char why[96];

	if (!retry_allowed(st, why)) {
		snprintf(answer, 128, "it %s", why);
		return;
	}
	if (s->now[step]) {
		snprintf(answer, 128, "attempt %d is about to begin", s->tries[step]);
		return;
	}
	if (st == STEP_RETRYING) {
		bool waits = s->waiting[step];

		if (!waits)
			s->retry_at[step] = time_mono();
		snprintf(answer, 128, "its next attempt starts %s", s->live.paused ? when_continued
		                                                    : waits        ? "as soon as there is room"
		                                                                   : "now");
		return;
	}
	if (s->stopping) {
		snprintf(answer, 128, "the run is stopping");
		return;
	}
	/* It was stopped before its turn, or what it needs is tried once more. */
	if (refuses(s, step, answer))
		return;
	live_step(s, step)->cause = CAUSE_NONE;
	set_state(s, step, STEP_QUEUED);
	tell(s, step);
	make_ready(s, step);
	journal_move(s->journal, &s->ids[step], 1, STEP_QUEUED, NULL);
	revive(s, step, &ids, &n);
	journal_move(s->journal, ids, n, STEP_PENDING, NULL);
	snprintf(answer, 128, "attempt %d starts%s%s", s->tries[step] + 1, s->live.paused ? " " : "",
	         s->live.paused ? when_continued : "");
}
