#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "runner/code/code.h"
#include "runner/process/spawn_inside.h"

#define COMMAND_ADDRESS_(n) &cmd_##n,
const struct command *const commands[] = { COMMANDS(COMMAND_ADDRESS_) NULL };

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static bool on_code_wait(void *arg, const char *text)
{
	if (text)
		context_say(arg, text);
	return true;
}

int command_unknown(const char *name, struct err *e)
{
	const char *names[ARRAY_LEN(commands)];
	size_t n = 0;
	for (const struct command *const *c = commands; *c; c++)
		if (!((*c)->flags & COMMAND_HIDDEN))
			names[n++] = (*c)->name;
	const char *near = text_nearest(name, names, n);
	if (near)
		return err_set(e, ERR_USAGE, "there is no command \"%s\" (did you mean \"%s\"?); `jig help` lists them",
			name, near);
	return err_set(e, ERR_USAGE, "there is no command \"%s\"; `jig help` lists them", name);
}

static int run_command(struct context *c, const struct command *cmd, int argc, const char *const *argv, struct err *e)
{
	bool help;
	int r = options_parse(c, cmd, argc, argv, &help, e);
	if (r < 0)
		return r;
	if (help) {
		help_text(&c->out, cmd, &c->paint, context_width(c));
		return 0;
	}
	if ((cmd->flags & (COMMAND_PROJECT | COMMAND_RECORD)) && (r = context_project(c, e)) < 0)
		return r;
	enum tracker_mode mode = cmd->flags & COMMAND_CHANGES ? TRACKER_CHANGE : TRACKER_READ;
	if ((cmd->flags & COMMAND_RECORD) && (r = context_tracker(c, mode, e)) < 0)
		return r;
	return cmd->run(c, e);
}

static int run_line(struct context *c, int argc, const char *const *argv, struct err *e)
{
	if (argc < 2 || !strcmp(argv[1], "--script") || text_starts(argv[1], "--script=") ||
	    !strcmp(argv[1], "--size") || text_starts(argv[1], "--size="))
		return run_command(c, &cmd_workbench, argc - 1, argv + 1, e);
	const char *name = argv[1];
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		name = "version";
	if (name[0] == '-')
		return err_set(e, ERR_USAGE,
			"unknown option %s: options stand behind the command; `jig help` lists the commands", name);
	/* The same command under the name that people look for beside the others of environments. */
	if (!strcmp(name, "env") && argc > 2 && !strcmp(argv[2], "lock")) {
		name = "lock";
		argv++;
		argc--;
	}
	const struct command *cmd = command_find(name);
	return cmd ? run_command(c, cmd, argc - 2, argv + 2, e) : command_unknown(name, e);
}

/* A stream that the caller closed would give its number to the next file opened, and what is printed would go there. */
static void open_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
			_exit(3);
}

int main(int argc, char **argv)
{
	open_streams();
	if (spawn_inside_asked(argv[0])) {
		int status = spawn_inside_run(argv);

		fprintf(stderr, "jig: %s: %s\n", argv[1] && argv[2] ? argv[2] : "no command", strerror(errno));
		return status;
	}
	struct context c = {
		.out = BUF_INIT, .faults = BUF_INIT, .raw_argv = (const char *const *)argv, .raw_argc = argc
	};
	struct err e = {0};
	c.out_tty = isatty(STDOUT_FILENO);
	c.paint = paint_for(STDOUT_FILENO);
	c.paint_err = paint_for(STDERR_FILENO);

	const char *fault = paint_fault();
	if (fault)
		fprintf(stderr, "jig: %s\n", fault);
	code_lock_tells(on_code_wait, &c);
	int r = run_line(&c, argc, (const char *const *)argv, &e);
	struct err late;
	if (context_flush(&c, &late) < 0 && r >= 0) {
		e = late;
		r = late.code;
	}
	if (r < 0)
		context_say(&c, c.faults.len ? c.faults.data : e.text);
	int status = r < 0 ? err_exit_status(r) : c.exit_status;
	tracker_close(c.tracker);
	store_free(c.store);
	project_release(&c.project);
	options_release(&c);
	buf_release(&c.out);
	buf_release(&c.faults);
	return status;
}
