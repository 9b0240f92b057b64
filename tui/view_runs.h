/* All runs, live. */
#ifndef TUI_VIEW_RUNS_H
#define TUI_VIEW_RUNS_H

#include "tui/app.h"

struct view *view_runs_new(struct app *a, struct err *e);
/* Puts the cursor on a run, where the list has it. VIEW_… */
int view_runs_show(struct view *v, int64_t run, struct err *e);

#endif
