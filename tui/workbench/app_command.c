/* jig's own commands as processes, and the editor. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/path.h"
#include "base/utf8.h"
#include "runner/process/spawn.h"
#include "tui/workbench/app_parts.h"

#define OUTPUT_MOST (16 << 20)
#define READ_MOST 65536

struct command {
	struct bench *bench;
	pid_t pid;
	int fd[2]; /* of standard output and of stderr, −1 once ended */
	struct loop_source *source[2];
	struct buf text[2];
	app_done_fn *done;
	void *arg;
};

static void command_free(struct command *c)
{
	for (int i = 0; i < 2; i++) {
		loop_remove(c->source[i]);
		if (c->fd[i] >= 0)
			close(c->fd[i]);
		buf_release(&c->text[i]);
	}
	free(c);
}

static void drop(struct bench *b, struct command *c)
{
	for (size_t i = 0; i < b->commands.len; i++)
		if (b->commands.v[i] == c) {
			vec_remove(&b->commands, i);
			break;
		}
	command_free(c);
}

static void finish(struct command *c)
{
	struct bench *b = c->bench;
	int status = 0;

	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status)
		buf_add(&c->text[0], c->text[1].data, c->text[1].len);
	if (c->done)
		c->done(c->arg, &b->app, status, c->text[0].data, c->text[0].len);
	drop(b, c);
}

static void on_output(void *arg, int fd, short revents)
{
	struct command *c = arg;
	int i = fd == c->fd[1];
	ssize_t n = buf_read(&c->text[i], fd, READ_MOST);

	if (c->text[i].len > OUTPUT_MOST)
		buf_cut(&c->text[i], OUTPUT_MOST);
	if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		return;
	loop_remove(c->source[i]);
	c->source[i] = NULL;
	close(c->fd[i]);
	c->fd[i] = -1;
	if (c->fd[0] < 0 && c->fd[1] < 0)
		finish(c);
}

int app_program(struct app *a, const char *const *argv, app_done_fn *done, void *arg, struct err *e)
{
	struct bench *b = bench_of(a);
	struct command *c = mem_zero(sizeof *c);
	int r;

	*c = (struct command){ .bench = b, .fd = { -1, -1 }, .text = { BUF_INIT, BUF_INIT }, .done = done, .arg = arg };
	r = spawn_piped(argv, NULL, a->project ? a->project->root : NULL, &c->pid, &c->fd[0], &c->fd[1], e);
	if (r < 0) {
		command_free(c);
		return r;
	}
	for (int i = 0; i < 2; i++)
		c->source[i] = loop_fd(a->loop, c->fd[i], 1 /* POLLIN */, on_output, c);
	vec_push(&b->commands, c);
	return 0;
}

int app_command(struct app *a, const char *const *args, app_done_fn *done, void *arg, struct err *e)
{
	VEC(const char *) argv = { 0 };
	int r;

	vec_push(&argv, a->self);
	while (*args)
		vec_push(&argv, *args++);
	vec_push(&argv, NULL);
	r = app_program(a, argv.v, done, arg, e);
	vec_release(&argv);
	return r;
}

void commands_forget(struct bench *b, const void *arg)
{
	for (size_t i = 0; i < b->commands.len; i++)
		if (b->commands.v[i]->arg == arg)
			b->commands.v[i]->done = NULL;
}

void commands_release(struct bench *b)
{
	while (b->commands.len)
		command_free(vec_pop(&b->commands));
	vec_release(&b->commands);
}

/* The last line with any text, without "jig: ". */
static void last_line(struct app *a, int status, const char *out, size_t n)
{
	const char *from, *to = out + n;

	while (to > out && (to[-1] == '\n' || to[-1] == ' '))
		to--;
	for (from = to; from > out && from[-1] != '\n'; from--)
		;
	if (!strncmp(from, "jig: ", 5))
		from += 5;
	app_say(a, status ? ROLE_FAILED : ROLE_QUIET, "%.*s", (int)(to - from), from);
}

static void told(void *arg, struct app *a, int status, const char *out, size_t n)
{
	last_line(a, status, out, n);
}

int app_do(struct app *a, const char *const *args, struct err *e)
{
	return app_command(a, args, told, NULL, e);
}

/* Editors that know "+LINE". The words of $VISUAL are split at blanks, as git and others do for the usual cases. */
int app_edit(struct app *a, const char *path, int line, struct err *e)
{
	struct bench *b = bench_of(a);
	const char *editor = getenv("VISUAL");
	_free_ char *words = NULL, *at = NULL;
	VEC(const char *) argv = { 0 };
	int status = 0, r;

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	if (!editor || !*editor)
		editor = "vi";
	if (!b->term) {
		size_t n = a->project ? strlen(a->project->root) : 0;
		bool inside = n && !strncmp(path, a->project->root, n) && path[n] == '/';

		app_say(a, ROLE_QUIET, "%s +%d %s", editor, line, inside ? path + n + 1 : path);
		return VIEW_REDRAW;
	}
	words = mem_strdup(editor);
	char *save = NULL;
	for (char *w = strtok_r(words, " \t", &save); w; w = strtok_r(NULL, " \t", &save))
		vec_push(&argv, w);
	if (line > 0) {
		at = mem_printf("+%d", line);
		vec_push(&argv, at);
	}
	vec_push(&argv, path);
	vec_push(&argv, NULL);
	term_leave(b->term);
	r = spawn_foreground(argv.v, a->project ? a->project->root : NULL, &status, e);
	term_return(b->term);
	app_redraw(a);
	vec_release(&argv);
	if (r < 0)
		return r;
	if (status)
		app_say(a, ROLE_WARNING, "%s ended with an error", editor);
	return VIEW_REDRAW;
}
