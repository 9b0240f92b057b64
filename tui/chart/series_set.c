#include "tui/chart/series_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/time.h"
#include "base/vec.h"
#include "tracker/query_metric.h"

#define BATCH 512
#define SAMPLES_BATCH 500
#define POINTS_TOGETHER (8u << 20) /* of all curves, about 160 MB */
#define POINTS_LEAST (1u << 14)
#define POINTS_SHARP (4u << 20)    /* of one curve that is looked at closely */

static const struct { const char *name; enum scale_unit unit; } resources[] = {
#define X(symbol, name, unit) { name, unit },
	RESOURCES(X)
#undef X
};

enum scale_unit resource_unit(enum resource r)
{
	return resources[r].unit;
}

static void curve_release(struct curve *c)
{
	free(c->key);
	pyramid_free(c->points);
	pyramid_free(c->fresh);
}

void series_set_release(struct series_set *s)
{
	for (size_t i = 0; i < s->sources.len; i++)
		free(s->sources.v[i].label);
	for (size_t i = 0; i < s->curves.len; i++)
		curve_release(&s->curves.v[i]);
	vec_release(&s->sources);
	vec_release(&s->curves);
}

void series_set_add(struct series_set *s, int64_t attempt, int64_t started, const char *label)
{
	for (size_t i = 0; i < s->sources.len; i++)
		if (s->sources.v[i].attempt == attempt)
			return;
	vec_push(&s->sources,
	         (struct series_source){
	                 .label = mem_strdup(label), .attempt = attempt, .started = started, .cpu_us = -1});
}

/* A new curve in its place. */
static struct curve *insert(struct series_set *s, size_t at)
{
	vec_add(&s->curves);
	memmove(&s->curves.v[at + 1], &s->curves.v[at], (s->curves.len - 1 - at) * sizeof *s->curves.v);
	s->curves.v[at] = (struct curve){ .last = NAN };
	return &s->curves.v[at];
}

/* The first place at which a curve does not stand before (source, metric or resource, key or kind). */
static size_t place_of(const struct series_set *s, int source, bool resource, const char *key, int kind,
                       bool *ret_there)
{
	size_t i = 0;
	*ret_there = false;
	for (; i < s->curves.len; i++) {
		const struct curve *c = &s->curves.v[i];
		int d = c->source != source ? c->source - source
		        : c->resource != resource ? c->resource - resource
		        : resource ? (int)c->kind - kind : strcmp(c->key, key);
		if (d < 0)
			continue;
		*ret_there = d == 0;
		break;
	}
	return i;
}

static void restart(struct curve *c, size_t most)
{
	pyramid_free(c->fresh);
	c->fresh = pyramid_new(most);
	c->most = most;
	c->cursor = (struct series_cursor){0};
	c->read = 0;
}

static void settle_room(struct series_set *s)
{
	size_t most = POINTS_TOGETHER / (s->curves.len + 1);
	most = most < POINTS_LEAST ? POINTS_LEAST : most > PYRAMID_MOST ? PYRAMID_MOST : most;
	for (size_t i = 0; i < s->curves.len; i++)
		if (!s->curves.v[i].points) {
			s->curves.v[i].points = pyramid_new(most);
			s->curves.v[i].most = most;
		}
}

static int look_at_metrics(struct series_set *s, int source, struct tracker *t, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct metric_rows rows = {0};
	int added = 0, r = query_attempt_metrics(t, s->sources.v[source].attempt, &a, &rows, e);
	for (size_t i = 0; r >= 0 && i < rows.len; i++) {
		const struct metric_row *m = &rows.v[i];
		bool there;
		size_t at = place_of(s, source, false, m->key, 0, &there);
		struct curve *c = there ? &s->curves.v[at] : insert(s, at);
		if (!there) {
			c->key = mem_strdup(m->key);
			c->source = source;
			c->series = m->series;
			added = 1;
		}
		/* All was read, and yet there are more: some came before the last one. */
		if (c->points && !c->fresh && c->read >= c->count && m->count > c->count) {
			struct series_cursor cursor = c->cursor;
			struct point p;
			int next = series_read(t, c->series, &cursor, &p, 1, e);
			if (next < 0)
				return next;
			if (next == 0 && c->read < m->count)
				restart(c, c->most);
		}
		c->count = m->count;
		c->last = m->last;
	}
	return r < 0 ? r : added;
}

static void add_resource(struct series_set *s, int source, enum resource kind, double x, double y, int *ret_added)
{
	bool there;
	size_t at = place_of(s, source, true, NULL, kind, &there);
	if (!there && isnan(y))
		return;
	struct curve *c = there ? &s->curves.v[at] : insert(s, at);
	if (!there) {
		c->key = mem_strdup(resources[kind].name);
		c->source = source;
		c->resource = true;
		c->kind = kind;
		c->points = pyramid_new(0);
		*ret_added = 1;
	}
	pyramid_add(c->points, &x, &y, 1);
	c->count++;
	c->read++;
	if (!isnan(y))
		c->last = y;
}

/* A batch of samples: 1 when a curve came of it. */
static int look_at_samples(struct series_set *s, int source, struct tracker *t, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct series_source *of = &s->sources.v[source];
	struct sample_rows rows = {0};
	int added = 0, r = query_samples_after(t, of->attempt, of->sampled, SAMPLES_BATCH, &a, &rows, e);
	for (size_t i = 0; r >= 0 && i < rows.len; i++) {
		const struct sample *p = &rows.v[i];
		double x = (double)(p->ts - of->started),
		       before = of->sampled ? (double)(of->sampled - of->started) : 0, cores = NAN;
		if (p->cpu_us >= 0 && (of->cpu_us >= 0 || !of->sampled) && x > before)
			cores = fmax((double)(p->cpu_us - (of->sampled ? of->cpu_us : 0)) / (x - before), 0);
		add_resource(s, source, RESOURCE_CPU, x, cores, &added);
		add_resource(s, source, RESOURCE_MEMORY, x, p->rss < 0 ? NAN : (double)p->rss, &added);
		add_resource(s, source, RESOURCE_GPU, x, p->gpu_util * 100, &added);
		add_resource(s, source, RESOURCE_GPU_MEMORY, x, p->gpu_mem < 0 ? NAN : (double)p->gpu_mem, &added);
		add_resource(s, source, RESOURCE_PROCESSES, x, p->nprocs < 0 ? NAN : p->nprocs, &added);
		of->sampled = p->ts;
		of->cpu_us = p->cpu_us;
	}
	of->more = rows.len == SAMPLES_BATCH;
	return r < 0 ? r : added;
}

int series_set_look(struct series_set *s, struct tracker *t, struct err *e)
{
	int added = 0, r = tracker_read_begin(t, e);
	for (size_t i = 0; r >= 0 && i < s->sources.len; i++) {
		r = look_at_metrics(s, (int)i, t, e);
		added |= r > 0;
		r = r < 0 ? r : look_at_samples(s, (int)i, t, e);
		added |= r > 0;
	}
	tracker_read_end(t);
	settle_room(s);
	return r < 0 ? r : added;
}

/* Some points of one curve: 1 when it may have more. */
static int read_some(struct series_set *s, struct curve *c, struct tracker *t, struct err *e)
{
	struct point points[BATCH];
	double x[BATCH], y[BATCH], started = (double)s->sources.v[c->source].started;
	int n = series_read(t, c->series, &c->cursor, points, BATCH, e);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++) {
		x[i] = s->by_time ? (double)points[i].ts - started : (double)points[i].step;
		y[i] = points[i].value;
	}
	pyramid_add(c->fresh ? c->fresh : c->points, x, y, (size_t)n);
	c->read += n;
	if (n == BATCH)
		return 1;
	if (c->fresh) {
		pyramid_free(c->points);
		c->points = mem_take(c->fresh);
	}
	return 0;
}

static bool unread(const struct curve *c)
{
	return !c->resource && (c->read < c->count || c->fresh);
}

/* The next batch of what is not read yet: 0 when all is. */
static int read_next(struct series_set *s, struct tracker *t, struct err *e)
{
	for (size_t i = 0; i < s->sources.len; i++) {
		if (s->sources.v[i].more) {
			int r = look_at_samples(s, (int)i, t, e);
			return r < 0 ? r : 1;
		}
	}
	for (size_t i = 0; i < s->curves.len; i++) {
		struct curve *c = &s->curves.v[(s->turn + i) % s->curves.len];
		if (!unread(c))
			continue;
		s->turn = (s->turn + i + 1) % s->curves.len;
		int r = read_some(s, c, t, e);
		/* At the end there is no more than was found, whatever the count says: the next look will tell. */
		if (r == 0)
			c->count = c->read;
		return r < 0 ? r : 1;
	}
	return 0;
}

int series_set_read(struct series_set *s, struct tracker *t, int64_t until, struct err *e)
{
	int r = tracker_read_begin(t, e);
	while (r >= 0 && (r = read_next(s, t, e)) > 0 && time_mono() < until)
		;
	tracker_read_end(t);
	return r;
}

void series_set_progress(const struct series_set *s, int64_t *ret_read, int64_t *ret_count)
{
	*ret_read = *ret_count = 0;
	for (size_t i = 0; i < s->curves.len; i++) {
		*ret_read += s->curves.v[i].read;
		*ret_count += s->curves.v[i].count;
	}
}

void series_set_axis(struct series_set *s, bool by_time)
{
	if (s->by_time == by_time)
		return;
	s->by_time = by_time;
	for (size_t i = 0; i < s->curves.len; i++) {
		struct curve *c = &s->curves.v[i];
		if (c->resource)
			continue;
		/* What was read lies on the other axis. */
		restart(c, c->most);
		pyramid_free(c->points);
		c->points = mem_take(c->fresh);
	}
}

bool series_set_sharpen(struct series_set *s, struct curve *c)
{
	if (c->resource || c->fresh || pyramid_unit(c->points) == 1 || c->count > POINTS_SHARP)
		return false;
	restart(c, POINTS_SHARP);
	return true;
}

bool series_set_when(struct series_set *s, struct tracker *t, const struct curve *c, double step, double *ret)
{
	double x, y;
	struct point p;
	struct err e;
	if (s->by_time || c->resource || !pyramid_at(c->points, step, &x, &y) || !(x > -9e18 && x < 9e18))
		return false;
	struct series_cursor cursor = { .begun = true, .step = (int64_t)x - 1, .ts = INT64_MAX, .key = INT64_MAX };
	if (series_read(t, c->series, &cursor, &p, 1, &e) != 1)
		return false;
	*ret = (double)(p.ts - s->sources.v[c->source].started);
	return true;
}
