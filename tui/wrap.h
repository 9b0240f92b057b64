/* Text of a paragraph in rows. */
#ifndef TUI_WRAP_H
#define TUI_WRAP_H

#include <stddef.h>

/* How many bytes stand in the first row of so many cells: up to a blank where there is one in its second half; at least
 * one character, however narrow the row. 0: there is no text. ret_next: where the next row begins, behind blanks and
 * the end of a line. */
size_t wrap_row(const char *text, size_t n, int cells, size_t *ret_next);

#endif
