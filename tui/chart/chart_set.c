#include "tui/chart/chart_set.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

static const double strengths[SMOOTHS] = { 0, 0.6, 0.9, 0.97 };

double chart_set_strength(const struct chart_set *c)
{
	return strengths[c->smooth % SMOOTHS];
}

static void clear_items(struct chart_set *c)
{
	for (size_t i = 0; i < c->items.len; i++) {
		free(c->items.v[i].title);
		vec_release(&c->items.v[i].curves);
	}
	vec_clear(&c->items);
	vec_clear(&c->singles);
}

void chart_set_release(struct chart_set *c)
{
	clear_items(c);
	for (size_t i = 0; i < c->over.len; i++)
		free(c->over.v[i]);
	vec_release(&c->items);
	vec_release(&c->singles);
	vec_release(&c->over);
	series_set_release(&c->series);
}

static bool is_over(const struct chart_set *c, const char *key)
{
	for (size_t i = 0; i < c->over.len; i++)
		if (!strcmp(c->over.v[i], key))
			return true;
	return false;
}

static struct chart_item *item_of(struct chart_set *c, const struct curve *curve)
{
	for (size_t i = 0; i < c->items.len; i++) {
		const struct chart_item *item = &c->items.v[i];
		const struct curve *first = item->curves.len ? &c->series.curves.v[item->curves.v[0]] : NULL;
		if (!item->over && first && first->resource == curve->resource && !strcmp(first->key, curve->key))
			return &c->items.v[i];
	}
	return NULL;
}

static void add_to_over(struct chart_set *c, struct chart_item *over, size_t i)
{
	const struct curve *curve = &c->series.curves.v[i];
	bool timed = curve->resource || c->series.by_time;
	if (!is_over(c, curve->key))
		return;
	if (over->curves.len == 0)
		over->timed = timed;
	if (timed != over->timed) {
		over->left_out++;
		return;
	}
	vec_push(&over->curves, i);
}

/* Metrics by key, whichever attempt has them, then resources. */
static int by_kind_and_key(const struct chart_set *c, const struct chart_item *a, const struct curve *b)
{
	const struct curve *first = &c->series.curves.v[a->curves.v[0]];
	if (first->resource != b->resource)
		return first->resource - b->resource;
	return b->resource ? (int)first->kind - (int)b->kind : strcmp(first->key, b->key);
}

static bool makes_chart(const struct chart_set *c, const struct curve *curve)
{
	if (curve->resource)
		return true;
	for (size_t i = 0; i < c->series.curves.len; i++)
		if (!c->series.curves.v[i].resource && c->series.curves.v[i].count > 1 &&
		    !strcmp(c->series.curves.v[i].key, curve->key))
			return true;
	return false;
}

void chart_set_build(struct chart_set *c)
{
	struct chart_item over = { .over = true };
	clear_items(c);
	for (size_t i = 0; i < c->series.curves.len; i++) {
		const struct curve *curve = &c->series.curves.v[i];
		if (!makes_chart(c, curve)) {
			vec_push(&c->singles, i);
			continue;
		}
		struct chart_item *item = item_of(c, curve);
		if (!item) {
			size_t at = c->items.len;
			while (at > 0 && by_kind_and_key(c, &c->items.v[at - 1], curve) > 0)
				at--;
			vec_add(&c->items);
			memmove(&c->items.v[at + 1], &c->items.v[at], (c->items.len - 1 - at) * sizeof *c->items.v);
			item = &c->items.v[at];
			*item = (struct chart_item){.title = mem_strdup(curve->key),
			                            .timed = curve->resource || c->series.by_time};
		}
		vec_push(&item->curves, i);
		add_to_over(c, &over, i);
	}
	if (over.curves.len == 0)
		return;
	_buf_ struct buf title = BUF_INIT;
	for (size_t i = 0; i < c->over.len; i++)
		buf_addf(&title, "%s%s", i ? " + " : "", c->over.v[i]);
	over.title = buf_steal(&title);
	vec_add(&c->items);
	memmove(&c->items.v[1], &c->items.v[0], (c->items.len - 1) * sizeof *c->items.v);
	c->items.v[0] = over;
}

bool chart_set_has(const struct chart_set *c, const struct chart_item *i)
{
	return !i->over && is_over(c, i->title);
}

void chart_set_turn(struct chart_set *c, const struct chart_item *item)
{
	size_t i = 0;
	if (item->over) {
		while (c->over.len > 0)
			free(vec_pop(&c->over));
	} else {
		while (i < c->over.len && strcmp(c->over.v[i], item->title))
			i++;
		if (i == c->over.len) {
			vec_push(&c->over, mem_strdup(item->title));
		} else {
			free(c->over.v[i]);
			vec_remove(&c->over, i);
		}
	}
	chart_set_build(c);
}

static struct chart_axis *axis_of(struct chart_set *c, const struct chart_item *i)
{
	return &c->axes[i->timed];
}

static struct curve *curve_of(struct chart_set *c, const struct chart_item *i, size_t n)
{
	return &c->series.curves.v[i->curves.v[n]];
}

/* The time of a step, by the first curve that knows. */
static bool when(struct chart_set *c, struct tracker *t, const struct chart_item *i, double step, double *ret)
{
	for (size_t n = 0; n < i->curves.len; n++)
		if (series_set_when(&c->series, t, curve_of(c, i, n), step, ret))
			return true;
	return false;
}

/* What was done to the axis of a chart is done to the other one. */
static void follow(struct chart_set *c, struct tracker *t, const struct chart_item *i)
{
	struct chart_axis *to = &c->axes[1], *from = &c->axes[0];
	double low, high;
	if (i->timed) {
		/* No index leads from times to steps. */
		*from = (struct chart_axis){0};
		return;
	}
	to->cross = from->cross && when(c, t, i, from->cross_x, &to->cross_x);
	to->low = to->high = 0;
	if (from->low < from->high && when(c, t, i, from->high, &high)) {
		if (!when(c, t, i, from->low, &low))
			low = 0;
		if (low < high) {
			to->low = low;
			to->high = high;
		}
	}
}

void chart_set_by_time(struct chart_set *c, struct tracker *t, const struct chart_item *i, bool by_time)
{
	if (by_time && i && !i->timed)
		follow(c, t, i);
	if (!by_time)
		c->axes[0] = (struct chart_axis){0};
	series_set_axis(&c->series, by_time);
	chart_set_build(c);
}

static bool extent(struct chart_set *c, const struct chart_item *i, double *ret_low, double *ret_high)
{
	double low = INFINITY, high = -INFINITY, a, b;
	for (size_t n = 0; n < i->curves.len; n++) {
		if (!pyramid_extent(curve_of(c, i, n)->points, &a, &b))
			continue;
		low = fmin(low, a);
		high = fmax(high, b);
	}
	*ret_low = low;
	*ret_high = high;
	return low <= high;
}

static bool shown(struct chart_set *c, const struct chart_item *i, double *ret_low, double *ret_high)
{
	const struct chart_axis *axis = axis_of(c, i);
	if (!(axis->low < axis->high))
		return extent(c, i, ret_low, ret_high);
	*ret_low = axis->low;
	*ret_high = axis->high;
	return true;
}

/* A part that reaches to both ends is all; one beyond an end is moved back. */
static void show(struct chart_set *c, const struct chart_item *i, double low, double high)
{
	struct chart_axis *axis = axis_of(c, i);
	double first, last, size = high - low;
	if (!extent(c, i, &first, &last))
		return;
	if (size >= last - first || !(size > 0)) {
		axis->low = axis->high = 0;
		return;
	}
	low = fmin(fmax(low, first), last - size);
	axis->low = low;
	axis->high = low + size;
}

static void set_cross(struct chart_set *c, struct tracker *t, const struct chart_item *i, double x)
{
	struct chart_axis *axis = axis_of(c, i);
	double size = axis->high - axis->low;
	axis->cross = true;
	axis->cross_x = x;
	if (size > 0 && (x < axis->low || x > axis->high))
		show(c, i, x - size / 2, x + size / 2);
	follow(c, t, i);
}

void chart_set_end(struct chart_set *c, struct tracker *t, const struct chart_item *i, int end)
{
	double low, high;
	if (extent(c, i, &low, &high))
		set_cross(c, t, i, end < 0 ? low : high);
}

/* The point nearest to x. */
static bool nearest(struct chart_set *c, const struct chart_item *i, double x, double *ret)
{
	double at, y, best = NAN;
	for (size_t n = 0; n < i->curves.len; n++) {
		struct pyramid *p = curve_of(c, i, n)->points;
		if (pyramid_at(p, x, &at, &y) && !(fabs(at - x) >= fabs(best - x)))
			best = at;
		if (pyramid_next(p, x, &at) && !(fabs(at - x) >= fabs(best - x)))
			best = at;
	}
	*ret = best;
	return !isnan(best);
}

void chart_set_cross(struct chart_set *c, struct tracker *t, const struct chart_item *i, double x)
{
	if (nearest(c, i, x, &x))
		set_cross(c, t, i, x);
}

void chart_set_move(struct chart_set *c, struct tracker *t, const struct chart_item *i, int by, int cols)
{
	const struct chart_axis *axis = axis_of(c, i);
	double low, high, x, next = by > 0 ? INFINITY : -INFINITY, found;
	if (!shown(c, i, &low, &high))
		return;
	if (!axis->cross) {
		chart_set_cross(c, t, i, high);
		return;
	}
	for (size_t n = 0; n < i->curves.len; n++) {
		struct pyramid *p = curve_of(c, i, n)->points;
		if (by > 0 ? pyramid_next(p, axis->cross_x, &x) : pyramid_previous(p, axis->cross_x, &x))
			next = by > 0 ? fmin(next, x) : fmax(next, x);
	}
	if (isinf(next))
		return;
	double target = axis->cross_x + (high - low) * by / (cols > 1 ? cols - 1 : 1);
	bool beyond = by > 0 ? next >= target : next <= target;
	if (beyond || !nearest(c, i, target, &found) || (by > 0 ? found <= axis->cross_x : found >= axis->cross_x))
		found = next;
	set_cross(c, t, i, found);
}

void chart_set_zoom(struct chart_set *c, struct tracker *t, const struct chart_item *i, double factor)
{
	const struct chart_axis *axis = axis_of(c, i);
	double low, high;
	if (!shown(c, i, &low, &high) || !(low < high))
		return;
	double at =
	        axis->cross && axis->cross_x >= low && axis->cross_x <= high ? axis->cross_x : low + (high - low) / 2;
	/* Two steps, or a millisecond, are as deep as it goes. */
	double least = i->timed ? 1000 : 2, size = fmax((high - low) * factor, least);
	if (factor < 1 && high - low <= least)
		return;
	show(c, i, at - (at - low) * size / (high - low), at + (high - at) * size / (high - low));
	follow(c, t, i);
}

void chart_set_pan(struct chart_set *c, struct tracker *t, const struct chart_item *i, double by)
{
	const struct chart_axis *axis = axis_of(c, i);
	double size = axis->high - axis->low;
	if (!(size > 0))
		return;
	show(c, i, axis->low + by * size, axis->high + by * size);
	follow(c, t, i);
}

void chart_set_all(struct chart_set *c)
{
	for (int i = 0; i < 2; i++)
		c->axes[i].low = c->axes[i].high = 0;
}

bool chart_set_value(struct chart_set *c, const struct chart_item *i, double *ret)
{
	const struct chart_axis *axis = axis_of(c, i);
	if (i->curves.len == 0)
		return false;
	const struct curve *curve = curve_of(c, i, 0);
	if (axis->cross)
		return chart_value(curve->points, axis->cross_x, ret) >= 0;
	*ret = curve->last;
	return true;
}

void chart_set_draw(struct chart_set *c, const struct chart_item *item, struct grid *g, struct rect r, bool chosen,
                    enum chart_legend legend, bool ascii, struct chart_frame *ret)
{
	const struct chart_axis *axis = axis_of(c, item);
	bool several = c->series.sources.len > 1;
	struct chart_options o = {
	        .title = item->title,
	        .chosen = chosen,
	        .ascii = ascii,
	        .log_y = c->log,
	        .smooth = chart_set_strength(c),
	        .low = axis->low,
	        .high = axis->high,
	        .cross = axis->cross,
	        .cross_x = axis->cross_x,
	        .legend = legend,
	        .x_unit = !item->timed ? SCALE_INTEGER
	                  : several    ? SCALE_ELAPSED
	                               : SCALE_CLOCK,
	        .x_origin = several || c->series.sources.len == 0 ? 0 : (double)c->series.sources.v[0].started,
	        .x_label = item->timed ? "time" : "step",
	};
	struct chart_series *s = mem_array(NULL, item->curves.len + 1, sizeof *s);
	int64_t read = 0, count = 0;
	uint64_t unit = 1;
	_arena_ struct arena a = ARENA_INIT;
	_buf_ struct buf fact = BUF_INIT;
	for (size_t n = 0; n < item->curves.len; n++) {
		const struct curve *curve = curve_of(c, item, n);
		const char *label = c->series.sources.v[curve->source].label;
		bool run = several && label;
		enum scale_unit y = curve->resource ? resource_unit(curve->kind) : SCALE_NUMBER;
		s[n] = (struct chart_series){
		        .name = item->over && run ? arena_printf(&a, "%s %s", label, curve->key)
		                : run             ? label
		                                  : curve->key,
		        .points = curve->points,
		        .look = item->over ? (int)n : curve->source,
		};
		o.y_unit = n == 0 || o.y_unit == y ? y : SCALE_NUMBER;
		o.from_zero = (n == 0 || o.from_zero) && curve->resource;
		read += curve->read;
		count += curve->count;
		unit = pyramid_unit(curve->points) > unit ? pyramid_unit(curve->points) : unit;
	}
	if (read < count)
		buf_addf(&fact, "reading %d %%", (int)(100 * read / count));
	else if (unit > 1 && axis->low < axis->high)
		buf_addf(&fact, "%llu points together", (unsigned long long)unit);
	if (item->left_out)
		buf_addf(&fact, "%s%d not on this axis (x)", fact.len ? ", " : "", item->left_out);
	o.fact = fact.data;
	chart_draw(g, r, s, (int)item->curves.len, &o, ret);
	free(s);
}
