/* What a new run would do, before it does it: the plan of `jig resume`, `restart` or `run` with its reasons, and a
 * place to change params. Enter starts it in the background. */
#ifndef TUI_VIEW_PLAN_H
#define TUI_VIEW_PLAN_H

#include "tui/workbench/app.h"

/* Pushes it. action: ACT_RESUME, ACT_RESTART, ACT_NEW_RUN; run: the one it comes from, of ACT_NEW_RUN the one whose
 * pipeline file and params set by -p or a sweep are taken over (0: none). */
int view_plan_push(struct app *a, int64_t run, enum action action, struct err *e);

#endif
