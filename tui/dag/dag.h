/* Layered drawing of a DAG (Sugiyama: longest-path ranks, dummy nodes, median and transpose ordering, Brandes-Köpf
 * positions, orthogonal edges), and the lanes for what is too wide. The layout is deterministic: the same graph gives
 * the same picture, and states change nothing.
 *
 * Drawing rules: lines leave a box below and enter above; "┼" is always a crossing, "├ ┤ ┬ ┴" always a join (in ASCII
 * ")" is a crossing and "+" a join); a shared trunk only where every source feeds every target, read downwards; no line
 * through a box. */
#ifndef TUI_DAG_H
#define TUI_DAG_H

#include "base/err.h"
#include "tui/cell.h"

struct dag_node {
	int width, height;   /* cells of the box's inside (text lines × their widest) */
	/* set by dag_layout: */
	int rank, x, y;      /* place of the box's top left corner; the box is width + 4 by height + 2 cells */
};
struct dag_edge { int from, to; };
struct dag;
/* nodes (n) are updated in place: a node with more ends of lines than columns gets wider. Edges must form no cycle
 * (ERR_USAGE); one that stands twice counts once. Keeps no pointer to nodes. 1,000 nodes in ≤ 20 ms. */
int dag_layout(struct dag_node *nodes, int n, const struct dag_edge *edges, int nedges, struct dag **ret,
               struct err *e);
void dag_free(struct dag *d);
void dag_size(const struct dag *d, int *ret_rows, int *ret_cols);
/* Draws edges and the boxes' frames at (row, col) of the grid, as far as it reaches; callers write the texts into the
 * boxes. frame (may be NULL) gives a role per node for its frame. */
void dag_draw(const struct dag *d, const struct dag_node *nodes, struct grid *g, int row, int col,
              const enum role *frame);

/* What a person sees of steps: steps that differ only in their matrix item fold into one node when there are more than
 * `fold` of them. */
struct dag_step {
	const char *name, *base;
	const char *glyph;
	enum role role;
	const char *detail; /* "0:08", may be NULL */
};
/* The whole picture of a pipeline as text into out: boxes up to about 60 visible nodes and `width` cells (0: not
 * limited), beyond that lanes (a step a row with its links at the left, as git log --graph). */
int dag_print(const struct dag_step *steps, int n, const struct dag_edge *edges, int nedges, int fold, int width,
              const struct paint *p, struct buf *out, struct err *e);

#endif
