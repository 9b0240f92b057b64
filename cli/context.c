#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cli/command.h"
#include "runner/lost.h"

void visible_lines(struct buf *out, const char *s, size_t n, bool ascii)
{
	while (n) {
		const char *end = memchr(s, '\n', n);
		size_t len = end ? (size_t)(end - s) : n;
		utf8_visible(out, s, len, ascii);
		if (end)
			buf_addc(out, '\n');
		s += len + (end != NULL);
		n -= len + (end != NULL);
	}
}

void context_text(struct context *c, const char *s)
{
	visible_lines(&c->out, s, strlen(s), c->out_tty && c->paint.ascii);
}

void context_contents(struct context *c, const char *s)
{
	if (c->out_tty)
		context_text(c, s);
	else
		buf_adds(&c->out, s);
}

void add_count(struct buf *out, int64_t n, const char *one, const char *many)
{
	char text[32];
	count_text(n, text);
	buf_addf(out, "%s %s", text, n == 1 ? one : many);
}

int context_project(struct context *c, struct err *e)
{
	return c->project.root ? 0 : project_find(&c->project, e);
}

void context_say(const struct context *c, const char *text)
{
	_buf_ struct buf line = BUF_INIT;
	size_t n = strlen(text);
	while (n && text[n - 1] == '\n')
		n--;
	if (!n)
		return;
	buf_adds(&line, "jig: ");
	visible_lines(&line, text, n, isatty(STDERR_FILENO) && c->paint_err.ascii);
	buf_addc(&line, '\n');
	file_write_all(STDERR_FILENO, line.data, line.len);
}

static void say_unrecorded(struct context *c, const struct err *e)
{
	_free_ char *text = mem_printf("a run has died, and cannot be recorded as lost: %s", e->text);
	context_say(c, text);
}

int context_tracker(struct context *c, enum tracker_mode mode, struct err *e)
{
	if (c->tracker)
		return 0;
	int r = context_project(c, e);
	if (r < 0)
		return r;
	if ((r = project_has_record(&c->project, e)) < 0)
		return r;
	if (mode != TRACKER_WRITE && r == 0)
		return err_set(e, ERR_NOT_FOUND, "%s has no run yet: `jig run` makes the first one", c->project.name);
	if (mode == TRACKER_WRITE && (r = project_prepare(&c->project, e)) < 0)
		return r;
	_tracker_ struct tracker *t = NULL;
	if ((r = tracker_open(c->project.jig, mode, &t, e)) < 0)
		return r;
	if ((r = lost_find(&c->project, t, e)) < 0) {
		if (!e->full || mode == TRACKER_WRITE)
			return r;
		say_unrecorded(c, e);
	}
	c->tracker = mem_take(t);
	return 0;
}

struct store *context_store(struct context *c)
{
	if (!c->store)
		c->store = store_new(c->project.jig);
	return c->store;
}

int context_flush(struct context *c, struct err *e)
{
	int r = 0;
	if (c->out.len && file_write_all(STDOUT_FILENO, c->out.data, c->out.len) < 0)
		r = err_errno(e, "standard output");
	buf_reset(&c->out);
	return r;
}

int context_width(const struct context *c)
{
	struct winsize size;
	if (!c->out_tty)
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	const char *columns = getenv("COLUMNS");
	int64_t n;
	return columns && integer_parse(columns, 20, 10000, &n) ? (int)n : 80;
}

bool context_ask(struct context *c, const char *question)
{
	if (!isatty(STDIN_FILENO))
		return true;
	_buf_ struct buf line = BUF_INIT;
	visible_lines(&line, question, strlen(question), c->paint_err.ascii);
	buf_adds(&line, " [y/N] ");
	file_write_all(STDERR_FILENO, line.data, line.len);
	buf_reset(&line);
	while (!memchr(line.data, '\n', line.len) && buf_read(&line, STDIN_FILENO, 256) > 0)
		continue;
	return line.len && (line.data[0] == 'y' || line.data[0] == 'Y');
}
