/* Themes: what each role looks like. A theme is a text (themes/default is in the program): lines "role = words", "#" begins a comment. */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include "base/err.h"
#include "tui/cell.h"

#define THEME_SGR 16
struct theme { char sgr[ROLE_COUNT][THEME_SGR]; /* the codes of SGR for a role, "31;1"; "" = plain */ };

/* ERR_USAGE names line and role or word, with the nearest spelling; name is for the message. Roles without a line are plain. */
int theme_parse(const char *name, const char *text, struct theme *ret, struct err *e);
/* The theme that is in the program. */
const struct theme *theme_default(void);

#endif
