#include "tui/svg.h"

#include <string.h>
#include "base/utf8.h"
#include "tui/theme.h"

/* All lengths are tenths of a pixel, so that there is no fraction for a locale to write. */
enum { CELL_W = 84, CELL_H = 180, PAD = 140, FONT = 140, BASELINE = 133, LINE = 12, DOT = 27, ROUND = 80 };
#define MIDDLE_X (CELL_W / 2)
#define MIDDLE_Y (CELL_H / 2)

/* The 16 as a terminal with such a ground would have them. */
static const uint32_t on_dark[16] = { 0x16191d, 0xe5646d, 0x7fc07f, 0xd9b36c, 0x6fa8dc, 0xb58ad6, 0x67b8b8, 0xd0d4da,
				      0x7a828c, 0xff8a92, 0xa2dba2, 0xf0cf8e, 0x93c3ee, 0xcfaceb, 0x8fd6d6, 0xffffff };
static const uint32_t on_light[16] = { 0x1d2025, 0xb3202f, 0x1a6d30, 0x855600, 0x1a5ac8, 0x8636a4, 0x00697a, 0x8a929c,
				       0x68707c, 0xc9303f, 0x23803b, 0xc98a00, 0x2f6edb, 0x9a49b8, 0x0b7d8f, 0xfbfbf9 };

struct look { uint32_t fg, bg; uint8_t attrs; }; /* attrs: STYLE_BOLD, STYLE_ITALIC, STYLE_UNDERLINE */
struct picture {
	const struct grid *grid;
	const struct paint *paint;
	uint32_t text, ground;
	const uint32_t *base;
	struct look *looks; /* of the cells of a row */
	struct buf *out;
};

/* `share` of 100 of a, the rest of b. */
static uint32_t mix(uint32_t a, uint32_t b, uint32_t share)
{
	uint32_t mixed = 0;

	for (int shift = 0; shift < 24; shift += 8)
		mixed |= ((a >> shift & 255) * share + (b >> shift & 255) * (100 - share)) / 100 << shift;
	return mixed;
}

static bool is_light(uint32_t rgb)
{
	return (rgb >> 16 & 255) * 299 + (rgb >> 8 & 255) * 587 + (rgb & 255) * 114 > 140000;
}

static uint32_t shown(const struct picture *x, int32_t colour, uint32_t otherwise)
{
	if (colour == COLOUR_DEFAULT)
		return otherwise;
	return colour < 16 ? x->base[colour] : colour_rgb(colour);
}

static struct look look_of(const struct picture *x, const struct cell *c)
{
	struct style s = theme_style(x->paint->theme, c, x->paint->colour ? x->paint->depth : DEPTH_NONE);
	struct look l = {shown(x, s.fg, x->text), shown(x, s.bg, x->ground),
	                 s.attrs & (STYLE_BOLD | STYLE_ITALIC | STYLE_UNDERLINE)};

	if (s.attrs & STYLE_REVERSE) {
		uint32_t fg = l.fg;

		l.fg = l.bg;
		l.bg = fg;
	}
	if (s.attrs & STYLE_DIM)
		l.fg = mix(l.fg, l.bg, 60);
	/* Shades are full blocks of a weaker colour. */
	if (c->cp[0] >= 0x2591 && c->cp[0] <= 0x2593)
		l.fg = mix(l.fg, l.bg, c->cp[0] == 0x2591 ? 22 : c->cp[0] == 0x2592 ? 50 : 85);
	return l;
}

static bool same_ink(const struct look *a, const struct look *b)
{
	return a->fg == b->fg && a->attrs == b->attrs;
}

static void add_fill(const struct picture *x, const char *name, uint32_t colour)
{
	buf_addf(x->out, " %s=\"#%06x\"", name, colour);
}

/* ---- shapes ---- */

enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };

/* The arms of a line character; 0: it is none. */
static int line_arms(uint32_t cp)
{
	static const struct {
		uint16_t cp;
		uint8_t arms;
	} lines[] = {
	        {0x2500, LEFT | RIGHT},
	        {0x2502, UP | DOWN},
	        {0x250c, DOWN | RIGHT},
	        {0x2510, DOWN | LEFT},
	        {0x2514, UP | RIGHT},
	        {0x2518, UP | LEFT},
	        {0x251c, UP | DOWN | RIGHT},
	        {0x2524, UP | DOWN | LEFT},
	        {0x252c, DOWN | LEFT | RIGHT},
	        {0x2534, UP | LEFT | RIGHT},
	        {0x253c, UP | DOWN | LEFT | RIGHT},
	        {0x256d, DOWN | RIGHT},
	        {0x256e, DOWN | LEFT},
	        {0x256f, UP | LEFT},
	        {0x2570, UP | RIGHT},
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		if (lines[i].cp == cp)
			return lines[i].arms;
	return 0;
}

static bool is_shape(uint32_t cp)
{
	return line_arms(cp) || cp == 0x2501 || cp == 0x254c || (cp >= 0x2580 && cp <= 0x2593) ||
	       (cp >= 0x2800 && cp <= 0x28ff);
}

struct shapes { struct buf lines, dots, fills; };

static void add_rect(struct buf *fills, int x, int y, int w, int h)
{
	buf_addf(fills, "M%d %dh%dv%dh-%dz", x, y, w, h, w);
}

static void add_braille(struct buf *dots, uint32_t cp, int x)
{
	static const struct {
		uint8_t col, row;
	} places[8] = {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}, {0, 3}, {1, 3}};

	for (int i = 0; i < 8; i++)
		if (cp & 1u << i)
			buf_addf(dots, "M%d %dh0", x + CELL_W / 4 + places[i].col * CELL_W / 2,
			         CELL_H / 8 + places[i].row * CELL_H / 4);
}

/* Draws `n` times the same character from x on. */
static void add_shape(struct shapes *s, uint32_t cp, int x, int n)
{
	int arms = line_arms(cp), w = n * CELL_W;

	if (arms == (LEFT | RIGHT)) {
		buf_addf(&s->lines, "M%d %dh%d", x, MIDDLE_Y, w);
		return;
	}
	if (cp == 0x2501)
		add_rect(&s->fills, x, MIDDLE_Y - LINE, w, 2 * LINE);
	else if (cp == 0x2580)
		add_rect(&s->fills, x, 0, w, CELL_H / 2);
	else if (cp >= 0x2581 && cp <= 0x2588)
		add_rect(&s->fills, x, CELL_H - CELL_H * (int)(cp - 0x2580) / 8, w, CELL_H * (int)(cp - 0x2580) / 8);
	else if (cp >= 0x2591 && cp <= 0x2593)
		add_rect(&s->fills, x, CELL_H / 8, w, CELL_H * 3 / 4);
	for (int i = 0; i < n; i++, x += CELL_W) {
		if (arms & (LEFT | RIGHT))
			buf_addf(&s->lines, "M%d %dH%d", x + (arms & LEFT ? 0 : MIDDLE_X - LINE / 2), MIDDLE_Y,
			         x + (arms & RIGHT ? CELL_W : MIDDLE_X + LINE / 2));
		if (arms & (UP | DOWN))
			buf_addf(&s->lines, "M%d %dV%d", x + MIDDLE_X, arms & UP ? 0 : MIDDLE_Y,
			         arms & DOWN ? CELL_H : MIDDLE_Y);
		if (cp == 0x254c)
			buf_addf(&s->lines, "M%d %dh30m12 0h30", x + 6, MIDDLE_Y);
		else if (cp >= 0x2589 && cp <= 0x258f)
			add_rect(&s->fills, x, 0, CELL_W * (int)(0x2590 - cp) / 8, CELL_H);
		else if (cp == 0x2590)
			add_rect(&s->fills, x + MIDDLE_X, 0, MIDDLE_X, CELL_H);
		else if (cp >= 0x2800 && cp <= 0x28ff)
			add_braille(&s->dots, cp, x);
	}
}

static void add_shapes(const struct picture *x, struct shapes *s, uint32_t fg)
{
	if (s->fills.len) {
		buf_adds(x->out, "<path");
		add_fill(x, "fill", fg);
		buf_addf(x->out, " d=\"%s\"/>", s->fills.data);
	}
	if (s->lines.len) {
		buf_adds(x->out, "<path");
		add_fill(x, "stroke", fg);
		buf_addf(x->out, " stroke-width=\"%d\" d=\"%s\"/>", LINE, s->lines.data);
	}
	if (s->dots.len) {
		buf_adds(x->out, "<path");
		add_fill(x, "stroke", fg);
		buf_addf(x->out, " stroke-width=\"%d\" stroke-linecap=\"round\" d=\"%s\"/>", DOT, s->dots.data);
	}
	buf_reset(&s->fills);
	buf_reset(&s->lines);
	buf_reset(&s->dots);
}

/* ---- letters ---- */

static void add_char(struct buf *out, uint32_t cp)
{
	char encoded[4];

	switch (cp) {
	case '&': buf_adds(out, "&amp;"); return;
	case '<': buf_adds(out, "&lt;"); return;
	case '>': buf_adds(out, "&gt;"); return;
	}
	/* What XML does not take. */
	if (cp < 0x20 || cp == 0xfffe || cp == 0xffff)
		cp = 0xfffd;
	buf_add(out, encoded, utf8_put(cp, encoded));
}

static bool is_ascii(const struct cell *c)
{
	return c->cp[0] >= 0x20 && c->cp[0] < 0x7f && !c->cp[1];
}

static bool is_blank(const struct cell *c)
{
	return c->cp[0] == ' ' && !c->cp[1];
}

/* The end of the run of letters that begins at `col`: ASCII of one look, with single blanks between. */
static int letters_end(const struct picture *x, const struct cell *cells, int col)
{
	int end = col + 1;

	for (int i = end; i < x->grid->cols && is_ascii(&cells[i]); i++) {
		if (is_blank(&cells[i])) {
			if (i > end || x->looks[i].attrs & STYLE_UNDERLINE || x->looks[col].attrs & STYLE_UNDERLINE)
				break;
			continue;
		}
		if (!same_ink(&x->looks[i], &x->looks[col]))
			break;
		end = i + 1;
	}
	return end;
}

static void begin_text(const struct picture *x, const struct look *l, int at)
{
	buf_addf(x->out, "<text x=\"%d\" y=\"%d\"", at, BASELINE);
	if (l->fg != x->text)
		add_fill(x, "fill", l->fg);
	if (l->attrs & STYLE_BOLD)
		buf_adds(x->out, " font-weight=\"bold\"");
	if (l->attrs & STYLE_ITALIC)
		buf_adds(x->out, " font-style=\"italic\"");
	if (l->attrs & STYLE_UNDERLINE)
		buf_adds(x->out, " text-decoration=\"underline\"");
}

/* Returns the column behind what was written. */
static int add_letters(const struct picture *x, const struct cell *cells, int col)
{
	const struct look *l = &x->looks[col];
	int end = col + 1;

	if (is_ascii(&cells[col])) {
		end = letters_end(x, cells, col);
		begin_text(x, l, col * CELL_W);
		if (end - col > 1)
			buf_addf(x->out, " textLength=\"%d\"", (end - col) * CELL_W);
		buf_addc(x->out, '>');
		for (int i = col; i < end; i++)
			add_char(x->out, cells[i].cp[0]);
	} else {
		/* Fonts that step in for others have other widths: each in the middle of its cell. */
		while (end < x->grid->cols && cells[end].cp[0] == 0)
			end++;
		begin_text(x, l, (col + end) * CELL_W / 2);
		buf_adds(x->out, " text-anchor=\"middle\">");
		for (int i = 0; i <= CELL_MARKS && cells[col].cp[i]; i++)
			add_char(x->out, cells[col].cp[i]);
	}
	buf_adds(x->out, "</text>");
	return end;
}

/* ---- rows ---- */

static void add_grounds(const struct picture *x, const struct cell *cells)
{
	for (int col = 0, end; col < x->grid->cols; col = end) {
		for (end = col + 1; end < x->grid->cols && x->looks[end].bg == x->looks[col].bg;)
			end++;
		if (x->looks[col].bg == x->ground)
			continue;
		/* Whole pixels: where two rows meet nothing of the ground shows through. */
		buf_addf(x->out, "<rect x=\"%d\" width=\"%d\" height=\"%d\" shape-rendering=\"crispEdges\"",
		         col * CELL_W, (end - col) * CELL_W, CELL_H);
		add_fill(x, "fill", x->looks[col].bg);
		buf_adds(x->out, "/>");
	}
}

static void add_row(const struct picture *x, int row)
{
	const struct cell *cells = x->grid->cells + (size_t)row * (size_t)x->grid->cols;
	struct shapes shapes = { BUF_INIT, BUF_INIT, BUF_INIT };
	size_t begin = x->out->len;

	for (int col = 0; col < x->grid->cols; col++)
		x->looks[col] = look_of(x, &cells[col]);
	buf_addf(x->out, "<g transform=\"translate(%d %d)\">", PAD, PAD + row * CELL_H);
	size_t empty = x->out->len;
	add_grounds(x, cells);
	/* Shapes first, all of one colour at once as far as they stand side by side. */
	uint32_t fg = x->text;
	for (int col = 0, end; col < x->grid->cols; col = end) {
		for (end = col + 1; end < x->grid->cols && cells[end].cp[0] == cells[col].cp[0] &&
		                    x->looks[end].fg == x->looks[col].fg;)
			end++;
		if (!is_shape(cells[col].cp[0]))
			continue;
		if (x->looks[col].fg != fg)
			add_shapes(x, &shapes, fg);
		fg = x->looks[col].fg;
		add_shape(&shapes, cells[col].cp[0], col * CELL_W, end - col);
	}
	add_shapes(x, &shapes, fg);
	for (int col = 0; col < x->grid->cols;) {
		bool drawn = cells[col].cp[0] == 0 || is_blank(&cells[col]) || is_shape(cells[col].cp[0]);

		col = drawn ? col + 1 : add_letters(x, cells, col);
	}
	buf_release(&shapes.fills);
	buf_release(&shapes.lines);
	buf_release(&shapes.dots);
	if (x->out->len == empty)
		buf_cut(x->out, begin);
	else
		buf_adds(x->out, "</g>\n");
}

void grid_svg(const struct grid *g, const struct paint *p, struct buf *out)
{
	static const struct cell text = {.cp = {' '}, .role = ROLE_TEXT}, rule = {.cp = {' '}, .role = ROLE_RULE};
	const struct style s = theme_style(p->theme, &text, p->colour ? p->depth : DEPTH_NONE);
	_free_ struct look *looks = mem_array(NULL, (size_t)g->cols + 1, sizeof *looks);
	struct picture x = { .grid = g, .paint = p, .looks = looks, .out = out, .base = on_dark };
	int width = g->cols * CELL_W + 2 * PAD, height = g->rows * CELL_H + 2 * PAD;

	if (is_light(shown(&x, s.bg, x.base[0])))
		x.base = on_light;
	x.ground = shown(&x, s.bg, x.base[0]);
	x.text = shown(&x, s.fg, x.base[is_light(x.ground) ? 0 : 7]);
	buf_addf(out,
	         "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
	         "fill=\"none\" role=\"img\" "
	         "font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" "
	         "font-size=\"%d\">\n",
	         width, height, (width + 9) / 10, (height + 9) / 10, FONT);
	/* A thin edge, so that the picture ends on a page of the same colour too. */
	buf_addf(out, "<rect x=\"5\" y=\"5\" width=\"%d\" height=\"%d\" rx=\"%d\"", width - 10, height - 10, ROUND);
	add_fill(&x, "fill", x.ground);
	add_fill(&x, "stroke", mix(look_of(&x, &rule).fg, x.ground, 70));
	buf_adds(out, " stroke-width=\"10\"/>\n<g");
	add_fill(&x, "fill", x.text);
	buf_adds(out, ">\n");
	for (int row = 0; row < g->rows; row++)
		add_row(&x, row);
	buf_adds(out, "</g>\n</svg>\n");
}
