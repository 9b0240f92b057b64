/* Lines of a log as a person means them. */
#ifndef RUNNER_LOG_CLEAN_H
#define RUNNER_LOG_CLEAN_H

#include "base/buf.h"

/* Appends a line (no newline in it) without terminal escapes, without the parts that a CR went over, and without blanks
 * at its end. Other control characters but tabs are left out. Nothing is appended for a line without text. */
void log_clean_line(struct buf *out, const char *line, size_t n);

#endif
