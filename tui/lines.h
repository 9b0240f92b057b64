/* A list of lines with a cursor: what the tabs of a step show that are no charts and no logs. Each line has up to
 * LINE_PARTS texts in columns, and what `y` copies of it. */
#ifndef TUI_LINES_H
#define TUI_LINES_H

#include "base/arena.h"
#include "base/vec.h"
#include "tui/action.h"
#include "tui/cell.h"

#define LINE_PARTS 5
struct line_part { const char *text; enum role role; };
struct line { struct line_part parts[LINE_PARTS]; int nparts; const char *copy; bool head; int64_t id; };
struct lines {
	struct arena arena; /* of the texts */
	VEC(struct line) v;
	int at, top, shown; /* shown: rows at the last drawing */
	bool right[LINE_PARTS]; /* columns that stand at the right edge of their width */
};
void lines_release(struct lines *l);
void lines_clear(struct lines *l); /* the cursor stays where it is; no column stands at the right any more */
/* A heading, or a text over the whole width. */
void lines_head(struct lines *l, const char *text);
void lines_text(struct lines *l, enum role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* A line whose parts are set by the caller; texts are copied into the arena by lines_part. */
struct line *lines_add(struct lines *l);
void lines_part(struct lines *l, struct line *line, enum role role, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* Moves the cursor for ACT_UP … ACT_LAST: false when the action is another. Headings are passed over. */
bool lines_act(struct lines *l, enum action action);
void lines_draw(struct lines *l, struct grid *g, struct rect r);
const struct line *lines_at(const struct lines *l); /* under the cursor; NULL: none */
/* A click in the rectangle: true when it was on a line. */
bool lines_click(struct lines *l, struct rect r, int row);

#endif
