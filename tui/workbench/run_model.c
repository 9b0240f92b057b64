#include "tui/workbench/run_model.h"

#include <stdlib.h>

void run_model_release(struct run_model *m)
{
	vec_release(&m->attempts);
	vec_release(&m->before);
	free(m->edges);
	free(m->last);
	free(m->by_id);
	arena_release(&m->arena);
	arena_release(&m->row_arena);
	*m = (struct run_model){0};
}

static int compare_ids(const void *pa, const void *pb, void *arg)
{
	const struct step_row *steps = arg;
	int64_t a = steps[*(const int *)pa].id, b = steps[*(const int *)pb].id;
	return (a > b) - (a < b);
}

int run_model_step(const struct run_model *m, int64_t id)
{
	size_t from = 0, to = m->steps.len;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (m->steps.v[m->by_id[middle]].id < id)
			from = middle + 1;
		else
			to = middle;
	}
	return from < m->steps.len && m->steps.v[m->by_id[from]].id == id ? m->by_id[from] : -1;
}

/* The attempt that stands last joins those of its step. */
static void link_attempt(struct run_model *m)
{
	int i = (int)m->attempts.len - 1, step = run_model_step(m, m->attempts.v[i].step);
	vec_push(&m->before, step >= 0 ? m->last[step] : -1);
	if (step >= 0)
		m->last[step] = i;
	if (m->attempts.v[i].id > m->newest)
		m->newest = m->attempts.v[i].id;
}

static void list_edges(struct run_model *m)
{
	size_t n = 0;
	for (size_t i = 0; i < m->steps.len; i++)
		n += m->steps.v[i].nneeds;
	m->edges = mem_array(m->edges, n + 1, sizeof *m->edges);
	m->nedges = 0;
	for (size_t i = 0; i < m->steps.len; i++) {
		for (size_t k = 0; k < m->steps.v[i].nneeds; k++) {
			int from = run_model_step(m, m->steps.v[i].needs[k]);
			if (from >= 0)
				m->edges[m->nedges++] = (struct dag_edge){ from, (int)i };
		}
	}
}

void run_model_index(struct run_model *m)
{
	size_t n = m->steps.len, nattempts = m->attempts.len;
	m->by_id = mem_array(m->by_id, n + 1, sizeof *m->by_id);
	m->last = mem_array(m->last, n + 1, sizeof *m->last);
	for (size_t i = 0; i < n; i++) {
		m->by_id[i] = (int)i;
		m->last[i] = -1;
	}
	qsort_r(m->by_id, n, sizeof *m->by_id, compare_ids, m->steps.v);
	vec_clear(&m->before);
	m->newest = 0;
	for (m->attempts.len = 0; m->attempts.len < nattempts;) {
		m->attempts.len++;
		link_attempt(m);
	}
	list_edges(m);
}

int run_model_load(struct tracker *t, int64_t run, struct run_model *m, struct err *e)
{
	struct attempt_rows attempts;
	int r = tracker_read_begin(t, e);
	m->number = run;
	if (r >= 0 && (r = query_run(t, run, &m->row_arena, &m->row, e)) >= 0 &&
	    (r = query_run_event(t, run, &m->event, e)) >= 0 && (r = query_steps(t, run, &m->arena, &m->steps, e)) >= 0)
		r = query_attempts(t, run, &m->arena, &attempts, e);
	tracker_read_end(t);
	if (r < 0)
		return r;
	for (size_t i = 0; i < attempts.len; i++)
		vec_push(&m->attempts, attempts.v[i]);
	m->removed = m->row.removed;
	run_model_index(m);
	return 0;
}

/* Attempts that ran when they were loaded and whose step has moved on, or has a newer one. */
static int reload_ended(struct tracker *t, struct run_model *m, struct err *e)
{
	for (size_t i = 0; i < m->attempts.len; i++) {
		struct attempt_row *a = &m->attempts.v[i];
		int step = a->state == ATTEMPT_RUNNING ? run_model_step(m, a->step) : -1;
		if (step < 0 || (m->steps.v[step].state == STEP_RUNNING && m->last[step] == (int)i))
			continue;
		int r = query_attempt(t, a->id, &m->arena, a, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int reload(struct tracker *t, struct run_model *m, struct err *e)
{
	_arena_ struct arena room = ARENA_INIT;
	struct step_state_row *states;
	struct attempt_rows began;
	size_t n;
	int r = query_step_states(t, m->number, &room, &states, &n, e);
	if (r < 0)
		return r;
	if (n != m->steps.len) { /* steps are written with the run; a screen may be quicker */
		if ((r = query_steps(t, m->number, &m->arena, &m->steps, e)) < 0)
			return r;
		run_model_index(m);
	} else {
		for (size_t i = 0; i < n; i++) {
			m->steps.v[i].state = states[i].state;
			m->steps.v[i].reused_attempt = states[i].reused_attempt;
			m->steps.v[i].reused_run = states[i].reused_run;
			m->steps.v[i].reused_n = states[i].reused_n;
		}
	}
	if ((r = query_attempts_after(t, m->number, m->newest, &m->arena, &began, e)) < 0)
		return r;
	for (size_t i = 0; i < began.len; i++) {
		vec_push(&m->attempts, began.v[i]);
		link_attempt(m);
	}
	return reload_ended(t, m, e);
}

static int refresh(struct tracker *t, struct run_model *m, struct err *e)
{
	int64_t event;
	int r = query_run_event(t, m->number, &event, e);
	if (r < 0 || event == m->event)
		return r < 0 ? r : 0;
	struct arena arena = ARENA_INIT;
	struct run_row row;
	r = query_run(t, m->number, &arena, &row, e);
	if (r == ERR_NOT_FOUND || (r >= 0 && row.removed)) {
		arena_release(&arena);
		m->event = event;
		m->removed = true;
		return 1;
	}
	if (r < 0) {
		arena_release(&arena);
		return r;
	}
	arena_release(&m->row_arena);
	m->row_arena = arena;
	m->row = row;
	if ((r = reload(t, m, e)) < 0)
		return r;
	m->event = event;
	return 1;
}

int run_model_refresh(struct tracker *t, struct run_model *m, struct err *e)
{
	if (m->removed)
		return 0;
	int r = tracker_read_begin(t, e);
	if (r >= 0)
		r = refresh(t, m, e);
	tracker_read_end(t);
	return r;
}

const struct attempt_row *run_model_attempt(const struct run_model *m, int step)
{
	return step >= 0 && m->last[step] >= 0 ? &m->attempts.v[m->last[step]] : NULL;
}

int run_model_first_failed(const struct run_model *m)
{
	int first = -1;
	int64_t ended = INT64_MAX;
	for (size_t i = 0; i < m->steps.len; i++) {
		const struct attempt_row *a = run_model_attempt(m, (int)i);
		if (m->steps.v[i].state != STEP_FAILED)
			continue;
		int64_t at = a && a->ended ? a->ended : INT64_MAX - 1;
		if (at < ended) {
			ended = at;
			first = (int)i;
		}
	}
	return first;
}

int64_t run_model_began(const struct run_model *m, int step)
{
	int first = m->last[step];
	while (first >= 0 && m->before.v[first] >= 0)
		first = m->before.v[first];
	return first >= 0 ? m->attempts.v[first].started : 0;
}

int64_t run_model_ended(const struct run_model *m, int step, int64_t now)
{
	const struct attempt_row *a = run_model_attempt(m, step);
	return !a ? 0 : a->state == ATTEMPT_RUNNING ? now : a->ended;
}

/* What a step needs and ended last; -1: nothing of it ran in this run. */
static int last_need(const struct run_model *m, int step, int64_t now)
{
	int last = -1;
	for (size_t i = 0; i < m->steps.v[step].nneeds; i++) {
		int need = run_model_step(m, m->steps.v[step].needs[i]);
		if (need >= 0 && m->last[need] >= 0 &&
		    (last < 0 || run_model_ended(m, need, now) > run_model_ended(m, last, now)))
			last = need;
	}
	return last;
}

int64_t run_model_ready(const struct run_model *m, int step, int64_t now)
{
	int need = last_need(m, step, now);
	return need >= 0 ? run_model_ended(m, need, now) : m->row.started ? m->row.started : m->row.created;
}

void run_model_critical(const struct run_model *m, int64_t now, bool *marked)
{
	int at = -1;
	for (size_t i = 0; i < m->steps.len; i++) {
		marked[i] = false;
		if (m->last[i] >= 0 && (at < 0 || run_model_ended(m, (int)i, now) > run_model_ended(m, at, now)))
			at = (int)i;
	}
	while (at >= 0 && !marked[at]) {
		marked[at] = true;
		at = last_need(m, at, now);
	}
}

bool run_model_live(const struct run_model *m)
{
	return !m->removed && !run_state_ended(m->row.state);
}
