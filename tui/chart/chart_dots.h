/* The dots of a chart's curves: 2 × 4 in a cell of braille, one in ASCII. Lines, and what is drawn lightly behind
 * them. */
#ifndef TUI_CHART_DOTS_H
#define TUI_CHART_DOTS_H

#include "tui/chart/chart.h"

struct dots {
	int rows, cols;           /* of dots */
	int wide, high;           /* dots of a cell */
	int cell_rows, cell_cols;
	uint8_t *line, *light;    /* a byte of dots a cell */
	uint8_t *fill;            /* what is drawn only where no line is */
	int *look;                /* of the line */
};
void dots_init(struct dots *d, int cell_rows, int cell_cols, bool ascii);
void dots_release(struct dots *d);
/* One series; what is drawn later lies above. low and high are the places of the first and last column of dots. gaps (a
 * byte a column of cells, may be NULL) is set where a NaN is. */
void dots_series(struct dots *d, const struct chart_series *s, double low, double high, const struct scale *y,
                 double smooth, uint8_t *gaps);
void dots_paint(const struct dots *d, struct grid *g, int row, int col);
/* The sign of a look in ASCII. */
char dots_letter(int look);
/* Low and high such that column i of n of pyramid_columns has its middle where dot i stands. */
void dots_edges(double low, double high, int n, double *ret_low, double *ret_high);

#endif
