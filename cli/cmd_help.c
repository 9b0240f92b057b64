#include "cli/help.h"

static const struct option_def options[] = {
	{ .name = "mdoc", .kind = OPTION_FLAG, .text = "as sections of the manual page jig(1)" },
	{ 0 },
};

static int run_help(struct context *c, struct err *e)
{
	const struct command *cmd = c->nargs ? command_find(c->args[0]) : NULL;
	if (c->nargs && !cmd)
		return err_set(e, ERR_USAGE, "there is no command \"%s\"; `jig help` lists them", c->args[0]);
	if (!option_flag(c, "mdoc")) {
		help_text(&c->out, cmd, &c->paint, context_width(c));
		return 0;
	}
	for (const struct command *const *k = commands; *k; k++)
		if (cmd ? *k == cmd : !((*k)->flags & COMMAND_HIDDEN))
			help_mdoc(&c->out, *k);
	return 0;
}

const struct command cmd_help = {
	.name = "help", .summary = "lists the commands, or says all about one", .usage = "[COMMAND]", .group = GROUP_OTHER,
	.options = options, .max_args = 1, .run = run_help,
};
