/* Axes of a chart: from values to a place between 0 and 1, and round ticks (1, 2, 5 times a power of ten; seconds,
 * minutes and hours as clocks have them). */
#ifndef TUI_CHART_SCALE_H
#define TUI_CHART_SCALE_H

#include <stdbool.h>

#define TICKS_MOST 24
enum scale_unit {
	SCALE_NUMBER,
	SCALE_INTEGER, /* steps, processes: no ticks between whole numbers */
	SCALE_BYTES,
	SCALE_PERCENT,
	SCALE_ELAPSED, /* µs: "0:31" */
	SCALE_CLOCK,   /* µs since origin (UTC µs): "14:02" in the local zone */
};
struct scale {
	double low, high; /* low < high; with log both are logarithms to base 10 */
	bool log;
	enum scale_unit unit;
	double origin;
};
struct tick { double at; /* 0 … 1 */ char label[32]; };

/* The scale for values from low to high; equal ones get room around them. log: low and high are > 0. */
struct scale scale_make(double low, double high, bool log);
/* 0 at low, 1 at high. Infinities lie at the edges. */
double scale_place(const struct scale *s, double v);
/* Round values inside of the scale, rising, about `wanted` of them (at least one, at most TICKS_MOST); returns their
 * number. */
int scale_ticks(const struct scale *s, int wanted, struct tick ret[TICKS_MOST]);
/* The same for an axis of so many rows of cells: the scale is widened, as little as goes, until ticks stand on whole
 * rows, a few apart. 0: not this scale (a logarithmic one, times, too few rows); it stays as it is. */
int scale_rows(struct scale *s, int rows, struct tick ret[TICKS_MOST]);
/* One value with its unit: "0.441", "1,200", "612 MB", "83 %", "0:31", "14:02:11". */
void scale_text(enum scale_unit unit, double origin, double v, char out[32]);

#endif
