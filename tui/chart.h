/* Braille charts and sparklines drawn into cells. NaN leaves a gap; infinities are drawn at the edge and named. */
#ifndef TUI_CHART_H
#define TUI_CHART_H

#include "tui/cell.h"

struct chart_series { const char *name; const double *x, *y; size_t n; /* x not falling */ enum role role; };
struct chart_options { bool log_y; const char *title, *x_label; bool ascii; };
/* Axes with round ticks, the curves and a legend, in the rectangle. No extreme is lost: every column shows the minimum
 * and maximum of what falls into it. */
void chart_draw(struct grid *g, int row, int col, int rows, int cols, const struct chart_series *s, int n,
                const struct chart_options *o);
/* "▁▂▄▆▇" of the last values, `cells` wide (fewer when there are fewer values). ascii: "._-^". Appends. */
void spark_text(struct buf *out, const double *y, size_t n, int cells, bool ascii);

#endif
