/* Reading a filter's text: words, quoted texts, and errors that name their column. Private to tracker/. */
#ifndef TRACKER_FILTER_SCAN_H
#define TRACKER_FILTER_SCAN_H

#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"

struct filter_scan {
	const char *what; /* "filter", "sort": how errors name the text */
	const char *text; /* borrowed */
	const char *p;    /* next byte; moved by the callers too */
	struct arena *arena;
};

/* ERR_USAGE when the text is too long or not UTF-8. */
int scan_begin(struct filter_scan *s, const char *what, const char *text, struct arena *a, struct err *e);
void scan_blanks(struct filter_scan *s);
/* Letters up to a blank, quote, parenthesis, comma or sign of comparison; may be empty. In the arena. */
char *scan_word(struct filter_scan *s);
/* A text in ', " or `, in which the quote itself is written twice. */
int scan_quoted(struct filter_scan *s, char **ret, struct err *e);
/* Column of a place in the text, in characters from 1. */
size_t scan_column(const struct filter_scan *s, const char *at);
/* What stands at a place, for people: "'abc'", "the end". In the arena. */
const char *scan_found(struct filter_scan *s, const char *at);
/* text cut to what an error can show. In the arena. */
const char *scan_short(struct filter_scan *s, const char *text);
/* ERR_USAGE: "filter, column 14: …". */
int scan_err(const struct filter_scan *s, const char *at, struct err *e, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));

#endif
