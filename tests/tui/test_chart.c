#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tui/chart/chart.h"
#include "tui/spark.h"

static uint32_t seed = 1;
static double random_value(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (double)(seed >> 8) / (1 << 24);
}

struct line { const char *name; const double *x, *y; size_t n; };

static char *drawn(int rows, int cols, const struct line *lines, int n, const struct chart_options *o)
{
	struct chart_series s[30];
	struct grid g;
	_buf_ struct buf b = BUF_INIT;
	for (int i = 0; i < n; i++) {
		s[i] = (struct chart_series){ .name = lines[i].name, .points = pyramid_new(0), .look = i };
		pyramid_add(s[i].points, lines[i].x, lines[i].y, lines[i].n);
	}
	grid_init(&g, rows, cols);
	chart_draw(&g, (struct rect){ .rows = rows, .cols = cols }, s, n, o, NULL);
	grid_print(&g, &(struct paint){ .ascii = o->ascii }, &b);
	grid_release(&g);
	for (int i = 0; i < n; i++)
		pyramid_free(s[i].points);
	return buf_steal(&b);
}

/* Whether the dot of a curve at (row, col), counted in dots, is set. */
static bool dot(const struct grid *g, int row, int col, bool ascii)
{
	static const int braille[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };
	if (ascii)
		return g->cells[row * g->cols + col].cp[0] == '*' || g->cells[row * g->cols + col].cp[0] == '.';
	uint32_t cp = g->cells[row / 4 * g->cols + col / 2].cp[0];
	return cp >= 0x2800 && cp < 0x2900 && cp & (uint32_t)braille[row % 4][col % 2];
}

/* Three rows have room for nothing but the curve, so every column can be checked by hand. */
static void assert_extremes(const double *x, const double *y, size_t n, int cols, bool ascii)
{
	struct chart_series s = { .name = "y", .points = pyramid_new(0) };
	struct chart_options o = { .ascii = ascii };
	struct grid g;
	pyramid_add(s.points, x, y, n);
	grid_init(&g, 3, cols);
	chart_draw(&g, (struct rect){ .rows = 3, .cols = cols }, &s, 1, &o, NULL);
	pyramid_free(s.points);
	int high = ascii ? 3 : 12, wide = ascii ? cols : cols * 2;
	double low_y = INFINITY, high_y = -INFINITY;
	for (size_t i = 0; i < n; i++) {
		low_y = isnan(y[i]) ? low_y : fmin(low_y, y[i]);
		high_y = isnan(y[i]) ? high_y : fmax(high_y, y[i]);
	}
	for (int col = 0; col < wide; col++) {
		double low = INFINITY, top = -INFINITY;
		for (size_t i = 0; i < n; i++) {
			if (isnan(y[i]) || (int)((x[i] - x[0]) / (x[n - 1] - x[0]) * (wide - 1) + 0.5) != col)
				continue;
			low = fmin(low, y[i]);
			top = fmax(top, y[i]);
		}
		if (low > top)
			continue;
		assert_true(dot(&g, high - 1 - (int)((low - low_y) / (high_y - low_y) * (high - 1) + 0.5), col, ascii));
		assert_true(dot(&g, high - 1 - (int)((top - low_y) / (high_y - low_y) * (high - 1) + 0.5), col, ascii));
	}
	grid_release(&g);
}

static void no_extreme_is_lost(void **state)
{
	static double x[20000], y[20000];
	for (int round = 0; round < 40; round++) {
		size_t n = (size_t)(2 + random_value() * (round % 2 ? 19000 : 300));
		for (size_t i = 0; i < n; i++) {
			x[i] = (double)i * 3;
			y[i] = random_value() < 0.01    ? NAN
			       : random_value() < 0.001 ? 1000 * random_value()
			                                : random_value();
		}
		x[n - 1] = (double)n * 3;
		y[0] = 0;
		y[n - 1] = 1;
		assert_extremes(x, y, n, 10 + round * 3, round % 3 == 0);
	}
}

static void a_chart_has_axes_and_a_legend(void **state)
{
	double x[9], y[9], z[9];
	for (int i = 0; i < 9; i++) {
		x[i] = i;
		y[i] = i / 8.0;
		z[i] = i == 4 ? NAN : 0.5;
	}
	struct line s[] = { { "acc", x, y, 9 }, { "loss", x, z, 9 } };
	struct chart_options o = { .title = "acc, loss", .x_label = "epoch" };
	_free_ char *braille = drawn(10, 40, s, 2, &o);
	assert_string_equal(braille,
			    "acc, loss                          1 NaN\n"
			    "1┤                                ⢀⣀⠤⠔⠒⠉\n"
			    " │                          ⣀⡠⠤⠒⠒⠉⠁\n"
			    " │⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡀   ⢀⣀⡠⠤⠔⢒⣊⣉⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀\n"
			    " │            ⣀⡠⠤⠒⠒⠉⠁\n"
			    " │     ⢀⣀⡠⠤⠒⠊⠉\n"
			    "0┤⣀⠤⠔⠒⠉⠁\n"
			    " └┬────────┬─────────×────────┬─────────\n"
			    "  0        2         4        6    epoch\n"
			    "━ acc 1   ━ loss 0.5\n");
	o.ascii = true;
	_free_ char *ascii = drawn(10, 40, s, 2, &o);
	assert_non_null(strstr(ascii, "1+"));
	assert_non_null(strstr(ascii, "* acc 1   o loss 0.5"));
	for (const char *c = ascii; *c; c++)
		assert_true((unsigned char)*c < 0x80);
}

/* Rows with a tick in a drawing, from above. */
static int tick_rows(const char *picture, int *ret)
{
	int n = 0, row = 0;
	for (const char *line = picture; *line; line = strchr(line, '\n') + 1, row++) {
		const char *tick = strstr(line, "┤");
		if (tick && tick < strchr(line, '\n'))
			ret[n++] = row;
	}
	return n;
}

static void ticks_of_a_low_chart_stand_evenly(void **state)
{
	static const double highs[] = { 1, 0.35, 0.26, 0.7, 3, 47, 900, 1e-3 };
	double x[2] = { 0, 1 }, y[2] = { 0, 0 };
	for (size_t i = 0; i < ARRAY_LEN(highs); i++)
		for (int rows = 8; rows < 24; rows++) {
			y[1] = highs[i];
			_free_ char *picture = drawn(rows, 60, &(struct line){ "a", x, y, 2 }, 1,
			                             &(struct chart_options){ .title = "a" });
			int at[32], n = tick_rows(picture, at);
			assert_true(n >= 2);
			for (int k = 2; k < n; k++)
				if (at[k] - at[k - 1] != at[k - 1] - at[k - 2])
					fail_msg("%s", picture);
		}
}

/* A scale is widened for its rows, never narrowed, and by little where there are rows enough; its ticks are round and
 * stand on rows. */
static void scales_fit_their_rows(void **state)
{
	for (int round = 0; round < 4000; round++) {
		double low = (random_value() - 0.5) * pow(10, (int)(random_value() * 14) - 6);
		double high = low + (0.001 + random_value()) * pow(10, (int)(random_value() * 14) - 6);
		int rows = 3 + (int)(random_value() * 30);
		struct scale s = scale_make(low, high, false), before = s;
		struct tick t[TICKS_MOST];
		int n = scale_rows(&s, rows, t);
		if (!n) {
			assert_true(s.low == before.low && s.high == before.high);
			continue;
		}
		assert_true(n >= 2 && n <= TICKS_MOST);
		assert_true(s.low <= before.low && s.high >= before.high);
		if (rows >= 8 && s.high - s.low >= 1.7 * (before.high - before.low))
			fail_msg("%d rows from %.17g to %.17g became %.17g to %.17g", rows, before.low, before.high,
			         s.low, s.high);
		for (int i = 0; i < n; i++) {
			double row = t[i].at * (rows - 1);
			assert_true(fabs(row - floor(row + 0.5)) < 1e-6);
			assert_true(t[i].at >= 0 && t[i].at <= 1);
			if (i > 0 && high - low > 1e-9 * fmax(fabs(low), fabs(high)))
				assert_string_not_equal(t[i].label, t[i - 1].label);
		}
	}
	struct tick t[TICKS_MOST];
	struct scale log = scale_make(1, 1000, true), whole = { 0, 1, .unit = SCALE_INTEGER },
	             huge = { -1.7e308, 1.7e308 };
	assert_int_equal(scale_rows(&log, 10, t), 0);
	assert_int_equal(scale_rows(&(struct scale){ 0, 1 }, 2, t), 0);
	int n = scale_rows(&whole, 9, t);
	assert_int_equal(n, 2);
	assert_string_equal(t[1].label, "1");
	scale_rows(&huge, 9, t);
	assert_true(isfinite(huge.low) && isfinite(huge.high));
}

static void odd_series_are_drawn_too(void **state)
{
	double x[] = {1, 2, 3, 4}, same[] = {7, 7, 7, 7}, nothing[] = {NAN, NAN, NAN, NAN},
	       huge[] = {-DBL_MAX, 0, 1, DBL_MAX};
	double mixed[] = {-1, 0, 10, INFINITY}, tiny[] = {1, 1 + DBL_EPSILON, 1, 1}, far[] = {1e-300, 1, 1e300, 5e-324};
	const double *all[] = { same, nothing, huge, mixed, tiny, far };
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		for (int k = 0; k < 4; k++) {
			for (size_t n = 0; n <= 4; n++) {
				struct line s = { "v", x, all[i], n };
				struct chart_options o = { .log_y = k & 1, .ascii = k & 2, .title = "t" };
				for (int rows = 0; rows < 12; rows++)
					for (int cols = 0; cols < 60; cols += 7)
						free(drawn(rows, cols, &s, 1, &o));
			}
		}
	}
	struct line s = { "v", x, mixed, 4 }, none = { "v", x, nothing, 4 }, one = { "v", x, same, 1 };
	struct chart_options o = { .log_y = true };
	_free_ char *text = drawn(10, 60, &s, 1, &o);
	assert_non_null(strstr(text, "log, 2 at or below 0 not shown, 1 infinite"));
	_free_ char *empty = drawn(10, 60, &none, 1, &o);
	assert_non_null(strstr(empty, "v no values"));
	o = (struct chart_options){ .title = "t", .ascii = true };
	_free_ char *single = drawn(10, 60, &one, 1, &o);
	assert_non_null(strchr(single, '*'));
	assert_non_null(strstr(single, "v 7"));
}

static void a_gap_stays_a_gap(void **state)
{
	double x[] = { 0, 1, 2, 3, 4 }, y[] = { 1, 1, NAN, 1, 1 };
	struct line s = { "v", x, y, 5 };
	struct chart_options o = { .ascii = true };
	_free_ char *text = drawn(1, 9, &s, 1, &o);
	assert_string_equal(text, "***   ***\n");
}

static void noise_is_a_light_band(void **state)
{
	double x[4000], y[4000];
	for (int i = 0; i < 4000; i++) {
		x[i] = i;
		y[i] = i % 2 ? 0.2 : 0.8;
	}
	y[2100] = 2;
	struct chart_series s = { .name = "loss", .points = pyramid_new(0) };
	struct grid g;
	_buf_ struct buf b = BUF_INIT;
	pyramid_add(s.points, x, y, 4000);
	grid_init(&g, 9, 36);
	chart_draw(&g, (struct rect){ .rows = 9, .cols = 36 }, &s, 1,
	           &(struct chart_options){ .title = "loss", .x_unit = SCALE_INTEGER }, NULL);
	grid_print(&g, &(struct paint){ .colour = false }, &b);
	pyramid_free(s.points);
	assert_string_equal(b.data,
	                    "loss\n"
	                    "2┤                 ⠨\n"
	                    " │                 ⠠\n"
	                    "1┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⡠⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀\n"
	                    " │⣧⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤\n"
	                    "0┤⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓⠓\n"
	                    " └┬────────────────┬────────────────\n"
	                    "  0              2,000\n"
	                    "━ loss 0.2\n");
	grid_release(&g);
}

static void smoothing_leaves_the_raw_curve_behind_it(void **state)
{
	double x[30], y[30];
	for (int i = 0; i < 30; i++) {
		x[i] = i;
		y[i] = i % 6 == 0 ? 1 : 0;
	}
	struct chart_series s = { .name = "loss", .points = pyramid_new(0) };
	struct grid g;
	_buf_ struct buf b = BUF_INIT;
	pyramid_add(s.points, x, y, 30);
	grid_init(&g, 5, 30);
	chart_draw(&g, (struct rect){ .rows = 5, .cols = 30 }, &s, 1,
	           &(struct chart_options){ .smooth = 0.9, .ascii = true, .legend = LEGEND_NONE }, NULL);
	grid_print(&g, &(struct paint){ .ascii = true }, &b);
	assert_string_equal(b.data,
	                    "*     .     .     .     .\n"
	                    ".*    .     .     .     .\n"
	                    " *    ..    ..    ..    ..\n"
	                    " .****************************\n"
	                    " ..... ..... ..... ..... .....\n");
	for (int i = 0; i < 5 * 30; i++)
		if (g.cells[i].cp[0] != ' ')
			assert_int_equal(g.cells[i].role, g.cells[i].cp[0] == '*' ? ROLE_SERIES_1 : ROLE_QUIET);
	pyramid_free(s.points);
	grid_release(&g);
}

static void the_crosshair_names_all_values(void **state)
{
	double x[] = { 0, 10, 20, 30, 40 }, y[] = { 1, 2, NAN, 4, 5 }, few[] = { 0, 40 }, z[] = { 0.5, 1200 };
	double early[] = { 0, 10 }, v[] = { 3, 3 };
	struct line s[] = { { "train/loss", x, y, 5 }, { "valid", few, z, 2 }, { "short", early, v, 2 } };
	struct chart_options o = {
		.title = "loss", .x_label = "step", .x_unit = SCALE_INTEGER, .legend = LEGEND_TABLE, .cross = true,
			.cross_x = 30
	};
	_free_ char *at = drawn(16, 44, s, 3, &o);
	assert_string_equal(at,
	                    "loss                          step 30, 1 NaN\n"
	                    "    │                             │        ⣀\n"
	                    "    │                             │   ⢀⡠⠔⠒⠉\n"
	                    "1000┤                            ⢀⡠⠤⠒⠉⠁\n"
	                    "    │                       ⢀⣀⠤⠒⠊⠁│\n"
	                    "    │                   ⣀⠤⠔⠊⠁     │\n"
	                    " 500┤              ⣀⡠⠔⠊⠉          │\n"
	                    "    │         ⢀⡠⠔⠒⠉               │\n"
	                    "    │    ⢀⡠⠤⠒⠉⠁                   │\n"
	                    "   0┤⣀⣤⣒⣊⣁⣀⣀⣀⣀⣀                   ⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀\n"
	                    "    └┬─────────┬────────×─────────┴─────────\n"
	                    "     0        10       20        30     step\n"
	                    "               here   min    max\n"
	                    "━ train/loss    4     1        5\n"
	                    "━ valid         0.5   0.5   1200\n"
	                    "━ short         –     3        3\n");
	o.cross_x = 20;
	_free_ char *gap = drawn(16, 44, s, 3, &o);
	assert_non_null(strstr(gap, "━ train/loss    –"));
	/* A crosshair that is not in sight is not drawn, values stay. */
	o.low = 0;
	o.high = 15;
	o.cross_x = 30;
	_free_ char *away = drawn(16, 44, s, 3, &o);
	assert_non_null(strstr(away, "step 30"));
	assert_null(strstr(away, "┴"));
}

static void twenty_series_can_be_told_apart(void **state)
{
	double x[] = { 0, 1 }, y[20][2];
	struct line s[20];
	char names[20][24];
	for (int i = 0; i < 20; i++) {
		y[i][0] = y[i][1] = i;
		snprintf(names[i], sizeof names[i], "run %d", i + 1);
		s[i] = (struct line){ names[i], x, y[i], 2 };
	}
	_free_ char *text = drawn(24, 60, s, 20, &(struct chart_options){ .legend = LEGEND_TABLE });
	assert_non_null(strstr(text, "━ run 6 "));
	assert_non_null(strstr(text, "and 14 more"));
	_free_ char *line = drawn(10, 60, s, 20, &(struct chart_options){ .legend = LEGEND_LINE });
	assert_non_null(strstr(line, "━ run 1 0   ━ run 2 1"));
	assert_non_null(strstr(line, "+"));
	/* Lines beyond the sixth are dashed, then dotted. */
	struct grid g;
	struct chart_series p = { .points = pyramid_new(0), .look = 6 };
	pyramid_add(p.points, x, y[0], 2);
	grid_init(&g, 1, 12);
	for (int look = 0; look < 18; look += 6) {
		_buf_ struct buf b = BUF_INIT;
		static const char *const wanted[] = { "⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒\n", "⠒⠂⠐⠒⠂⠐⠒⠂⠐⠒⠂⠐\n", "⠂⠂⠐ ⠂⠐ ⠂⠐ ⠂⠐\n" };
		p.look = look;
		grid_clear(&g);
		chart_draw(&g, (struct rect){ .rows = 1, .cols = 12 }, &p, 1, &(struct chart_options){ 0 }, NULL);
		grid_print(&g, &(struct paint){ 0 }, &b);
		assert_string_equal(b.data, wanted[look / 6]);
	}
	pyramid_free(p.points);
	grid_release(&g);
}

static void a_part_of_x_is_shown(void **state)
{
	double x[] = { 0, 10, 20 }, y[] = { 0, 10, 0 };
	struct chart_series s = { .name = "v", .points = pyramid_new(0) };
	struct chart_options o = { .low = 10.25, .high = 10.75, .legend = LEGEND_NONE };
	struct chart_frame f;
	struct grid g;
	pyramid_add(s.points, x, y, 3);
	grid_init(&g, 6, 30);
	/* Between two points there is the line. */
	chart_draw(&g, (struct rect){ .rows = 6, .cols = 30 }, &s, 1, &o, &f);
	_buf_ struct buf b = BUF_INIT;
	grid_print(&g, &(struct paint){ 0 }, &b);
	assert_non_null(strstr(b.data, "10"));
	int dots = 0;
	for (int i = 0; i < 6 * 30; i++)
		dots += g.cells[i].cp[0] > 0x2800 && g.cells[i].cp[0] < 0x2900;
	assert_int_equal(dots, f.curves.cols);
	assert_true(chart_x_at(&f, f.curves.col) == 10.25);
	assert_true(chart_x_at(&f, f.curves.col + f.curves.cols - 1) == 10.75);
	assert_true(chart_x_at(&f, 0) == 10.25 && chart_x_at(&f, 99) == 10.75);
	assert_int_equal(chart_col_of(&f, 10.25), f.curves.col);
	assert_int_equal(chart_col_of(&f, 11), -1);
	for (int col = f.curves.col; col < f.curves.col + f.curves.cols; col++)
		assert_int_equal(chart_col_of(&f, chart_x_at(&f, col)), col);
	pyramid_free(s.points);
	grid_release(&g);
}

static void assert_ticks(struct scale s, int wanted, const char *text)
{
	struct tick t[TICKS_MOST];
	_buf_ struct buf b = BUF_INIT;
	int n = scale_ticks(&s, wanted, t);
	for (int i = 0; i < n; i++)
		buf_addf(&b, "%s%s", i ? "|" : "", t[i].label);
	assert_string_equal(b.data, text);
}

static void ticks_have_units(void **state)
{
	setenv("TZ", "UTC", 1);
	assert_ticks((struct scale){ 0, 3, .unit = SCALE_INTEGER }, 8, "0|1|2|3");
	assert_ticks((struct scale){ 0, 12000, .unit = SCALE_INTEGER }, 3, "0|5,000|10,000");
	assert_ticks((struct scale){ 0, 2.6e9, .unit = SCALE_BYTES }, 5, "0.0 GB|0.5 GB|1.0 GB|1.5 GB|2.0 GB|2.5 GB");
	assert_ticks((struct scale){ 0, 700, .unit = SCALE_BYTES }, 3, "0 B|200 B|400 B|600 B");
	assert_ticks((struct scale){ 0, 100, .unit = SCALE_PERCENT }, 2, "0 %|50 %|100 %");
	assert_ticks((struct scale){ 0, 95e6, .unit = SCALE_ELAPSED }, 4, "0:00|0:30|1:00|1:30");
	assert_ticks((struct scale){ 0, 3.1 * 3600e6, .unit = SCALE_ELAPSED }, 4, "0:00|1:00:00|2:00:00|3:00:00");
	assert_ticks((struct scale){ 0, 0.5e6, .unit = SCALE_ELAPSED }, 3, "0:00.0|0:00.2|0:00.4");
	/* 2026-11-21 14:02:11 UTC */
	double origin = 1795269731e6;
	assert_ticks((struct scale){ 0, 40e6, .unit = SCALE_CLOCK, .origin = origin }, 3, "14:02:15|14:02:30|14:02:45");
	assert_ticks((struct scale){ 0, 3 * 3600e6, .unit = SCALE_CLOCK, .origin = origin }, 4, "15:00|16:00|17:00");
	assert_ticks((struct scale){ 0, 5 * 86400e6, .unit = SCALE_CLOCK, .origin = origin }, 5,
	             "Nov 22|Nov 23|Nov 24|Nov 25|Nov 26");
	char out[32];
	scale_text(SCALE_CLOCK, origin, 5e6, out);
	assert_string_equal(out, "14:02:16");
	scale_text(SCALE_BYTES, 0, 612e6, out);
	assert_string_equal(out, "612 MB");
	scale_text(SCALE_PERCENT, 0, 83.25, out);
	assert_string_equal(out, "83.25 %");
	scale_text(SCALE_ELAPSED, 0, 91e6, out);
	assert_string_equal(out, "1:31");
	scale_text(SCALE_INTEGER, 0, 1200, out);
	assert_string_equal(out, "1,200");
	scale_text(SCALE_BYTES, 0, NAN, out);
	assert_string_equal(out, "NaN");
}

static void ticks_are_round(void **state)
{
	struct tick t[TICKS_MOST];
	struct scale s = scale_make(0.13, 0.94, false);
	int n = scale_ticks(&s, 4, t);
	assert_int_equal(n, 4);
	assert_string_equal(t[0].label, "0.2");
	assert_string_equal(t[3].label, "0.8");
	s = scale_make(-30, 120, false);
	n = scale_ticks(&s, 3, t);
	assert_int_equal(n, 3);
	assert_string_equal(t[0].label, "0");
	assert_string_equal(t[1].label, "50");
	s = scale_make(1e-6, 100, true);
	n = scale_ticks(&s, 10, t);
	assert_int_equal(n, 9);
	assert_string_equal(t[0].label, "1e-6");
	assert_string_equal(t[8].label, "100");
	/* Units stay on a logarithmic axis, within a decade and over several. */
	s = scale_make(2e7, 6e7, true);
	s.unit = SCALE_BYTES;
	n = scale_ticks(&s, 2, t);
	assert_string_equal(t[0].label, "20 MB");
	s = scale_make(1e3, 1e9, true);
	s.unit = SCALE_BYTES;
	n = scale_ticks(&s, 10, t);
	assert_string_equal(t[0].label, "1.0 kB");
	assert_string_equal(t[n - 1].label, "1.0 GB");
	s = scale_make(5, 5, false);
	assert_true(s.low < 5 && s.high > 5);
	assert_true(scale_place(&s, 5) > 0.4 && scale_place(&s, 5) < 0.6);
	assert_true(scale_place(&s, INFINITY) == 1 && scale_place(&s, -INFINITY) == 0);
	/* Every round of sizes has at least one tick, and labels that differ. */
	for (int exponent = -300; exponent < 300; exponent += 7) {
		s = scale_make(3 * pow(10, exponent), 4.1 * pow(10, exponent), false);
		n = scale_ticks(&s, 4, t);
		assert_in_range(n, 1, TICKS_MOST);
		for (int i = 1; i < n; i++)
			assert_string_not_equal(t[i].label, t[i - 1].label);
	}
}

static void assert_spark(const double *y, size_t n, int cells, const char *wanted)
{
	_buf_ struct buf b = BUF_INIT;
	spark_text(&b, y, n, cells);
	assert_string_equal(b.data, wanted);
}

static void sparks_show_the_last_values(void **state)
{
	const double y[] = { 9, 1, 2, 4, NAN, 6, 7 }, edge[] = { 0, INFINITY, 1, -INFINITY }, same[] = { 3, 3 };
	assert_spark(y, 7, 6, "▁▂▄ ▆▇");
	assert_spark(y, 7, 2, "▁▇");
	assert_spark(edge, 4, 8, "▁▇▇▁");
	assert_spark(same, 2, 8, "▄▄");
	assert_spark(NULL, 0, 8, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_extreme_is_lost),
		cmocka_unit_test(a_chart_has_axes_and_a_legend),
		cmocka_unit_test(scales_fit_their_rows),
		cmocka_unit_test(ticks_of_a_low_chart_stand_evenly),
		cmocka_unit_test(odd_series_are_drawn_too),
		cmocka_unit_test(a_gap_stays_a_gap),
		cmocka_unit_test(noise_is_a_light_band),
		cmocka_unit_test(smoothing_leaves_the_raw_curve_behind_it),
		cmocka_unit_test(the_crosshair_names_all_values),
		cmocka_unit_test(twenty_series_can_be_told_apart),
		cmocka_unit_test(a_part_of_x_is_shown),
		cmocka_unit_test(ticks_have_units),
		cmocka_unit_test(ticks_are_round),
		cmocka_unit_test(sparks_show_the_last_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
