/* What is seen of the log of an attempt, and how one moves in it: all of the log's screen but the app around it. */
#ifndef TUI_LOG_PANE_H
#define TUI_LOG_PANE_H

#include "base/err.h"
#include "tui/cell.h"

struct log_pane;
struct log_pane_options {
	const char *folder; /* of the attempt: log, log.idx, work/ */
	const char *root;   /* of the project; may be NULL */
	bool live;          /* it may grow: begins at the end and follows */
	bool end;           /* begins at the end, on the last error of the last screenful */
};
/* Whatever stands in the folder, or does not, is shown. */
struct log_pane *log_pane_new(const struct log_pane_options *o);
void log_pane_free(struct log_pane *p);
/* Its attempt has ended, or goes on. */
void log_pane_live(struct log_pane *p, bool live);

void log_pane_draw(struct log_pane *p, struct grid *g, struct rect r);

/* All of these: whether something is to be drawn anew. */
enum log_move { LOG_UP, LOG_DOWN, LOG_PAGE_UP, LOG_PAGE_DOWN, LOG_FIRST, LOG_LAST, LOG_LEFT, LOG_RIGHT };
bool log_pane_move(struct log_pane *p, enum log_move move);
bool log_pane_scroll(struct log_pane *p, int rows);
bool log_pane_click(struct log_pane *p, int row); /* counted from the first row of the last drawing */
bool log_pane_follow(struct log_pane *p);         /* these switch on and off */
bool log_pane_wrap(struct log_pane *p);
bool log_pane_times(struct log_pane *p);          /* times, times between lines, none */
bool log_pane_only_hits(struct log_pane *p);
bool log_pane_back(struct log_pane *p);           /* all lines again; false: they are there */

/* A search as it is typed: begins where a person stands, and goes to the first hit from there on. ERR_USAGE: the last
 * one stays. An empty text ends it. */
void log_pane_search_begin(struct log_pane *p);
int log_pane_search(struct log_pane *p, const char *text, struct err *e);
/* Not kept: back to where it began, with what was searched then. */
void log_pane_search_end(struct log_pane *p, bool keep);
const char *log_pane_pattern(const struct log_pane *p);  /* "" = none */
void log_pane_found(struct log_pane *p, struct buf *out); /* "match 7/12", "≥ 1,204 matches", "no match" */
bool log_pane_next_hit(struct log_pane *p, int direction);
bool log_pane_next_error(struct log_pane *p);

/* Looks whether the files have changed. */
bool log_pane_refresh(struct log_pane *p);
/* Counts and searches for about so many µs; true when there is more to do. *ret_redraw: it is to be seen. */
bool log_pane_work(struct log_pane *p, int64_t us, bool *ret_redraw);
bool log_pane_busy(const struct log_pane *p);

/* What is to be told in the status line since the last call, or NULL. Borrowed until the next call of anything. */
const char *log_pane_said(struct log_pane *p);
/* "1,204,331 lines · 96 MB · following   err 3 · warn 41 · match 7/12" */
void log_pane_facts(struct log_pane *p, struct buf *out);
/* The text of the line under the cursor; false: there is none. */
bool log_pane_copy(struct log_pane *p, struct buf *out);
/* The file and line that it names, borrowed; false: none that is there. */
bool log_pane_place(struct log_pane *p, const char **ret_file, int *ret_line);

#endif
