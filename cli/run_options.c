#include "cli/run_options.h"

#include <stdlib.h>
#include "base/vec.h"

const struct option_def run_options[] = {
	{ .name = "param", .letter = 'p', .kind = OPTION_TEXT, .value = "K=V", .repeat = true, .text = "sets a param (+K=V adds one, ~K removes one)" },
	{ .name = "sweep", .kind = OPTION_TEXT, .value = "K=V,…", .repeat = true, .text = "a run for each value; several: for each combination (range(0,5), choice(a,b))" },
	{ .name = "jobs", .letter = 'j', .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = 100000, .text = "at most N steps at once (as many as CPUs)" },
	{ .name = "detach", .letter = 'd', .kind = OPTION_FLAG, .text = "goes on without the terminal; `jig ls` shows it" },
	{ .name = "name", .letter = 'n', .kind = OPTION_TEXT, .value = "NAME", .text = "names the run" },
	{ .name = "tag", .kind = OPTION_TEXT, .value = "K=V", .repeat = true, .text = "tags the run" },
	{ .name = "from", .kind = OPTION_TEXT, .value = "STEP", .text = "the step and all that follows run, what comes before as usual" },
	{ .name = "to", .kind = OPTION_TEXT, .value = "STEP", .repeat = true, .text = "the step and what it needs, as if named as an argument" },
	{ .name = "force", .kind = OPTION_TEXT, .value = "STEP", .repeat = true, .text = "the step runs even if an earlier result would do" },
	{ .name = "fresh", .kind = OPTION_FLAG, .text = "every step runs" },
	{ .name = "fail-fast", .kind = OPTION_FLAG, .text = "stops everything at the first failure" },
	{ .name = "cpu", .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = 100000, .text = "CPUs that steps may reserve (as many as there are)" },
	{ .name = "memory", .kind = OPTION_SIZE, .value = "SIZE", .text = "memory that steps may reserve (as much as there is)" },
	{ .name = "gpu", .kind = OPTION_INTEGER, .value = "N", .min = 0, .max = 32, .text = "GPUs that steps may reserve (as many as there are)" },
	{ .name = "max-snapshot", .kind = OPTION_SIZE, .value = "SIZE", .text = "new files up to this size, and so much in all, may go into the code snapshot (1M and 50M)" },
	{ .name = "strict", .kind = OPTION_FLAG, .text = "what is otherwise a remark about the environment is an error" },
	{ .name = "unpinned", .kind = OPTION_FLAG, .text = "lets a loose requirements file through; the run is marked so for ever" },
	{ .name = "isolation", .kind = OPTION_TEXT, .value = "TIER", .text = "folder or sandbox (the best there is)" },
	{ .name = "file", .letter = 'f', .kind = OPTION_TEXT, .value = "FILE", .text = "another pipeline file than jig.yaml" },
	{ 0 },
};

static int find_project(struct context *c, bool has_file, struct err *e)
{
	struct err ignored;

	if (!has_file)
		return context_project(c, e);
	if (c->project.root || context_project(c, &ignored) >= 0)
		return 0;
	return project_here(&c->project, e);
}

int run_options_pipeline(struct context *c, const char *const *more, size_t nmore, struct pipeline **ret, struct err *e)
{
	const char *file = option_text(c, "file");
	_free_ char *full = NULL;
	const char *const *given;
	size_t n = option_list(c, "param", &given);
	VEC(const char *) overrides = { 0 };
	int r = find_project(c, file != NULL, e);

	if (r < 0)
		return r;
	if (file && !(full = realpath(file, NULL)))
		return err_errno(e, "%s", file);
	for (size_t i = 0; i < n; i++)
		vec_push(&overrides, given[i]);
	for (size_t i = 0; i < nmore; i++)
		vec_push(&overrides, more[i]);
	struct pipeline_options o = { .root = c->project.root, .file = full, .overrides = overrides.v, .noverrides = overrides.len };
	r = pipeline_load(&o, ret, &c->faults, e);
	vec_release(&overrides);
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

int run_options_select(struct context *c, const struct pipeline *p, bool **ret, struct err *e)
{
	_free_ bool *sel = mem_zero(p->nsteps + 1);
	_free_ bool *checked = mem_zero(p->nsteps + 1);
	const char *from = option_text(c, "from");
	const char *const *to, *const *force;
	size_t nto = option_list(c, "to", &to), nforce = option_list(c, "force", &force);
	int r;

	if ((r = select_words(p, c->args, (size_t)c->nargs, sel, e)) < 0 || (r = select_words(p, to, nto, sel, e)) < 0 ||
	    (r = select_words(p, force, nforce, checked, e)) < 0 || (from && (r = select_words(p, &from, 1, checked, e)) < 0))
		return r;
	if (c->nargs || nto)
		pipeline_with_needs(p, sel);
	else
		for (size_t i = 0; i < p->nsteps; i++)
			sel[i] = true;
	*ret = mem_take(sel);
	return 0;
}
