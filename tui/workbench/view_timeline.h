/* The attempts of a run over time, and the critical path. */
#ifndef TUI_VIEW_TIMELINE_H
#define TUI_VIEW_TIMELINE_H

#include "tui/workbench/app.h"

/* NULL with e: the run is gone. */
struct view *view_timeline_new(struct app *a, int64_t run, struct err *e);

#endif
