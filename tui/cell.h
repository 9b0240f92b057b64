/* A grid of cells: what views draw into. It knows no terminal. Styles are roles of a theme, not colours. */
#ifndef TUI_CELL_H
#define TUI_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

/* SYMBOL, name in theme files, meaning */
#define ROLES(X) \
	X(ROLE_TEXT, "text", "ordinary text") \
	X(ROLE_STRONG, "strong", "titles, names") \
	X(ROLE_QUIET, "quiet", "what is seldom read: units, hints") \
	X(ROLE_RULE, "rule", "rules, frames and lines between boxes") \
	X(ROLE_ACCENT, "accent", "the one accent: keys, what is chosen") \
	X(ROLE_CURSOR, "cursor", \
		"the row under the cursor: its background and attributes lie under the roles of its texts") \
	X(ROLE_HIT, "hit", "what a search found: likewise") \
	X(ROLE_WARNING, "warning", "warnings, what is not complete") \
	X(ROLE_RUNNING, "running", "under way") \
	X(ROLE_SUCCESS, "success", "succeeded") \
	X(ROLE_FAILED, "failed", "failed, errors") \
	X(ROLE_STOPPED, "stopped", "stopped") \
	X(ROLE_LOST, "lost", "lost") \
	X(ROLE_REUSED, "reused", "reused") \
	X(ROLE_BEST, "best", "the best value") \
	X(ROLE_DIFF, "diff", "differs") \
	X(ROLE_SERIES_1, "series1", "first series of a chart") \
	X(ROLE_SERIES_2, "series2", "second series") \
	X(ROLE_SERIES_3, "series3", "third series") \
	X(ROLE_SERIES_4, "series4", "fourth series") \
	X(ROLE_SERIES_5, "series5", "fifth series") \
	X(ROLE_SERIES_6, "series6", "sixth series")
#define ROLE_SYMBOL_(s, ...) s,
enum role { ROLES(ROLE_SYMBOL_) ROLE_COUNT };
enum role role_find(const char *name); /* ROLE_COUNT when there is none; takes the theme roles of tracker/state.h too */
const char *role_nearest(const char *name); /* the name most like it, or NULL */

#define CELL_MARKS 4
struct cell {
	/* base character and combining marks; cp[0] 0 = the right half of a wide character */
	uint32_t cp[1 + CELL_MARKS];
	uint8_t role;                /* enum role */
	uint8_t attrs;               /* CELL_REVERSE … */
	/* colours of the data's own (logs), of the 256: where attrs has CELL_FG, CELL_BG */
	uint8_t fg, bg;
};
enum {
	CELL_REVERSE = 1,
	CELL_UNDERLINE = 2,
	CELL_BOLD = 4,
	CELL_DIM = 8,
	CELL_FG = 16,
	CELL_BG = 32,
	CELL_CURSOR = 64, /* lies under the cursor: ROLE_CURSOR behind it */
	CELL_HIT = 128,   /* found by a search: ROLE_HIT behind it */
};

struct rect { int row, col, rows, cols; };
struct grid { struct cell *cells; int rows, cols; };
void grid_init(struct grid *g, int rows, int cols); /* all blanks */
void grid_release(struct grid *g);
void grid_clear(struct grid *g);
void grid_put(struct grid *g, int row, int col, uint32_t cp, enum role role); /* outside the grid: ignored */
/* Text made harmless (utf8_visible), cut at max_cells (< 0: at the edge). Returns the cells it took. */
int grid_text(struct grid *g, int row, int col, int max_cells, enum role role, const char *text);
int grid_textf(struct grid *g, int row, int col, int max_cells, enum role role, const char *fmt, ...)
        __attribute__((format(printf, 6, 7)));
/* As grid_text, with "…" as the last cell where it had to be cut. */
int grid_text_cut(struct grid *g, int row, int col, int max_cells, enum role role, const char *text);
void grid_attr(struct grid *g, int row, int col, int cells, uint8_t attrs); /* adds attributes to what stands there */
void grid_blank(struct grid *g, struct rect r);
/* A line of "─" in ROLE_RULE. */
void grid_rule(struct grid *g, int row, int col, int cells);
/* A frame "┌─┐│└┘" with nothing in it over what stands in r; what would be left of that beside the frame is blanked too
 * where it is too narrow to be read. */
void grid_overlay(struct grid *g, struct rect frame, struct rect r);

/* How cells become bytes. */
struct theme;
enum depth { DEPTH_NONE, DEPTH_16, DEPTH_256, DEPTH_TRUE };
struct paint {
	bool colour;               /* escape sequences at all: attributes, and colours as depth has them */
	bool ascii;                /* drawing characters and glyphs of jig's own as ASCII */
	enum depth depth;
	const struct theme *theme; /* NULL: the default */
};
/* Appends row `row`, trailing blanks left out, with SGR and a final reset when colour; no newline. */
void grid_row(const struct grid *g, int row, const struct paint *p, struct buf *out);
/* All rows, a newline behind each, trailing empty rows left out. */
void grid_print(const struct grid *g, const struct paint *p, struct buf *out);
/* A terminal that follows escape sequences: TERM is set, and not "dumb". */
bool term_obeys(int fd);
/* What the environment says of the terminal's colours: none with NO_COLOR or without TERM, DEPTH_TRUE by COLORTERM,
 * else by TERM's name. */
enum depth depth_env(void);
/* What to print with on this descriptor. Colour: such a terminal, no NO_COLOR. Theme: JIG_THEME, else that of the
 * config, for terminals only; the default (NULL) where it cannot be had. ASCII: the locale is not UTF-8, or the config
 * says that the terminal is wide. The theme is one for all calls, read again by each. */
struct paint paint_for(int fd);
/* Why the theme that was chosen is not the one in use, to be told once; NULL: it is. Borrowed until the next
 * paint_for. */
const char *paint_fault(void);

#endif
