/* The params of a run that is about to be started: which it takes over, which are changed, and the row that shows
 * them. */
#ifndef TUI_PLAN_PARAMS_H
#define TUI_PLAN_PARAMS_H

#include <jansson.h>
#include "base/vec.h"
#include "runner/work/project.h"
#include "tracker/query.h"
#include "tui/cell.h"

struct plan_params {
	bool shown;             /* all of them, not only where one is changed */
	bool has_before;
	struct pair_rows before; /* of an earlier run, else of the first plan in which none was given */
	struct pair_rows now;   /* as the plan says: those that the run would have */
	VEC(char *) given;      /* "train.lr=0.3", "+new=1", "~old": the -p of the command */
	VEC(char *) held;       /* those given before what is tried now */
	VEC(char *) set;        /* names of those that the earlier run was given */
	bool trying;
	struct arena before_arena, now_arena;
};
void plan_params_release(struct plan_params *p);

/* What an earlier run was given by -p or a sweep (an array of texts, may be NULL). */
void plan_params_set(struct plan_params *p, const json_t *overrides);
/* Gives the same again. What the pipeline (file NULL: jig.yaml) does not know any more is left out, and a line about
 * each is appended to left_out. */
void plan_params_take(struct plan_params *p, const struct project *project, const json_t *overrides, int64_t run,
                      const char *file, struct buf *left_out);
/* What a plan says: an object of any depth; NULL: nothing is known. */
void plan_params_set_now(struct plan_params *p, const json_t *params);
/* One more, or another value. It is tried: a plan either keeps it or takes it, and what was given since, back. */
void plan_params_try(struct plan_params *p, const char *text);
void plan_params_keep(struct plan_params *p);
void plan_params_undo(struct plan_params *p);

/* Those that are changed first, "train.lr 0.3 → 0.1", then those that the earlier run was given; "…" where the rest has
 * no place. Returns the rows that they take; g NULL: nothing is drawn. */
int plan_params_draw(const struct plan_params *p, struct grid *g, struct rect r);

#endif
