/* What the Run screen tells of the step under the cursor: why it ran, what went wrong and where, what went in, its
 * environment, what it used, its newest metrics. */
#ifndef TUI_VIEW_RUN_PANEL_H
#define TUI_VIEW_RUN_PANEL_H

#include "base/vec.h"
#include "tui/workbench/app.h"
#include "tui/workbench/dag_view.h"

#define PANEL_SPANS 6
struct panel_span { enum role role; const char *text; };
struct panel_line {
	const char *head;  /* NULL: the texts begin at the left */
	struct panel_span spans[PANEL_SPANS];
	int nspans;
	bool wrap;         /* a long text goes on in further rows */
};
struct run_panel {
	struct arena arena;
	int step;                    /* index in the model; -1: none */
	int nfolded;                 /* > 1: the step is the one of a folded matrix that needs attention most */
	const char *base;            /* of that matrix */
	struct dag_tally tally;
	/* attempt is the one that counts: the newest, or of a reused step the one it stands for */
	bool begun;
	struct attempt_row attempt;
	VEC(struct panel_line) lines;
	const char *error_path;      /* absolute, where the root error can be looked at; NULL: nowhere */
	int64_t log_size;            /* bytes of a running step's log when its end was read */
	int top, shown, rows;        /* scrolling: first row, rows in sight, rows there are */
};

/* What the step under the drawing's cursor is known by now. Goes to the panel's top when it is another step than
 * before. */
int run_panel_load(struct run_panel *p, struct app *a, const struct run_model *m, const struct dag_view *v,
                   struct err *e);
void run_panel_release(struct run_panel *p);
/* Whether the log of a running step has grown since it was loaded. */
bool run_panel_stale(const struct run_panel *p, struct app *a);
/* ACT_UP … ACT_LAST scroll: whether that moved anything. */
bool run_panel_act(struct run_panel *p, enum action action);
void run_panel_draw(struct run_panel *p, const struct run_model *m, struct grid *g, struct rect r, bool focused,
                    int64_t now);

#endif
