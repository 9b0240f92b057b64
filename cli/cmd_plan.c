#include "cli/plan_text.h"

static int open_record(struct context *c, struct err *e)
{
	int r = project_has_record(&c->project, e);

	return r > 0 ? context_tracker(c, TRACKER_READ, e) : r;
}

static int run_plan(struct context *c, struct err *e)
{
	_cleanup_(run_choice_release) struct run_choice choice = { 0 };
	_cleanup_(sweep_release) struct sweep sweep = { 0 };
	int r = run_options_sweep(c, &sweep, e);

	if (r < 0)
		return r;
	if (sweep.nruns) {
		if ((r = run_options_check_sweep(c, &sweep, e)) < 0 || (r = open_record(c, e)) < 0)
			return r;
		return plan_print_sweep(c, &sweep, e);
	}
	if ((r = run_options_load(c, NULL, 0, &choice, e)) < 0 || (r = open_record(c, e)) < 0)
		return r;
	return plan_print(c, &choice, e);
}

const struct command cmd_plan = {
	.name = "plan",
	.summary = "what `jig run` would do, and why; runs nothing",
	.usage = "[STEP…]",
	.group = GROUP_RUN,
	.options = run_options,
	.max_args = ARGS_ANY,
	.flags = COMMAND_JSON,
	.run = run_plan,
	.text = "Takes the options of `jig run` and prints a line a step: run, reuse, skip or unknown, and the reason. "
		"Steps below one that runs are unknown until that one's outputs are: "
		"they run only if these differ. With --sweep there is a plan for each of its runs. Nothing is run or "
		"recorded.",
};
