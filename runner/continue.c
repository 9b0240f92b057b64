#include "runner/continue.h"

#include <dirent.h>
#include <string.h>
#include "base/path.h"
#include "tracker/query.h"

extern char **environ;

/* Of these so many are told one by one. */
enum { SHOWN = 3 };

char *continue_folder(const char *jig, const struct past_attempt *past)
{
	_free_ char *name = path_attempt(past->name, 0);

	return mem_printf("%s/runs/%lld/%s.ckpt", jig, (long long)past->run, name);
}

static bool holds_any(const char *folder)
{
	_closedir_ DIR *d = opendir(folder);
	const struct dirent *entry;

	while (d && (entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return true;
	return false;
}

const struct past_attempt *continue_find(struct tracker *t, const char *jig, int64_t origin, const struct step *d,
                                         struct arena *a)
{
	struct past_attempt *past = arena_array(a, struct past_attempt, 1);
	const char *output = d->noutputs ? d->outputs[0].path : NULL;
	struct err ignored;

	while (origin > 0) {
		struct run_row row;

		if (query_last_attempt(t, origin, d->name, output, a, past, &ignored) > 0) {
			_free_ char *folder = continue_folder(jig, past);

			if (past->state == ATTEMPT_SUCCESS)
				return NULL;
			if (holds_any(folder))
				return past;
		}
		if (query_run(t, origin, a, &row, &ignored) < 0 || row.kind != KIND_RESUME)
			return NULL;
		origin = row.origin;
	}
	return NULL;
}

const char *continue_refused(const struct past_attempt *past, const struct step_key *k, const struct step *d,
                             struct arena *a)
{
	_cleanup_(key_difference_release) struct key_difference kd = { 0 };

	for (size_t i = 0; i < d->ninputs; i++)
		if (d->inputs[i].kind == INPUT_URL)
			return arena_printf(a, "input %s cannot be checked", d->inputs[i].path);
	if (!past->facts)
		return "it is not known what it was given";
	step_key_compare(past->facts, k->facts, &kd);
	switch (kd.change) {
	case KEY_SAME:
		return NULL;
	case KEY_PARAM:
		if (kd.before && kd.after)
			return arena_printf(a, "param %s %s → %s", kd.name, kd.before, kd.after);
		return arena_printf(a, "param %s is %s", kd.name, kd.after ? "new" : "gone");
	case KEY_COMMAND:
		return "its command changed";
	case KEY_OUTPUTS:
		return "its outputs moved";
	case KEY_INPUT:
		return arena_printf(a, "input %s changed", kd.name);
	case KEY_VARIABLE:
		return arena_printf(a, "variable %s changed", kd.name);
	case KEY_ENV:
		return "its environment changed";
	case KEY_CODE:
		return "the paths under code: changed";
	}
	return "its command changed";
}

/* With its inputs where all that it takes from is there. */
static int make_key(const struct pipeline *p, struct prepared *now, int step, struct step_key *ret, struct err *e)
{
	const struct step *d = &p->steps[step];
	struct step_key_options o = {
	        .pipeline = p, .step = step, .env_key = now->envs.v[now->envs.of[step]].key, .environ = environ};
	struct facts inputs = { 0 };
	bool known = true;
	int r;

	for (size_t i = 0; i < d->nneeds; i++)
		if (d->needs[i].data && now->in[d->needs[i].step] && plan_may_run(now->plan, d->needs[i].step))
			known = false;
	if (known) {
		if ((r = inputs_of(now->inputs, p, step, now->given, now->store, &now->texts, &inputs, e)) < 0) {
			vec_release(&inputs);
			return r;
		}
		o.inputs = &inputs;
	}
	r = step_key(&o, ret, e);
	vec_release(&inputs);
	return r;
}

int continue_notes(struct tracker *t, int64_t origin, const char *jig, const struct pipeline *p, struct prepared *now,
                   struct err *e)
{
	size_t n = 0;

	now->promised = arena_array(&now->texts, int64_t, p->nsteps);
	for (size_t i = 0; i < p->nsteps; i++) {
		_cleanup_(step_key_release) struct step_key k = { 0 };
		const struct past_attempt *past;
		const char *name = p->steps[i].name, *why;
		int r;

		if (!now->in[i] || !plan_may_run(now->plan, (int)i) ||
		    !(past = continue_find(t, jig, origin, &p->steps[i], &now->texts)))
			continue;
		if ((r = make_key(p, now, (int)i, &k, e)) < 0)
			return r;
		why = continue_refused(past, &k, &p->steps[i], &now->texts);
		now->promised[i] = why ? 0 : past->run;
		if (n++ >= SHOWN)
			continue;
		vec_push(&now->notes, why ? arena_printf(&now->texts,
		                                         "! %s begins anew, without its checkpoint of run %lld: %s; "
		                                         "--keep-checkpoint hands it on",
		                                         name, (long long)past->run, why)
		                          : arena_printf(&now->texts, "%s goes on from its checkpoint of run %lld",
		                                         name, (long long)past->run));
	}
	if (n > SHOWN)
		vec_push(&now->notes, arena_printf(&now->texts, "and %zu step%s more that left a checkpoint", n - SHOWN,
		                                   n - SHOWN == 1 ? "" : "s"));
	return 0;
}
