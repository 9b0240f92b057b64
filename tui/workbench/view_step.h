/* One step of a run: why it ran or was reused on top, below it the tabs Log, Metrics, Files, Environment, Command,
 * Attempts. */
#ifndef TUI_VIEW_STEP_H
#define TUI_VIEW_STEP_H

#include "tui/workbench/app.h"

/* tab: ACT_TAB_LOG … ACT_TAB_ATTEMPTS. NULL with e: the run or the step is gone. */
struct view *view_step_new(struct app *a, int64_t run, int64_t step, enum action tab, struct err *e);

#endif
