/* All commands that hold on a screen, found by a few letters of their names; and those that take words ("theme dark",
 * "save-screen FILE"). */
#ifndef TUI_VIEW_PALETTE_H
#define TUI_VIEW_PALETTE_H

#include "tui/workbench/app.h"

void palette_push(struct app *a, enum screen screen);

/* SYMBOL, name, what follows it, help */
#define PALETTE_COMMANDS(X) \
	X(PALETTE_THEME, "theme", "NAME", "chooses a theme; without a name, from a list with a preview") \
	X(PALETTE_SAVE_SCREEN, "save-screen", "FILE", \
	  "writes the screen as text, or .ansi, or .svg, by the ending of the name")
struct palette_command { const char *name, *words, *help; };
extern const struct palette_command palette_commands[];
extern const int npalette_commands;
/* Does "name words": VIEW_…, ERR_USAGE names what there is. */
int palette_do(struct app *a, const char *line, struct err *e);

#endif
