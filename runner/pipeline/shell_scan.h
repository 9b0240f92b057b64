/* Where in a shell command a place stands: outside of quotes, within '…', "…", a here-document. Follows the POSIX
 * grammar as far as quoting goes, with
 * $(…), `…`, ${…}, $((…)), comments and here-documents; where it cannot be sure it says so rather than guess. */
#ifndef RUNNER_SHELL_SCAN_H
#define RUNNER_SHELL_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

struct shell_scan;
struct shell_scan *shell_scan_new(void);
void shell_scan_free(struct shell_scan *s);
void shell_scan_freep(struct shell_scan **s);
#define _shell_scan_ _cleanup_(shell_scan_freep)
/* Reads on: n further bytes of the command, as its writer wrote them. NULL, or what is wrong with a value that stands
 * before them; after the command's last bytes comes a newline. */
const char *shell_scan_add(struct shell_scan *s, const char *text, size_t n);
/* Appends value so that it is (part of) one word where the command stands now. NULL, or why it cannot be. */
const char *shell_scan_quote(struct shell_scan *s, const char *value, struct buf *out);
/* A value that is not known yet stands here. */
void shell_scan_unknown(struct shell_scan *s);

#endif
