/* Braille charts of any number of points drawn into cells: several series in one, axes with round ticks, a crosshair.
 * No extreme and no gap is lost: every column of dots shows the least and the greatest of what falls into it; where
 * that is noise, lightly, with the mean as the line. NaN breaks the line and is marked "×" on the axis; infinities are
 * drawn at the edge and named. */
#ifndef TUI_CHART_H
#define TUI_CHART_H

#include "tui/cell.h"
#include "tui/chart/chart_scale.h"
#include "tui/chart/pyramid.h"

/* look: 0–5 are ROLE_SERIES_1 … 6 in a full line, the next six in dashes, then in dots. */
struct chart_series { const char *name; struct pyramid *points; int look; };
enum chart_legend {
	LEGEND_LINE,  /* below, as many as fit in one line */
	LEGEND_TABLE, /* below, a line each with last (or at the crosshair), min and max, when there is room for it */
	LEGEND_HEAD,  /* the value beside the title; of more than one series as LEGEND_LINE */
	LEGEND_NONE,
};
struct chart_options {
	const char *title, *fact, *x_label; /* fact: at the right of the head; all may be NULL */
	bool chosen;                        /* the title as what is under the cursor */
	bool ascii, log_y, from_zero;
	enum scale_unit x_unit, y_unit;
	double x_origin;                    /* SCALE_CLOCK */
	double low, high;                   /* the part of x that is shown; low >= high: all */
	double smooth;                      /* strength, 0 … 1; 0: none */
	bool cross; double cross_x;
	enum chart_legend legend;
};
/* Where the curves came to stand, for the mouse and for moving the crosshair. */
struct chart_frame { struct rect curves; double low, high; /* x of the middles of its first and last column */ };

void chart_draw(struct grid *g, struct rect r, const struct chart_series *s, int n, const struct chart_options *o,
                struct chart_frame *ret); /* ret may be NULL */
/* x at the middle of a column of cells of the screen, and the column of an x (-1: it is not shown). */
double chart_x_at(const struct chart_frame *f, int col);
int chart_col_of(const struct chart_frame *f, double x);
/* The value of a series at x: 1 and *ret when a point stands there, 0 and the one before it between two points, -1 in a
 * gap and beyond the ends. */
int chart_value(struct pyramid *p, double x, double *ret);
enum role chart_role(int look);

#endif
