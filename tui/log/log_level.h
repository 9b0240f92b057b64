/* Which lines of a log tell of an error or a warning, by how programs write: levels ("ERROR", "warning:"), exceptions
 * ("ValueError: …"), tracebacks. Numbers called error ("error: 0.31") are none. */
#ifndef TUI_LOG_LEVEL_H
#define TUI_LOG_LEVEL_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LEVEL_PLAIN, LEVEL_WARNING, LEVEL_ERROR };
/* indented: the line before begins with a blank. An exception's own line behind a traceback is then plain, so that both
 * count once. */
enum log_level log_level_of(const char *line, size_t n, bool indented);
/* The first place at which a word of an error or a warning may stand; end when there is none: a line without such a
 * place is plain. For passes over whole logs. */
const char *log_level_candidate(const char *s, const char *end);

#endif
