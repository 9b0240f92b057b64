/* The drawing of a run's steps that one moves in: boxes while there are few, else lanes, a step a row with its time as
 * a bar. Steps of one matrix fold into one node. Where things stand hangs on the graph and on what is folded alone,
 * never on states. */
#ifndef TUI_DAG_VIEW_H
#define TUI_DAG_VIEW_H

#include "tui/workbench/run_model.h"
#include "tui/workbench/view.h"

struct dag_view;
/* m is borrowed for as long as the view lives. Matrices of more than a few steps are folded. */
struct dag_view *dag_view_new(const struct run_model *m);
void dag_view_free(struct dag_view *v);
/* Boxes that are broader than this are made fewer, the largest matrix first: those of more than three steps are folded.
 * Where that is not enough, boxes of a matrix go without their times. */
void dag_view_fit(struct dag_view *v, int cols);
/* The model has other steps than before. */
void dag_view_reload(struct dag_view *v);

/* now: UTC µs, for what runs. focused: the cursor is shown. */
void dag_view_draw(struct dag_view *v, struct grid *g, struct rect r, bool focused, int64_t now);
/* Moves, folds, changes between boxes and lanes. VIEW_PASS for other actions. */
int dag_view_act(struct dag_view *v, enum action action, struct err *e);
/* A click puts the cursor there, the wheel moves the view. r as drawn. */
int dag_view_mouse(struct dag_view *v, const struct mouse *m, struct rect r);

/* Cells that the whole drawing takes from left to right; 0: lanes, which take what there is. */
int dag_view_cols(const struct dag_view *v);

/* The step under the cursor; of a folded matrix the one that needs attention most. -1: there are no steps. */
int dag_view_step(const struct dag_view *v);
/* How many steps stand behind the node under the cursor, and whose matrix it is (NULL: 1). */
int dag_view_folded(const struct dag_view *v, const char **ret_base);
/* Puts the cursor on a step, or on the folded matrix that it belongs to. */
void dag_view_show(struct dag_view *v, int step);

/* States of the steps behind one node. */
struct dag_tally { int n, done, running, failed, waiting; };
struct dag_tally dag_view_tally(const struct dag_view *v); /* of the node under the cursor */
/* "0:31", "1h02", "26h10", "12d": at most 5 cells. */
void dag_clock(int64_t us, char out[8]);

#endif
