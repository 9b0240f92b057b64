/* The strip under the list: what a person would ask next of the run under the cursor. First line: the root error, how
 * far it is, or what it took; second line: what differs from the run before it. */
#ifndef TUI_RUNS_STRIP_H
#define TUI_RUNS_STRIP_H

#include "tracker/tracker.h"
#include "tui/cell.h"

struct strip_part { enum role role; char *text; };
struct strip_line { struct strip_part *v; size_t len, cap; };
struct runs_strip { int64_t entry; struct strip_line lines[2]; };
/* For any thread: jig is the .jig folder. What is gone gives an empty strip. entry: a run; negative: a sweep, of which
 * it tells how its runs ended, the best of them by metric (NULL: none) and which failed. */
int runs_strip_load(struct tracker *t, const char *jig, int64_t entry, const char *metric, struct runs_strip *ret,
                    struct err *e);
void runs_strip_release(struct runs_strip *s);
void runs_strip_draw(const struct runs_strip *s, struct grid *g, struct rect r);

#endif
