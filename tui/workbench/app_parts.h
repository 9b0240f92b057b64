/* The inside of the workbench. Not for others than app*.c and script.c. */
#ifndef TUI_APP_PARTS_H
#define TUI_APP_PARTS_H

#include "base/vec.h"
#include "tui/line_edit.h"
#include "tui/theme.h"
#include "tui/workbench/app.h"

/* The least that can be drawn on. */
enum { APP_ROWS = 10, APP_COLS = 40 };

struct foot_zone { int col, cells; enum action action; };
struct command; /* app_command.c */

struct bench {
	struct app app; /* first: a struct app * is the bench */
	struct project found; /* by app_find_project */
	struct config config;
	struct keymap *keys;
	struct theme theme;
	struct term *term; /* NULL: a script */
	struct grid grid;
	VEC(struct view *) stack;
	struct view *working; /* NULL: none */
	VEC(struct view *) gone; /* popped within one of their own calls: freed when that has returned */
	bool dirty, quit, first_drawn;
	int64_t last_frame, last_input;
	struct loop_source *frame_timer, *tick_timer;
	int64_t version;     /* of the record, as the views know it */
	bool live;           /* a run is under way */
	int64_t lost_looked; /* when dead supervisors were looked for */
	/* the status line */
	struct buf said;
	enum role said_role;
	enum action echoed; /* the last action, named at the right of the foot line */
	VEC(struct foot_zone) zones;
	struct {
		bool on, bad;
		struct buf label, note;
		struct line_edit line;
		app_typed_fn *cb;
		void *arg;
	} typing;
	struct {
		bool on;
		struct key key;
		struct buf what;
		app_answer_fn *cb;
		void *arg;
	} asking;
	VEC(struct command *) commands;
	int cursor_row, cursor_col; /* −1: hidden */
};
static inline struct bench *bench_of(struct app *a)
{
	return (struct bench *)a;
}
static inline struct view *bench_top(struct bench *b)
{
	return b->stack.len ? b->stack.v[b->stack.len - 1] : NULL;
}

/* app_draw.c */
void bench_frame(struct bench *b);            /* draws all into b->grid */
struct rect bench_body(const struct bench *b); /* where views draw */
/* app_input.c */
void bench_input(struct bench *b, const struct input *in);
void bench_action(struct bench *b, enum action action);
/* What the operation of a view gave back: told when it failed, drawn when it asks for it. */
void bench_take(struct bench *b, int r, const struct err *e);
/* app.c */
/* Something is under way whose end changes the picture: slices of work, questions to the record, commands. */
bool bench_busy(const struct bench *b);
/* One round of the loop, at most so long (µs; < 0: until something happens); a slice of work instead of waiting, when
 * there is some. */
int bench_step(struct bench *b, int64_t max_wait_us, struct err *e);
/* Another theme by name; the old one stays on failure. */
int bench_theme(struct bench *b, const char *name, struct err *e);
/* app_command.c */
void commands_forget(struct bench *b, const void *arg); /* nobody waits for those of arg any more */
void commands_release(struct bench *b);

#endif
