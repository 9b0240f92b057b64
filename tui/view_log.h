/* The log viewer. */
#ifndef TUI_VIEW_LOG_H
#define TUI_VIEW_LOG_H

#include "tracker/query.h"
#include "tui/app.h"

/* The log of an attempt. */
struct view *view_log_new(struct app *a, const struct attempt_row *attempt, struct err *e);

#endif
