/* A screen or an overlay: what it draws and what it does with an action. Views know cells, never the terminal. */
#ifndef TUI_VIEW_H
#define TUI_VIEW_H

#include "base/buf.h"
#include "base/err.h"
#include "tui/action.h"
#include "tui/cell.h"

struct app;
struct view;

/* What an operation gives back: a mask. */
enum {
	VIEW_SAME = 0,
	VIEW_REDRAW = 1, /* the frame has to be drawn again */
	VIEW_MORE = 2,   /* of work(): there is more of it */
	VIEW_PASS = 4,   /* of act() and mouse(): not mine; the app does what it does by default (Esc: back) */
};
/* Why refresh() is called: a mask. */
enum {
	REFRESH_RECORD = 1, /* somebody committed to the record */
	REFRESH_TICK = 2,   /* about ten times a second while a run is live: files that grow are looked at */
	REFRESH_CLOCK = 4,  /* due() has come */
};

struct view_ops {
	void (*free)(struct view *v);
	/* The whole of r, which was blanked. Called for a frame only, after any number of changes. Must be cheap: what
	 * is drawn was loaded before. */
	void (*draw)(struct view *v, struct app *a, struct grid *g, struct rect r);
	/* An action that holds on this view's screen. A failure is told in the status line. */
	int (*act)(struct view *v, struct app *a, enum action action, struct err *e);
	/* NULL where it may be: */
	/* places are the screen's, r as in draw */
	int (*mouse)(struct view *v, struct app *a, const struct mouse *m, struct rect r, struct err *e);
	int (*refresh)(struct view *v, struct app *a, int why, struct err *e);
	/* a slice of at most 4 ms; called when no input waits, while it returned VIEW_MORE (begun by app_work) */
	int (*work)(struct view *v, struct app *a, struct err *e);
	/* monotonic µs at which time alone changes the picture (ages, clocks); -1: never */
	int64_t (*due)(struct view *v);
	/* " ▸ "-joined place at the left, facts at the right of the first line */
	void (*title)(struct view *v, struct app *a, struct buf *trail, struct buf *facts);
	bool (*copy)(struct view *v, struct app *a, struct buf *out);     /* what `y` copies; false: nothing is there */
	/* ACT_NONE-ended: what the foot line offers; those without a key are left out */
	const enum action *foot;
	/* whether an action of it would do anything as things are; NULL: all would */
	bool (*offers)(const struct view *v, enum action action);
};
struct view {
	const struct view_ops *ops;
	enum screen screen; /* may change (the tabs of a step) */
	bool overlay;       /* drawn over what is below it, in a frame of its own */
};

#endif
