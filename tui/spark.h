/* Sparklines: a curve in a few cells of one line. */
#ifndef TUI_SPARK_H
#define TUI_SPARK_H

#include <stddef.h>
#include "base/buf.h"

/* "▁▂▄▆▇" of the last values, `cells` wide (fewer when there are fewer values). NaN leaves a blank, infinities are at
 * the edge. Appends. */
void spark_text(struct buf *out, const double *y, size_t n, int cells);

#endif
