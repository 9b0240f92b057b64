/* Everything a person can do, in one table: key bindings, help, the palette, jig(1), jig-keys(5) and the scripts of the
 * tests come from it. */
#ifndef TUI_ACTION_H
#define TUI_ACTION_H

#include <stdbool.h>
#include "base/buf.h"
#include "tui/config.h"
#include "tui/key.h"

/* Where actions hold. The tabs of a step are screens of their own that share the step's keys. SYMBOL, name in files,
 * title */
#define SCREENS(X) \
	X(SCREEN_RUNS, "runs", "Runs") \
	X(SCREEN_RUN, "run", "Run") \
	X(SCREEN_LOG, "log", "Log") \
	X(SCREEN_METRICS, "metrics", "Metrics") \
	X(SCREEN_FILES, "files", "Files") \
	X(SCREEN_ENV, "env", "Environment") \
	X(SCREEN_COMMAND, "command", "Command") \
	X(SCREEN_ATTEMPTS, "attempts", "Attempts") \
	X(SCREEN_COMPARE, "compare", "Compare") \
	X(SCREEN_TIMELINE, "timeline", "Timeline") \
	X(SCREEN_START, "start", "First contact") \
	X(SCREEN_PLAN, "plan", "Before a run goes on") \
	X(SCREEN_HELP, "help", "Help and palette")
#define SCREEN_SYMBOL_(s, ...) s,
enum screen { SCREENS(SCREEN_SYMBOL_) SCREEN_COUNT };
#define ON(s) (1u << (s))
enum {
	ON_ALL = (1u << SCREEN_COUNT) - 1,
	ON_TABS = ON(SCREEN_LOG) | ON(SCREEN_METRICS) | ON(SCREEN_FILES) | ON(SCREEN_ENV) | ON(SCREEN_COMMAND) |
	          ON(SCREEN_ATTEMPTS),
	ON_STEP = ON(SCREEN_RUN) | ON_TABS,
	ON_GO = ON(SCREEN_PLAN) | ON(SCREEN_START),
	ON_RUN = ON(SCREEN_RUNS) | ON(SCREEN_RUN) | ON(SCREEN_TIMELINE) | ON_TABS,
};

/* SYMBOL, name, keys (blanks between), screens, mouse ("" = none), a word for the foot line, help.
 * No key has two meanings on one screen; a test looks. */
#define ACTIONS(X) \
	X(ACT_UP, "up", "Up k", ON_ALL, "wheel up", "", "a row up; the wheel moves the view by three") \
	X(ACT_DOWN, "down", "Down j", ON_ALL, "wheel down", "", "a row down") \
	X(ACT_LEFT, "left", "Left h", ON_ALL, "", "", "to the left; on charts the crosshair") \
	X(ACT_RIGHT, "right", "Right l", ON_ALL, "", "", "to the right") \
	X(ACT_PAGE_UP, "page-up", "PgUp Ctrl-b", ON_ALL, "", "", "a screenful up") \
	X(ACT_PAGE_DOWN, "page-down", "PgDn Ctrl-f", ON_ALL, "", "", "a screenful down") \
	X(ACT_FIRST, "first", "g Home", ON_ALL, "", "", "to the first") \
	X(ACT_LAST, "last", "G End", ON_ALL, "", "", "to the last") \
	X(ACT_ENTER, "open", "Enter", ON_ALL & ~ON_GO, "double click", "open", \
		"opens what the cursor is on, or enlarges it") \
	X(ACT_BACK, "back", "Esc", ON_ALL, "", "back", "back one level, an overlay first") \
	X(ACT_NEXT_PANE, "next-pane", "Tab", ON_ALL, "", "", "the next pane or tab") \
	X(ACT_SEARCH, "search", "/", ON_ALL, "", "find", "filters or searches as you type") \
	X(ACT_HELP, "help", "? F1", ON_ALL, "", "help", "the keys of this screen") \
	X(ACT_PALETTE, "palette", ":", ON_ALL, "", "commands", "all commands, found by a few letters") \
	X(ACT_COPY, "copy", "y", ON_ALL, "", "copy", "copies what is under the cursor") \
	X(ACT_REDRAW, "redraw", "Ctrl-l", ON_ALL, "", "", "draws the whole screen anew") \
	X(ACT_SUSPEND, "suspend", "Ctrl-z", ON_ALL, "", "", "back to the shell; fg returns") \
	X(ACT_QUIT, "quit", "q", ON_ALL, "", "quit", "leaves jig; runs go on") \
	X(ACT_MARK, "mark", "Space", ON(SCREEN_RUNS), "", "mark", "marks the run: delete, tag or chart several") \
	X(ACT_COMPARE, "compare", "c", ON(SCREEN_RUNS), "", "", "compares the marked runs") \
	X(ACT_SORT, "sort", "S", ON(SCREEN_RUNS), "click on a head", "", "sorts by a column") \
	X(ACT_COLUMNS, "columns", "C", ON(SCREEN_RUNS), "", "", "chooses the columns") \
	X(ACT_FOLD, "fold", "z", ON(SCREEN_RUNS) | ON(SCREEN_RUN), "", "fold", \
		"folds and unfolds a sweep or a matrix") \
	X(ACT_NEW_RUN, "new-run", "+", ON(SCREEN_RUNS), "", "new run", "starts a run, with other params if you like") \
	X(ACT_TAG, "tag", "t", ON(SCREEN_RUNS), "", "", "sets a tag, key=value; key= takes it off") \
	X(ACT_NOTE, "note", "N", ON(SCREEN_RUNS), "", "", "writes a note") \
	X(ACT_RESUME, "resume", "R", ON(SCREEN_RUNS) | ON(SCREEN_RUN), "", "resume", \
		"a new run that goes on from this one; shows its plan first") \
	X(ACT_RESTART, "restart", "X", ON(SCREEN_RUNS) | ON(SCREEN_RUN), "", "", \
		"a new run from this one with nothing reused; shows its plan first") \
	X(ACT_RETRY, "retry", "r", ON(SCREEN_RUN), "", "retry", "a new attempt of the step in a live run") \
	X(ACT_STOP, "stop", "s", ON(SCREEN_RUNS) | ON(SCREEN_RUN), "", "stop", "stops the run orderly") \
	X(ACT_PAUSE, "pause", "p", ON(SCREEN_RUNS) | ON(SCREEN_RUN), "", "pause", "starts no new steps, or goes on") \
	X(ACT_DELETE, "delete", "d", ON(SCREEN_RUNS), "", "", "deletes the run or the marked ones") \
	X(ACT_DEBUG, "debug", "D", ON(SCREEN_RUNS) | ON(SCREEN_RUN), "", "debug", \
		"into the step's folder and environment") \
	X(ACT_LANES, "lanes", "L", ON(SCREEN_RUN), "", "", "boxes or lanes") \
	X(ACT_TIMELINE, "timeline", "T", ON(SCREEN_RUN) | ON(SCREEN_TIMELINE), "", "timeline", \
		"attempts over time, and the critical path") \
	X(ACT_EDIT, "edit", "e", ON(SCREEN_RUN) | ON(SCREEN_LOG), "", "edit", \
		"opens the place of the error, or under the cursor, in $EDITOR") \
	X(ACT_TAB_LOG, "log", "1", ON_STEP, "click on a tab", "log", "the log of the step") \
	X(ACT_TAB_METRICS, "metrics", "2", ON_STEP, "click on a tab", "metrics", "its metrics and resources") \
	X(ACT_TAB_FILES, "files", "3", ON_STEP, "click on a tab", "files", "inputs, outputs, what it read") \
	X(ACT_TAB_ENV, "environment", "4", ON_STEP, "click on a tab", "", "its environment and packages") \
	X(ACT_TAB_COMMAND, "command", "5", ON_STEP, "click on a tab", "", "command, params and resources") \
	X(ACT_TAB_ATTEMPTS, "attempts", "6", ON_STEP, "click on a tab", "", "all attempts of the step") \
	X(ACT_NEXT_HIT, "next-hit", "n", ON(SCREEN_LOG), "", "", "the next hit") \
	X(ACT_PREVIOUS_HIT, "previous-hit", "N", ON(SCREEN_LOG), "", "", "the hit before") \
	X(ACT_ONLY_HITS, "only-hits", "&", ON(SCREEN_LOG), "", "only hits", "shows only lines with a hit") \
	X(ACT_NEXT_ERROR, "next-error", "E", ON(SCREEN_LOG), "", "error", "the next error") \
	X(ACT_FOLLOW, "follow", "F", ON(SCREEN_LOG), "", "follow", "follows the end; scrolling stops it") \
	X(ACT_WRAP, "wrap", "w", ON(SCREEN_LOG), "", "wrap", "wraps long lines") \
	X(ACT_TIMES, "times", "o", ON(SCREEN_LOG), "", "times", "shows when each line came") \
	X(ACT_OVERLAY, "overlay", "Space", ON(SCREEN_METRICS), "", "overlay", \
		"lays a series over the others, or takes it off") \
	X(ACT_ZOOM_IN, "zoom-in", "+ =", ON(SCREEN_METRICS) | ON(SCREEN_TIMELINE), "", "zoom", \
		"zooms in around the crosshair") \
	X(ACT_ZOOM_OUT, "zoom-out", "-", ON(SCREEN_METRICS) | ON(SCREEN_TIMELINE), "", "", "zooms out") \
	X(ACT_ZOOM_RESET, "zoom-reset", "0", ON(SCREEN_METRICS) | ON(SCREEN_TIMELINE), "", "all", "shows all again") \
	X(ACT_LOG_AXIS, "log-axis", "L", ON(SCREEN_METRICS), "", "log axis", "logarithmic axis") \
	X(ACT_X_AXIS, "x-axis", "x", ON(SCREEN_METRICS), "", "step/time", "x by step or by time") \
	X(ACT_SMOOTH, "smooth", "m", ON(SCREEN_METRICS), "", "smooth", "more smoothing, then none") \
	X(ACT_ALL_ROWS, "all-rows", "a", ON(SCREEN_COMPARE), "", "", "all rows, or only what differs") \
	X(ACT_CODE, "code", "v", ON(SCREEN_COMPARE), "", "", "what differs in the code") \
	X(ACT_CHARTS, "charts", "m", ON(SCREEN_COMPARE), "", "", "the charts laid over each other") \
	X(ACT_GO, "go", "Enter", ON_GO, "", "start", "starts what is shown, in the background") \
	X(ACT_PARAMS, "params", "p", ON(SCREEN_PLAN), "", "change", "changes params for the new run") \
	X(ACT_PLAN_RESTART, "restart-instead", "r", ON(SCREEN_PLAN), "", "restart", "reuses nothing")
#define ACTION_SYMBOL_(s, ...) s,
enum action { ACT_NONE, ACTIONS(ACTION_SYMBOL_) ACT_COUNT };

struct action_def { const char *name, *keys; unsigned screens; const char *mouse, *foot, *help; };
const struct action_def *action_def(enum action a); /* not of ACT_NONE */
/* it holds on every screen, Enter aside where that starts something */
bool action_everywhere(enum action a);
const char *action_foot(enum action a, enum screen s); /* its word in the foot line of a screen; "": none */
enum action action_find(const char *name);          /* ACT_NONE: there is none */
const char *screen_name(enum screen s);
const char *screen_title(enum screen s);
int screen_find(const char *name);                  /* -1: there is none */

/* Which key does what on each screen: the defaults, and what people changed. */
struct keymap;
struct keymap *keymap_new(void);
void keymap_free(struct keymap *m);
/* Lines "config:4: …" for keys, screens and actions that are not there, or an action that does not hold on that screen,
 * are appended to faults; the other keys hold. */
void keymap_set(struct keymap *m, const struct config *c, struct buf *faults);
enum action keymap_find(const struct keymap *m, enum screen s, struct key k); /* ACT_NONE: the key does nothing there */
/* The first key of an action on a screen; code 0: it has none. */
struct key keymap_key(const struct keymap *m, enum screen s, enum action a);

#endif
