/* What log_pane*.c share. Not for others. */
#ifndef TUI_LOG_PANE_PARTS_H
#define TUI_LOG_PANE_PARTS_H

#include "tui/log/log_hits.h"
#include "tui/log/log_level.h"
#include "tui/log/log_pane.h"
#include "tui/log/log_times.h"

#define TIMES_FROM 50          /* columns from which on times are shown */
#define PLACE_LOOK 4096        /* bytes of a line in which a file is looked for */
#define FRAMES_LOOK 200         /* lines behind the head of a traceback */
#define PROGRESS_US 100000
#define SLICE_REFRESH 2000

enum { COLUMN_TIME, COLUMN_DELTA, COLUMN_NONE, COLUMN_COUNT };
enum jump { JUMP_NONE, JUMP_HIT, JUMP_HIT_BACK, JUMP_ERROR };
struct where { int64_t top, cursor; int top_row, shift; bool follow; };
struct shown { int64_t off; int row, rows; }; /* rows: as far as they are in sight, and one more */

struct log_pane {
	char *folder, *root, *work;
	char *fault;             /* why there is no file */
	struct log_file *file;
	struct log_times *times;
	bool live, follow, wrap, only, gone;
	int columns;
	int rows, cols;          /* of the last drawing */
	int64_t top, cursor;
	int top_row;             /* rows of the first line that are above the screen */
	int shift;               /* cells that are left of the screen */
	bool at_end, to_error;   /* where to go at the next fit */
	VEC(struct shown) shown;
	char *pattern;
	struct log_hits *hits, *errors; /* hits: with pattern */
	enum jump jump;          /* under way */
	int64_t from;
	bool wrapped;
	bool typing;             /* a search; what was before it: */
	struct where before;
	struct log_hits *hits_before;
	char *pattern_before;
	bool only_before;
	char *said;
	bool unsaid;
	int64_t seen;            /* when progress was last to be seen */
	int64_t place_of, place_size;
	char *place_file;
	int place_line;
	struct log_line line;    /* scratch */
};

void pane_say(struct log_pane *p, const char *text);
bool pane_fit(struct log_pane *p);
bool pane_blank(struct log_pane *p, int64_t off); /* the line begins with a blank */
bool pane_shows(const struct log_pane *p, int64_t off);
void pane_top(struct log_pane *p, int64_t off, int above); /* this line comes to stand below so many rows */
int pane_left(const struct log_pane *p); /* cells of the columns before the text */
int pane_width(const struct log_pane *p); /* and of the text */
bool pane_empty(const struct log_pane *p);
void pane_jump_on(struct log_pane *p);   /* as far as what was read allows */
enum log_level pane_level(struct log_pane *p, int64_t off);

#endif
