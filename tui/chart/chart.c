#include "tui/chart/chart.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include "base/text.h"
#include "base/utf8.h"
#include "tui/chart/chart_dots.h"

#define WIDEST 200 /* names in a legend */

/* Everything that is drawn in one rectangle. */
struct chart {
	struct grid *g;
	const struct chart_series *s;
	int n;
	const struct chart_options *o;
	struct pyramid_column *seen; /* of each series: all that is shown of it */
	struct scale x, y;
	struct rect head, legend, curves;
	bool axes;
	uint8_t *gaps;
};

double chart_x_at(const struct chart_frame *f, int col)
{
	int cols = f->curves.cols;
	double at = cols > 1 ? (double)(col - f->curves.col) / (cols - 1) : 0.5;
	return f->low + (f->high - f->low) * fmin(fmax(at, 0), 1);
}

int chart_col_of(const struct chart_frame *f, double x)
{
	if (!(x >= f->low && x <= f->high) || f->curves.cols < 1 || !(f->high > f->low))
		return -1;
	return f->curves.col + (int)((x - f->low) / (f->high - f->low) * (f->curves.cols - 1) + 0.5);
}

int chart_value(struct pyramid *p, double x, double *ret)
{
	double at, next;
	if (!pyramid_at(p, x, &at, ret) || isnan(*ret))
		return -1;
	if (at == x)
		return 1;
	return pyramid_next(p, x, &next) ? 0 : -1;
}

/* Between two points there is only the line: its ends. */
static void stretch(struct pyramid *p, double x, bool log, double *low, double *high)
{
	double at, v;
	if (!pyramid_at(p, x, &at, &v) || !isfinite(v) || (log && v <= 0))
		return;
	*low = fmin(*low, v);
	*high = fmax(*high, v);
}

static void find_scales(struct chart *c)
{
	double low = INFINITY, high = -INFINITY, y_low = INFINITY, y_high = -INFINITY, a, b;
	for (int i = 0; i < c->n; i++) {
		if (!pyramid_extent(c->s[i].points, &a, &b))
			continue;
		low = fmin(low, a);
		high = fmax(high, b);
	}
	if (c->o->low < c->o->high)
		c->x = (struct scale){ .low = c->o->low, .high = c->o->high };
	else
		c->x = low <= high ? scale_make(low, high, false) : (struct scale){ .low = 0, .high = 1 };
	for (int i = 0; i < c->n; i++) {
		struct pyramid_column *all = &c->seen[i];
		dots_edges(c->x.low, c->x.high, 1000, &a, &b);
		pyramid_columns(c->s[i].points, a, b, 1, all);
		if (all->n == 0 && all->nan == 0 && pyramid_next(c->s[i].points, b, &b)) {
			stretch(c->s[i].points, a, c->o->log_y, &y_low, &y_high);
			stretch(c->s[i].points, b, c->o->log_y, &y_low, &y_high);
		}
		if (all->low > all->high)
			continue;
		y_low = fmin(y_low, c->o->log_y ? all->positive : all->low);
		y_high = fmax(y_high, all->high);
	}
	if (!(y_low <= y_high)) {
		y_low = c->o->log_y ? 1 : 0;
		y_high = c->o->log_y ? 10 : 1;
	}
	if (c->o->from_zero && !c->o->log_y) {
		y_low = fmin(y_low, 0);
		y_high = fmax(y_high, 0);
	}
	c->y = scale_make(y_low, y_high, c->o->log_y);
	if (c->o->from_zero && y_low == 0 && y_high == 0)
		c->y.low = 0;
	c->x.unit = c->o->x_unit;
	c->x.origin = c->o->x_origin;
	c->y.unit = c->o->y_unit;
}

/* The value that a legend names: at the crosshair, else the last one. */
static enum role value_text(const struct chart *c, int i, char out[32])
{
	double v = c->seen[i].last;
	int at = 1;
	if (c->o->cross) {
		at = chart_value(c->s[i].points, c->o->cross_x, &v);
		if (at < 0) {
			memcpy(out, "–", sizeof "–");
			return ROLE_QUIET;
		}
	} else if (c->seen[i].n == 0) {
		memcpy(out, "no values", sizeof "no values");
		return ROLE_QUIET;
	}
	scale_text(c->o->y_unit, 0, v, out);
	return at == 1 ? ROLE_TEXT : ROLE_QUIET;
}

static uint32_t sign_of(const struct chart *c, int look)
{
	static const uint32_t lines[] = { 0x2501, 0x254c, 0x2026 }; /* ━ ╌ … */
	return c->o->ascii ? (uint32_t)dots_letter(look) : lines[look / 6 % 3];
}

static void draw_head(struct chart *c)
{
	struct rect r = c->head;
	uint64_t not_positive = 0, infinite = 0, nan = 0;
	_buf_ struct buf note = BUF_INIT;
	char number[32];
	if (r.rows < 1)
		return;
	for (int i = 0; i < c->n; i++) {
		not_positive += c->seen[i].not_positive + (c->o->log_y ? c->seen[i].below : 0);
		infinite += c->seen[i].above + c->seen[i].below;
		nan += c->seen[i].nan;
	}
	int taken = c->o->title ? grid_text_cut(c->g, r.row, r.col, r.cols, c->o->chosen ? ROLE_ACCENT : ROLE_STRONG,
	                                        c->o->title)
	                        : 0;
	if (c->o->legend == LEGEND_HEAD && c->n == 1 && taken + 4 < r.cols) {
		enum role role = value_text(c, 0, number);
		taken += 2 + grid_text_cut(c->g, r.row, r.col + taken + 2, r.cols - taken - 2, role, number);
	}
	taken += taken > 0 ? 2 : 0;
	if (c->o->cross) {
		scale_text(c->o->x_unit, c->o->x_origin, c->o->cross_x, number);
		buf_addf(&note, "%s%s%s", c->o->x_label ? c->o->x_label : "", c->o->x_label ? " " : "", number);
	}
	if (c->o->fact && *c->o->fact)
		buf_addf(&note, "%s%s", note.len ? ", " : "", c->o->fact);
	if (c->o->log_y)
		buf_addf(&note, "%slog", note.len ? ", " : "");
	if (c->o->log_y && not_positive)
		buf_addf(&note, "%s%llu at or below 0 not shown", note.len ? ", " : "",
		         (unsigned long long)not_positive);
	if (infinite)
		buf_addf(&note, "%s%llu infinite", note.len ? ", " : "", (unsigned long long)infinite);
	if (nan)
		buf_addf(&note, "%s%llu NaN", note.len ? ", " : "", (unsigned long long)nan);
	int cells = (int)utf8_cells(note.data, note.len);
	if (cells > 0 && taken < r.cols)
		grid_text_cut(c->g, r.row, cells + taken <= r.cols ? r.col + r.cols - cells : r.col + taken,
		              r.cols - taken, ROLE_QUIET, note.data);
}

/* "━ loss 0.441   ━ acc 0.88". */
static void draw_legend_line(struct chart *c)
{
	struct rect r = c->legend;
	for (int i = 0, at = 0; i < c->n && at < r.cols; i++) {
		const char *name = c->s[i].name ? c->s[i].name : "";
		char number[32];
		enum role role = value_text(c, i, number);
		int words = (int)utf8_cells(name, strlen(name)),
		    cells = words + 1 + (int)utf8_cells(number, strlen(number));
		if (i > 0 && at + 2 + cells + (i < c->n - 1 ? 5 : 0) > r.cols) {
			grid_textf(c->g, r.row, r.col + at, r.cols - at, ROLE_QUIET, "+%d", c->n - i);
			return;
		}
		grid_put(c->g, r.row, r.col + at, sign_of(c, c->s[i].look), chart_role(c->s[i].look));
		at += 2;
		at += grid_text_cut(c->g, r.row, r.col + at, r.cols - at, ROLE_TEXT, name) + 1;
		if (at < r.cols)
			at += grid_text_cut(c->g, r.row, r.col + at, r.cols - at, role, number) + 3;
	}
}

/* Numbers stand with their points below each other. */
struct numbers { char (*text)[32]; enum role *role; int before, behind; };

static int point_of(const char *number)
{
	const char *p = number + strcspn(number, ".:");
	size_t digits = strspn(number, "-0123456789,");
	return (int)(*p && *p == '.' ? (size_t)(p - number) : digits ? digits : utf8_cells(number, strlen(number)));
}

static void measure(struct numbers *v, int n)
{
	for (int i = 0; i < n; i++) {
		int before = point_of(v->text[i]), behind = (int)utf8_cells(v->text[i], strlen(v->text[i])) - before;
		v->before = before > v->before ? before : v->before;
		v->behind = behind > v->behind ? behind : v->behind;
	}
}

static void draw_legend_table(struct chart *c)
{
	static const char *const heads[] = { "last", "min", "max" };
	struct rect r = c->legend;
	int lines = r.rows - 1, shown = c->n > lines ? lines - 1 : c->n, names = 4, at;
	struct numbers columns[3] = {{0}};
	for (int k = 0; k < 3; k++) {
		columns[k].text = mem_zero((size_t)(shown + 1) * sizeof *columns[k].text);
		columns[k].role = mem_zero((size_t)(shown + 1) * sizeof *columns[k].role);
	}
	for (int i = 0; i < shown; i++) {
		const struct pyramid_column *all = &c->seen[i];
		int cells = c->s[i].name ? (int)utf8_cells(c->s[i].name, strlen(c->s[i].name)) : 0;
		names = cells > names ? cells : names;
		columns[0].role[i] = value_text(c, i, columns[0].text[i]);
		columns[1].role[i] = columns[2].role[i] = ROLE_QUIET;
		scale_text(c->o->y_unit, 0,
		           all->below              ? -INFINITY
		           : all->low <= all->high ? all->low
		                                   : all->first,
		           columns[1].text[i]);
		scale_text(c->o->y_unit, 0,
		           all->above              ? INFINITY
		           : all->low <= all->high ? all->high
		                                   : all->first,
		           columns[2].text[i]);
		if (all->n == 0)
			columns[1].text[i][0] = columns[2].text[i][0] = '\0';
	}
	names = names > WIDEST ? WIDEST : names;
	for (int k = 0; k < 3; k++)
		measure(&columns[k], shown);
	int widths[3], numbers = 0;
	for (int k = 0; k < 3; k++) {
		int head = (int)strlen(heads[k]);
		widths[k] = columns[k].before + columns[k].behind > head ? columns[k].before + columns[k].behind : head;
		numbers += widths[k] + 3;
	}
	if (names + 2 + numbers > r.cols)
		names = r.cols - 2 - numbers > 8 ? r.cols - 2 - numbers : 8;
	at = r.col + 2 + names + 3;
	for (int k = 0; k < 3; k++) {
		const char *head = k == 0 && c->o->cross ? "here" : heads[k];
		grid_text(c->g, r.row, at + widths[k] - (int)strlen(head), r.col + r.cols - at, ROLE_QUIET, head);
		for (int i = 0; i < shown; i++) {
			int place = at + widths[k] - columns[k].behind - point_of(columns[k].text[i]);
			grid_text(c->g, r.row + 1 + i, place, r.col + r.cols - place, columns[k].role[i],
			          columns[k].text[i]);
		}
		at += widths[k] + 3;
	}
	for (int i = 0; i < shown; i++) {
		grid_put(c->g, r.row + 1 + i, r.col, sign_of(c, c->s[i].look), chart_role(c->s[i].look));
		grid_text_cut(c->g, r.row + 1 + i, r.col + 2, names, ROLE_TEXT, c->s[i].name ? c->s[i].name : "");
	}
	if (shown < c->n)
		grid_textf(c->g, r.row + 1 + shown, r.col + 2, r.cols - 2, ROLE_QUIET, "and %d more", c->n - shown);
	for (int k = 0; k < 3; k++) {
		free(columns[k].text);
		free(columns[k].role);
	}
}

static void draw_y_axis(struct chart *c, int left, const struct tick *ticks, int n)
{
	struct rect f = c->curves;
	for (int r = 0; r < f.rows; r++)
		grid_put(c->g, f.row + r, f.col - 1, 0x2502, ROLE_QUIET);
	for (int i = 0, above = f.row + f.rows; i < n; i++) {
		int row = f.row + f.rows - 1 - (int)(ticks[i].at * (f.rows - 1) + 0.5);
		int cells = (int)strlen(ticks[i].label);
		if (row >= above)
			continue;
		above = row;
		grid_text(c->g, row, f.col - 1 - cells > left ? f.col - 1 - cells : left, f.col - 1 - left, ROLE_QUIET,
		          ticks[i].label);
		grid_put(c->g, row, f.col - 1, 0x2524, ROLE_QUIET);
	}
}

static void draw_x_axis(struct chart *c)
{
	struct rect f = c->curves;
	struct tick ticks[TICKS_MOST];
	const char *label = c->o->x_label;
	int wanted = f.cols / 12, name = label ? (int)utf8_cells(label, strlen(label)) : 0, end = f.col - 2;
	int n = scale_ticks(&c->x, wanted < 2 ? 2 : wanted, ticks), line = f.row + f.rows;
	grid_put(c->g, line, f.col - 1, 0x2514, ROLE_QUIET);
	for (int i = 0; i < f.cols; i++)
		grid_put(c->g, line, f.col + i, 0x2500, ROLE_QUIET);
	int edge = name > 0 && name + 8 < f.cols ? f.col + f.cols - name - 1 : f.col + f.cols;
	for (int i = 0; i < n; i++) {
		int at = f.col + (int)(ticks[i].at * (f.cols - 1) + 0.5), cells = (int)strlen(ticks[i].label),
		    from = at - cells / 2;
		if (from < f.col - 1)
			from = f.col - 1;
		if (from <= end || from + cells > edge)
			continue;
		grid_put(c->g, line, at, 0x252c, ROLE_QUIET);
		end = from + grid_text(c->g, line + 1, from, -1, ROLE_QUIET, ticks[i].label);
	}
	if (edge < f.col + f.cols)
		grid_text(c->g, line + 1, edge + 1, name, ROLE_QUIET, label);
	for (int i = 0; i < f.cols; i++)
		if (c->gaps[i])
			grid_put(c->g, line, f.col + i, 0xd7, ROLE_WARNING);
}

/* Behind the curves: only blank cells become the line. */
static void draw_cross(struct chart *c, const struct chart_frame *f)
{
	int col = c->o->cross ? chart_col_of(f, c->o->cross_x) : -1;
	if (col < 0)
		return;
	for (int row = c->curves.row; row < c->curves.row + c->curves.rows; row++)
		if (c->g->cells[row * c->g->cols + col].cp[0] == ' ')
			grid_put(c->g, row, col, 0x2502, ROLE_ACCENT);
	if (c->axes)
		grid_put(c->g, c->curves.row + c->curves.rows, col, 0x2534, ROLE_ACCENT);
}

/* What there is room for. */
static void divide(struct chart *c, struct rect r)
{
	bool head = r.rows >= 6 && (c->o->title || c->o->fact || c->o->log_y || c->o->cross);
	int lines =
	        r.rows < 4 || c->o->legend == LEGEND_NONE || (c->o->legend == LEGEND_HEAD && c->n == 1 && head) ? 0 : 1;
	if (c->o->legend == LEGEND_TABLE && r.rows >= 14 && r.cols >= 40) {
		int most = r.rows / 3;
		lines = c->n + 1 > most ? most : c->n + 1;
	}
	c->axes = r.rows >= 6 && r.cols >= 20;
	c->head = (struct rect){ r.row, r.col, head, r.cols };
	c->legend = (struct rect){ r.row + r.rows - lines, r.col, lines, r.cols };
	c->curves = (struct rect){ r.row + head, r.col, r.rows - head - lines - (c->axes ? 2 : 0), r.cols };
}

void chart_draw(struct grid *g, struct rect r, const struct chart_series *s, int n, const struct chart_options *o,
                struct chart_frame *ret)
{
	struct chart c = { .g = g, .s = s, .n = n, .o = o };
	struct chart_frame frame = {0};
	if (ret)
		*ret = frame;
	if (r.row + r.rows > g->rows)
		r.rows = g->rows - r.row;
	if (r.col + r.cols > g->cols)
		r.cols = g->cols - r.col;
	if (r.rows < 1 || r.cols < 1 || r.row < 0 || r.col < 0)
		return;
	c.seen = mem_zero((size_t)(n + 1) * sizeof *c.seen);
	find_scales(&c);
	divide(&c, r);
	c.gaps = mem_zero((size_t)r.cols);
	struct tick ticks[TICKS_MOST];
	int count = 0, wide = 0;
	if (c.axes) {
		count = scale_rows(&c.y, c.curves.rows, ticks);
		if (!count)
			count = scale_ticks(&c.y, c.curves.rows / 3 < 2 ? 2 : c.curves.rows / 3, ticks);
		for (int i = 0; i < count; i++)
			wide = (int)strlen(ticks[i].label) > wide ? (int)strlen(ticks[i].label) : wide;
		wide = wide > r.cols / 2 ? r.cols / 2 : wide;
		c.curves.col += wide + 1;
		c.curves.cols -= wide + 1;
	}
	struct dots d;
	dots_init(&d, c.curves.rows, c.curves.cols, o->ascii);
	for (int i = n - 1; i >= 0; i--)
		dots_series(&d, &s[i], c.x.low, c.x.high, &c.y, o->smooth, c.gaps);
	dots_paint(&d, g, c.curves.row, c.curves.col);
	dots_release(&d);
	if (c.axes) {
		draw_y_axis(&c, r.col, ticks, count);
		draw_x_axis(&c);
	}
	frame = (struct chart_frame){ .curves = c.curves, .low = c.x.low, .high = c.x.high };
	draw_cross(&c, &frame);
	draw_head(&c);
	if (c.legend.rows > 1)
		draw_legend_table(&c);
	else if (c.legend.rows == 1)
		draw_legend_line(&c);
	free(c.seen);
	free(c.gaps);
	if (ret)
		*ret = frame;
}
