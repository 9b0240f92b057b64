#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base/mem.h"
#include "base/time.h"
#include "tui/chart/pyramid.h"

static uint32_t seed = 1;
static double random_value(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (double)(seed >> 8) / (1 << 24);
}

static double odd_value(void)
{
	static const double odd[] = { NAN, INFINITY, -INFINITY, DBL_MAX / 4, -DBL_MAX / 4, 0, -0.0, 5e-324, 1e6, -1e6 };
	double r = random_value();
	return r < 0.02 ? odd[(size_t)(random_value() * (double)ARRAY_LEN(odd))] : r - 0.3;
}

/* What a column is by definition. */
static struct pyramid_column brute(const double *x, const double *y, size_t n, double from, double to)
{
	struct pyramid_column c = {.low = INFINITY, .high = -INFINITY, .positive = INFINITY, .first = NAN, .last = NAN};
	bool nan_since = false;
	for (size_t i = 0; i < n; i++) {
		if (!(x[i] >= from && x[i] < to))
			continue;
		double v = y[i];
		if (isnan(v)) {
			c.nan++;
			nan_since = true;
			continue;
		}
		if (c.n++ == 0) {
			c.first = v;
			c.gap_before = nan_since;
		} else if (nan_since) {
			c.gap_inside = true;
		}
		nan_since = false;
		c.last = v;
		c.above += v == INFINITY;
		c.below += v == -INFINITY;
		if (isinf(v))
			continue;
		c.low = fmin(c.low, v);
		c.high = fmax(c.high, v);
		c.sum += v;
		c.not_positive += v <= 0;
		if (v > 0)
			c.positive = fmin(c.positive, v);
	}
	c.gap_after = c.n > 0 && nan_since;
	return c;
}

static bool same(double a, double b)
{
	return (isnan(a) && isnan(b)) || a == b;
}

static void assert_column(const struct pyramid_column *is, const struct pyramid_column *wanted)
{
	assert_true(same(is->low, wanted->low) && same(is->high, wanted->high) && same(is->positive, wanted->positive));
	assert_true(same(is->first, wanted->first) && same(is->last, wanted->last));
	assert_int_equal(is->n, wanted->n);
	assert_int_equal(is->nan, wanted->nan);
	assert_int_equal(is->not_positive, wanted->not_positive);
	assert_int_equal(is->above, wanted->above);
	assert_int_equal(is->below, wanted->below);
	assert_int_equal(is->gap_before, wanted->gap_before);
	assert_int_equal(is->gap_after, wanted->gap_after);
	assert_int_equal(is->gap_inside, wanted->gap_inside);
	double largest = wanted->n ? fmax(fabs(wanted->low), fabs(wanted->high)) : 0;
	if (largest < 1e100)
		assert_true(fabs(is->sum - wanted->sum) <= 1e-12 * largest * wanted->n);
}

static void assert_columns(struct pyramid *p, const double *x, const double *y, size_t n, double low, double high,
                           int cols)
{
	struct pyramid_column ret[200];
	pyramid_columns(p, low, high, cols, ret);
	for (int i = 0; i < cols; i++) {
		struct pyramid_column wanted =
		        brute(x, y, n, pyramid_edge(low, high, cols, i), pyramid_edge(low, high, cols, i + 1));
		assert_column(&ret[i], &wanted);
	}
}

enum { MOST = 20000 };
static double xs[MOST], ys[MOST];

/* Steps in a row, with holes, several at one place, clusters. */
static void make(size_t n, int kind)
{
	double at = kind == 3 ? -1e15 : 0;
	for (size_t i = 0; i < n; i++) {
		xs[i] = at;
		ys[i] = odd_value();
		if (kind == 0)
			at += 1;
		else if (kind == 1)
			at += (double)(int)(random_value() * 3);
		else if (kind == 2)
			at += random_value() < 0.01 ? 5000 * random_value() : random_value();
		else
			at += floor(1e9 * random_value());
		if (kind == 1 && i % 1000 > 700)
			ys[i] = NAN;
	}
}

static void columns_are_what_they_say(void **state)
{
	for (int round = 0; round < 60; round++) {
		size_t n = round < 20 ? (size_t)(random_value() * 40) : (size_t)(random_value() * MOST);
		make(n, round % 4);
		struct pyramid *p = pyramid_new(0);
		for (size_t i = 0; i < n;) {
			size_t more = 1 + (size_t)(random_value() * 700);
			more = more > n - i ? n - i : more;
			pyramid_add(p, xs + i, ys + i, more);
			i += more;
		}
		assert_int_equal(pyramid_points(p), n);
		assert_int_equal(pyramid_unit(p), 1);
		double low = 0, high = 1;
		assert_int_equal(pyramid_extent(p, &low, &high), n > 0);
		if (n > 0)
			assert_true(low == xs[0] && high == xs[n - 1]);
		double size = high > low ? high - low : 1;
		/* All of it, then deeper and deeper around places of chance, some beyond the ends. */
		assert_columns(p, xs, ys, n, low, nextafter(high, INFINITY), 100);
		for (double zoom = 1; zoom < 1e5; zoom *= 7) {
			double a = low + size * (random_value() * 1.2 - 0.1);
			assert_columns(p, xs, ys, n, a, a + size / zoom, 1 + (int)(random_value() * 60));
		}
		pyramid_free(p);
	}
}

static void live_series_grow(void **state)
{
	struct pyramid *p = pyramid_new(0);
	make(3000, 0);
	for (size_t i = 0; i < 3000; i++) {
		pyramid_add(p, xs + i, ys + i, 1);
		if (i % 61 == 0)
			assert_columns(p, xs, ys, i + 1, 0, (double)i + 1, 37);
	}
	pyramid_free(p);
}

static void late_points_find_their_place(void **state)
{
	for (int round = 0; round < 20; round++) {
		struct pyramid *p = pyramid_new(0);
		size_t n = 200 + (size_t)(random_value() * 3000);
		double shuffled[3200], values[3200];
		make(n, round % 3);
		for (size_t i = 0; i < n; i++) {
			xs[i] = (double)i;
			shuffled[i] = xs[i];
			values[i] = ys[i];
		}
		/* Some swapped with neighbours, in others one half after the other. */
		for (size_t i = 0; i + 9 < n; i += round % 2 ? 10 : 1) {
			size_t j = i + (size_t)(random_value() * 9);
			double x = shuffled[i], y = values[i];
			shuffled[i] = shuffled[j];
			values[i] = values[j];
			shuffled[j] = x;
			values[j] = y;
		}
		size_t half = round % 3 == 0 ? n / 2 : 0;
		pyramid_add(p, shuffled + half, values + half, n - half);
		double low, high;
		assert_true(pyramid_extent(p, &low, &high));
		pyramid_add(p, shuffled, values, half);
		assert_columns(p, xs, ys, n, 0, (double)n, 90);
		assert_columns(p, xs, ys, n, 20, 60, 80);
		assert_true(pyramid_extent(p, &low, &high));
		assert_true(low == 0 && high == (double)n - 1);
		pyramid_free(p);
	}
	/* Equal places keep the order in which they came. */
	struct pyramid *p = pyramid_new(0);
	pyramid_add(p, (double[]){ 1, 2, 1, 1 }, (double[]){ 10, 20, 11, 12 }, 4);
	double x, y;
	assert_true(pyramid_at(p, 1, &x, &y));
	assert_true(x == 1 && y == 12);
	pyramid_free(p);
}

/* With buckets a column may show more than its own, never less; and memory stays where it was said. */
static void buckets_lose_nothing(void **state)
{
	for (int round = 0; round < 24; round++) {
		size_t n = 1000 + (size_t)(random_value() * (MOST - 1000)), most = round % 2 ? 64 : 500;
		make(n, round % 4);
		struct pyramid *p = pyramid_new(most);
		for (size_t i = 0; i < n; i += 100)
			pyramid_add(p, xs + i, ys + i, n - i < 100 ? n - i : 100);
		assert_int_equal(pyramid_points(p), n);
		assert_true(pyramid_unit(p) > 1);
		assert_true(pyramid_bytes(p) < 200000);
		double low, high;
		assert_true(pyramid_extent(p, &low, &high));
		assert_true(low == xs[0] && high == xs[n - 1]);
		struct pyramid_column all, wanted;
		pyramid_columns(p, low, nextafter(high, INFINITY), 1, &all);
		wanted = brute(xs, ys, n, low, nextafter(high, INFINITY));
		assert_int_equal(all.n, wanted.n);
		assert_int_equal(all.nan, wanted.nan);
		assert_true(same(all.low, wanted.low) && same(all.high, wanted.high) && same(all.first, wanted.first) &&
		            same(all.last, wanted.last));
		for (double zoom = 1; zoom < 1e4; zoom *= 5) {
			struct pyramid_column c[50];
			double size = (high - low) / zoom, a = low + (high - low - size) * random_value();
			pyramid_columns(p, a, a + size, 50, c);
			for (int i = 0; i < 50; i++) {
				wanted = brute(xs, ys, n, pyramid_edge(a, a + size, 50, i),
				               pyramid_edge(a, a + size, 50, i + 1));
				assert_true(c[i].n >= wanted.n && c[i].nan >= wanted.nan &&
				            c[i].above >= wanted.above && c[i].below >= wanted.below);
				assert_true(c[i].low <= wanted.low && c[i].high >= wanted.high &&
				            c[i].positive <= wanted.positive);
				assert_true(!wanted.gap_inside || c[i].gap_inside);
			}
		}
		/* Late ones too. */
		pyramid_add(p, (double[]){ (low + high) / 2, low - 1 }, (double[]){ 1e200, -1e200 }, 2);
		pyramid_columns(p, low - 1, low, 1, &all);
		assert_true(all.low <= -1e200);
		pyramid_columns(p, (low + high) / 2, nextafter((low + high) / 2, INFINITY), 1, &all);
		assert_true(all.high >= 1e200);
		pyramid_free(p);
	}
}

static void points_are_found(void **state)
{
	struct pyramid *p = pyramid_new(0);
	double x = 0, y = 0;
	assert_false(pyramid_at(p, 5, &x, &y));
	assert_false(pyramid_next(p, 5, &x));
	assert_false(pyramid_previous(p, 5, &x));
	assert_false(pyramid_extent(p, &x, &y));
	pyramid_add(p, (double[]){ 1, 3, NAN, 3, INFINITY, 7 }, (double[]){ 10, NAN, 5, 30, 5, 70 }, 6);
	assert_int_equal(pyramid_points(p), 4);
	assert_false(pyramid_at(p, 0.5, &x, &y));
	assert_true(pyramid_at(p, 2, &x, &y) && x == 1 && y == 10);
	assert_true(pyramid_at(p, 3, &x, &y) && x == 3 && y == 30);
	assert_true(pyramid_at(p, 1e9, &x, &y) && x == 7 && y == 70);
	assert_true(pyramid_next(p, 1, &x) && x == 3);
	assert_true(pyramid_next(p, -9, &x) && x == 1);
	assert_false(pyramid_next(p, 7, &x));
	assert_true(pyramid_previous(p, 7, &x) && x == 3);
	assert_true(pyramid_previous(p, 99, &x) && x == 7);
	assert_false(pyramid_previous(p, 1, &x));
	pyramid_free(p);
}

static void smoothing_follows(void **state)
{
	struct smooth s = { .strength = 0.5 };
	assert_true(isnan(smooth_value(&s)));
	smooth_add(&s, 4, 1);
	assert_true(smooth_value(&s) == 4);
	smooth_add(&s, INFINITY, 1);
	smooth_add(&s, 1, 1);
	assert_true(fabs(smooth_value(&s) - 2) < 1e-12);
	/* Many at once are what they are one by one. */
	struct smooth one = { .strength = 0.9 }, many = { .strength = 0.9 };
	for (int i = 0; i < 10; i++)
		smooth_add(&one, 3, 1);
	smooth_add(&many, 3, 10);
	assert_true(fabs(one.weight - many.weight) < 1e-12);
	/* What stands before a place counts from the beginning, or from far enough. */
	struct pyramid *p = pyramid_new(0);
	struct smooth all = { .strength = 0.9 }, before = { .strength = 0.9 };
	for (int i = 0; i < 1000; i++) {
		double x = i, y = sin(i * 0.01);
		pyramid_add(p, &x, &y, 1);
		if (i < 700)
			smooth_add(&all, y, 1);
	}
	pyramid_smooth(p, 700, &before);
	assert_true(fabs(smooth_value(&all) - smooth_value(&before)) < 0.01);
	pyramid_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_what_they_say),
		cmocka_unit_test(live_series_grow),
		cmocka_unit_test(late_points_find_their_place),
		cmocka_unit_test(buckets_lose_nothing),
		cmocka_unit_test(points_are_found),
		cmocka_unit_test(smoothing_follows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
