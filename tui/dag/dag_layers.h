/* The layered form of a DAG that the steps of its layout hand on to each other: ranks → bundles → order → place →
 * route. Not for others than dag*.c.
 *
 * A vertex is a node or a dummy, the cell where a line that is longer than one rank passes through a rank. Dummies are
 * shared: all long edges of one trunk run on one line. A trunk belongs to one source (then the line goes only to
 * targets of it) or to one target (then it comes only from sources of it), so that whoever follows lines downwards
 * finds exactly the edges. A segment joins two vertices of neighbouring ranks. A bundle is a set of segments of one gap
 * that share one horizontal line; in it every source feeds every target. Lines use even columns; an odd one is the way
 * out where two ends would meet in one column. A dummy has one end on each side; where its line arrives at x + 1 it
 * steps back to x in the first row of its rank. */
#ifndef TUI_DAG_LAYERS_H
#define TUI_DAG_LAYERS_H

#include <stdbool.h>
#include "tui/dag/dag.h"

struct vertex {
	int rank, pos;         /* pos: place within its rank, from 0 */
	int x;                 /* column of its middle, always even */
	int left, right;       /* cells that belong to it at the left and at the right of x */
	int up, nup;           /* its segments to the rank above: layers.up[up .. up + nup) */
	int down, ndown;       /* and to the rank below: layers.down[…] */
	int height;            /* of the box with its frame; 0 for a dummy */
	bool dummy;
};
struct segment { int from, to, bundle; bool conflict; /* crosses a line between dummies: never made straight */ };

/* One end of a bundle at a vertex. */
struct port {
	int vertex, bundle, col;
	int low, high; /* columns it may take */
	bool top;      /* enters the vertex from above */
};
struct bundle {
	int gap;               /* between ranks gap and gap + 1 */
	int port, nsources, ntargets; /* dag.ports[port ..): the sources, then the targets */
	int row;               /* track in the gap, -1 for a straight line */
	int lo, hi;            /* columns of the horizontal line */
};

struct layers {
	int nreal, n, nranks, nsegments;
	struct vertex *vertices;   /* the nodes, then the dummies */
	struct segment *segments;
	int *up, *down;            /* segments by their lower and by their upper vertex */
	int *order, *start;        /* vertices by rank and pos; start[r] .. start[r + 1) is rank r */
};

struct dag {
	struct layers l;
	struct bundle *bundles;
	int nbundles;
	struct port *ports;
	int nports;
	int *y, *tracks, *heights; /* of each rank: its first row, the rows of the gap below, its height */
	int rows, cols;
};

/* dag_rank.c: ranks, dummies, segments; order by index. ERR_USAGE when there is a cycle. */
int dag_rank(struct layers *l, const struct dag_node *nodes, int n, const struct dag_edge *edges, int nedges,
             struct err *e);
void dag_layers_release(struct layers *l);
/* dag_bundle.c: which segments share a line. Widens nodes that have more ends than columns. */
void dag_bundle(struct dag *d, struct dag_node *nodes);
/* dag_order.c: pos and order, with few crossings. */
void dag_order(struct layers *l);
/* dag_place.c: x. */
void dag_place(struct layers *l);
/* dag_route.c: the columns of ports, the tracks of bundles. */
void dag_route(struct dag *d);

#endif
