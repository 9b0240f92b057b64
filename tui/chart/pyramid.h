/* Points of a curve with their extremes kept at every size, so that any range of x is summed up for a row of columns in
 * a time that hangs on the columns, not on the points: no spike and no gap is ever lost. Points are appended; live
 * series grow.
 *
 * Memory is bounded: up to `most` points are kept as they are (20 bytes each); beyond that 16 of them become one bucket
 * of all that a column tells, then 256, and so on. A bucket that reaches into two columns is in both. */
#ifndef TUI_PYRAMID_H
#define TUI_PYRAMID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PYRAMID_MOST (1u << 20)

struct pyramid;
/* most: points or buckets kept, 0: PYRAMID_MOST. */
struct pyramid *pyramid_new(size_t most);
void pyramid_free(struct pyramid *p);
/* y may be NaN (a gap) and infinite. Points whose x is not finite are left out. x may fall: such points are put in
 * their place, which costs more. */
void pyramid_add(struct pyramid *p, const double *x, const double *y, size_t n);
size_t pyramid_points(const struct pyramid *p);
/* How many points a bucket stands for; 1: every point is kept. */
uint64_t pyramid_unit(const struct pyramid *p);
size_t pyramid_bytes(const struct pyramid *p);
/* The least and greatest x; false: there are no points. */
bool pyramid_extent(const struct pyramid *p, double *ret_low, double *ret_high);

struct pyramid_column {
	double low, high;           /* of the finite values; low > high: there are none */
	double positive;            /* the least finite value above 0; INFINITY: there is none */
	double sum;                 /* of the finite values */
	double first, last;         /* values in order of x; NaN: none */
	uint32_t n, nan;            /* values, and points that are NaN */
	uint32_t not_positive;      /* finite values at or below 0 */
	uint32_t above, below;      /* +inf, -inf */
	bool gap_before, gap_after; /* a NaN stands before the first value, behind the last one */
	bool gap_inside;
};
/* Column i holds the points with edge(i) <= x < edge(i + 1), where edge(i) = low + (high - low) * i / n. */
void pyramid_columns(struct pyramid *p, double low, double high, int n, struct pyramid_column *ret);
double pyramid_edge(double low, double high, int n, int i);
/* The latest point at or before x; false: there is none. In a bucket its last value. */
bool pyramid_at(struct pyramid *p, double x, double *ret_x, double *ret_y);
/* The nearest x of a point above (below) x; false: there is none. */
bool pyramid_next(struct pyramid *p, double x, double *ret);
bool pyramid_previous(struct pyramid *p, double x, double *ret);

/* An exponential mean that does not lean to its first value: value / weight. */
struct smooth { double strength, value, weight; };
void smooth_add(struct smooth *s, double mean, uint32_t n); /* n values of that mean */
double smooth_value(const struct smooth *s);                /* NaN: nothing was added */
/* Takes in what stands before x, as far back as it counts. */
void pyramid_smooth(struct pyramid *p, double x, struct smooth *s);

#endif
