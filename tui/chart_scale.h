/* Axes of a chart: from values to a place between 0 and 1, and round ticks (1, 2, 5 times a power of ten). */
#ifndef TUI_CHART_SCALE_H
#define TUI_CHART_SCALE_H

#include <stdbool.h>

#define TICKS_MOST 24
struct scale { double low, high; bool log; }; /* low < high; with log both are logarithms to base 10 */
struct tick { double at; /* 0 … 1 */ char label[32]; };

/* The scale for values from low to high; equal ones get room around them. log: low and high are > 0. */
struct scale scale_make(double low, double high, bool log);
/* 0 at low, 1 at high. Infinities lie at the edges. */
double scale_place(const struct scale *s, double v);
/* Round values inside of the scale, rising, about `wanted` of them (at least one, at most TICKS_MOST); returns their
 * number. */
int scale_ticks(const struct scale *s, int wanted, struct tick ret[TICKS_MOST]);

#endif
