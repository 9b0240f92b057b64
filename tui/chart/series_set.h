/* The curves of one or more attempts: each metric, and what was sampled of their processes. They are read from the
 * record in slices, and only what is new when they grow. */
#ifndef TUI_SERIES_SET_H
#define TUI_SERIES_SET_H

#include "tracker/query.h"
#include "tracker/series.h"
#include "tui/chart/chart_scale.h"
#include "tui/chart/pyramid.h"

/* SYMBOL, name, unit */
#define RESOURCES(X) \
	X(RESOURCE_CPU, "cpu cores", SCALE_NUMBER) \
	X(RESOURCE_MEMORY, "memory", SCALE_BYTES) \
	X(RESOURCE_GPU, "gpu", SCALE_PERCENT) \
	X(RESOURCE_GPU_MEMORY, "gpu memory", SCALE_BYTES) \
	X(RESOURCE_PROCESSES, "processes", SCALE_INTEGER)
#define RESOURCE_SYMBOL_(s, ...) s,
enum resource { RESOURCES(RESOURCE_SYMBOL_) RESOURCE_COUNT };
enum scale_unit resource_unit(enum resource r);

struct curve {
	char *key;
	int source;               /* which attempt */
	bool resource;            /* over time always */
	enum resource kind;
	int64_t series;           /* of a metric */
	double last;              /* its last value, known before it is read */
	struct pyramid *points;   /* x: step, or µs since its attempt began */
	struct pyramid *fresh;    /* takes the place of points when it is read again as a whole; NULL: it is not */
	struct series_cursor cursor;
	int64_t count, read;      /* points there are, and those in points or fresh */
	size_t most;              /* of the pyramid */
};
struct series_source {
	char *label;
	int64_t attempt, started;
	int64_t sampled;          /* the last sample's time */
	int64_t cpu_us;           /* its CPU time, -1: not known */
	bool more;                /* samples wait to be read */
};
struct series_set {
	struct { struct series_source *v; size_t len, cap; } sources;
	/* metrics by key, then resources; of the first source, then of the next */
	struct { struct curve *v; size_t len, cap; } curves;
	bool by_time;             /* x of metrics */
	size_t turn;              /* the curve that is read next, so that all grow alike */
};

void series_set_release(struct series_set *s);
/* started: UTC µs. label is copied. One that is there already (it stands in for steps of several runs) stays as it
 * is. */
void series_set_add(struct series_set *s, int64_t attempt, int64_t started, const char *label);
/* Asks the record what there is by now: 1 when a curve came that was not there, else 0. */
int series_set_look(struct series_set *s, struct tracker *t, struct err *e);
/* Reads until everything is read or the time (monotonic µs) has come: 1 when there is more, else 0. */
int series_set_read(struct series_set *s, struct tracker *t, int64_t until, struct err *e);
/* Points read, and points there are. */
void series_set_progress(const struct series_set *s, int64_t *ret_read, int64_t *ret_count);
/* x of the metrics by step or by time; they are read again. */
void series_set_axis(struct series_set *s, bool by_time);
/* Reads a curve again that had to be made of buckets, with more room; false: it has all its points, or too many for
 * that. */
bool series_set_sharpen(struct series_set *s, struct curve *c);
/* When the point at or before a step was written, µs since the attempt began; false: there is none. */
bool series_set_when(struct series_set *s, struct tracker *t, const struct curve *c, double step, double *ret);

#endif
