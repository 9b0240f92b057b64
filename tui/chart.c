#include "tui/chart.h"

#include <math.h>
#include <string.h>
#include "base/text.h"
#include "base/utf8.h"
#include "tui/chart_scale.h"

static const char letters[] = "*ox+#%@&"; /* ASCII: a series a letter */
#define LETTERS ((int)sizeof letters - 1)

/* Dots to draw on: 2 × 4 a cell in braille, 1 × 1 in ASCII. */
struct dots {
	int rows, cols; /* of dots */
	int wide, high; /* dots of a cell */
	uint8_t *bits;
	uint8_t *series;
	int cell_cols;
};

/* What falls into one column of dots. */
struct column { double low, high, first, last, sum; size_t n; bool gap_before; };

static void set_dot(struct dots *d, int row, int col, int series)
{
	static const uint8_t braille[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };
	if (row < 0 || col < 0 || row >= d->rows || col >= d->cols)
		return;
	size_t cell = (size_t)(row / d->high) * (size_t)d->cell_cols + (size_t)(col / d->wide);
	d->bits[cell] |= d->wide == 1 ? 1 : braille[row % d->high][col % d->wide];
	d->series[cell] = (uint8_t)series;
}

static int dot_row(const struct dots *d, const struct scale *s, double v)
{
	return d->rows - 1 - (int)(scale_place(s, v) * (d->rows - 1) + 0.5);
}

/* A line from one dot to the next column's, without the first dot. */
static void connect(struct dots *d, int row0, int col0, int row1, int col1, int series)
{
	int across = col1 - col0, down = row1 - row0, steps = abs(across) > abs(down) ? abs(across) : abs(down);
	for (int i = 1; i <= steps; i++)
		set_dot(d, row0 + (int)lround((double)down * i / steps), col0 + (int)lround((double)across * i / steps),
		        series);
}

static bool usable(double v, bool log_y)
{
	return !isnan(v) && !(log_y && v <= 0);
}

static void fill_columns(struct column *columns, const struct dots *d, const struct chart_series *s,
                         const struct scale *x, bool log_y)
{
	bool gap = true;
	for (int i = 0; i < d->cols; i++)
		columns[i] = (struct column){ 0 };
	for (size_t i = 0; i < s->n; i++) {
		if (!isfinite(s->x[i]))
			continue;
		if (!usable(s->y[i], log_y)) {
			gap = true;
			continue;
		}
		struct column *c = &columns[(int)(scale_place(x, s->x[i]) * (d->cols - 1) + 0.5)];
		double v = s->y[i];
		if (c->n++ == 0) {
			*c = (struct column){
			        .low = v, .high = v, .first = v, .last = v, .sum = v, .n = 1, .gap_before = gap};
		} else {
			c->low = fmin(c->low, v);
			c->high = fmax(c->high, v);
			c->last = v;
			c->sum += v;
		}
		gap = false;
	}
}

/* A column of few values is a line through them; one of many shows its extremes as single dots and its mean as the
 * line, so that noise is no solid block. */
static void draw_series(struct dots *d, const struct column *columns, const struct scale *y, int series)
{
	int before_row = 0, before_col = -1;
	for (int col = 0; col < d->cols; col++) {
		const struct column *c = &columns[col];
		if (c->n == 0)
			continue;
		int low = dot_row(d, y, c->low), high = dot_row(d, y, c->high), first = dot_row(d, y, c->first),
		    last = dot_row(d, y, c->last);
		bool noisy = c->n > 3 && low - high > 2 && isfinite(c->sum);
		set_dot(d, low, col, series);
		set_dot(d, high, col, series);
		if (noisy)
			first = last = dot_row(d, y, c->sum / (double)c->n);
		else
			connect(d, low, col, high, col, series);
		set_dot(d, last, col, series);
		if (before_col >= 0 && !c->gap_before)
			connect(d, before_row, before_col, first, col, series);
		before_row = last;
		before_col = col;
	}
}

struct bounds { double x_low, x_high, y_low, y_high; size_t points, not_positive, infinite; };

static struct bounds find_bounds(const struct chart_series *s, int n, bool log_y)
{
	struct bounds b = { .x_low = INFINITY, .x_high = -INFINITY, .y_low = INFINITY, .y_high = -INFINITY };
	for (int i = 0; i < n; i++) {
		for (size_t k = 0; k < s[i].n; k++) {
			double v = s[i].y[k];
			if (!isfinite(s[i].x[k]) || isnan(v))
				continue;
			b.infinite += isinf(v) != 0;
			b.not_positive += log_y && v <= 0;
			if (!usable(v, log_y))
				continue;
			b.points++;
			b.x_low = fmin(b.x_low, s[i].x[k]);
			b.x_high = fmax(b.x_high, s[i].x[k]);
			if (isinf(v))
				continue;
			b.y_low = fmin(b.y_low, v);
			b.y_high = fmax(b.y_high, v);
		}
	}
	if (b.y_low > b.y_high) {
		b.y_low = log_y ? 1 : 0;
		b.y_high = log_y ? 10 : 1;
	}
	return b;
}

static void draw_head(struct grid *g, int row, int col, int cols, const struct chart_options *o, const struct bounds *b)
{
	_buf_ struct buf note = BUF_INIT;
	if (o->log_y)
		buf_adds(&note, "log");
	if (b->not_positive)
		buf_addf(&note, "%s%zu at or below 0 not shown", note.len ? ", " : "", b->not_positive);
	if (b->infinite)
		buf_addf(&note, "%s%zu infinite", note.len ? ", " : "", b->infinite);
	int taken = o->title ? grid_text_cut(g, row, col, cols, ROLE_STRONG, o->title) + 2 : 0;
	int cells = (int)utf8_cells(note.data, note.len);
	if (cells > 0 && taken < cols)
		grid_text_cut(g, row, cells + taken <= cols ? col + cols - cells : col + taken, cols - taken,
		              ROLE_QUIET, note.data);
}

/* "━ loss 0.441   ━ acc 0.88": the last value of each. */
static void draw_legend(struct grid *g, int row, int col, int cols, const struct chart_series *s, int n,
                        const struct chart_options *o)
{
	int at = 0;
	for (int i = 0; i < n && at < cols; i++) {
		double last = NAN;
		for (size_t k = s[i].n; k > 0 && isnan(last); k--)
			last = s[i].y[k - 1];
		_buf_ struct buf text = BUF_INIT;
		char number[32] = "no values";
		if (!isnan(last))
			number_short(last, number);
		buf_addf(&text, "%s %s", s[i].name ? s[i].name : "", number);
		int cells = (int)utf8_cells(text.data, text.len);
		if (i > 0 && at + 2 + cells > cols) {
			grid_textf(g, row, col + at, cols - at, ROLE_QUIET, "+%d", n - i);
			return;
		}
		grid_put(g, row, col + at, o->ascii ? (uint32_t)letters[i % LETTERS] : 0x2501, s[i].role);
		at += 2 + grid_text_cut(g, row, col + at + 2, cols - at - 2, ROLE_TEXT, text.data) + 3;
	}
}

static void draw_dots(struct grid *g, int row, int col, const struct dots *d, const struct chart_series *s, bool ascii)
{
	for (int r = 0; r < d->rows / d->high; r++) {
		for (int c = 0; c < d->cell_cols; c++) {
			size_t cell = (size_t)r * (size_t)d->cell_cols + (size_t)c;
			if (d->bits[cell])
				grid_put(g, row + r, col + c,
				         ascii ? (uint32_t)letters[d->series[cell] % LETTERS] : 0x2800u + d->bits[cell],
				         s[d->series[cell]].role);
		}
	}
}

struct frame { int row, col, rows, cols; }; /* of the curves, in cells */

static void draw_y_axis(struct grid *g, const struct frame *f, int left, const struct tick *ticks, int n)
{
	for (int r = 0; r < f->rows; r++)
		grid_put(g, f->row + r, f->col - 1, 0x2502, ROLE_QUIET);
	for (int i = 0, above = f->row + f->rows; i < n; i++) {
		int row = f->row + f->rows - 1 - (int)(ticks[i].at * (f->rows - 1) + 0.5);
		int cells = (int)strlen(ticks[i].label);
		if (row >= above)
			continue;
		above = row;
		grid_text(g, row, f->col - 1 - cells > left ? f->col - 1 - cells : left, f->col - 1 - left, ROLE_QUIET,
		          ticks[i].label);
		grid_put(g, row, f->col - 1, 0x2524, ROLE_QUIET);
	}
}

static void draw_x_axis(struct grid *g, const struct frame *f, const struct scale *x, const char *label)
{
	struct tick ticks[TICKS_MOST];
	int wanted = f->cols / 12, name = label ? (int)utf8_cells(label, strlen(label)) : 0, end = f->col - 1;
	int n = scale_ticks(x, wanted < 2 ? 2 : wanted, ticks), line = f->row + f->rows;
	grid_put(g, line, f->col - 1, 0x2514, ROLE_QUIET);
	for (int c = 0; c < f->cols; c++)
		grid_put(g, line, f->col + c, 0x2500, ROLE_QUIET);
	int edge = name > 0 && name + 8 < f->cols ? f->col + f->cols - name - 1 : f->col + f->cols;
	for (int i = 0; i < n; i++) {
		int at = f->col + (int)(ticks[i].at * (f->cols - 1) + 0.5), cells = (int)strlen(ticks[i].label),
		    from = at - cells / 2;
		if (from < f->col - 1)
			from = f->col - 1;
		if (from <= end || from + cells > edge)
			continue;
		grid_put(g, line, at, 0x252c, ROLE_QUIET);
		end = from + grid_text(g, line + 1, from, -1, ROLE_QUIET, ticks[i].label);
	}
	if (edge < f->col + f->cols)
		grid_text(g, line + 1, edge + 1, name, ROLE_QUIET, label);
}

void chart_draw(struct grid *g, int row, int col, int rows, int cols, const struct chart_series *s, int n,
                const struct chart_options *o)
{
	if (rows < 1 || cols < 1)
		return;
	struct bounds b = find_bounds(s, n, o->log_y);
	struct scale y = scale_make(b.y_low, b.y_high, o->log_y);
	struct scale x = b.points ? scale_make(b.x_low, b.x_high, false) : (struct scale){ .low = 0, .high = 1 };
	struct frame f = { .row = row, .col = col, .rows = rows, .cols = cols };
	bool head = rows >= 6 && (o->title || o->log_y || b.infinite), legend = rows >= 4,
	     axes = rows >= 6 && cols >= 20;
	f.row += head;
	f.rows -= head + legend + (axes ? 2 : 0);
	if (axes) {
		struct tick ticks[TICKS_MOST];
		int count = scale_ticks(&y, f.rows / 3 < 2 ? 2 : f.rows / 3, ticks), wide = 0;
		for (int i = 0; i < count; i++)
			wide = (int)strlen(ticks[i].label) > wide ? (int)strlen(ticks[i].label) : wide;
		wide = wide > cols / 2 ? cols / 2 : wide;
		f.col += wide + 1;
		f.cols -= wide + 1;
		draw_y_axis(g, &f, col, ticks, count);
		draw_x_axis(g, &f, &x, o->x_label);
	}
	struct dots d = { .wide = o->ascii ? 1 : 2, .high = o->ascii ? 1 : 4, .cell_cols = f.cols };
	d.rows = f.rows * d.high;
	d.cols = f.cols * d.wide;
	d.bits = mem_zero((size_t)f.rows * (size_t)f.cols + 1);
	d.series = mem_zero((size_t)f.rows * (size_t)f.cols + 1);
	_free_ struct column *columns = mem_array(NULL, (size_t)d.cols, sizeof *columns);
	for (int i = n - 1; i >= 0; i--) {
		fill_columns(columns, &d, &s[i], &x, o->log_y);
		draw_series(&d, columns, &y, i);
	}
	draw_dots(g, f.row, f.col, &d, s, o->ascii);
	free(d.bits);
	free(d.series);
	if (head)
		draw_head(g, row, col, cols, o, &b);
	if (legend)
		draw_legend(g, row + rows - 1, col, cols, s, n, o);
}
