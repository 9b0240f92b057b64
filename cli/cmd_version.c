#include "cli/command.h"

static int run_version(struct context *c, struct err *e)
{
	buf_adds(&c->out, "jig " JIG_VERSION "\n");
	return 0;
}

const struct command cmd_version = {
	.name = "version", .summary = "says which jig this is", .usage = "", .group = GROUP_OTHER, .run = run_version,
};
