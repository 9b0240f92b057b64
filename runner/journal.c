#include "runner/journal.h"

#include <stdlib.h>
#include "base/time.h"
#include "base/utf8.h"
#include "runner/log/metric.h"
#include "tracker/request.h"
#include "tracker/run.h"

#define POINTS_AT_ONCE 200000

struct entry {
	enum {
		ENTRY_MOVE, ENTRY_BEGIN, ENTRY_END, ENTRY_ARTIFACT, ENTRY_PARAMS, ENTRY_SAMPLE, ENTRY_REUSE,
		ENTRY_TAKE
	} kind;
	struct journal_attempt *attempt;
	union {
		struct { const int64_t *steps; size_t n; enum step_state state; const char *reason; } move;
		struct attempt_new begin;
		struct { struct attempt_result result; const struct trace_rows *trace; } end;
		struct artifact_new artifact;
		json_t *params;
		struct sample sample;
		struct step_reuse reuse;
		struct { int64_t id; const char *answer; } take;
	};
};

struct journal {
	struct tracker *tracker;
	int64_t run;
	struct arena arena; /* texts of the entries */
	VEC(struct entry) entries;
	VEC(struct journal_attempt *) dirty; /* with points waiting */
	size_t points;
	int64_t since; /* when the first of them came, -1 = empty */
};

struct journal *journal_new(struct tracker *t, int64_t run)
{
	struct journal *j = mem_zero(sizeof *j);

	j->tracker = t;
	j->run = run;
	j->since = -1;
	return j;
}

static void clear_entries(struct journal *j)
{
	for (size_t i = 0; i < j->entries.len; i++)
		if (j->entries.v[i].kind == ENTRY_PARAMS)
			json_decref(j->entries.v[i].params);
	vec_clear(&j->entries);
	arena_release(&j->arena);
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	clear_entries(j);
	vec_release(&j->entries);
	vec_release(&j->dirty);
	free(j);
}

void journal_attempt_release(struct journal_attempt *a)
{
	for (size_t i = 0; i < a->series.len; i++)
		vec_release(&a->series.v[i].points);
	vec_release(&a->series);
	map_release(&a->by_key);
}

static void touch(struct journal *j)
{
	if (j->since < 0)
		j->since = time_mono();
}

static struct entry *add(struct journal *j)
{
	touch(j);
	return vec_add(&j->entries);
}

void journal_move(struct journal *j, const int64_t *steps, size_t n, enum step_state s, const char *reason)
{
	struct entry *en;

	if (!n)
		return;
	en = add(j);
	en->kind = ENTRY_MOVE;
	en->move.steps = arena_dup(&j->arena, steps, n * sizeof *steps);
	en->move.n = n;
	en->move.state = s;
	en->move.reason = arena_strdup(&j->arena, reason);
}

void journal_begin(struct journal *j, struct journal_attempt *a, const struct attempt_new *n)
{
	struct entry *en = add(j);

	en->kind = ENTRY_BEGIN;
	en->attempt = a;
	en->begin = *n;
	en->begin.uid = arena_strdup(&j->arena, n->uid);
	en->begin.command = arena_strdup(&j->arena, n->command);
	en->begin.folder = arena_strdup(&j->arena, n->folder);
	en->begin.isolation = arena_strdup(&j->arena, n->isolation);
	en->begin.host = arena_strdup(&j->arena, n->host);
	en->begin.reason = arena_strdup(&j->arena, n->reason);
	en->begin.facts = arena_strdup(&j->arena, n->facts);
	en->begin.form = n->form ? arena_dup(&j->arena, n->form, sizeof *n->form) : NULL;
	en->begin.key = n->key ? arena_dup(&j->arena, n->key, sizeof *n->key) : NULL;
}

void journal_end(struct journal *j, struct journal_attempt *a, const struct attempt_result *r,
                 const struct trace_rows *trace)
{
	struct entry *en = add(j);

	en->kind = ENTRY_END;
	en->attempt = a;
	en->end.result = *r;
	en->end.result.error_file = arena_strdup(&j->arena, r->error_file);
	en->end.result.error_message = arena_strdup(&j->arena, r->error_message);
	en->end.trace = trace;
}

void journal_reuse(struct journal *j, int64_t step, int64_t attempt, const char *reason)
{
	struct entry *en = add(j);

	en->kind = ENTRY_REUSE;
	en->reuse = (struct step_reuse){ step, attempt, arena_strdup(&j->arena, reason) };
}

void journal_artifact(struct journal *j, struct journal_attempt *a, const struct artifact_new *f)
{
	struct entry *en = add(j);

	en->kind = ENTRY_ARTIFACT;
	en->attempt = a;
	en->artifact = *f;
	en->artifact.path = arena_strdup(&j->arena, f->path);
	if (f->digest)
		en->artifact.digest = arena_dup(&j->arena, f->digest, sizeof *f->digest);
}

void journal_params(struct journal *j, json_t *params)
{
	struct entry *en;

	for (size_t i = 0; i < j->entries.len; i++)
		if (j->entries.v[i].kind == ENTRY_PARAMS) {
			json_decref(j->entries.v[i].params);
			j->entries.v[i].params = params;
			return;
		}
	en = add(j);
	en->kind = ENTRY_PARAMS;
	en->params = params;
}

void journal_sample(struct journal *j, struct journal_attempt *a, const struct sample *s)
{
	struct entry *en = add(j);

	en->kind = ENTRY_SAMPLE;
	en->attempt = a;
	en->sample = *s;
}

void journal_take(struct journal *j, int64_t request, const char *answer)
{
	struct entry *en = add(j);

	en->kind = ENTRY_TAKE;
	en->take.id = request;
	en->take.answer = arena_strdup(&j->arena, answer);
}

int journal_point(struct journal *j, struct journal_attempt *a, const char *key, size_t key_len, int64_t step,
                  int64_t ts, double value, int64_t *ret_step, struct err *e)
{
	struct journal_series *s;
	struct map_entry *m;
	char name[256];
	bool new;

	if (key_len == 0 || key_len > 250 || memchr(key, 0, key_len) || !utf8_valid(key, key_len))
		return err_set(e, ERR_USAGE, "a metric's name must be UTF-8 of 1 to 250 bytes");
	memcpy(name, key, key_len);
	name[key_len] = 0;
	m = map_add(&a->by_key, name, &new);
	if (new) {
		m->num = (intptr_t)a->series.len;
		s = vec_add(&a->series);
		s->key = m->key;
	}
	s = &a->series.v[m->num];
	if (step == METRIC_NO_STEP)
		step = s->next;
	if (step >= s->next && step < INT64_MAX)
		s->next = step + 1;
	vec_push(&s->points, (struct point){ .step = step, .ts = ts, .value = value });
	j->points++;
	if (!a->listed) {
		a->listed = true;
		vec_push(&j->dirty, a);
	}
	touch(j);
	if (ret_step)
		*ret_step = step;
	return 0;
}

int64_t journal_due(const struct journal *j)
{
	if (j->since < 0)
		return -1;
	return j->points >= POINTS_AT_ONCE ? 0 : j->since + JOURNAL_DELAY_US;
}

static int write_points(struct journal *j, struct journal_attempt *a, struct err *e)
{
	if (a->written)
		return 0;
	a->written = true;
	for (size_t i = 0; i < a->series.len; i++) {
		struct journal_series *s = &a->series.v[i];
		int r;

		if (!s->points.len)
			continue;
		if (!s->id && (r = series_open(j->tracker, j->run, a->step, a->id, s->key, &s->id, e)) < 0)
			return r;
		r = series_add(j->tracker, s->id, s->points.v, s->points.len, e);
		if (r < 0)
			return r;
	}
	return 0;
}

static int write_end(struct journal *j, struct entry *en, struct err *e)
{
	int r = write_points(j, en->attempt, e);

	if (r >= 0 && en->end.trace)
		r = trace_record(j->tracker, en->end.trace->v, en->end.trace->len, &en->end.result.trace, e);
	return r < 0 ? r : attempt_end(j->tracker, j->run, en->attempt->step, en->attempt->id, &en->end.result, e);
}

/* All decisions of one flush, when the first of them comes: none of them hangs on what else is written. */
static int write_reuses(struct journal *j, const struct entry *first, struct err *e)
{
	VEC(struct step_reuse) list = { 0 };
	int r;

	for (size_t i = 0; i < j->entries.len; i++)
		if (j->entries.v[i].kind == ENTRY_REUSE) {
			if (!list.len && &j->entries.v[i] != first)
				return 0;
			vec_push(&list, j->entries.v[i].reuse);
		}
	r = step_reuse(j->tracker, j->run, list.v, list.len, e);
	vec_release(&list);
	return r;
}

static int write_entry(struct journal *j, struct entry *en, struct err *e)
{
	struct tracker *t = j->tracker;

	switch (en->kind) {
	case ENTRY_MOVE:
		return step_move(t, j->run, en->move.steps, en->move.n, en->move.state, en->move.reason, e);
	case ENTRY_BEGIN:
		return attempt_begin(t, &en->begin, &en->attempt->id, e);
	case ENTRY_END:
		return write_end(j, en, e);
	case ENTRY_ARTIFACT:
		en->artifact.run = j->run;
		en->artifact.step = en->attempt->step;
		en->artifact.attempt = en->attempt->id;
		return artifact_add(t, &en->artifact, e);
	case ENTRY_PARAMS:
		return run_params(t, j->run, en->params, e);
	case ENTRY_SAMPLE:
		return sample_add(t, en->attempt->id, &en->sample, e);
	case ENTRY_REUSE:
		return write_reuses(j, en, e);
	case ENTRY_TAKE:
		return request_take(t, en->take.id, en->take.answer, e);
	}
	return 0;
}

static void forget_written(struct journal *j)
{
	for (size_t i = 0; i < j->dirty.len; i++)
		j->dirty.v[i]->written = false;
	for (size_t i = 0; i < j->entries.len; i++)
		if (j->entries.v[i].attempt)
			j->entries.v[i].attempt->written = false;
}

/* Ids given inside a transaction that was rolled back name nothing: forget them, so that the next flush asks again. */
static void forget_ids(struct journal *j)
{
	for (size_t i = 0; i < j->entries.len; i++)
		if (j->entries.v[i].kind == ENTRY_BEGIN)
			j->entries.v[i].attempt->id = 0;
	for (size_t i = 0; i < j->dirty.len; i++)
		for (size_t k = 0; k < j->dirty.v[i]->series.len; k++)
			if (j->dirty.v[i]->series.v[k].points.len)
				j->dirty.v[i]->series.v[k].id = 0;
}

int journal_flush(struct journal *j, struct err *e)
{
	int r;

	if (j->since < 0)
		return 0;
	r = tracker_begin(j->tracker, e);
	for (size_t i = 0; r >= 0 && i < j->entries.len; i++)
		r = write_entry(j, &j->entries.v[i], e);
	for (size_t i = 0; r >= 0 && i < j->dirty.len; i++)
		r = write_points(j, j->dirty.v[i], e);
	if (r >= 0)
		r = tracker_commit(j->tracker, e);
	forget_written(j);
	if (r < 0) {
		tracker_rollback(j->tracker);
		forget_ids(j);
		return r;
	}
	for (size_t i = 0; i < j->dirty.len; i++) {
		struct journal_attempt *a = j->dirty.v[i];

		for (size_t k = 0; k < a->series.len; k++)
			vec_clear(&a->series.v[k].points);
		a->listed = false;
	}
	vec_clear(&j->dirty);
	clear_entries(j);
	j->points = 0;
	j->since = -1;
	return 0;
}
