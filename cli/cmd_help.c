#include "cli/command.h"

static int run_help(struct context *c, struct err *e)
{
	const struct command *cmd = c->nargs ? command_find(c->args[0]) : NULL;
	if (c->nargs && !cmd)
		return err_set(e, ERR_USAGE, "there is no command \"%s\"; `jig help` lists them", c->args[0]);
	help_text(&c->out, cmd, &c->paint, context_width(c));
	return 0;
}

const struct command cmd_help = {
	.name = "help",
	.summary = "lists the commands, or says all about one",
	.usage = "[COMMAND]",
	.group = GROUP_OTHER,
	.max_args = 1,
	.run = run_help,
};
