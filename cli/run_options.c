#include "cli/run_options.h"

#include <stdlib.h>
#include <string.h>
#include "base/path.h"
#include "base/vec.h"
#include "runner/pipeline/params.h"
#include "tracker/run.h"

const struct option_def run_options[] = {
	RUN_OPTION_PARAM,
	{ .name = "sweep", .kind = OPTION_TEXT, .value = "K=V,…", .repeat = true,
		.text = "a run for each value; several: for each combination (range(0,5), choice(a,b))" },
	RUN_OPTIONS_SHARED,
	{ 0 },
};

void run_choice_release(struct run_choice *c)
{
	pipeline_free(c->pipeline);
	resume_release(&c->from);
	free(c->selected);
	free(c->asked);
	arena_release(&c->arena);
	*c = (struct run_choice){ 0 };
}

static int find_project(struct context *c, bool has_file, struct err *e)
{
	struct err ignored;

	if (!has_file)
		return context_project(c, e);
	if (c->project.root || context_project(c, &ignored) >= 0)
		return 0;
	return project_here(&c->project, e);
}

/* The file of -f, owned, from wherever the command was given: below the root, or absolute. NULL without -f. */
static int named_file(struct context *c, char **ret, struct err *e)
{
	const char *file = option_text(c, "file");
	_free_ char *full = NULL;
	size_t root = strlen(c->project.root);

	*ret = NULL;
	if (!file)
		return 0;
	if (!(full = realpath(file, NULL)))
		return err_errno(e, "%s", file);
	*ret = path_within(full, c->project.root) && root > 1 ? mem_strdup(full + root + 1) : mem_take(full);
	return 0;
}

static int load_file(struct context *c, const char *file, const char *const *overrides, size_t n, struct pipeline **ret,
                     struct err *e)
{
	struct pipeline_options o = { .root = c->project.root, .file = file, .overrides = overrides, .noverrides = n };

	return pipeline_load(&o, ret, &c->faults, e);
}

static void gather_overrides(struct context *c, const char *const *more, size_t nmore, struct run_choice *ret)
{
	const char *const *given;
	size_t n = option_list(c, "param", &given);

	ret->overrides = arena_array(&ret->arena, const char *, n + nmore);
	for (size_t i = 0; i < n; i++)
		ret->overrides[ret->noverrides++] = given[i];
	for (size_t i = 0; i < nmore; i++)
		ret->overrides[ret->noverrides++] = more[i];
}

static int load_pipeline(struct context *c, const char *const *more, size_t nmore, struct run_choice *ret,
                         struct err *e)
{
	_free_ char *file = NULL;
	int r = find_project(c, option_text(c, "file") != NULL, e);

	if (r < 0 || (r = named_file(c, &file, e)) < 0)
		return r;
	ret->file = arena_strdup(&ret->arena, file);
	gather_overrides(c, more, nmore, ret);
	return load_file(c, ret->file, ret->overrides, ret->noverrides, &ret->pipeline, e);
}

int run_options_pipeline(struct context *c, const char *const *more, size_t nmore, struct pipeline **ret, struct err *e)
{
	_cleanup_(run_choice_release) struct run_choice all = { 0 };
	int r = load_pipeline(c, more, nmore, &all, e);

	if (r >= 0)
		*ret = mem_take(all.pipeline);
	return r;
}

static int select_words(const struct pipeline *p, const char *const *words, size_t n, bool *sel, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		int r = pipeline_select(p, words[i], sel, e);

		if (r < 0)
			return r;
	}
	return 0;
}

/* What is asked for has to take part. */
static int check_part(const struct run_choice *ch, const char *option, const char *word, const bool *steps,
                      struct err *e)
{
	for (size_t i = 0; i < ch->pipeline->nsteps; i++)
		if (steps[i] && ch->selected[i])
			return 0;
	return err_set(e, ERR_USAGE, "--%s %s: the step is not among those that the arguments and --to choose", option,
	               word);
}

static int ask_for(const struct run_choice *ch, const char *option, const char *word, struct err *e)
{
	const struct pipeline *p = ch->pipeline;
	_free_ bool *steps = mem_zero(p->nsteps + 1);
	int r = pipeline_select(p, word, steps, e);

	if (r < 0)
		return r;
	if (!strcmp(option, "from"))
		pipeline_with_followers(p, steps);
	for (size_t i = 0; i < p->nsteps; i++)
		ch->asked[i] |= steps[i];
	return check_part(ch, option, word, steps, e);
}

/* args: words that name steps. */
static int choose_steps(struct context *c, const char *const *args, size_t nargs, bool fresh, struct run_choice *ret,
                        struct err *e)
{
	const struct pipeline *p = ret->pipeline;
	const char *from = option_text(c, "from");
	const char *const *to, *const *force;
	size_t nto = option_list(c, "to", &to), nforce = option_list(c, "force", &force);
	int r;

	ret->selected = mem_zero(p->nsteps + 1);
	ret->asked = mem_zero(p->nsteps + 1);
	if ((r = select_words(p, args, nargs, ret->selected, e)) < 0 ||
	    (r = select_words(p, to, nto, ret->selected, e)) < 0)
		return r;
	if (nargs || nto)
		pipeline_with_needs(p, ret->selected);
	else
		for (size_t i = 0; i < p->nsteps; i++)
			ret->selected[i] = true;
	for (size_t i = 0; i < nforce; i++)
		if ((r = ask_for(ret, "force", force[i], e)) < 0)
			return r;
	if (from && (r = ask_for(ret, "from", from, e)) < 0)
		return r;
	for (size_t i = 0; i < p->nsteps; i++)
		ret->asked[i] |= fresh;
	return 0;
}

int run_options_load(struct context *c, const char *const *more, size_t nmore, struct run_choice *ret, struct err *e)
{
	int r = load_pipeline(c, more, nmore, ret, e);

	if (r < 0)
		return r;
	ret->isolation = option_text(c, "isolation");
	return choose_steps(c, c->args, (size_t)c->nargs, option_flag(c, "fresh"), ret, e);
}

int run_options_sweep(struct context *c, struct sweep *ret, struct err *e)
{
	const char *const *axes, *const *params, *axis, *param;
	size_t n = option_list(c, "sweep", &axes), nparams = option_list(c, "param", &params);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < nparams; k++) {
			size_t len = params_override_name(axes[i], &axis);
			if (params_override_name(params[k], &param) == len && !strncmp(axis, param, len))
				return err_set(e, ERR_USAGE, "%.*s is set by -p and by --sweep: which of them?",
				               (int)len, axis);
		}
	return n ? sweep_parse(axes, n, ret, e) : 0;
}

int run_options_check_sweep(struct context *c, const struct sweep *sweep, struct err *e)
{
	for (size_t i = 0; i < sweep->nruns; i++) {
		_cleanup_(run_choice_release) struct run_choice choice = { 0 };
		int r = run_options_load(c, (const char *const *)sweep->overrides[i], sweep->naxes, &choice, e);

		if (r < 0)
			return r;
	}
	return 0;
}

int run_options_resume(struct context *c, enum tracker_mode mode, bool fresh, struct run_choice *ret, struct err *e)
{
	_free_ char *file = NULL;
	const char *const *params;
	struct resume_options o = { .code = option_text(c, "code") };
	struct err ignored;
	int r = context_project(c, e);

	if (r < 0)
		return r;
	/* No such run is one answer, whether or not there is a record. */
	if ((r = project_has_record(&c->project, e)) < 0 || (r = context_tracker(c, r ? mode : TRACKER_READ, e)) < 0 ||
	    (r = run_resolve(c->tracker, c->args[0], &o.origin, e)) < 0)
		return r;
	/* A file of a snapshot need not be in the working tree. */
	if (named_file(c, &file, &ignored) < 0)
		file = mem_strdup(option_text(c, "file"));
	o.project = &c->project;
	o.tracker = c->tracker;
	o.file = file;
	o.noverrides = option_list(c, "param", &params);
	o.overrides = params;
	if ((r = resume_load(&o, &ret->from, &c->faults, e)) < 0)
		return r;
	ret->pipeline = mem_take(ret->from.pipeline);
	ret->overrides = ret->from.overrides;
	ret->noverrides = ret->from.noverrides;
	ret->file = ret->from.file;
	ret->isolation = option_text(c, "isolation") ? option_text(c, "isolation") : ret->from.isolation;
	return choose_steps(c, NULL, 0, fresh || option_flag(c, "fresh"), ret, e);
}

struct prepare_options run_choice_prepare(struct context *c, const struct run_choice *choice)
{
	const struct resume *from = choice->from.row.number ? &choice->from : NULL;

	return (struct prepare_options){
		.project = &c->project, .tracker = c->tracker, .pipeline = choice->pipeline,
			.selected = choice->selected, .asked = choice->asked,
		.code = from && from->from_tree ? &from->code : NULL,
			.inputs = from && from->inputs.len ? &from->inputs : NULL, .isolation = choice->isolation,
			.origin = choice->from.row.number,
		.max_snapshot = option_number(c, "max-snapshot", 0), .unpinned = option_flag(c, "unpinned"),
			.strict = option_flag(c, "strict"),
	};
}
