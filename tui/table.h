/* Tables that fit the terminal: columns are dropped from the right by priority, texts cut with "…", numbers aligned on
 * the decimal point. */
#ifndef TUI_TABLE_H
#define TUI_TABLE_H

#include "tui/cell.h"

enum align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_POINT };
struct table_column {
	const char *title;
	enum align align;
	int min, max; /* cells; max 0 = as wide as it needs */
	int drop;     /* 0: never dropped; the highest goes first */
};
struct table;
struct table *table_new(const struct table_column *columns, int n); /* titles NULL: no head line */
void table_free(struct table *t);
/* Cells of a row, in order of columns; texts are copied; NULL is blank. */
void table_row(struct table *t);
void table_cell(struct table *t, enum role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Appends the lines, two blanks between columns; width in cells (0: as wide as it needs). */
void table_print(const struct table *t, int width, const struct paint *p, struct buf *out);

#endif
