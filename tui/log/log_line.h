/* A line of a log as it is shown: cells with the colours that the program gave them, and the same as plain text.
 *
 * SGR is obeyed (16, 256 and true colours, the latter as the nearest of the 256) and ends with the line. Every other
 * complete escape sequence (CSI, OSC, DCS, …) leaves nothing; one that the line does not end, C0, C1, bidi,
 * zero-width and tag characters are one "·" each, invalid UTF-8 is U+FFFD. Of parts between carriage returns the last
 * one with text is the line, a backspace takes a character away ("x\bx" is bold and "_\bx" underlined), tabs go to
 * columns of 8. */
#ifndef TUI_LOG_LINE_H
#define TUI_LOG_LINE_H

#include "base/vec.h"
#include "tui/cell.h"

struct log_line {
	struct buf text;        /* what is searched and copied: UTF-8, a tab is a tab */
	VEC(struct cell) cells; /* in ROLE_TEXT; a wide character has two, the right one with cp[0] 0 */
	VEC(uint32_t) at;       /* for each cell where its character begins in text */
};
#define LOG_LINE_INIT { .text = BUF_INIT }
void log_line_release(struct log_line *l);

/* From the bytes of a line without its newline. Ends with the character that reaches max_cells. */
void log_line_set(struct log_line *l, const char *s, size_t n, size_t max_cells);
/* The text alone, all of it; cells are left empty. */
void log_line_set_text(struct log_line *l, const char *s, size_t n);
/* The first byte of s that makes a line's text differ from its bytes by more than a "·": an escape, a carriage return
 * or a backspace; end when there is none. */
const char *log_line_special(const char *s, const char *end);

#endif
