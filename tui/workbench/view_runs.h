/* All runs, live. */
#ifndef TUI_VIEW_RUNS_H
#define TUI_VIEW_RUNS_H

#include "tui/workbench/app.h"

struct view *view_runs_new(struct app *a, struct err *e);
/* The runs that are marked, as long as nothing is done with v; their number (0 where v is another screen). */
size_t view_runs_marked(const struct view *v, const int64_t **ret);
/* Puts the cursor on a run, now or as soon as the list has it, unless something is done in between. v: of this screen.
 * VIEW_… */
int view_runs_show(struct view *v, int64_t run, struct err *e);

#endif
