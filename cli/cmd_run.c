#include "cli/launch.h"
#include "tracker/run.h"

static int run_once(struct context *c, struct launcher *s, const struct launch_as *one, const char *const *more,
                    size_t nmore, struct supervise_result *ret, struct err *e)
{
	_cleanup_(run_choice_release) struct run_choice choice = { 0 };
	int r = run_options_load(c, more, nmore, &choice, e);

	return r < 0 ? r : launch_one(s, &choice, one, ret, e);
}

static int run_sweep(struct context *c, struct launcher *s, const struct sweep *sweep, struct err *e)
{
	int64_t id;
	int r;

	/* A misspelt key must leave no empty sweep behind. */
	if ((r = run_options_check_sweep(c, sweep, e)) < 0 ||
	    (r = context_tracker(c, TRACKER_WRITE, e)) < 0 || (r = tracker_begin(c->tracker, e)) < 0)
		return r;
	r = sweep_create(c->tracker, sweep->spec, &id, e);
	if (r < 0) {
		tracker_rollback(c->tracker);
		return r;
	}
	if ((r = tracker_commit(c->tracker, e)) < 0)
		return r;
	for (size_t i = 0; i < sweep->nruns; i++) {
		struct supervise_result res;
		struct launch_as one = { .kind = KIND_SWEEP, .sweep = id, .nth = i + 1 };

		r = run_once(c, s, &one, (const char *const *)sweep->overrides[i], sweep->naxes, &res, e);
		if (r < 0)
			return r;
		if (res.exit_status > c->exit_status)
			c->exit_status = res.exit_status;
		if (res.stopped) {
			if (i + 1 < sweep->nruns)
				buf_addf(&c->out, "%zu of the sweep's %zu runs not begun; %s\n", sweep->nruns - i - 1,
				         sweep->nruns, "the same command begins them, and reuses what finished");
			break;
		}
	}
	return 0;
}

static int runs(struct context *c, struct launcher *s, struct err *e)
{
	_cleanup_(sweep_release) struct sweep sweep = { 0 };
	struct supervise_result res;
	int r = run_options_sweep(c, &sweep, e);

	if (r < 0)
		return r;
	if (sweep.nruns)
		return run_sweep(c, s, &sweep, e);
	r = run_once(c, s, &(struct launch_as){ .kind = KIND_RUN }, NULL, 0, &res, e);
	if (r >= 0)
		c->exit_status = res.exit_status;
	return r;
}

static int load(struct context *c, struct run_choice *ret, struct err *e)
{
	return run_options_load(c, NULL, 0, ret, e);
}

static int run_run(struct context *c, struct err *e)
{
	_cleanup_(sweep_release) struct sweep sweep = { 0 };
	int r = run_options_sweep(c, &sweep, e);

	if (r < 0)
		return r;
	/* A pipeline whose params only the sweep gives cannot be read before it; its runs build what they need
	 * themselves. */
	return launch(c,
	              &(struct launch_body){
	                      .runs = runs, .load = sweep.nruns ? NULL : load, .nruns = sweep.nruns ? sweep.nruns : 1},
	              e);
}

const struct command cmd_run = {
	.name = "run",
	.summary = "runs the pipeline, or the steps named and what they need",
	.usage = "[STEP…]",
	.group = GROUP_RUN,
	.options = run_options,
	.max_args = ARGS_ANY,
	.run = run_run,
	.text = "Runs jig.yaml, found here or in a folder above. Each step gets a folder of its own with the code as "
		"it is now and its declared inputs; what it leaves is "
		"kept by content, and everything about the run stands in the record (.jig/). A step whose code, "
		"params, inputs and environment are those of an earlier attempt "
		"is not run again: that attempt stands in for it.\n\n"
		"On a terminal it shows the steps as they go; elsewhere a plain line a step. Ctrl-C once stops orderly "
		"and records it, twice at once. Signals that are ignored when it begins (nohup) stay ignored.\n\n"
		"The exit status is 0 when the run succeeded, 1 when it failed, 2 when the pipeline or the command "
		"line is wrong and nothing ran, 130 or 143 when a signal interrupted it.",
};
