/* The difference between what stands on a terminal and what is to stand there, as bytes. Knows no terminal, only
 * what it can do. */
#ifndef TUI_TERM_FRAME_H
#define TUI_TERM_FRAME_H

#include "tui/theme.h"

struct frame_abilities {
	int colours;           /* 0, 8, 16, 256; below 16 the bright ones are bold */
	uint8_t not_coloured;  /* STYLE_… that do not go together with colours */
	uint8_t attrs;         /* STYLE_… that it has */
	bool erases_coloured;  /* erasing leaves the background that is set (bce) */
	bool corner;           /* the last cell of the last row can be written without scrolling */
	bool synchronized;     /* updates between CSI ? 2026 h and l */
	char show[32], hide[32]; /* the cursor */
};
struct frame {
	struct frame_abilities can;
	struct paint paint;
	struct grid shown;     /* what stands there; cp[0] UNSEEN: not known */
	bool cleared;          /* false: the next one begins from a cleared screen */
	bool styled;           /* `now` is what the terminal has */
	struct style now;
	int row, col;          /* where the cursor is, -1: not known */
	bool cursor_shown;
};
void frame_init(struct frame *f, const struct frame_abilities *can, const struct paint *p);
void frame_release(struct frame *f);
void frame_paint(struct frame *f, const struct paint *p);
/* Somebody else may have written or set modes: nothing is known; the next one clears the screen. */
void frame_forget(struct frame *f);
/* Appends what makes a terminal of rows × cols show the grid, as far as both reach; nothing when it does.
 * cursor_row < 0: none. */
void frame_draw(struct frame *f, const struct grid *g, int rows, int cols, int cursor_row, int cursor_col,
                struct buf *out);

#endif
