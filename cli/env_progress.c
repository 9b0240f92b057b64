#include "cli/env_progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/file.h"
#include "base/time.h"
#include "base/utf8.h"

#define CLEAR "\r\033[K"

static void put(struct env_progress *p, struct buf *text, bool stays)
{
	struct winsize w = { 0 };

	if (p->tty && !stays) {
		ioctl(STDERR_FILENO, TIOCGWINSZ, &w);
		buf_cut(text, utf8_fit(text->data, text->len, w.ws_col > 1 ? (size_t)w.ws_col - 1 : 79));
	}
	if (p->open)
		file_write_all(STDERR_FILENO, CLEAR, strlen(CLEAR));
	if (stays)
		buf_addc(text, '\n');
	file_write_all(STDERR_FILENO, text->data, text->len);
	p->open = !stays;
}

static void add_source(const struct env_progress *p, const char *source, struct buf *text)
{
	utf8_visible(text, source, strlen(source), p->context->paint_err.ascii);
	buf_adds(text, ": ");
}

static void on_begun(void *arg, const char *source, const char *tool)
{
	struct env_progress *p = arg;
	_buf_ struct buf text = BUF_INIT;

	p->began = time_mono();
	add_source(p, source, &text);
	buf_addf(&text, "%s with %s", p->doing, tool);
	if (p->tty || !p->brief)
		put(p, &text, !p->brief);
}

static void on_waits(void *arg, const char *source)
{
	_buf_ struct buf text = BUF_INIT;

	add_source(arg, source, &text);
	buf_adds(&text, "another jig is building its environment; waiting for that");
	put(arg, &text, true);
}

static void on_says(void *arg, const char *line)
{
	struct env_progress *p = arg;
	_buf_ struct buf text = BUF_INIT;
	char clock[24];

	if (!p->tty)
		return;
	duration_clock(time_mono() - p->began, clock);
	buf_addf(&text, "  %s  ", clock);
	utf8_visible(&text, line, strlen(line), p->context->paint_err.ascii);
	put(p, &text, false);
}

static void on_done(void *arg, const char *source, int64_t elapsed_us)
{
	_buf_ struct buf text = BUF_INIT;

	add_source(arg, source, &text);
	buf_addf(&text, "environment built in %.1f s", (double)elapsed_us / US_PER_S);
	put(arg, &text, true);
}

void env_progress_init(struct env_progress *p, const struct context *c, const char *doing, bool brief)
{
	*p = (struct env_progress){ .context = c, .doing = doing, .brief = brief, .tty = term_obeys(STDERR_FILENO),
				    .watch = { .arg = p, .begun = on_begun, .waits = on_waits, .says = on_says,
				    .done = on_done } };
}

void env_progress_end(struct env_progress *p)
{
	if (p->open)
		file_write_all(STDERR_FILENO, CLEAR, strlen(CLEAR));
	p->open = false;
}
