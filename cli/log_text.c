#include <stdbool.h>
#include <string.h>
#include "base/utf8.h"
#include "cli/log_text.h"

#define LINE_MOST (64 << 10) /* a longer line is shown in pieces */

void log_text_release(struct log_text *t)
{
	buf_release(&t->line);
}

/* The length of an SGR sequence ("\033[1;31m") at s, or 0. */
static size_t sgr_length(const char *s, size_t n)
{
	size_t i = 2;
	if (n < 3 || s[0] != '\033' || s[1] != '[')
		return 0;
	while (i < n && i < 64 && ((s[i] >= '0' && s[i] <= '9') || s[i] == ';' || s[i] == ':'))
		i++;
	return i < n && s[i] == 'm' ? i + 1 : 0;
}

static void show(struct log_text *t, const char *s, size_t n, struct buf *out)
{
	while (n) {
		size_t sgr = sgr_length(s, n), len = 0;
		if (sgr) {
			buf_add(out, s, sgr);
			t->coloured = true;
			s += sgr;
			n -= sgr;
			continue;
		}
		if (*s == '\t') {
			buf_addc(out, *s++);
			n--;
			continue;
		}
		do
			len++;
		while (len < n && s[len] != '\t' && !sgr_length(s + len, n - len));
		utf8_visible(out, s, len, t->ascii);
		s += len;
		n -= len;
	}
}

/* A line without its newline. */
static void show_line(struct log_text *t, const char *s, size_t n, struct buf *out)
{
	while (n && s[n - 1] == '\r')
		n--;
	const char *over = n ? memrchr(s, '\r', n) : NULL;
	if (over) {
		n -= (size_t)(over + 1 - s);
		s = over + 1;
	}
	show(t, s, n, out);
	buf_addc(out, '\n');
}

void log_text_add(struct log_text *t, const char *bytes, size_t n, struct buf *out)
{
	buf_add(&t->line, bytes, n);
	size_t at = 0;
	const char *end;
	while ((end = memchr(t->line.data + at, '\n', t->line.len - at))) {
		size_t len = (size_t)(end - t->line.data) - at;
		show_line(t, t->line.data + at, len, out);
		at += len + 1;
	}
	buf_drop(&t->line, at);
	if (t->line.len > LINE_MOST) {
		show_line(t, t->line.data, t->line.len, out);
		buf_reset(&t->line);
	}
}

void log_text_progress(struct log_text *t, struct buf *out)
{
	const char *last = memrchr(t->line.data, '\r', t->line.len);
	if (!last)
		return;
	size_t n = (size_t)(last - t->line.data);
	if (n)
		show_line(t, t->line.data, n, out);
	buf_drop(&t->line, n + 1);
}

void log_text_end(struct log_text *t, struct buf *out)
{
	if (t->line.len)
		show_line(t, t->line.data, t->line.len, out);
	buf_reset(&t->line);
	if (t->coloured)
		buf_adds(out, "\033[0m");
	t->coloured = false;
}
