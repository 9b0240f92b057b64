#include "cli/run_data.h"

#include <string.h>
#include "base/text.h"
#include "base/vec.h"
#include "runner/pipeline/pipeline.h"
#include "tracker/run.h"

void run_data_release(struct run_data *d)
{
	arena_release(&d->arena);
	*d = (struct run_data){0};
}

/* Attempts of other runs that this run's reused steps stand for; each other run is asked once. */
static int load_borrowed(struct tracker *t, struct run_data *d, struct err *e)
{
	VEC(struct attempt_row) all = {0};
	int r = 0;
	for (size_t i = 0; i < d->attempts.len; i++)
		vec_push(&all, d->attempts.v[i]);
	for (size_t i = 0; r >= 0 && i < d->steps.len; i++) {
		int64_t from = d->steps.v[i].reused_run;
		bool asked = !from;
		for (size_t k = 0; k < i && !asked; k++)
			asked = d->steps.v[k].reused_run == from;
		if (asked)
			continue;
		struct attempt_rows others;
		if ((r = query_attempts(t, from, &d->arena, &others, e)) < 0)
			break;
		for (size_t k = 0; k < others.len; k++)
			for (size_t s = i; s < d->steps.len; s++)
				if (d->steps.v[s].reused_attempt == others.v[k].id) {
					vec_push(&all, others.v[k]);
					break;
				}
	}
	if (r >= 0) {
		d->attempts.v = arena_dup(&d->arena, all.v, all.len * sizeof *all.v);
		d->attempts.len = all.len;
	}
	vec_release(&all);
	return r;
}

int run_data_load(struct tracker *t, int64_t run, bool steps, struct run_data *d, struct err *e)
{
	struct arena *a = &d->arena;
	int r;
	if ((r = query_run(t, run, a, &d->row, e)) < 0 || (r = query_metrics(t, run, a, &d->metrics, e)) < 0 ||
	    (r = query_run_metrics(t, run, a, &d->totals, e)) < 0 || (r = query_tags(t, run, a, &d->tags, e)) < 0 ||
	    (r = query_params(t, run, a, &d->params, e)) < 0 || !steps)
		return r;
	if ((r = query_steps(t, run, a, &d->steps, e)) < 0 || (r = query_attempts(t, run, a, &d->attempts, e)) < 0 ||
	    (r = query_artifacts(t, run, a, &d->artifacts, e)) < 0)
		return r;
	return load_borrowed(t, d, e);
}

int run_data_named(struct context *c, const char *word, struct run_data *d, struct err *e)
{
	int64_t run;
	int r = run_resolve(c->tracker, word, &run, e);
	return r < 0 ? r : run_data_load(c->tracker, run, true, d, e);
}

const struct step_row *run_data_step(const struct run_data *d, int64_t id)
{
	for (size_t i = 0; i < d->steps.len; i++)
		if (d->steps.v[i].id == id)
			return &d->steps.v[i];
	return NULL;
}

const struct attempt_row *run_data_attempt(const struct run_data *d, const struct step_row *s)
{
	const struct attempt_row *last = NULL;
	for (size_t i = 0; i < d->attempts.len; i++) {
		const struct attempt_row *a = &d->attempts.v[i];
		if (s->reused_attempt ? a->id == s->reused_attempt : a->step == s->id)
			last = a;
	}
	return last;
}

const struct step_row *run_data_failed(const struct run_data *d)
{
	for (size_t i = 0; i < d->steps.len; i++)
		if (d->steps.v[i].state == STEP_FAILED)
			return &d->steps.v[i];
	return NULL;
}

static int no_step(const struct run_data *d, const char *name, struct err *e)
{
	VEC(const char *) names = {0};
	for (size_t i = 0; i < d->steps.len; i++) {
		vec_push(&names, d->steps.v[i].name);
		vec_push(&names, d->steps.v[i].base);
	}
	_free_ char *escaped = pipeline_name_escaped(name);
	const char *near = text_nearest(escaped, names.v, names.len);
	long long run = d->row.number;
	/* The base of a matrix names no step of its own: the first of its steps is what can be typed. */
	const char *base = near ? near : name;
	for (size_t i = d->steps.len; i-- > 0;)
		if (!strcmp(d->steps.v[i].base, base))
			near = d->steps.v[i].name;
	vec_release(&names);
	if (near)
		return err_set(e, ERR_NOT_FOUND,
			"run %lld has no step \"%s\" (did you mean \"%s\"?); `jig show %lld` lists them", run, name,
			near, run);
	return err_set(e, ERR_NOT_FOUND, "run %lld has no step \"%s\"; `jig show %lld` lists them", run, name, run);
}

static const struct step_row *step_named(const struct run_data *d, const char *name, size_t len)
{
	for (size_t i = 0; i < d->steps.len; i++)
		if (strlen(d->steps.v[i].name) == len && !memcmp(d->steps.v[i].name, name, len))
			return &d->steps.v[i];
	return NULL;
}

int run_data_find(const struct run_data *d, const char *word, const struct step_row **ret,
	const struct attempt_row **ret_attempt, struct err *e)
{
	const struct step_row *s = step_named(d, word, strlen(word));
	const char *at = strrchr(word, '@');
	int64_t n;
	if (s || !at || !integer_parse(at + 1, 1, INT32_MAX, &n)) {
		if (!s)
			return no_step(d, word, e);
		*ret = s;
		if (ret_attempt)
			*ret_attempt = run_data_attempt(d, s);
		return 0;
	}
	_free_ char *name = mem_strndup(word, (size_t)(at - word));
	if (!(s = step_named(d, name, strlen(name))))
		return no_step(d, name, e);
	for (size_t i = 0; i < d->attempts.len; i++) {
		const struct attempt_row *a = &d->attempts.v[i];
		if (a->n != n || (a->step != s->id && a->id != s->reused_attempt))
			continue;
		*ret = s;
		if (ret_attempt)
			*ret_attempt = a;
		return 0;
	}
	_buf_ struct buf quoted = BUF_INIT;
	text_shell_quote(&quoted, name);
	return err_set(e, ERR_NOT_FOUND, "run %lld has no attempt %lld of \"%s\"; `jig show %lld %s` lists them",
		(long long)d->row.number, (long long)n, name, (long long)d->row.number, quoted.data);
}
