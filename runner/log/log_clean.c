#include "runner/log/log_clean.h"

#include <stdbool.h>
#include <string.h>

/* The bytes of the escape sequence that begins at s[0] == ESC; n when it does not end. */
static size_t escape_len(const char *s, size_t n)
{
	if (n < 2)
		return n;
	if (s[1] == '[') { /* CSI: parameters, then one byte of @ to ~ */
		for (size_t i = 2; i < n; i++)
			if (s[i] >= 0x40 && s[i] <= 0x7e)
				return i + 1;
		return n;
	}
	if (s[1] == ']' || s[1] == 'P' || s[1] == '_' || s[1] == '^' || s[1] == 'X') { /* texts, up to BEL or ST */
		for (size_t i = 2; i < n; i++)
			if (s[i] == '\a')
				return i + 1;
			else if (s[i] == '\033' && i + 1 < n && s[i + 1] == '\\')
				return i + 2;
		return n;
	}
	size_t i = 1;
	while (i < n && s[i] >= 0x20 && s[i] <= 0x2f)
		i++;
	return i < n ? i + 1 : n;
}

static void clean_part(struct buf *out, const char *s, size_t n)
{
	size_t start = out->len;
	bool text = false;

	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		if (c == '\033') {
			i += escape_len(s + i, n - i);
			continue;
		}
		if (c == '\t' || (c >= 0x20 && c != 0x7f)) {
			text = text || (c != ' ' && c != '\t');
			buf_addc(out, (char)c);
		}
		i++;
	}
	if (!text)
		buf_cut(out, start);
	while (out->len > start && (out->data[out->len - 1] == ' ' || out->data[out->len - 1] == '\t'))
		buf_cut(out, out->len - 1);
}

void log_clean_line(struct buf *out, const char *line, size_t n)
{
	size_t start = out->len;

	for (;;) {
		const char *cr = memrchr(line, '\r', n);
		size_t from = cr ? (size_t)(cr - line) + 1 : 0;
		clean_part(out, line + from, n - from);
		if (out->len > start || !cr)
			return;
		n = (size_t)(cr - line);
	}
}
