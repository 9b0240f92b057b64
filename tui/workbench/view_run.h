/* One run: its DAG, and the step under the cursor. */
#ifndef TUI_VIEW_RUN_H
#define TUI_VIEW_RUN_H

#include "tui/workbench/app.h"

struct view *view_run_new(struct app *a, int64_t run, struct err *e);

#endif
