#include "base/file.h"
#include "cli/command.h"
#include "cli/manual.h"

#define PAGE_MOST (1 << 20)

static int run_manual(struct context *c, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	int r = file_read(c->args[0], PAGE_MOST, &text, e);

	if (r < 0)
		return r;
	r = manual_expand(&c->out, text.data, text.len, e);
	return r < 0 ? err_prefix(e, "%s", c->args[0]) : 0;
}

const struct command cmd_manual = {
	.name = "manual", .summary = "writes a manual page from its text and the program's tables", .usage = "FILE",
		.group = GROUP_OTHER,
	.min_args = 1, .max_args = 1, .flags = COMMAND_HIDDEN, .run = run_manual,
};
