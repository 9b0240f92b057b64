#include "tui/chart/chart_dots.h"

#include <float.h>
#include <math.h>
#include "base/mem.h"

static const char letters[] = "*ox+#%@&";

char dots_letter(int look)
{
	return letters[look % (int)(sizeof letters - 1)];
}

enum role chart_role(int look)
{
	return (enum role)(ROLE_SERIES_1 + look % 6);
}

void dots_init(struct dots *d, int cell_rows, int cell_cols, bool ascii)
{
	size_t n = (size_t)cell_rows * (size_t)cell_cols + 1;
	*d = (struct dots){
	        .wide = ascii ? 1 : 2, .high = ascii ? 1 : 4, .cell_rows = cell_rows, .cell_cols = cell_cols};
	d->rows = cell_rows * d->high;
	d->cols = cell_cols * d->wide;
	d->line = mem_zero(n);
	d->light = mem_zero(n);
	d->fill = mem_zero(n);
	d->look = mem_zero(n * sizeof *d->look);
}

void dots_release(struct dots *d)
{
	free(d->line);
	free(d->light);
	free(d->fill);
	free(d->look);
}

void dots_edges(double low, double high, int n, double *ret_low, double *ret_high)
{
	double half = n > 1 ? (high / 2 - low / 2) / (n - 1) : high - low;
	*ret_low = fmax(low - half, -DBL_MAX);
	*ret_high = fmin(high + half, DBL_MAX);
}

/* Lines of the second and third six are dashed and dotted. */
static bool drawn_at(int look, int row, int col)
{
	int pattern = look / 6 % 3;
	return pattern == 0 || (pattern == 1 ? (row + col) % 6 < 4 : (row + col) % 3 == 0);
}

static void set(struct dots *d, uint8_t *layer, int row, int col, int look)
{
	static const uint8_t braille[4][2] = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };
	if (row < 0 || col < 0 || row >= d->rows || col >= d->cols)
		return;
	size_t cell = (size_t)(row / d->high) * (size_t)d->cell_cols + (size_t)(col / d->wide);
	if (layer == d->line) {
		if (d->wide > 1 && !drawn_at(look, row, col))
			return;
		d->look[cell] = look;
	}
	layer[cell] |= d->wide == 1 ? 1 : braille[row % d->high][col % d->wide];
}

static int row_of(const struct dots *d, const struct scale *s, double v)
{
	return d->rows - 1 - (int)(scale_place(s, v) * (d->rows - 1) + 0.5);
}

/* A line without its first dot. Its ends may lie far outside. */
static void connect(struct dots *d, uint8_t *layer, double row0, double col0, double row1, double col1, int look)
{
	double left = fmax(col0, -1), right = fmin(col1, d->cols);
	if (right < left)
		return;
	if (col1 > col0) {
		double slope = (row1 - row0) / (col1 - col0), from = row0;
		row0 = from + slope * (left - col0);
		row1 = from + slope * (right - col0);
	}
	double across = right - left, down = row1 - row0;
	int steps = (int)ceil(fmax(across, fabs(down)));
	for (int i = 1; i <= steps; i++)
		set(d, layer, (int)lround(row0 + down * i / steps), (int)lround(left + across * i / steps), look);
}

/* What of a column is shown on this scale. */
struct shown { double low, high, first, last, mean; bool any, gap_before, gap_after; };

static struct shown shown_of(const struct pyramid_column *c, bool log)
{
	uint32_t hidden = log ? c->not_positive + c->below : 0, finite = c->n - c->above - c->below;
	struct shown s = {
	        .any = c->n > hidden, .gap_before = c->gap_before, .gap_after = c->gap_after || c->gap_inside};
	if (!s.any) {
		s.gap_before = s.gap_after = c->nan > 0 || hidden > 0;
		return s;
	}
	s.low = log ? c->positive : c->below ? -INFINITY : c->low;
	s.high = c->above ? INFINITY : c->high;
	s.low = fmin(s.low, s.high);
	s.mean = finite ? c->sum / finite : c->first;
	if (finite && !isfinite(s.mean))
		s.mean = c->low / 2 + c->high / 2;
	if (hidden)
		s.gap_before = s.gap_after = true;
	s.first = log && !(c->first > 0) ? s.low : c->first;
	s.last = log && !(c->last > 0) ? s.low : c->last;
	return s;
}

/* Few points in wide columns: lines reach from the last point before and to the first one behind what is shown. */
static bool outside(const struct chart_series *s, double at, double low, double high, int cols, double *ret_col,
                    double *ret)
{
	double x;
	if (!pyramid_at(s->points, at, &x, ret) || isnan(*ret))
		return false;
	*ret_col = (x - low) / (high - low) * (cols - 1);
	return true;
}

static void band(struct dots *d, int top, int bottom, int col, int look)
{
	for (int row = top + 1; row < bottom; row++)
		if (d->wide == 1 || (row % 2 == 0 && (col + row / 2) % 2 == 0))
			set(d, d->fill, row, col, look);
}

/* A column is a line where its values go from its first to its last and leave those of the column before. */
static bool is_noise(int bottom, int top, int way, int bottom_before, int top_before)
{
	int size = bottom - top,
	    shared = (bottom < bottom_before ? bottom : bottom_before) - (top > top_before ? top : top_before);
	return size > 2 && (size > way + 2 || shared * 2 > size);
}

static void draw(struct dots *d, const struct chart_series *s, const struct pyramid_column *columns, double low,
                 double high, const struct scale *y, struct smooth *smooth)
{
	bool smoothed = smooth->strength > 0, gap = true;
	uint8_t *raw = smoothed ? d->light : d->line;
	double before_col = 0, value, edge_low, edge_high, next;
	int before_row = 0, smooth_row = 0, smooth_col = -1, low_row = -1, high_row = 0;
	dots_edges(low, high, d->cols, &edge_low, &edge_high);
	if (pyramid_previous(s->points, edge_low, &next) && outside(s, next, low, high, d->cols, &before_col, &value) &&
	    !(y->log && value <= 0)) {
		before_row = row_of(d, y, value);
		gap = false;
	}
	for (int col = 0; col < d->cols; col++) {
		struct shown c = shown_of(&columns[col], y->log);
		if (!c.any) {
			gap = gap || c.gap_before;
			continue;
		}
		int bottom = row_of(d, y, c.low), top = row_of(d, y, c.high), first = row_of(d, y, c.first),
		    last = row_of(d, y, c.last);
		bool noisy = columns[col].n > 3 && is_noise(bottom, top, abs(last - first), low_row, high_row);
		low_row = bottom;
		high_row = top;
		gap = gap || c.gap_before;
		set(d, d->light, bottom, col, s->look);
		set(d, d->light, top, col, s->look);
		if (noisy) {
			band(d, top, bottom, col, s->look);
			first = last = row_of(d, y, c.mean);
		} else {
			connect(d, raw, bottom, col, top, col, s->look);
			set(d, raw, bottom, col, s->look);
		}
		if (!(noisy && smoothed)) {
			set(d, raw, last, col, s->look);
			if (!gap)
				connect(d, raw, before_row, before_col, first, col, s->look);
		}
		before_row = last;
		before_col = col;
		if (smoothed) {
			uint32_t finite = columns[col].n - columns[col].above - columns[col].below;
			smooth_add(smooth, finite ? columns[col].sum / finite : NAN, finite);
			value = smooth_value(smooth);
			if (!isnan(value) && !(y->log && value <= 0)) {
				int row = row_of(d, y, value);
				set(d, d->line, row, col, s->look);
				if (!gap && smooth_col >= 0)
					connect(d, d->line, smooth_row, smooth_col, row, col, s->look);
				smooth_row = row;
				smooth_col = col;
			}
		}
		gap = c.gap_after;
	}
	if (!gap && pyramid_next(s->points, nextafter(edge_high, -INFINITY), &next)) {
		double col;
		if (outside(s, next, low, high, d->cols, &col, &value) && col > before_col && !(y->log && value <= 0))
			connect(d, raw, before_row, before_col, row_of(d, y, value), col, s->look);
	}
}

void dots_series(struct dots *d, const struct chart_series *s, double low, double high, const struct scale *y,
                 double strength, uint8_t *gaps)
{
	if (d->cols < 1 || d->rows < 1 || pyramid_points(s->points) == 0)
		return;
	struct smooth smooth = { .strength = strength };
	double edge_low, edge_high;
	_free_ struct pyramid_column *columns = mem_array(NULL, (size_t)d->cols, sizeof *columns);
	dots_edges(low, high, d->cols, &edge_low, &edge_high);
	pyramid_columns(s->points, edge_low, edge_high, d->cols, columns);
	if (strength > 0)
		pyramid_smooth(s->points, edge_low, &smooth);
	draw(d, s, columns, low, high, y, &smooth);
	for (int col = 0; gaps && col < d->cols; col++)
		if (columns[col].nan > 0)
			gaps[col / d->wide] = 1;
}

void dots_paint(const struct dots *d, struct grid *g, int row, int col)
{
	for (int r = 0; r < d->cell_rows; r++) {
		for (int c = 0; c < d->cell_cols; c++) {
			size_t cell = (size_t)r * (size_t)d->cell_cols + (size_t)c;
			uint8_t line = d->line[cell], light = d->light[cell];
			if (!line)
				light |= d->fill[cell];
			if (!line && !light)
				continue;
			uint32_t sign = d->wide > 1 ? 0x2800u + (line | light)
			                : line      ? (uint32_t)dots_letter(d->look[cell])
			                            : '.';
			grid_put(g, row + r, col + c, sign, line ? chart_role(d->look[cell]) : ROLE_QUIET);
		}
	}
}
