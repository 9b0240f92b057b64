/* The metrics of an attempt as charts, with what was sampled of its processes: a grid of them, one of them large, or
 * several laid over each other. Crosshair and zoom are shared. A view of its own or a tab of the step's: who forwards
 * to it calls app_work() for itself where an operation gives VIEW_MORE, and once after it was made. */
#ifndef TUI_VIEW_METRICS_H
#define TUI_VIEW_METRICS_H

#include "tui/workbench/app.h"
#include "tracker/query.h"

/* step: of the run, may be reused; attempt: what is shown. Rows are borrowed until it returns. NULL with e: the record
 * cannot be read. */
struct view *view_metrics_new(struct app *a, const struct run_row *run, const struct step_row *step,
                              const struct attempt_row *attempt, struct err *e);
/* Lays the curves of another run's attempt over those that are there. VIEW_…, or negative. */
int view_metrics_add(struct view *v, struct app *a, const struct run_row *run, const struct attempt_row *attempt,
                     struct err *e);

#endif
