/* What a printed graph shows of its steps: one thing for a step, or for all steps of a folded matrix. Not for others
 * than dag_print.c, dag_lanes.c and the drawing that one moves in, dag_view*.c. */
#ifndef TUI_DAG_SHOWN_H
#define TUI_DAG_SHOWN_H

#include "tui/dag/dag.h"

struct dag_shown {
	const char *name, *glyph, *detail; /* of the step, or of the step of a folded matrix that needs attention most;
	                                      detail may be NULL */
	enum role role;
	int count;                         /* steps that stand behind it, 1 = not folded */
	int done, running, failed;         /* of a folded matrix */
};

/* The cells of a matrix's bar: of what went well, failed, runs, and the rest. Each by its share, none empty for some;
 * all together fill the bar. */
enum { SHARE_DONE, SHARE_FAILED, SHARE_RUNNING, SHARE_REST, SHARES };
void dag_share(int whole, int done, int failed, int running, int cells, int ret[SHARES]);
/* Draws it. */
void dag_share_put(struct grid *g, int row, int col, const int cells[SHARES]);

/* Cells of its text: glyph, name (padded to name_cells), then detail, or "×200 ▓▓▒░ 3✗". */
int dag_shown_cells(const struct dag_shown *s, int name_cells);
/* Writes that text, cut at max_cells. Returns the cells taken. */
int dag_shown_put(const struct dag_shown *s, struct grid *g, int row, int col, int max_cells, int name_cells);
/* A topological order that stays with what it began, so that few lines are open at a time. Returns how many nodes it
 * holds: fewer than n when there is a cycle. */
int dag_lane_order(int n, const struct dag_edge *edges, int nedges, int *ret);
/* A node a row in this order, its links at the left: "●" is the node, what comes into it from above or the side are its
 * inputs, the line that leaves it below is its output; "•" is an output that feeds this node and goes on, "┼" a
 * crossing. Where links would take more than half of the width they are written out. */
void dag_lanes(const struct dag_shown *nodes, int n, const struct dag_edge *edges, int nedges, const int *order,
               int width, const struct paint *p, struct buf *out);

#endif
