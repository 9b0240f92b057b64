/* The one line that says why a step runs, or what stands in for it. */
#include "runner/plan/plan_parts.h"

#include <string.h>
#include "base/json.h"
#include "runner/code/code.h"
#include "runner/plan/plan_env.h"

/* ---- code ---- */

struct then { struct plan *plan; const char *tree; };

/* The names of the snapshot of then; NULL: it was collected. */
static const struct code_names *names_then(void *arg)
{
	struct then *t = arg;
	struct plan_names n = { 0 };
	struct err ignored;

	if (!t->tree)
		return NULL;
	for (size_t i = 0; i < t->plan->names.len; i++)
		if (strcmp(t->plan->names.v[i].tree, t->tree) == 0)
			return t->plan->names.v[i].names;
	snprintf(n.tree, sizeof n.tree, "%s", t->tree);
	if (code_names_open(t->plan->o.jig, t->tree, &n.names, &ignored) < 0)
		n.names = NULL;
	vec_push(&t->plan->names, n);
	return n.names;
}

/* " (+3 −1)"; nothing for what has no lines. */
static const char *lines(struct plan *p, const struct trace_difference *d)
{
	int added, removed;
	struct err ignored;

	if (code_lines_changed(p->o.jig, d->before, d->after, &added, &removed, &ignored) < 0 || added < 0)
		return "";
	return arena_printf(&p->arena, " (+%d −%d)", added, removed);
}

static const char *code_reason(struct plan *p, const char *step, const struct trace_difference *d)
{
	switch (d->change) {
	case TRACE_CHANGED:
		return arena_printf(&p->arena, "run: %s changed%s", d->path, lines(p, d));
	case TRACE_NEW:
		return arena_printf(&p->arena, "run: %s is new, %s looked for it", d->path, step);
	case TRACE_GONE:
		return arena_printf(&p->arena, "run: %s is gone", d->path);
	case TRACE_MODE:
		return arena_printf(&p->arena, "run: mode of %s changed", d->path);
	case TRACE_TARGET:
		return arena_printf(&p->arena, "run: link %s leads elsewhere", d->path);
	case TRACE_TYPE:
		return arena_printf(&p->arena, "run: %s is something else now (a file, a folder, a link)", d->path);
	case TRACE_LISTED_NEW:
		return arena_printf(&p->arena, "run: %s is new, %s listed its folder", d->path, step);
	case TRACE_LISTED_GONE:
		return arena_printf(&p->arena, "run: %s is gone, %s listed its folder", d->path, step);
	case TRACE_NAME_NEW:
		return arena_printf(&p->arena, "run: %s is new, and which names %s looked for could not be seen",
		                    d->path, step);
	case TRACE_NAME_GONE:
		return arena_printf(&p->arena, "run: %s is gone, and which names %s looked for could not be seen",
		                    d->path, step);
	default:
		return NULL;
	}
}

static const char *late_reason(struct plan *p, const struct trace_difference *d)
{
	switch (d->change) {
	case TRACE_UNDECLARED:
		return arena_printf(&p->arena, "run: %s, read but not declared, changed", d->path);
	case TRACE_ANYTHING:
		return arena_printf(&p->arena, "run: the code changed, and all of it decides: %s", d->path);
	default:
		return NULL;
	}
}

/* ---- params and the other facts ---- */

static const char *param_reason(struct plan *p, const char *name, const char *before, const char *after)
{
	if (!before)
		return arena_printf(&p->arena, "run: param %s is new (%s)", name, after);
	if (!after)
		return arena_printf(&p->arena, "run: param %s is gone (it was %s)", name, before);
	return arena_printf(&p->arena, "run: param %s %s → %s", name, before, after);
}

static const char *leaf_text(struct plan *p, const json_t *v)
{
	_buf_ struct buf b = BUF_INIT;

	if (!v)
		return NULL;
	if (json_is_string(v))
		return arena_strdup(&p->arena, json_string_value(v));
	json_canonical(&b, v);
	return arena_strdup(&p->arena, b.data);
}

struct first { struct plan *plan; const char *reason; };

static void take_first(void *arg, const char *dotted, const json_t *before, const json_t *now)
{
	struct first *f = arg;

	if (!f->reason)
		f->reason = param_reason(f->plan, dotted, leaf_text(f->plan, before), leaf_text(f->plan, now));
}

int plan_params_changed(struct plan *p, int64_t run, json_change_fn *cb, void *arg, struct err *e)
{
	_json_ json_t *before = NULL;
	struct run_row row;
	int r = query_run(p->o.tracker, run, &p->arena, &row, e);

	if (r < 0 || (r = json_parse(row.params, strlen(row.params), "params", &before, e)) < 0)
		return r;
	json_changes(before, p->o.pipeline->params, cb, arg);
	return 0;
}

/* The first param that differs from those of an earlier run. */
static int all_params_reason(struct plan *p, int64_t run, const char *file, const char **ret, struct err *e)
{
	struct first f = { .plan = p };
	int r = plan_params_changed(p, run, take_first, &f, e);

	if (r < 0)
		return r;
	*ret = f.reason ? f.reason : *file ? arena_printf(&p->arena, "run: %s changed", file) : "run: params changed";
	return 0;
}

static const char *input_reason(struct plan *p, int step, const char *path)
{
	const struct step *s = &p->o.pipeline->steps[step];

	for (size_t i = 0; i < s->ninputs; i++) {
		const struct step_input *in = &s->inputs[i];

		if (in->producer >= 0 && strcmp(in->path, path) == 0)
			return arena_printf(&p->arena, "run: input %s changed (%s %s)", path,
			                    p->o.pipeline->steps[in->producer].name,
			                    p->ran[in->producer] ? "ran again" : "gave another");
	}
	return arena_printf(&p->arena, "run: input %s changed", path);
}

static int key_reason(struct plan *p, int step, const struct past_attempt *past, const struct key_difference *d,
                      const char **ret, struct err *e)
{
	switch (d->change) {
	case KEY_PARAM:
		*ret = param_reason(p, d->name, d->before, d->after);
		return 0;
	case KEY_COMMAND:
		*ret = "run: command changed";
		return 0;
	case KEY_OUTPUTS:
		*ret = "run: outputs moved";
		return 0;
	case KEY_INPUT:
		*ret = input_reason(p, step, d->name);
		return 0;
	case KEY_VARIABLE:
		*ret = arena_printf(&p->arena, "run: variable %s changed", d->name);
		return 0;
	case KEY_ENV:
		return plan_env_reason(p->o.tracker, past->id, &p->o.envs->v[p->o.envs->of[step]], p->o.root, &p->arena,
		                       ret, e);
	case KEY_CODE:
		*ret = "run: the paths under code: changed";
		return 0;
	default:
		*ret = NULL;
		return 0;
	}
}

/* ---- the whole ---- */

/* The code first, then params and the other facts, then what was not declared. */
static int compare(struct plan *p, int step, const struct step_key *k, const struct past_attempt *past,
                   const char **ret, struct err *e)
{
	const char *name = p->o.pipeline->steps[step].name;
	struct then then = { p, past->snapshot };
	struct trace_now now = {
	        .jig = p->o.jig, .names = p->o.names, .params = &p->params, .then = names_then, .arg = &then};
	_cleanup_(key_difference_release) struct key_difference kd = { 0 };
	struct trace_difference d = { .change = TRACE_SAME };
	struct trace_rows rows = { 0 };
	const char *tokens;
	int r;

	*ret = NULL;
	if (past->trace && ((r = query_trace(p->o.tracker, past->trace, &p->arena, &rows, e)) < 0 ||
			    (r = trace_check(&rows, &now, false, &p->arena, &d, &tokens, e)) < 0))
		return r;
	if ((*ret = code_reason(p, name, &d)))
		return 0;
	if (d.change == TRACE_ALL_PARAMS)
		return all_params_reason(p, past->run, d.path, ret, e);
	if (past->facts)
		step_key_compare(past->facts, k->facts, &kd);
	if ((r = key_reason(p, step, past, &kd, ret, e)) < 0 || *ret)
		return r;
	*ret = late_reason(p, &d);
	return 0;
}

/* It did not succeed in the run that is gone on from, and the code is the same: what matters is what was changed since
 * then, not since a success before. What an attempt that failed looked up is not recorded, so that all of the code has
 * to be the same. */
static int failed_reason(struct plan *p, int step, const struct step_key *k, const char **ret, struct err *e)
{
	const char *name = p->o.pipeline->steps[step].name;
	_cleanup_(key_difference_release) struct key_difference kd = { 0 };
	struct past_attempt last;
	int r = p->o.origin ? query_last_attempt(p->o.tracker, p->o.origin, name, NULL, &p->arena, &last, e) : 0;

	*ret = NULL;
	if (r <= 0 || last.state == ATTEMPT_SUCCESS || last.state == ATTEMPT_RUNNING || !last.facts || !last.snapshot ||
	    strcmp(last.snapshot, p->o.names->tree) != 0)
		return r < 0 ? r : 0;
	step_key_compare(last.facts, k->facts, &kd);
	if ((r = key_reason(p, step, &last, &kd, ret, e)) >= 0 && !*ret)
		*ret = arena_printf(&p->arena, "run: %s in run %lld", attempt_state_text(last.state),
		                    (long long)last.run);
	return r;
}

int plan_reason_run(struct plan *p, int step, const struct step_key *k, const char **ret, struct err *e)
{
	struct past_attempt past, from;
	bool same;
	int r;

	if (k->never) {
		*ret = arena_printf(&p->arena, "run: %s", k->never);
		return 0;
	}
	if ((r = plan_nearest(p, step, k, &past, e)) <= 0) {
		*ret = "run: never finished";
		return r;
	}
	if ((r = failed_reason(p, step, k, ret, e)) < 0 || *ret)
		return r;
	if ((r = compare(p, step, k, &past, ret, e)) < 0 || *ret)
		return r;
	if (!past.trace || !past.facts) {
		*ret = arena_printf(&p->arena, "run: what %s@%d of run %lld read is not known", past.name, past.n,
		                    (long long)past.run);
		return 0;
	}
	if ((r = plan_chain(p, &past, &from, &same, e)) < 0)
		return r;
	if (!same)
		*ret = arena_printf(
		        &p->arena,
		        "run: %s@%d of run %lld continued from a checkpoint across more than a change of code",
		        past.name, past.n, (long long)past.run);
	else
		*ret = arena_printf(&p->arena, "run: what %s@%d of run %lld gave is no longer in the store", past.name,
		                    past.n, (long long)past.run);
	return 0;
}

/* "lib/x.py +3 −1", how the code of two runs differs; "" when it does not or cannot be told. */
static const char *difference(struct plan *p, const char *a, const char *b)
{
	struct code_changes c = { 0 };
	const char *text = "";
	struct err ignored;

	if (!a || !b || strcmp(a, b) == 0 || code_diff(p->o.jig, a, b, &c, &ignored) < 0)
		return "";
	if (c.len && c.v[0].added >= 0)
		text = arena_printf(&p->arena, " (%s +%d −%d%s)", c.v[0].path, c.v[0].added, c.v[0].removed,
		                    c.len > 1 ? ", …" : "");
	else if (c.len)
		text = arena_printf(&p->arena, " (%s%s)", c.v[0].path, c.len > 1 ? ", …" : "");
	code_changes_release(&c);
	return text;
}

int plan_reason_reuse(struct plan *p, const struct past_attempt *a, const char **ret, struct err *e)
{
	const struct plan_trace *t;
	struct past_attempt from;
	const char *checkpoint = "", *tokens = "";
	bool same;
	int r;

	if ((r = plan_trace_holds(p, a->trace, &t, e)) < 0 || (r = plan_chain(p, a, &from, &same, e)) < 0)
		return r;
	if (t->tokens_only)
		tokens = arena_printf(&p->arena, ", %s differs in comments or layout only", t->tokens_only);
	if (from.id)
		checkpoint = arena_printf(&p->arena, ", which continued from a checkpoint of run %lld%s",
		                          (long long)from.run, difference(p, from.snapshot, a->snapshot));
	*ret = arena_printf(&p->arena, "reuse: same as %s@%d of run %lld%s%s", a->name, a->n, (long long)a->run,
	                    checkpoint, tokens);
	return 0;
}
