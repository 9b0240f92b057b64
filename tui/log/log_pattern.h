/* What is searched in a log: POSIX extended regular expressions over lines as they are shown (log_line.h), in any case
 * as long as the pattern has no capitals. Texts that a line must hold are found first, at the speed of memory. */
#ifndef TUI_LOG_PATTERN_H
#define TUI_LOG_PATTERN_H

#include "base/err.h"
#include "tui/log/log_line.h"

struct log_pattern;
/* ERR_USAGE says what is wrong. An empty text is no pattern. */
int log_pattern_new(const char *text, struct log_pattern **ret, struct err *e);
void log_pattern_free(struct log_pattern *p); /* NULL is fine */

/* A match in the text of a line, from byte `from` on. Empty matches count only when whole is set (does it match at
 * all?). */
bool log_pattern_find(const struct log_pattern *p, const char *text, size_t n, size_t from, bool whole,
                      size_t *ret_from, size_t *ret_to);

/* A pass over bytes of a log. */
#define LOG_PATTERN_TEXTS 8
struct log_pass {
	const struct log_pattern *pattern;
	const char *end;
	const char *found[LOG_PATTERN_TEXTS], *special; /* the next of each, at or behind the last place asked for */
	struct log_line line;
};
void log_pass_begin(struct log_pass *s, const struct log_pattern *p, const char *begin, const char *end);
void log_pass_release(struct log_pass *s);
/* The first place at or behind s whose line may match, or the end. Places must rise. */
const char *log_pass_candidate(struct log_pass *s, const char *at);
/* Whether a line (bytes without the newline) matches; candidate: what log_pass_candidate gave for it. */
bool log_pass_match(struct log_pass *s, const char *line, size_t n, const char *candidate);

#endif
