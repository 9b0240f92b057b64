/* Any bytes as a line of a log: cells and text agree, nothing harmful is left in them, nothing is read beyond the line;
 * and as a pattern for what follows it: a pass over the bytes finds what the line alone does. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "tui/log/log_level.h"
#include "tui/log/log_pattern.h"
#include "tui/log/log_place.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_line(const char *s, size_t n)
{
	struct log_line cells = LOG_LINE_INIT, text = LOG_LINE_INIT;
	char *file = NULL;
	int line;

	log_line_set(&cells, s, n, SIZE_MAX);
	log_line_set_text(&text, s, n);
	check(cells.text.len == text.text.len && memcmp(cells.text.data, text.text.data, text.text.len) == 0);
	check(cells.cells.len == cells.at.len);
	check(utf8_valid(text.text.data, text.text.len));
	for (size_t i = 0; i < text.text.len;) {
		uint32_t cp;
		i += utf8_decode(text.text.data + i, text.text.len - i, &cp);
		check(cp == '\t' || !utf8_harmful(cp));
	}
	for (size_t i = 0; i < cells.cells.len; i++) {
		const struct cell *c = &cells.cells.v[i];
		check(cells.at.v[i] < cells.text.len && (i == 0 || cells.at.v[i] >= cells.at.v[i - 1]));
		check(c->cp[0] != 0 || (i > 0 && utf8_width(c[-1].cp[0]) == 2));
		check(c->cp[0] == 0 || utf8_width(c->cp[0]) > 0);
		for (int k = 0; k <= CELL_MARKS; k++)
			check(!utf8_harmful(c->cp[k]) || c->cp[k] == 0);
	}
	log_level_of(s, n, false);
	if (log_place_find(text.text.data, text.text.len, &file, &line))
		check(*file && line > 0);
	free(file);
	log_line_release(&cells);
	log_line_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *s = (const char *)data, *nl = memchr(s, '\n', size);
	struct log_pattern *p;
	struct err e;
	char *line = mem_dup(s, size); /* a look beyond is seen */

	check_line(line, nl ? (size_t)(nl - s) : size);
	free(line);
	if (!nl || nl - s > 12)
		return 0;
	char *pattern = mem_strndup(s, (size_t)(nl - s)), *rest = mem_strndup(nl + 1, size - (size_t)(nl + 1 - s));
	size_t n = strlen(rest), stop = strcspn(rest, "\n");
	if (log_pattern_new(pattern, &p, &e) == 0) {
		struct log_pass pass;
		struct log_line l = LOG_LINE_INIT;
		size_t from, to;
		log_pass_begin(&pass, p, rest, rest + n);
		const char *c = log_pass_candidate(&pass, rest);
		bool found = c <= rest + stop && (stop < n || c < rest + n) && log_pass_match(&pass, rest, stop, c);
		bool raw = log_line_special(rest, rest + stop) == rest + stop;
		log_line_set_text(&l, rest, stop);
		bool matches = raw ? log_pattern_find(p, rest, stop, 0, true, &from, &to) :
		                     log_pattern_find(p, l.text.data, l.text.len, 0, true, &from, &to);
		/* An end of the text may be an end of the line only without what follows. */
		check(!found || matches);
		check(found || !matches || n == stop);
		log_line_release(&l);
		log_pass_release(&pass);
		log_pattern_free(p);
	}
	free(pattern);
	free(rest);
	return 0;
}
