/* The keys of a screen: first those that matter there, then all of them, each with what it does. */
#ifndef TUI_VIEW_HELP_H
#define TUI_VIEW_HELP_H

#include "tui/workbench/app.h"

/* below: the view it is about. */
struct view *view_help_new(struct app *a, const struct view *below);

#endif
