/* An overlay with a list to choose from: the palette, themes, columns. Typing narrows it (fuzzy), up and down move,
 * Enter chooses, Esc leaves. */
#ifndef TUI_VIEW_PICK_H
#define TUI_VIEW_PICK_H

#include "tui/workbench/app.h"

struct pick_row {
	const char *key, *name, *text; /* three columns; key and text may be NULL. Copied */
	enum role role;                /* of the name */
	bool sign;                     /* a mark in front: chosen already */
};
struct pick_ops {
	/* Which row is under the cursor (its place among all rows; −1: none fits): for previews. May be NULL. */
	void (*moved)(void *arg, struct app *a, int row);
	/* Enter; the overlay is gone already. typed is what stands in the line, row −1 when nothing fits it. NULL where
	 * signs are all there is to choose. */
	int (*chosen)(void *arg, struct app *a, int row, const char *typed, struct err *e); /* VIEW_… */
	/* Space on a row where the line is empty: its sign is toggled; NULL: no signs. */
	void (*toggled)(void *arg, struct app *a, int row, bool sign);
	/* Esc. May be NULL. */
	void (*left)(void *arg, struct app *a);
	void (*free)(void *arg); /* of arg, with the overlay; may be NULL */
};
/* Pushes it. title stands in the frame, label before the line that is typed, at: the row that the cursor begins on. */
void view_pick_push(struct app *a, const char *title, const char *label, const struct pick_row *rows, int n, int at,
                    const struct pick_ops *ops, void *arg);

#endif
