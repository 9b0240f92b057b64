#include <string.h>
#include "base/text.h"
#include "cli/command.h"

/* The manual's pages (man/), with their sections. */
static const struct { const char *name; int section; } pages[] = {
	{ "jig", 1 }, { "jig-run", 1 }, { "jig-look", 1 }, { "jig-keep", 1 }, { "jig.yaml", 5 }, { "jig-json", 5 },
	{ "jig-keys", 5 }, { "jig-reuse", 5 }, { "jig-environments", 5 }, { "jig-themes", 5 },
};

/* A page may be asked for without the "jig-" in front. */
static int no_command(const char *name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (!strcmp(pages[i].name, name) ||
		    (text_starts(pages[i].name, "jig-") && !strcmp(pages[i].name + 4, name)))
			return err_set(e, ERR_USAGE, "\"%s\" is no command but a page of the manual: man %d %s", name,
				pages[i].section, pages[i].name);
	return command_unknown(name, e);
}

static int run_help(struct context *c, struct err *e)
{
	const struct command *cmd = c->nargs ? command_find(c->args[0]) : NULL;
	if (c->nargs && !cmd)
		return no_command(c->args[0], e);
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
