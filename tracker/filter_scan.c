#include "tracker/filter_scan.h"

#include "base/text.h"
#include "base/utf8.h"
#include "tracker/filter_tree.h"

static const char delimiters[] = " \t\r\n'\"`(),=<>!;";

int scan_begin(struct filter_scan *s, const char *what, const char *text, struct arena *a, struct err *e)
{
	size_t n = strlen(text);

	if (n > FILTER_MAX_TEXT)
		return err_set(e, ERR_USAGE, "%s: longer than %d bytes; ask in parts", what, FILTER_MAX_TEXT);
	if (!utf8_valid(text, n))
		return err_set(e, ERR_USAGE, "%s: not valid UTF-8", what);
	*s = (struct filter_scan){.what = what, .text = text, .p = text, .arena = a};
	return 0;
}

void scan_blanks(struct filter_scan *s)
{
	s->p += strspn(s->p, " \t\r\n");
}

char *scan_word(struct filter_scan *s)
{
	size_t n = strcspn(s->p, delimiters);

	s->p += n;
	return arena_strndup(s->arena, s->p - n, n);
}

int scan_quoted(struct filter_scan *s, char **ret, struct err *e)
{
	const char *open = s->p, quote = *open, *close = open + 1;
	char *text, *to;

	for (; *close != quote || close[1] == quote; close++) {
		if (!*close)
			return scan_err(s, open, e, "the text that begins here has no closing %c", quote);
		close += *close == quote;
	}
	text = to = arena_alloc(s->arena, (size_t)(close - open));
	for (const char *p = open + 1; p < close; p++) {
		*to++ = *p;
		p += *p == quote;
	}
	*to = '\0';
	s->p = close + 1;
	*ret = text;
	return 0;
}

size_t scan_column(const struct filter_scan *s, const char *at)
{
	size_t column = 1;

	for (const char *p = s->text; p < at; p++)
		column += (*p & 0xc0) != 0x80;
	return column;
}

const char *scan_short(struct filter_scan *s, const char *text)
{
	size_t n = strlen(text), fit = utf8_fit(text, n, 40);

	return fit == n ? text : arena_printf(s->arena, "%.*s…", (int)fit, text);
}

const char *scan_found(struct filter_scan *s, const char *at)
{
	size_t n;

	at += strspn(at, " \t\r\n");
	n = strcspn(at, delimiters);
	if (!*at)
		return "the end";
	if (!n && strchr("'\"`", *at)) {
		const char *close = strchr(at + 1, *at);

		n = close ? (size_t)(close - at) + 1 : strlen(at);
		return scan_short(s, arena_strndup(s->arena, at, n));
	}
	return arena_printf(s->arena, "\"%s\"", scan_short(s, arena_strndup(s->arena, at, n ? n : 1)));
}

int scan_err(const struct filter_scan *s, const char *at, struct err *e, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = err_setv(e, ERR_USAGE, fmt, ap);
	va_end(ap);
	err_prefix(e, "%s, column %zu", s->what, scan_column(s, at));
	return r;
}
