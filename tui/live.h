/* The live view of `jig run`: a frame of lines about a run under way, drawn over the last frame without the alternate
 * screen, so that the last state stays in the scroll-back. What has ended scrolls up; the frame never is taller than
 * the terminal. */
#ifndef TUI_LIVE_H
#define TUI_LIVE_H

#include "runner/live.h"
#include "tui/cell.h"

struct live_view;
/* For the terminal fd, whose size is taken as 24×80 when unknown. */
struct live_view *live_view_new(int fd, const struct paint *p);
void live_view_free(struct live_view *v);
/* The bytes that turn the last frame into this one, appended to out (the caller writes them in one write); nothing when
 * it is the same. rows or cols ≤ 0: the terminal is asked. Lines: live_title, notes (each in as many lines as it
 * needs), a line a step, the progress; what has no room is counted in one line, failures last of all. final: the last
 * frame of its run, with the lines of live_summary for the progress; it may be taller than the terminal, and the frame
 * after it begins below it. */
void live_view_frame(struct live_view *v, const struct run_live *r, int64_t now_mono, int rows, int cols, bool final,
                     struct buf *out);
/* One plain line for what run_watch.step tells of a step, for output that is no terminal ("✓ clean 0:08 rows 333"), or
 * NULL for nothing to say. Owned. */
char *live_line(const struct run_live *r, int step, const struct paint *p);
/* Plain lines about steps that are reused: a few in a line each, many in one for each run that they come from. */
void live_reused(const struct run_live *r, const int *steps, size_t n, const struct paint *p, struct buf *out);
/* The closing lines of 7-screens.md: "failed in 0:41 · 3 ran, …" and where to go on. */
void live_summary(const struct run_live *r, const struct paint *p, struct buf *out);
/* "run 17 dull-heron · code 4f2a9c1* (2 files changed) · env … · sandbox · 2 jobs"; the isolation when it is not the
 * folder. */
void live_title(const struct run_live *r, const struct paint *p, struct buf *out);

#endif
