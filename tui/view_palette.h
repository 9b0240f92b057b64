/* All commands that hold on a screen, found by a few letters of their names; and those that take words: theme, save-screen. */
#ifndef TUI_VIEW_PALETTE_H
#define TUI_VIEW_PALETTE_H

#include "tui/app.h"

/* below: the view it is about. */
struct view *view_palette_new(struct app *a, struct view *below);

#endif
