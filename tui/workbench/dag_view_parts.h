/* What dag_view.c and dag_view_draw.c share. */
#ifndef TUI_DAG_VIEW_PARTS_H
#define TUI_DAG_VIEW_PARTS_H

#include "tui/dag/dag_shown.h"
#include "tui/workbench/dag_view.h"

#define DETAIL_CELLS 5 /* dag_clock, "#1234" */
#define NAME_MOST 32   /* cells of a name in a box */

/* The steps of one matrix: members[first .. first + n). */
struct dag_group { const char *base; int first, n; bool open; };
/* A box or a lane: a step, or with group >= 0 a matrix (in lanes the head of an open one too). */
struct dag_place { int step, group; };

enum dag_mode { DAG_AUTO, DAG_BOXES, DAG_LANES };

struct dag_view {
	const struct run_model *m;
	struct dag_group *groups;
	int ngroups;
	int *members;           /* of the groups; those of an open one as they stand in its lanes */
	int *group_of;          /* of each step: its group, -1: it has none */
	int fit;                /* cells that boxes should keep to; 0: it is not known */
	bool tight;             /* boxes of a matrix have no times, so that they take less */
	bool cyclic;            /* folded, the graph would have a cycle: nothing folds */
	enum dag_mode mode;
	bool lanes;             /* what is shown now */
	/* boxes: */
	struct dag *dag;
	struct dag_node *nodes;
	struct dag_place *boxes;
	int nboxes, rows, cols; /* rows, cols: of the drawing */
	enum role *frames;
	/* lanes: */
	struct dag_place *rows_shown;
	int nrows, name_cells;
	/* cursor: */
	int cursor;             /* index of boxes or rows_shown */
	int goal;               /* column that moving up and down aims at */
	int top, left;          /* what of the drawing is at the view's corner */
	int drawn_rows, drawn_cols;
	bool follow;            /* the next drawing brings the cursor into sight */
	struct grid scratch;    /* the view's own part, so that lines stay within it */
};

struct dag_tally dag_tally_of(const struct dag_view *v, struct dag_place p);
/* Of the steps at a place the one that needs attention most. */
int dag_place_step(const struct dag_view *v, struct dag_place p);
/* Whether the box of a step has two lines: the name that its matrix shares, and its item. */
bool dag_view_split(const struct dag_view *v, int step);
/* Cells of " ×200 ▸". */
int dag_group_cells(const struct dag_group *g);
/* Where the drawing stands in a view of this width: it is centred while it is narrower. */
int dag_view_indent(const struct dag_view *v, int cols);

#endif
