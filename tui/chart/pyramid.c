#include "tui/chart/pyramid.h"

#include <math.h>
#include <string.h>
#include "base/vec.h"

#define FAN 16
#define LEVELS 16

struct node {
	double low, high, positive, sum;
	uint32_t n, nan, not_positive, above, below;
};

/* Entries are points (x, y) as long as all are kept, then buckets: x to x_end, y to y_last and level[0]. Node j of
 * level k sums up the entries from j × FAN^k on, and is there when all of them are complete. */
struct pyramid {
	size_t most, points;
	size_t sorted;   /* entries in order; the others came late and wait for settle() */
	size_t complete; /* entries that take no more points */
	uint64_t unit;   /* points of an entry */
	uint64_t open;   /* points in the entry that is not complete */
	VEC(double) x, x_end, y, y_last;
	VEC(struct node) level[LEVELS];
	/* The last row of columns: frames that change something else ask for it again. */
	struct { double low, high; int n; size_t points; struct pyramid_column *v; } row;
};

static const struct node nothing = { .low = INFINITY, .high = -INFINITY, .positive = INFINITY };

struct pyramid *pyramid_new(size_t most)
{
	struct pyramid *p = mem_zero(sizeof *p);
	most = most ? most : PYRAMID_MOST;
	p->most = (most + FAN - 1) / FAN * FAN;
	p->unit = 1;
	return p;
}

void pyramid_free(struct pyramid *p)
{
	if (!p)
		return;
	vec_release(&p->x);
	vec_release(&p->x_end);
	vec_release(&p->y);
	vec_release(&p->y_last);
	for (int k = 0; k < LEVELS; k++)
		vec_release(&p->level[k]);
	free(p->row.v);
	free(p);
}

size_t pyramid_points(const struct pyramid *p)
{
	return p->points;
}

uint64_t pyramid_unit(const struct pyramid *p)
{
	return p->unit;
}

size_t pyramid_bytes(const struct pyramid *p)
{
	size_t n = sizeof *p + (size_t)p->row.n * sizeof *p->row.v +
	           (p->x.cap + p->x_end.cap + p->y.cap + p->y_last.cap) * sizeof(double);
	for (int k = 0; k < LEVELS; k++)
		n += p->level[k].cap * sizeof(struct node);
	return n;
}

static inline void add_value(struct node *n, double v)
{
	if (isnan(v)) {
		n->nan++;
		return;
	}
	n->n++;
	if (isinf(v)) {
		n->above += v > 0;
		n->below += v < 0;
		return;
	}
	n->low = v < n->low ? v : n->low;
	n->high = v > n->high ? v : n->high;
	n->positive = v > 0 && v < n->positive ? v : n->positive;
	n->not_positive += v <= 0;
	n->sum += v;
}

static inline void add_node(struct node *to, const struct node *n)
{
	to->low = n->low < to->low ? n->low : to->low;
	to->high = n->high > to->high ? n->high : to->high;
	to->positive = n->positive < to->positive ? n->positive : to->positive;
	to->sum += n->sum;
	to->n += n->n;
	to->nan += n->nan;
	to->not_positive += n->not_positive;
	to->above += n->above;
	to->below += n->below;
}

/* The nodes that the complete entries from `from` on make. */
static void fold(struct pyramid *p, size_t from)
{
	size_t span = FAN;
	for (int k = 1; k < LEVELS && p->complete / span > 0; k++, span *= FAN) {
		if (p->level[k].len > from / span)
			p->level[k].len = from / span;
		for (size_t j = p->level[k].len; j < p->complete / span; j++) {
			struct node n = nothing;
			for (size_t i = j * FAN; i < (j + 1) * FAN; i++) {
				if (k == 1 && p->unit == 1)
					add_value(&n, p->y.v[i]);
				else
					add_node(&n, &p->level[k - 1].v[i]);
			}
			vec_push(&p->level[k], n);
		}
	}
}

/* The first index from `from` on whose value is at least v (above: greater than v). guess: how far it may be. */
static size_t seek(const double *a, size_t from, size_t n, double v, bool above, size_t guess)
{
	size_t low = from, high = n, step = 1, i = guess < n - from ? from + guess : n;
	/* a[low - 1] is before it, a[high] is not. */
	if (i < n && (above ? a[i] <= v : a[i] < v)) {
		low = i + 1;
		for (; low < n && low + step < n && (above ? a[low + step] <= v : a[low + step] < v); step *= 2)
			low += step + 1;
		high = low < n && low + step < n ? low + step : n;
	} else {
		high = i;
		for (; high > low && high - low > step && (above ? a[high - step] > v : a[high - step] >= v); step *= 2)
			high -= step;
		if (high - low > step)
			low = high - step + 1;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (above ? a[middle] <= v : a[middle] < v)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Puts the points that came late in their place: those that stand there already stay before equal ones. */
static void sort_tail(double *x, double *y, double *tx, double *ty, size_t n)
{
	if (n < 2)
		return;
	size_t half = n / 2, a = 0, b = half;
	sort_tail(x, y, tx, ty, half);
	sort_tail(x + half, y + half, tx, ty, n - half);
	if (x[half - 1] <= x[half])
		return;
	memcpy(tx, x, half * sizeof *x);
	memcpy(ty, y, half * sizeof *y);
	for (size_t i = 0; a < half; i++) {
		bool late = b < n && x[b] < tx[a];
		x[i] = late ? x[b] : tx[a];
		y[i] = late ? y[b++] : ty[a++];
	}
}

static void settle(struct pyramid *p)
{
	size_t n = p->x.len, tail = n - p->sorted;
	if (tail == 0)
		return;
	double *x = p->x.v, *y = p->y.v;
	_free_ double *tx = mem_array(NULL, tail, sizeof *tx);
	_free_ double *ty = mem_array(NULL, tail, sizeof *ty);
	sort_tail(x + p->sorted, y + p->sorted, tx, ty, tail);
	memcpy(tx, x + p->sorted, tail * sizeof *x);
	memcpy(ty, y + p->sorted, tail * sizeof *y);
	size_t place = seek(x, 0, p->sorted, tx[0], true, p->sorted), a = p->sorted, b = tail;
	for (size_t i = n; b > 0;) {
		bool before = a > 0 && x[a - 1] > tx[b - 1];
		i--;
		x[i] = before ? x[a - 1] : tx[b - 1];
		y[i] = before ? y[a - 1] : ty[b - 1];
		if (before)
			a--;
		else
			b--;
	}
	p->sorted = p->complete = n;
	fold(p, place);
}

static bool all_nan(const struct node *n)
{
	return n->n == 0;
}

/* The first (last) value of the points from `from` to before `to`. */
static double first_value(const struct pyramid *p, size_t from, size_t to)
{
	for (; from < to; from++)
		if (!isnan(p->y.v[from]))
			return p->y.v[from];
	return NAN;
}

static double last_value(const struct pyramid *p, size_t from, size_t to)
{
	const double *y = p->unit == 1 ? p->y.v : p->y_last.v;
	for (; to > from; to--)
		if (!isnan(y[to - 1]))
			return y[to - 1];
	return NAN;
}

/* Each FAN entries become one. */
static void coarsen(struct pyramid *p)
{
	settle(p);
	size_t n = p->complete / FAN;
	bool exact = p->unit == 1;
	if (exact) {
		vec_reserve(&p->x_end, n);
		vec_reserve(&p->y_last, n);
	}
	for (size_t j = 0; j < n; j++) {
		double first = first_value(p, j * FAN, (j + 1) * FAN), last = last_value(p, j * FAN, (j + 1) * FAN);
		p->x_end.v[j] = exact ? p->x.v[j * FAN + FAN - 1] : p->x_end.v[j * FAN + FAN - 1];
		p->x.v[j] = p->x.v[j * FAN];
		p->y.v[j] = first;
		p->y_last.v[j] = last;
	}
	p->x.len = p->x_end.len = p->y.len = p->y_last.len = n;
	p->complete = p->sorted = n;
	p->unit *= FAN;
	vec_release(&p->level[0]);
	memmove(&p->level[0], &p->level[1], sizeof p->level - sizeof p->level[0]);
	memset(&p->level[LEVELS - 1], 0, sizeof p->level[0]);
}

/* A point into the bucket whose place it is. */
static void add_late(struct pyramid *p, double x, double y)
{
	size_t i = seek(p->x.v, 0, p->x.len, x, true, p->x.len), span = 1;
	i = i > 0 ? i - 1 : 0;
	p->x.v[i] = fmin(p->x.v[i], x);
	p->x_end.v[i] = fmax(p->x_end.v[i], x);
	for (int k = 0; k < LEVELS; k++, span *= FAN)
		if (i / span < p->level[k].len)
			add_value(&p->level[k].v[i / span], y);
}

static void add_to_bucket(struct pyramid *p, double x, double y)
{
	size_t last = p->x.len - 1;
	if (p->x.len > 0 && x < p->x_end.v[last]) {
		add_late(p, x, y);
		return;
	}
	if (p->open == 0) {
		vec_push(&p->x, x);
		vec_push(&p->x_end, x);
		vec_push(&p->y, y);
		vec_push(&p->y_last, y);
		vec_push(&p->level[0], nothing);
		last = p->x.len - 1;
	}
	add_value(&p->level[0].v[last], y);
	p->x_end.v[last] = x;
	if (isnan(p->y.v[last]))
		p->y.v[last] = y;
	if (!isnan(y))
		p->y_last.v[last] = y;
	if (++p->open < p->unit)
		return;
	p->open = 0;
	p->sorted = p->complete = p->x.len;
	if (p->complete % FAN == 0)
		fold(p, p->complete - FAN);
}

void pyramid_add(struct pyramid *p, const double *x, const double *y, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!isfinite(x[i]))
			continue;
		if (p->open == 0 && p->x.len >= p->most)
			coarsen(p);
		p->points++;
		if (p->unit > 1) {
			add_to_bucket(p, x[i], y[i]);
			continue;
		}
		bool order = p->sorted == p->x.len && (p->x.len == 0 || x[i] >= p->x.v[p->x.len - 1]);
		vec_push(&p->x, x[i]);
		vec_push(&p->y, y[i]);
		if (!order)
			continue;
		p->sorted = p->complete = p->x.len;
		if (p->complete % FAN == 0)
			fold(p, p->complete - FAN);
	}
}

bool pyramid_extent(const struct pyramid *p, double *ret_low, double *ret_high)
{
	size_t n = p->x.len;
	if (n == 0)
		return false;
	double low = p->x.v[0], high = p->unit > 1 ? p->x_end.v[n - 1] : p->x.v[p->sorted - 1];
	for (size_t i = p->unit > 1 ? n : p->sorted; i < n; i++) {
		low = fmin(low, p->x.v[i]);
		high = fmax(high, p->x.v[i]);
	}
	*ret_low = low;
	*ret_high = high;
	return true;
}

/* All of the entries from `from` to before `to`, from the largest nodes that fit. */
static struct node sum_up(const struct pyramid *p, size_t from, size_t to)
{
	struct node all = nothing;
	while (from < to) {
		int k = 0;
		size_t span = 1;
		while (from % (span * FAN) == 0 && to - from >= span * FAN &&
		       from / (span * FAN) < p->level[k + 1].len) {
			span *= FAN;
			k++;
		}
		if (k == 0 && p->unit == 1)
			add_value(&all, p->y.v[from]);
		else
			add_node(&all, &p->level[k].v[from / span]);
		from += span;
	}
	return all;
}

/* Goes over points that are NaN, a node at a time where all of it is. */
static size_t skip_nan(const struct pyramid *p, size_t i, size_t to)
{
	while (i < to && isnan(p->y.v[i])) {
		size_t j = i / FAN;
		i = i % FAN == 0 && j < p->level[1].len && all_nan(&p->level[1].v[j]) ? i + FAN : i + 1;
	}
	return i;
}

static size_t skip_nan_back(const struct pyramid *p, size_t from, size_t to)
{
	while (to > from && isnan(p->y.v[to - 1])) {
		size_t j = to / FAN - 1;
		to = to % FAN == 0 && to - from >= FAN && j < p->level[1].len && all_nan(&p->level[1].v[j]) ? to - FAN :
		                                                                                              to - 1;
	}
	return to;
}

static struct pyramid_column column(const struct pyramid *p, size_t from, size_t to)
{
	struct node n = sum_up(p, from, to);
	struct pyramid_column c = {
		.low = n.low, .high = n.high, .positive = n.positive, .sum = n.sum, .first = NAN, .last = NAN, .n = n.n,
		.nan = n.nan, .not_positive = n.not_positive, .above = n.above, .below = n.below,
	};
	if (n.n == 0)
		return c;
	if (n.nan == 0 || p->unit > 1) {
		c.first = first_value(p, from, to);
		c.last = last_value(p, from, to);
		c.gap_before = c.gap_inside = c.gap_after = n.nan > 0;
		return c;
	}
	size_t first = skip_nan(p, from, to), end = skip_nan_back(p, first, to);
	c.first = p->y.v[first];
	c.last = p->y.v[end - 1];
	c.gap_before = first > from;
	c.gap_after = end < to;
	c.gap_inside = n.nan > (first - from) + (to - end);
	return c;
}

double pyramid_edge(double low, double high, int n, int i)
{
	return (double)(low + ((long double)high - low) * i / n);
}

void pyramid_columns(struct pyramid *p, double low, double high, int n, struct pyramid_column *ret)
{
	if (n > 1 && p->row.n == n && p->row.low == low && p->row.high == high && p->row.points == p->points) {
		memcpy(ret, p->row.v, (size_t)n * sizeof *ret);
		return;
	}
	settle(p);
	size_t len = p->x.len, from = seek(p->unit > 1 ? p->x_end.v : p->x.v, 0, len, low, false, 0), to = from,
	       wide = 0;
	for (int i = 0; i < n; i++) {
		double edge = pyramid_edge(low, high, n, i + 1);
		size_t before = to;
		to = seek(p->x.v, to, len, edge, false, wide);
		wide = to - before;
		ret[i] = column(p, from, to);
		from = p->unit > 1 ? seek(p->x_end.v, from, len, edge, false, wide) : to;
	}
	if (n > 1) {
		p->row.v = mem_array(p->row.v, (size_t)n, sizeof *ret);
		memcpy(p->row.v, ret, (size_t)n * sizeof *ret);
		p->row.low = low;
		p->row.high = high;
		p->row.n = n;
		p->row.points = p->points;
	}
}

bool pyramid_at(struct pyramid *p, double x, double *ret_x, double *ret_y)
{
	settle(p);
	size_t i = seek(p->x.v, 0, p->x.len, x, true, p->x.len);
	if (i == 0)
		return false;
	*ret_x = p->unit > 1 ? fmin(p->x_end.v[i - 1], x) : p->x.v[i - 1];
	*ret_y = p->unit > 1 ? p->y_last.v[i - 1] : p->y.v[i - 1];
	return true;
}

bool pyramid_next(struct pyramid *p, double x, double *ret)
{
	settle(p);
	size_t i = seek(p->x.v, 0, p->x.len, x, true, p->x.len);
	if (i == p->x.len) {
		/* The last bucket ends at a point too. */
		if (p->unit == 1 || i == 0 || p->x_end.v[i - 1] <= x)
			return false;
		*ret = p->x_end.v[i - 1];
		return true;
	}
	*ret = p->x.v[i];
	return true;
}

bool pyramid_previous(struct pyramid *p, double x, double *ret)
{
	settle(p);
	size_t i = seek(p->x.v, 0, p->x.len, x, false, p->x.len);
	if (i == 0)
		return false;
	*ret = p->x.v[i - 1];
	return true;
}

void smooth_add(struct smooth *s, double mean, uint32_t n)
{
	if (n == 0 || !isfinite(mean))
		return;
	double keep = n == 1 ? s->strength : pow(s->strength, n);
	s->value = keep * s->value + (1 - keep) * mean;
	s->weight = keep * s->weight + (1 - keep);
}

double smooth_value(const struct smooth *s)
{
	return s->weight > 0 ? s->value / s->weight : NAN;
}

void pyramid_smooth(struct pyramid *p, double x, struct smooth *s)
{
	settle(p);
	size_t end = seek(p->x.v, 0, p->x.len, x, false, p->x.len);
	/* What is older weighs less than a thousandth. */
	double back = s->strength > 0 && s->strength < 1 ? ceil(log(1e-3) / log(s->strength)) : 0;
	size_t begin = end > (size_t)back ? end - (size_t)back : 0;
	for (size_t i = begin; i < end; i++) {
		if (p->unit == 1)
			smooth_add(s, p->y.v[i], !isnan(p->y.v[i]));
		else {
			const struct node *n = &p->level[0].v[i];
			uint32_t finite = n->n - n->above - n->below;
			smooth_add(s, finite ? n->sum / finite : NAN, finite);
		}
	}
}
