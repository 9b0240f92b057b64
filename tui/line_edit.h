/* One line of text that is typed: letters, the cursor, and the keys that shells have (Ctrl-A E U K W,
 * Alt-Backspace). */
#ifndef TUI_LINE_EDIT_H
#define TUI_LINE_EDIT_H

#include "base/buf.h"
#include "tui/cell.h"
#include "tui/key.h"

struct line_edit { struct buf text; size_t at; /* byte where the next letter goes */ };
void line_edit_init(struct line_edit *l, const char *text); /* the cursor behind it; NULL: empty */
void line_edit_release(struct line_edit *l);
enum line_edited { LINE_NOT_MINE, LINE_MOVED, LINE_CHANGED };
enum line_edited line_edit_key(struct line_edit *l, struct key k);
/* Puts a paste in, line ends as blanks. */
void line_edit_paste(struct line_edit *l, const char *text);
/* Draws as much of it around the cursor as fits. Returns the column of the cursor. */
int line_edit_draw(const struct line_edit *l, struct grid *g, int row, int col, int cells, enum role role);

#endif
