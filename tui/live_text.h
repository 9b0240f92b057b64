/* The words of the live view and of plain output: what is said of a step, of a run at its start and at its end. Not for
 * others than live*.c. */
#ifndef TUI_LIVE_TEXT_H
#define TUI_LIVE_TEXT_H

#include "runner/live.h"
#include "tui/cell.h"

/* A line of a grid that is written from left to right. */
struct pen { struct grid *g; int row, col; };
void pen_put(struct pen *p, enum role role, const char *text); /* cut with "…" at the edge */
void pen_putf(struct pen *p, enum role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

enum role live_role(const struct live_step *s);
const char *live_glyph(const struct live_step *s);
/* Time of a step under way or ended, -1 when it has none. */
int64_t live_time(const struct live_step *s, int64_t now_mono);
/* Cells of the widest name, at most `most`. */
int live_name_cells(const struct run_live *r, int most);
/* State, name and time; the pen then stands where live_news goes on. */
void live_put_head(struct pen *p, const struct live_step *s, int name_cells, int64_t now_mono);
/* What there is to say of a step behind its name and time: newest metrics, the root error, what it waits for. */
void live_news(struct pen *p, const struct run_live *r, const struct live_step *s);
/* Where a failed step's error can be written in two parts: "lib/features.py:31" (nothing without a file) and the
 * message. */
void live_error_parts(const struct live_step *s, struct buf *place, struct buf *message);
void live_put_title(struct pen *p, const struct run_live *r);
/* Up to LIVE_CLOSING rows from p->row on; returns their number. */
#define LIVE_CLOSING 7
int live_put_summary(struct pen *p, const struct run_live *r);
/* It ended by itself. What was never begun because of another step may still be, when that one is tried again. */
bool live_done(const struct live_step *s);

#endif
