/* Sparklines: a curve in a few cells of one line. */
#ifndef TUI_SPARK_H
#define TUI_SPARK_H

#include <stdbool.h>
#include "base/buf.h"

/* "▁▂▄▆▇" of the last values, `cells` wide (fewer when there are fewer values). NaN leaves a blank, infinities are at the edge. ascii: "._-^". Appends. */
void spark_text(struct buf *out, const double *y, size_t n, int cells, bool ascii);

#endif
