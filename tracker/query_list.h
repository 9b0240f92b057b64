/* What a list of very many runs asks of the record: numbers alone, and small things of single runs. Filters and whole
 * lists aside, no query's cost hangs on how many runs there are. */
#ifndef TRACKER_QUERY_LIST_H
#define TRACKER_QUERY_LIST_H

#include "tracker/query.h"

/* Numbers of the runs that query_runs would give; *ret is owned by the caller. */
int query_numbers(struct tracker *t, const struct filter *f, const struct filter_sort *sort, int64_t limit,
                  int64_t offset, int64_t **ret, size_t *ret_len, struct err *e);
/* Numbers of the kept runs with a number above `number`, newest first; likewise. */
int query_numbers_after(struct tracker *t, int64_t number, int64_t **ret, size_t *ret_len, struct err *e);

/* How far a run is, beyond what its row says. */
struct run_progress {
	int nrunning;       /* steps under way */
	const char *failed; /* the first failed step by rank; NULL: none */
};
int query_progress(struct tracker *t, int64_t run, struct arena *a, struct run_progress *ret, struct err *e);
/* The newest kept run before this one, and not far before it, of the same pipeline by file and name; 0: none. */
int query_run_before(struct tracker *t, int64_t run, int64_t *ret, struct err *e);
/* The shape of a series in at most n values, taken at places spread evenly over its steps; of one that has a single
 * step, its last n values. */
int query_shape(struct tracker *t, int64_t series, double *ret, size_t n, size_t *ret_len, struct err *e);

/* Kept runs that belong to a sweep, newest first; owned by the caller. */
struct swept { int64_t run, sweep; };
int query_swept(struct tracker *t, struct swept **ret, size_t *ret_len, struct err *e);
/* Keys that any run has, by name. */
enum query_keys { KEYS_METRIC, KEYS_PARAM, KEYS_TAG };
int query_keys(struct tracker *t, enum query_keys which, struct arena *a, const char ***ret, size_t *ret_len,
               struct err *e);
/* Of a filter the first metric, param or tag that no run has, as "metrics.ac", and the nearest key that one has
 * ("acc"; NULL: none is near). *ret NULL: there is none such. In the arena. */
int query_strange_key(struct tracker *t, const struct filter *f, struct arena *a, const char **ret,
                      const char **ret_near, struct err *e);
/* The same of an order. */
int query_strange_sort(struct tracker *t, const struct filter_sort *sort, struct arena *a, const char **ret,
                       const char **ret_near, struct err *e);

/* What a sweep came to: its kept runs. */
struct sweep_row {
	int64_t sweep, created, elapsed_us; /* of the newest; of all together */
	const char *spec;                   /* JSON text: an object of params and lists of their values */
	int nruns, nlive, nsuccess, nfailed, nother;
	int nsteps, nwell;                  /* of all together; without the live ones' */
};
int query_sweep(struct tracker *t, int64_t sweep, struct arena *a, struct sweep_row *ret, struct err *e);
/* The least and the greatest value of a metric in the sweep's ended runs, and the runs that have them; false in
 * *ret_any: none has it. */
struct sweep_range { double low, high; int64_t low_run, high_run; };
int query_sweep_range(struct tracker *t, int64_t sweep, const char *key, struct sweep_range *ret, bool *ret_any,
                      struct err *e);

/* Numbers of the sweep's failed runs, newest first, n at most. */
int query_sweep_failed(struct tracker *t, int64_t sweep, int64_t *ret, size_t n, size_t *ret_len, struct err *e);

/* Texts of kept runs from a cursor on (zeroed: all): names by name, or of runs with a number above cursor.run; tags
 * (key and value) by run and key; notes by run. value is NULL but for tags; both are borrowed until the callback
 * returns. */
enum query_texts { TEXTS_NAME, TEXTS_NEWER_NAME, TEXTS_TAG, TEXTS_NOTE };
struct texts_cursor { int64_t run; const char *text; };
typedef void query_text_fn(void *arg, int64_t run, const char *text, const char *value);
int query_texts(struct tracker *t, enum query_texts which, const struct texts_cursor *from, query_text_fn *cb,
                void *arg, struct err *e);

#endif
