/* Pictures of grids, for documents. */
#ifndef TUI_SVG_H
#define TUI_SVG_H

#include "base/buf.h"
#include "tui/cell.h"

/* Appends one self-contained SVG of the whole grid: nothing is loaded, and the same grid gives the same bytes. Its
 * ground is that of the theme, a dark one where the theme has none; the 16 colours are then a terminal's that suit it.
 * Lines, blocks and braille are drawn as shapes, so that they meet whatever the font; every other character stands in
 * its cell. Colours are as p->depth has them, none without p->colour; p->ascii is for terminals. */
void grid_svg(const struct grid *g, const struct paint *p, struct buf *out);

#endif
