/* What the screens of one run know of it: its steps, what they need, and every attempt. Loaded once; refreshing asks
 * only for what has moved, so that a run of 10,000 steps costs little. */
#ifndef TUI_RUN_MODEL_H
#define TUI_RUN_MODEL_H

#include "base/vec.h"
#include "tracker/query.h"
#include "tui/dag/dag.h"

struct run_model {
	int64_t number;
	struct run_row row;              /* texts in row_arena */
	bool removed;                    /* it was taken out of the record: row and steps are as they were last */
	struct step_rows steps;          /* by rank; states are kept up to date, reasons are not (query_step_reason) */
	struct dag_edge *edges;          /* indices of steps: from what is needed to what needs it */
	int nedges;
	VEC(struct attempt_row) attempts; /* of this run, in the order they came */
	VEC(int) before;                 /* of each attempt: the one before it of the same step, -1: none */
	int *last;                       /* of each step: its newest attempt, -1: none */
	int64_t newest;                  /* the greatest id of an attempt */
	int64_t event;                   /* the run's newest event when this was loaded */
	int *by_id;                      /* indices of steps by their ids */
	struct arena arena, row_arena;
};

/* m is zeroed. ERR_NOT_FOUND: there is no such run. */
int run_model_load(struct tracker *t, int64_t run, struct run_model *m, struct err *e);
/* 1: something has moved, or the run is gone (removed); 0: all is as it was. */
int run_model_refresh(struct tracker *t, struct run_model *m, struct err *e);
void run_model_release(struct run_model *m);

/* The index of a step's id; -1: none. */
int run_model_step(const struct run_model *m, int64_t id);
/* The newest attempt of a step in this run; NULL: none. */
const struct attempt_row *run_model_attempt(const struct run_model *m, int step);
/* The step whose failed attempt ended first; -1: none failed. */
int run_model_first_failed(const struct run_model *m);
/* When the first attempt of a step began and when its newest one ended (now: it runs); 0: never. UTC µs. */
int64_t run_model_began(const struct run_model *m, int step);
int64_t run_model_ended(const struct run_model *m, int step, int64_t now);
/* Since when a step could have begun: all it needs had ended. */
int64_t run_model_ready(const struct run_model *m, int step, int64_t now);
/* Marks the steps of the critical path: from what ended last back through what each step waited for longest. marked:
 * one for each step. */
void run_model_critical(const struct run_model *m, int64_t now, bool *marked);
bool run_model_live(const struct run_model *m);
/* Sets last, before and by_id for steps and attempts that stand in m: for models that are made by hand. */
void run_model_index(struct run_model *m);

#endif
