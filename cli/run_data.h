/* All that the record says of one run, for the commands that show it. */
#ifndef CLI_RUN_DATA_H
#define CLI_RUN_DATA_H

#include "cli/command.h"
#include "tracker/query.h"
#include "tui/run_text.h"

struct run_data {
	struct arena arena;
	struct run_row row;
	struct step_rows steps;
	struct attempt_rows attempts;   /* of this run, and behind them those that its reused steps stand for */
	struct artifact_rows artifacts;
	struct metric_rows metrics;     /* by step's rank and key */
	struct metric_rows totals;      /* metrics.K, by key */
	struct pair_rows tags, params;
};
#define _run_data_ _cleanup_(run_data_release)

void run_data_release(struct run_data *d);
/* d is zeroed. With steps: everything; else row, metrics, tags and params only. */
int run_data_load(struct tracker *t, int64_t run, bool steps, struct run_data *d, struct err *e);
/* The run that a word names, with everything. */
int run_data_named(struct context *c, const char *word, struct run_data *d, struct err *e);

/* The step that a word names: "train[lr]", "train[lr]@2". ret_attempt (may be NULL): that attempt; without "@n" the
 * last one, that of a reused step being the one it stands for; NULL when there is none yet. ERR_NOT_FOUND gives the
 * nearest name. */
int run_data_find(const struct run_data *d, const char *word, const struct step_row **ret,
	const struct attempt_row **ret_attempt, struct err *e);
/* The attempt that counts for a step: its last one, or the one it stands for. NULL: none. */
const struct attempt_row *run_data_attempt(const struct run_data *d, const struct step_row *s);
/* The step of an id; NULL: none. */
const struct step_row *run_data_step(const struct run_data *d, int64_t id);
/* The first failed step by rank; NULL: none. */
const struct step_row *run_data_failed(const struct run_data *d);

#endif
