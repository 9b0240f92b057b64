/* All runs, live. */
#ifndef TUI_VIEW_RUNS_H
#define TUI_VIEW_RUNS_H

#include "tui/app.h"

struct view *view_runs_new(struct app *a, struct err *e);

#endif
