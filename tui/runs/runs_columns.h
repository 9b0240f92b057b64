/* Columns of lists of runs, for `jig ls` and the workbench: which there are, which are chosen when nobody says, and
 * what stands in a cell. */
#ifndef TUI_RUNS_COLUMNS_H
#define TUI_RUNS_COLUMNS_H

#include "base/vec.h"
#include "tracker/query.h"
#include "tui/cell.h"
#include "tui/table.h"

/* SYMBOL, name, title, alignment, drop, key of the filter's grammar to sort by ("" = none) */
#define RUN_FACTS(X) \
	X(FACT_NUMBER, "number", "#", ALIGN_RIGHT, 0, "number") \
	X(FACT_STATE, "state", "state", ALIGN_LEFT, 0, "state") \
	X(FACT_NAME, "name", "name", ALIGN_LEFT, 0, "name") \
	X(FACT_AGE, "age", "age", ALIGN_RIGHT, 6, "created") \
	X(FACT_TIME, "time", "time", ALIGN_RIGHT, 4, "seconds") \
	X(FACT_STEPS, "steps", "steps", ALIGN_LEFT, 5, "") \
	X(FACT_PIPELINE, "pipeline", "pipeline", ALIGN_LEFT, 0, "pipeline") \
	X(FACT_KIND, "kind", "kind", ALIGN_LEFT, 0, "kind") \
	X(FACT_ORIGIN, "origin", "origin", ALIGN_RIGHT, 0, "origin") \
	X(FACT_CREATED, "created", "created", ALIGN_LEFT, 0, "created") \
	X(FACT_STARTED, "started", "started", ALIGN_LEFT, 0, "started") \
	X(FACT_ENDED, "ended", "ended", ALIGN_LEFT, 0, "ended") \
	X(FACT_USER, "user", "user", ALIGN_LEFT, 0, "user") \
	X(FACT_HOST, "host", "host", ALIGN_LEFT, 0, "host") \
	X(FACT_COMMIT, "commit", "commit", ALIGN_LEFT, 0, "commit") \
	X(FACT_BRANCH, "branch", "branch", ALIGN_LEFT, 0, "branch") \
	X(FACT_UID, "uid", "uid", ALIGN_LEFT, 0, "uid") \
	X(FACT_NOTE, "note", "note", ALIGN_LEFT, 0, "note")
#define RUN_FACT_SYMBOL_(s, ...) s,
enum run_fact { RUN_FACTS(RUN_FACT_SYMBOL_) FACT_COUNT, FACT_METRIC, FACT_PARAM, FACT_TAG };

struct runs_column {
	enum run_fact kind;
	const char *key; /* of metrics, params and tags; NULL else */
	int drop;        /* as table_column */
};
/* Zeroed: none. Keys live in the arena. */
struct runs_columns { struct runs_column *v; size_t len, cap; struct arena arena; };
void runs_columns_release(struct runs_columns *c);

/* What is known of a run; all borrowed. */
struct run_facts {
	const struct run_row *row;
	const struct metric_rows *totals;
	const struct pair_rows *params, *tags;
};

/* Adds a column by its name: "age", "metrics.acc", "params.train.lr", "tags.team". ERR_USAGE names the nearest. */
int runs_columns_add(struct runs_columns *c, const char *word, struct err *e);
/* Adds those of a list with commas between them; ERR_USAGE also when it names none. */
int runs_columns_parse(struct runs_columns *c, const char *text, struct err *e);
/* Adds what nobody has to ask for: what every run has, the metrics that at least half of those of these runs have that
 * ended with any, and the params that have more than one value in them. */
void runs_columns_choose(struct runs_columns *c, const struct run_facts *v, size_t n);

/* By the name of --columns; owned. */
char *runs_column_name(const struct runs_column *c);
/* What to sort by in the filter's grammar; NULL: it cannot be sorted by. Owned. */
char *runs_column_sort(const struct runs_column *c);
const char *runs_column_title(const struct runs_column *c);
enum align runs_column_align(const struct runs_column *c);
/* Appends what stands in the cell and gives its role. now: UTC µs. */
enum role runs_column_cell(const struct runs_column *c, const struct run_facts *f, int64_t now, struct buf *out);

const struct metric_row *metric_rows_find(const struct metric_rows *rows, const char *key); /* NULL: none */
const char *pair_rows_find(const struct pair_rows *pairs, const char *key);                 /* NULL: none */

#endif
