#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "base/path.h"
#include "base/text.h"
#include "cli/env_progress.h"
#include "runner/env/env_pin.h"

extern char **environ;

/* A path as the person in the current folder writes it, below the root. Owned. */
static int below_root(const char *root, const char *path, char **ret, struct err *e)
{
	_free_ char *parent = path_parent(path), *real = realpath(parent, NULL);

	if (!real)
		return err_errno(e, "%s", path);
	_free_ char *full = path_join(real, path_base(path));
	if (!path_within(full, root) || !strcmp(full, root))
		return err_set(e, ERR_USAGE,
		               "%s is not in the project %s; `jig lock` pins and writes files of the project", path,
		               root);
	*ret = mem_strdup(full + strlen(root) + (strcmp(root, "/") != 0));
	return 0;
}

/* Without a project the current folder is one: locks are made before the first jig.yaml, too. */
static int find_root(struct context *c, struct err *e)
{
	struct err none;

	return context_project(c, &none) == 0 ? 0
	       : none.code == ERR_USAGE       ? project_here(&c->project, e)
	                                      : err_set(e, none.code, "%s", none.text);
}

static void on_interrupt(int signo)
{
}

static int run_lock(struct context *c, struct err *e)
{
	const char *to = option_text(c, "output");
	_free_ char *from_below = NULL, *to_below = NULL;
	struct env_progress progress;
	struct env_pinned done = {0};

	if (find_root(c, e) < 0 || (c->nargs && below_root(c->project.root, c->args[0], &from_below, e) < 0) ||
	    (to && below_root(c->project.root, to, &to_below, e) < 0))
		return e->code;
	struct env_pin pin = {.root = c->project.root,
	                      .from = from_below,
	                      .to = to_below,
	                      .python = option_text(c, "python"),
	                      .upgrade = option_flag(c, "upgrade"),
	                      .universal = option_flag(c, "universal"),
	                      .environ = environ,
	                      .watch = &progress.watch};

	env_progress_init(&progress, c, "resolving it", true);
	/* Ctrl-C ends the resolver, of which jig hears, and jig clears up after it. */
	struct sigaction act = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART}, before;
	sigaction(SIGINT, &act, &before);
	int r = env_pin(&pin, &done, e);
	sigaction(SIGINT, &before, NULL);
	env_progress_end(&progress);
	if (r < 0)
		return r;
	context_text(c, done.to);
	buf_adds(&c->out, done.changed ? ": " : ": unchanged, ");
	add_count(&c->out, (int64_t)done.packages, "package", "packages");
	buf_addf(&c->out, " pinned with hashes, from ");
	context_text(c, done.from);
	buf_addf(&c->out, " (%s, %s)\n", done.python, done.tool);
	env_pinned_release(&done);
	return 0;
}

static const struct option_def options[] = {
        {.name = "output",
         .letter = 'o',
         .kind = OPTION_TEXT,
         .value = "FILE",
         .text = "writes FILE instead of one named like the loose file, with .lock at its end"},
        {.name = "python",
         .kind = OPTION_TEXT,
         .value = "V",
         .text = "resolves for this version of Python (3.11, 3.11.7) instead of the project's"},
        {.name = "upgrade",
         .kind = OPTION_FLAG,
         .text = "takes the newest versions that fit, also where the lock has older ones"},
        {.name = "universal",
         .kind = OPTION_FLAG,
         .text = "for every system and for later versions of Python, too (needs uv)"},
        {0},
};

const struct command cmd_lock = {
        .name = "lock",
        .summary = "pins what a loose file asks for, with hashes",
        .usage = "[FILE]",
        .group = GROUP_RUN,
        .options = options,
        .max_args = 1,
        .run = run_lock,
        .text = "Resolves requirements.in, requirements.txt or pyproject.toml (the first that is here and not pinned "
                "yet) or FILE with all that it needs, and writes "
                "requirements.lock: each package with its version and the hashes of its archives, as runs take it. The "
                "resolver is uv, where it is installed, else pip.\n\n"
                "Versions that the lock has already stay, unless they do not fit any more; --upgrade takes the newest. "
                "The lock is replaced at once or not at all.",
};
