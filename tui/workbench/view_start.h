/* First contact: a folder without a project, or a project without a run. Shows what is there, and what to do next. */
#ifndef TUI_VIEW_START_H
#define TUI_VIEW_START_H

#include "tui/workbench/app.h"

struct view *view_start_new(struct app *a);

#endif
