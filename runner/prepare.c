#include "runner/prepare.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "runner/log/secret_guess.h"
#include "tracker/verify.h"

extern char **environ;

#define MAX_FILE (1 << 20)
#define MAX_ALL (50 << 20)

void prepared_release(struct prepared *p)
{
	struct err ignored;

	for (size_t i = 0; p->given && i < p->nsteps; i++)
		vec_release(&p->given[i]);
	free(p->given);
	plan_free(p->plan);
	code_names_free(p->names);
	code_snapshot_release(&p->code);
	inputs_free(p->inputs);
	isolation_release(&p->isolation);
	env_set_release(&p->envs);
	store_free(p->store);
	if (p->checkout)
		file_remove_tree(p->checkout, &ignored);
	free(p->checkout);
	free(p->in);
	vec_release(&p->notes);
	arena_release(&p->texts);
	*p = (struct prepared){ 0 };
}

static int take_code(const struct prepare_options *o, struct code_snapshot *ret, struct err *e)
{
	VEC(const char *) data = { 0 }, in = { 0 };
	struct code_options c = {
	        .root = o->project->root, .jig = o->project->jig, .max_file = MAX_FILE, .max_total = MAX_ALL};
	int r;

	for (size_t i = 0; i < o->pipeline->nsteps; i++) {
		const struct step *d = &o->pipeline->steps[i];

		for (size_t k = 0; k < d->noutputs; k++)
			vec_push(&data, d->outputs[k].path);
		if (d->checkpoints)
			vec_push(&data, d->checkpoints);
		for (size_t k = 0; k < d->ninputs; k++)
			if (d->inputs[k].kind == INPUT_FILE && d->inputs[k].producer < 0)
				vec_push(&in, d->inputs[k].path);
	}
	if (o->max_snapshot > 0)
		c.max_file = c.max_total = o->max_snapshot;
	c.data = data.v;
	c.ndata = data.len;
	c.inputs = in.v;
	c.ninputs = in.len;
	r = code_snapshot(&c, ret, e);
	vec_release(&data);
	vec_release(&in);
	return r;
}

/* Whether another snapshot of the working tree has written anew what of the code is damaged or gone. */
static bool is_healed(const struct prepare_options *o, const struct prepared *p)
{
	struct code_snapshot again = { 0 };
	struct err ignored;
	bool same = !o->code && take_code(o, &again, &ignored) >= 0 && !strcmp(again.tree, p->code.tree);

	code_snapshot_release(&again);
	return same;
}

int prepare_tree(const struct prepare_options *o, const struct prepared *p, struct code_tree **ret, struct err *e)
{
	int r = code_tree_open(o->project->jig, p->code.tree, ret, e);

	return r == ERR_BROKEN && is_healed(o, p) ? code_tree_open(o->project->jig, p->code.tree, ret, e) : r;
}

static int open_names(const struct prepare_options *o, struct prepared *p, struct err *e)
{
	int r = code_names_open(o->project->jig, p->code.tree, &p->names, e);

	return r == ERR_BROKEN && is_healed(o, p) ? code_names_open(o->project->jig, p->code.tree, &p->names, e) : r;
}

/* The code that was named, as if it had just been taken. */
static void copy_code(struct code_snapshot *to, const struct code_source *from)
{
	snprintf(to->tree, sizeof to->tree, "%s", from->tree);
	to->commit = from->commit ? mem_strdup(from->commit) : NULL;
	to->branch = from->branch ? mem_strdup(from->branch) : NULL;
	to->remote = from->remote ? mem_strdup(from->remote) : NULL;
	to->dirty = from->dirty;
	to->changed_files = from->changed_files;
}

/* Lock files of code that is not the working tree's are read from a checkout of it. */
static int check_out(struct prepared *p, const struct prepare_options *o, struct err *e)
{
	struct code_tree *tree;
	_close_ int dir = -1;
	int r = file_temp_dir(o->project->jig, "code", &p->checkout, e);

	if (r < 0 || (r = code_tree_open(o->project->jig, o->code->tree, &tree, e)) < 0)
		return r;
	dir = open(p->checkout, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? err_errno(e, "%s", p->checkout) : code_tree_write(tree, dir, NULL, NULL, e);
	code_tree_free(tree);
	return r;
}

/* Which environment each step gets and what stands around it; nothing is built yet. */
static int choose_places(struct prepared *p, const struct prepare_options *o, struct err *e)
{
	struct isolation_options io = {.wanted = o->isolation,
	                               .root = o->project->root,
	                               .jig = o->project->jig,
	                               .environ = environ,
	                               .pipeline = o->pipeline,
	                               .selected = p->in,
	                               .envs = &p->envs};
	int r;

	if ((r = isolation_check(o->isolation, e)) < 0)
		return r;
	if (o->code && (r = check_out(p, o, e)) < 0)
		return r;
	p->env_options = (struct env_options){.root = p->checkout ? p->checkout : o->project->root,
	                                      .environ = environ,
	                                      .unpinned = o->unpinned,
	                                      .strict = o->strict,
	                                      .watch = o->env_watch};
	r = env_set_resolve(o->pipeline, p->in, &p->env_options, &p->envs, e);
	if (r < 0 || o->dry)
		return r;
	return isolation_choose(&io, &p->isolation, e);
}

static void guess_secret(void *arg, const char *dotted, const json_t *leaf)
{
	struct prepared *p = arg;
	const char *what = secret_guess_param(dotted, leaf);

	if (what)
		vec_push(&p->notes, arena_printf(&p->texts,
		                                 "param %s looks like %s, and params are recorded for ever; `secrets: "
		                                 "[NAME]` hands a variable on unrecorded",
		                                 dotted, what));
}

static void gather_env_notes(struct prepared *p)
{
	while (p->nenv_notes < p->envs.notes.len)
		vec_push(&p->notes, p->envs.notes.v[p->nenv_notes++]);
}

/* A run goes on all the same: what is found is what `jig verify` finds. */
static void note_chain(struct prepared *p, struct tracker *t)
{
	struct err e;

	if (t && event_check_head(t, &e) < 0)
		vec_push(&p->notes, arena_printf(&p->texts, "%s: `jig verify` tells more", e.text));
}

static void gather_notes(struct prepared *p, const struct pipeline *pipeline)
{
	for (size_t i = 0; i < p->code.nnotes; i++)
		vec_push(&p->notes, p->code.notes[i]);
	gather_env_notes(p);
	if (p->isolation.note)
		vec_push(&p->notes, p->isolation.note);
	json_leaves(pipeline->params, guess_secret, p);
}

static int make_plan(struct prepared *p, const struct prepare_options *o, struct err *e)
{
	const char *jig = o->project->jig;
	struct plan_options po = {.tracker = o->tracker,
	                          .store = p->store,
	                          .root = o->project->root,
	                          .jig = jig,
	                          .pipeline = o->pipeline,
	                          .in = p->in,
	                          .asked = o->asked,
	                          .origin = o->origin,
	                          .inputs = p->inputs,
	                          .envs = &p->envs,
	                          .environ = environ};
	int r;

	if (*p->code.tree && (r = open_names(o, p, e)) < 0)
		return r;
	po.names = p->names;
	p->plan = plan_new(&po);
	r = plan_all(p->plan, p->given, e);
	/* What stands in once others have run is looked at again then. */
	for (size_t i = 0; r >= 0 && i < o->pipeline->nsteps; i++)
		if (p->in[i] && (plan_may_run(p->plan, (int)i) || (plan_get(p->plan, (int)i)->action == PLAN_REUSE &&
		                                                   !plan_get(p->plan, (int)i)->at_once)))
			p->envs.v[p->envs.of[i]].wanted = true;
	return r;
}

/* Steps that are reused hand nothing on from the working tree. */
static int keep_inputs(struct prepared *p, struct err *e)
{
	_free_ bool *steps = mem_zero(p->nsteps + 1);

	for (size_t i = 0; i < p->nsteps; i++)
		steps[i] = p->in[i] && plan_get(p->plan, (int)i)->action != PLAN_REUSE;
	return inputs_keep(p->inputs, steps, e);
}

int prepare(const struct prepare_options *o, struct prepared *ret, struct err *e)
{
	size_t n = o->pipeline->nsteps;
	int r;

	*ret = (struct prepared){ .nsteps = n };
	ret->in = mem_zero(n + 1);
	for (size_t i = 0; i < n; i++)
		ret->in[i] = !o->selected || o->selected[i];
	ret->given = mem_zero((n + 1) * sizeof *ret->given);
	if ((r = choose_places(ret, o, e)) < 0)
		return r;
	ret->store = store_new(o->project->jig);
	if (!o->dry && (r = store_hold(ret->store, false, e)) < 0)
		return r;
	struct inputs_options in = {.pipeline = o->pipeline,
	                            .selected = ret->in,
	                            .root = o->project->root,
	                            .jig = o->dry && !o->tracker ? NULL : o->project->jig,
	                            .store = ret->store,
	                            .dry = o->dry,
	                            .recorded = o->inputs};
	r = inputs_read(&in, &ret->inputs, NULL, e);
	if (r < 0)
		return r;
	if (o->code)
		copy_code(&ret->code, o->code);
	else if ((!o->dry || o->tracker) && (r = take_code(o, &ret->code, e)) < 0)
		return r;
	if ((r = make_plan(ret, o, e)) < 0 || (r = keep_inputs(ret, e)) < 0)
		return r;
	gather_notes(ret, o->pipeline);
	note_chain(ret, o->tracker);
	return 0;
}

int prepare_envs(struct prepared *p, struct err *e)
{
	int r = env_set_prepare(&p->envs, &p->env_options, e);

	gather_env_notes(p);
	return r;
}
