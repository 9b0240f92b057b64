/* A grid as a picture: one self-contained SVG. */
#ifndef TUI_SVG_H
#define TUI_SVG_H

#include "tui/cell.h"

void grid_svg(const struct grid *g, const struct paint *p, struct buf *out);

#endif
