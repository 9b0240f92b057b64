#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include "tui/chart.h"
#include "tui/chart_scale.h"

static uint32_t seed = 1;
static double random_value(void)
{
	seed = seed * 1664525u + 1013904223u;
	return (double)(seed >> 8) / (1 << 24);
}

static char *drawn(int rows, int cols, const struct chart_series *s, int n, const struct chart_options *o)
{
	struct grid g;
	_buf_ struct buf b = BUF_INIT;
	grid_init(&g, rows, cols);
	chart_draw(&g, 0, 0, rows, cols, s, n, o);
	grid_print(&g, &(struct paint){ .ascii = o->ascii }, &b);
	grid_release(&g);
	return buf_steal(&b);
}

/* Whether the dot of a curve at (row, col), counted in dots, is set. */
static bool dot(const struct grid *g, int row, int col, bool ascii)
{
	static const int braille[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };
	if (ascii)
		return g->cells[row * g->cols + col].cp[0] == '*';
	uint32_t cp = g->cells[row / 4 * g->cols + col / 2].cp[0];
	return cp >= 0x2800 && cp < 0x2900 && cp & (uint32_t)braille[row % 4][col % 2];
}

/* Three rows have room for nothing but the curve, so every column can be checked by hand. */
static void assert_extremes(const double *x, const double *y, size_t n, int cols, bool ascii)
{
	struct chart_series s = { .name = "y", .x = x, .y = y, .n = n, .role = ROLE_SERIES_1 };
	struct chart_options o = { .ascii = ascii };
	struct grid g;
	grid_init(&g, 3, cols);
	chart_draw(&g, 0, 0, 3, cols, &s, 1, &o);
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
	struct chart_series s[] = { { "acc", x, y, 9, ROLE_SERIES_1 }, { "loss", x, z, 9, ROLE_SERIES_2 } };
	struct chart_options o = { .title = "acc, loss", .x_label = "epoch" };
	_free_ char *braille = drawn(10, 40, s, 2, &o);
	assert_string_equal(braille,
			    "acc, loss\n"
			    "1.0┤                              ⢀⣀⠤⠔⠒⠉\n"
			    "   │                        ⢀⣀⠤⠔⠒⠉⠁\n"
			    "0.5┤⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀   ⢀⣀⠤⠤⠒⣒⣉⣁⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀⣀\n"
			    "   │           ⢀⣀⠤⠔⠒⠉⠁\n"
			    "   │     ⢀⣀⠤⠔⠒⠉⠁\n"
			    "0.0┤⣀⠤⠔⠒⠉⠁\n"
			    "   └┬────────┬────────┬───────┬─────────\n"
			    "    0        2        4       6    epoch\n"
			    "━ acc 1   ━ loss 0.5\n");
	o.ascii = true;
	_free_ char *ascii = drawn(10, 40, s, 2, &o);
	assert_non_null(strstr(ascii, "1.0+"));
	assert_non_null(strstr(ascii, "* acc 1   o loss 0.5"));
	for (const char *c = ascii; *c; c++)
		assert_true((unsigned char)*c < 0x80);
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
				struct chart_series s = { "v", x, all[i], n, ROLE_SERIES_1 };
				struct chart_options o = { .log_y = k & 1, .ascii = k & 2, .title = "t" };
				for (int rows = 0; rows < 12; rows++)
					for (int cols = 0; cols < 60; cols += 7)
						free(drawn(rows, cols, &s, 1, &o));
			}
		}
	}
	struct chart_series s = {"v", x, mixed, 4, ROLE_SERIES_1}, none = {"v", x, nothing, 4, ROLE_SERIES_1},
	                    one = {"v", x, same, 1, ROLE_SERIES_1};
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
	struct chart_series s = { "v", x, y, 5, ROLE_SERIES_1 };
	struct chart_options o = { .ascii = true };
	_free_ char *text = drawn(1, 9, &s, 1, &o);
	assert_string_equal(text, "***   ***\n");
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

static void assert_spark(const double *y, size_t n, int cells, bool ascii, const char *wanted)
{
	_buf_ struct buf b = BUF_INIT;
	spark_text(&b, y, n, cells, ascii);
	assert_string_equal(b.data, wanted);
}

static void sparks_show_the_last_values(void **state)
{
	const double y[] = { 9, 1, 2, 4, NAN, 6, 7 }, edge[] = { 0, INFINITY, 1, -INFINITY }, same[] = { 3, 3 };
	assert_spark(y, 7, 6, false, "▁▂▄ ▆▇");
	assert_spark(y, 7, 2, false, "▁▇");
	assert_spark(y, 7, 6, true, "._- ^^");
	assert_spark(edge, 4, 8, false, "▁▇▇▁");
	assert_spark(same, 2, 8, false, "▄▄");
	assert_spark(NULL, 0, 8, false, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_extreme_is_lost),
		cmocka_unit_test(a_chart_has_axes_and_a_legend),
		cmocka_unit_test(odd_series_are_drawn_too),
		cmocka_unit_test(a_gap_stays_a_gap),
		cmocka_unit_test(ticks_are_round),
		cmocka_unit_test(sparks_show_the_last_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
