/* What people do to runs from any screen: each says first what it will do and to what, then is asked for once. Carried
 * out by jig's own commands. */
#ifndef TUI_RUN_ACTIONS_H
#define TUI_RUN_ACTIONS_H

#include "tui/workbench/app.h"

/* ACT_RESUME, RESTART (their plan first), RETRY (step needed), STOP, PAUSE, DELETE, DEBUG, NEW_RUN (run: the one whose
 * params are offered; 0: none), TAG, NOTE. step may be NULL. VIEW_…; ERR_NOT_FOUND: the run is gone. */
int run_act(struct app *a, int64_t run, const char *step, enum action action, struct err *e);
/* ACT_DELETE, TAG, COMPARE of several. */
int run_act_many(struct app *a, const int64_t *runs, size_t n, enum action action, struct err *e);

#endif
