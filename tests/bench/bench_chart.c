/* How long charts take: bench_chart [SERIES [POINTS]]. Building the pyramids, then frames of all series in one chart of
 * 200 × 60 cells: all of it, and zoomed in and panned; against going over all points. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/time.h"
#include "tui/chart/chart.h"

enum { ROWS = 60, COLS = 200, FRAMES = 20, BATCH = 1000 };

static uint32_t seed = 1;
static double noise(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (double)(seed >> 8) / (1 << 24);
}

/* The least and greatest of each column by going over the points. */
static double brute(const double *y, int n, int cols)
{
	double sum = 0, low = INFINITY, high = -INFINITY;
	int col = 0;
	for (int i = 0; i < n; i++) {
		int at = (int)((double)i / (n - 1) * (cols - 1) + 0.5);
		if (at != col) {
			sum += high - low;
			low = INFINITY;
			high = -INFINITY;
			col = at;
		}
		low = fmin(low, y[i]);
		high = fmax(high, y[i]);
	}
	return sum;
}

static double frame(struct grid *g, const struct chart_series *s, int n, double low, double high, double smooth)
{
	struct chart_options o = {.title = "loss", .low = low, .high = high, .smooth = smooth, .x_unit = SCALE_INTEGER};
	int64_t begun = time_mono();
	grid_clear(g);
	chart_draw(g, (struct rect){ .rows = ROWS, .cols = COLS }, s, n, &o, NULL);
	return (double)(time_mono() - begun) / 1000;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 200,
	    points = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000000;
	if (n < 1 || points < 2) {
		fprintf(stderr, "usage: bench_chart [SERIES [POINTS]]\n");
		return 2;
	}
	struct chart_series *s = mem_zero((size_t)n * sizeof *s);
	double *x = mem_array(NULL, (size_t)points, sizeof *x), *y = mem_array(NULL, (size_t)points, sizeof *y);
	int64_t built = 0;
	size_t bytes = 0;
	for (int k = 0; k < points; k++) {
		x[k] = k;
		y[k] = exp(-k * 5.0 / points) + 0.1 * noise();
	}
	for (int i = 0; i < n; i++) {
		s[i] = (struct chart_series){ .name = "v", .points = pyramid_new(0), .look = i };
		for (int k = 0; k < points; k += 1 + points / 100)
			y[k] = i + noise();
		int64_t begun = time_mono();
		for (int k = 0; k < points; k += BATCH)
			pyramid_add(s[i].points, x + k, y + k, (size_t)(points - k < BATCH ? points - k : BATCH));
		built += time_mono() - begun;
		bytes += pyramid_bytes(s[i].points);
	}
	int64_t begun = time_mono();
	double sum = brute(y, points, COLS * 2);
	double over = (double)(time_mono() - begun) / 1000 * n;
	printf("%d series of %d points: built at %.1f M points/s, %.1f bytes a point%s\n", n, points,
	       (double)n * points / ((double)built + 1), (double)bytes / ((double)n * points), sum > 0 ? "" : " ");
	struct grid g;
	grid_init(&g, ROWS, COLS);
	double first = frame(&g, s, n, 0, 0, 0), again = INFINITY, all = INFINITY, zoomed = INFINITY, smooth = INFINITY;
	for (int i = 0; i < FRAMES; i++) {
		double from = points * 0.9 * noise();
		all = fmin(all, frame(&g, s, n, 0, points + i, 0));
		again = fmin(again, frame(&g, s, n, 0, points + i, 0));
		smooth = fmin(smooth, frame(&g, s, n, 0, 0, 0.9));
		zoomed = fmin(zoomed, frame(&g, s, n, from, from + points * 0.01 * (1 + i), 0));
	}
	printf("a frame of all points: first %.2f ms, then %.2f ms, with nothing new %.2f ms, smoothed %.2f ms; zoomed "
	       "in %.2f ms; going over all points %.0f ms\n",
	       first, all, again, smooth, zoomed, over);
	grid_release(&g);
	for (int i = 0; i < n; i++)
		pyramid_free(s[i].points);
	free(s);
	free(x);
	free(y);
	return 0;
}
