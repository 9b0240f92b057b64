/* Charts of metrics and resources. */
#ifndef TUI_VIEW_METRICS_H
#define TUI_VIEW_METRICS_H

#include "tracker/query.h"
#include "tui/app.h"

/* The metrics and resources of an attempt that a step of a run has or stands for. */
struct view *view_metrics_new(struct app *a, const struct run_row *run, const struct step_row *step, const struct attempt_row *attempt, struct err *e);

#endif
