#include "runner/plan/plan_parts.h"

#include <string.h>
#include "store/tree.h"

int plan_trace_holds(struct plan *p, int64_t id, const struct plan_trace **ret, struct err *e)
{
	struct plan_trace t = { .set = id }, *known = NULL;
	struct trace_now now = { .jig = p->o.jig, .names = p->o.names, .params = &p->params };
	_arena_ struct arena a = ARENA_INIT;
	struct trace_difference d;
	struct trace_rows rows;
	const char *tokens = NULL;
	int r;

	for (size_t i = p->traces.len; !known && i-- > 0;)
		if (p->traces.v[i].set == id)
			known = &p->traces.v[i];
	if (known && !(p->under_way && known->outside)) {
		*ret = known;
		return 0;
	}
	if ((r = query_trace(p->o.tracker, id, &a, &rows, e)) < 0 ||
	    (r = trace_check(&rows, &now, true, &a, &d, &tokens, e)) < 0)
		return r;
	t.holds = d.change == TRACE_SAME;
	t.tokens_only = tokens ? arena_strdup(&p->arena, tokens) : NULL;
	for (size_t i = 0; !t.outside_file && i < rows.len; i++) {
		const struct trace_row *row = &rows.v[i];

		t.outside |= row->kind == TRACE_OUTSIDE;
		if (row->kind == TRACE_OUTSIDE && row->mtime)
			t.outside_file = arena_strdup(&p->arena, row->path);
	}
	if (!known)
		known = vec_add(&p->traces);
	*known = t;
	*ret = known;
	return 0;
}

int plan_chain(struct plan *p, const struct past_attempt *a, struct past_attempt *ret, bool *ret_same, struct err *e)
{
	struct past_attempt at = *a;

	*ret = (struct past_attempt){ 0 };
	*ret_same = true;
	while (at.continued) {
		struct past_attempt before;
		int r = query_past(p->o.tracker, at.continued, &p->arena, &before, e);

		if (r < 0)
			return r;
		if (!digest_equal(&before.key, &a->key))
			*ret_same = false;
		if (!ret->id && before.run != a->run)
			*ret = before;
		at = before;
	}
	return 0;
}

/* An object of another size than it was stored with is as good as missing. */
static int is_stored(const struct plan *p, enum artifact_form form, const struct digest *d, int64_t size,
                     struct err *e)
{
	int64_t now;

	if (form == FORM_FOLDER)
		return tree_has(p->o.store, d, e);
	return store_has(p->o.store, d, &now) && (form != FORM_FILE || now == size);
}

/* What it gave, in the order of the step's outputs. 0: it is not all there. */
static int take_given(struct plan *p, int step, int64_t attempt, struct facts *given, struct err *e)
{
	const struct step *s = &p->o.pipeline->steps[step];
	struct artifact_rows rows;
	int r = query_given(p->o.tracker, attempt, &p->arena, &rows, e);

	if (r < 0)
		return r;
	vec_clear(given);
	for (size_t i = 0; i < s->noutputs; i++) {
		const struct step_output *o = &s->outputs[i];
		size_t k = 0;

		while (k < rows.len && strcmp(rows.v[k].path, o->path) != 0)
			k++;
		if (k == rows.len || !rows.v[k].has_digest)
			return 0;
		if ((r = is_stored(p, rows.v[k].form, &rows.v[k].digest, rows.v[k].size, e)) <= 0)
			return r;
		vec_push(given, (struct fact){.path = o->path,
		                              .form = rows.v[k].form,
		                              .digest = rows.v[k].digest,
		                              .has_digest = true,
		                              .size = rows.v[k].size,
		                              .mode = rows.v[k].mode,
		                              .metrics = o->metrics});
	}
	return 1;
}

bool plan_remembered(const struct plan *p, int step, const struct digest *key, uint32_t *ret)
{
	const struct step *s = &p->o.pipeline->steps[step];
	uint32_t at = plan_memo_find(p->memo, key);
	struct plan_outputs outputs;
	struct err ignored;

	if (!at)
		return false;
	outputs = plan_memo_outputs(p->memo, at);
	for (size_t i = 0; i < s->noutputs; i++) {
		size_t k = 0;

		while (k < outputs.len && strcmp(outputs.v[k].path, s->outputs[i].path) != 0)
			k++;
		if (k == outputs.len ||
		    is_stored(p, outputs.v[k].form, &outputs.v[k].digest, outputs.v[k].size, &ignored) <= 0)
			return false;
	}
	*ret = at;
	return true;
}

int plan_match_remembered(struct plan *p, int step, uint32_t at, struct past_attempt *ret, struct facts *given,
                          struct err *e)
{
	const struct step *s = &p->o.pipeline->steps[step];
	struct plan_outputs outputs;
	const struct plan_trace *t;
	int r;

	*ret = plan_memo_attempt(p->memo, at);
	plan_memo_use(p->memo, at);
	if ((r = plan_trace_holds(p, ret->trace, &t, e)) < 0 || !t->holds)
		return r < 0 ? r : 0;
	outputs = plan_memo_outputs(p->memo, at);
	vec_release(given);
	given->v = mem_array(NULL, s->noutputs, sizeof *given->v);
	given->cap = s->noutputs;
	for (size_t i = 0; i < s->noutputs; i++) {
		const struct step_output *o = &s->outputs[i];
		const struct fact *f = outputs.v;

		while (strcmp(f->path, o->path) != 0)
			f++;
		vec_push(given, *f);
		given->v[i].path = o->path;
		given->v[i].metrics = o->metrics;
	}
	return 1;
}

int plan_match(struct plan *p, int step, const struct step_key *k, struct past_attempt *ret, struct facts *given,
               struct err *e)
{
	struct past_attempts c;
	uint32_t at;
	int r = plan_remembered(p, step, &k->key, &at) ? plan_match_remembered(p, step, at, ret, given, e) : 0;

	if (r != 0)
		return r;
	r = query_candidates(p->o.tracker, &k->form, &k->key, &p->arena, &c, e);
	for (size_t i = 0; r >= 0 && i < c.len; i++) {
		const struct plan_trace *t;
		struct past_attempt from;
		bool same;

		if ((r = plan_trace_holds(p, c.v[i].trace, &t, e)) < 0)
			return r;
		if (!t->holds)
			continue;
		if ((r = plan_chain(p, &c.v[i], &from, &same, e)) < 0)
			return r;
		if (!same)
			continue;
		if ((r = take_given(p, step, c.v[i].id, given, e)) < 0)
			return r;
		if (r == 0)
			continue;
		*ret = c.v[i];
		if (i == 0)
			plan_memo_add(p->memo, &k->key, ret, given);
		return 1;
	}
	vec_clear(given);
	return r < 0 ? r : 0;
}

int plan_could_match(struct plan *p, int step, const struct step_key *k, bool *ret, struct err *e)
{
	struct past_attempts c;
	int r = query_candidates(p->o.tracker, &k->form, NULL, &p->arena, &c, e);

	*ret = false;
	for (size_t i = 0; r >= 0 && !*ret && i < c.len; i++) {
		const struct plan_trace *t;

		if ((r = plan_trace_holds(p, c.v[i].trace, &t, e)) >= 0)
			*ret = t->holds;
	}
	return r < 0 ? r : 0;
}
