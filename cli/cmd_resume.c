#include "cli/plan_text.h"
#include "cli/launch.h"

#define CODE_OPTION \
	{ .name = "code", .kind = OPTION_TEXT, .value = "CODE", \
		.text = "work: as it is now (the default); same: as the run had it, inputs too; or a revision" }
#define DRY_RUN_OPTION \
	{ .name = "dry-run", .kind = OPTION_FLAG, .text = "only says what would run or be reused, and why" }

static const struct option_def resume_options[] = {
	CODE_OPTION,
	RUN_OPTION_PARAM,
	{ .name = "keep-checkpoint", .kind = OPTION_FLAG,
		.text = "goes on from a checkpoint though more than the code has changed" },
	DRY_RUN_OPTION,
	RUN_OPTIONS_SHARED,
	{ 0 },
};
static const struct option_def restart_options[] = {
        CODE_OPTION, RUN_OPTION_PARAM, DRY_RUN_OPTION, RUN_OPTIONS_SHARED, {0}};

static bool restarts(const struct context *c)
{
	return c->command == &cmd_restart;
}

static int load(struct context *c, struct run_choice *ret, struct err *e)
{
	return run_options_resume(c, option_flag(c, "dry-run") ? TRACKER_READ : TRACKER_WRITE, restarts(c), ret, e);
}

static int runs(struct context *c, struct launcher *s, struct err *e)
{
	_cleanup_(run_choice_release) struct run_choice choice = { 0 };
	struct supervise_result res;
	int r = load(c, &choice, e);

	if (r >= 0)
		r = launch_one(s, &choice, &(struct launch_as){.kind = restarts(c) ? KIND_RESTART : KIND_RESUME}, &res,
		               e);
	if (r >= 0)
		c->exit_status = res.exit_status;
	return r;
}

static int dry_run(struct context *c, struct err *e)
{
	_cleanup_(run_choice_release) struct run_choice choice = { 0 };
	int r = load(c, &choice, e);

	return r < 0 ? r : plan_print(c, &choice, e);
}

static int run_resume(struct context *c, struct err *e)
{
	if (option_flag(c, "dry-run"))
		return dry_run(c, e);
	if (c->json)
		return err_set(e, ERR_USAGE, "--json prints a plan: it goes with --dry-run");
	return launch(c, &(struct launch_body){ .runs = runs, .load = load, .nruns = 1 }, e);
}

const struct command cmd_resume = {
	.name = "resume",
	.summary = "a new run that goes on from where an earlier one came to",
	.usage = "RUN",
	.group = GROUP_RUN,
	.options = resume_options,
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_PROJECT | COMMAND_JSON,
	.run = run_resume,
	.text = "Takes the code as it is now, or, with --code, as the run had it or of a revision; the pipeline may "
		"have changed, too. The params set by -p and the isolation of the "
		"earlier run stay, new ones are added. What is still valid is reused; a step that failed is handed its "
		"newest complete checkpoint.\n\n"
		"A checkpoint is not handed on where a param, an input, the command or the environment of its step has "
		"changed, unless --keep-checkpoint says so.",
};
const struct command cmd_restart = {
	.name = "restart",
	.summary = "a new run from an earlier one, with nothing reused",
	.usage = "RUN",
	.group = GROUP_RUN,
	.options = restart_options,
	.min_args = 1,
	.max_args = 1,
	.flags = COMMAND_PROJECT | COMMAND_JSON,
	.run = run_resume,
	.text = "As `jig resume`, but every step runs, from its beginning.",
};
