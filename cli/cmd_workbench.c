#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/path.h"
#include "base/text.h"
#include "cli/command.h"
#include "tui/workbench/app.h"
#include "tui/workbench/script.h"

static const struct option_def options[] = {
	{ .name = "script", .kind = OPTION_TEXT, .value = "FILE",
		.text = "takes the keys from a file instead of a terminal" },
	{ .name = "size", .kind = OPTION_TEXT, .value = "COLSxROWS", .text = "size of the screen of a script (80x24)" },
	{ 0 },
};

static int read_size(const char *text, int *cols, int *rows, struct err *e)
{
	const char *x = text ? strchr(text, 'x') : NULL;
	_free_ char *first = x ? mem_strndup(text, (size_t)(x - text)) : NULL;
	int64_t c = 80, r = 24;

	if (text && (!x || !integer_parse(first, 1, 1000, &c) || !integer_parse(x + 1, 1, 1000, &r)))
		return err_set(e, ERR_USAGE, "--size: \"%s\" is no size like 120x40", text);
	*cols = (int)c;
	*rows = (int)r;
	return 0;
}

static int run_workbench(struct context *c, struct err *e)
{
	struct app_options o = { .script = option_text(c, "script") };
	_free_ char *self = path_self();
	struct err none;
	int r = read_size(option_text(c, "size"), &o.cols, &o.rows, e);

	if (r < 0)
		return r;
	if (!o.script && (!isatty(STDIN_FILENO) || !c->out_tty))
		return err_set(e, ERR_USAGE,
		               "the workbench needs a terminal: `jig help` lists the commands, `jig ls` the runs, `jig "
		               "run` runs the pipeline here");
	if (!o.script && option_text(c, "size"))
		return err_set(e, ERR_USAGE, "--size goes with --script: a terminal has its own size");
	o.self = self ? self : c->raw_argv[0];
	/* Without a project the workbench offers to make one. */
	if (project_find(&c->project, &none) >= 0)
		o.project = &c->project;
	if (o.script)
		script_clock(o.script);
	return app_run(&o, e);
}

const struct command cmd_workbench = {
	.name = "workbench",
	.summary = "the screens (`jig` alone opens them)",
	.usage = "",
	.group = GROUP_LOOK,
	.options = options,
	.run = run_workbench,
	.text = "Runs, their graphs, logs, metrics and timelines, live, and what can be done with them. `?` shows the "
		"keys of a screen, `:` all commands; jig-keys(5) has them all, "
		"jig-themes(5) says how to choose and write a theme.",
};
