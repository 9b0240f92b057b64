/* What cells look like: roles laid over each other, and colours made to fit what the terminal has. */
#include "tui/theme.h"

#include <stdlib.h>

/* ---- colours ---- */

static const uint32_t base_colours[16] = {
	0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
	0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
};
enum { CUBE = 16, GREYS = 232 };
static const int cube_levels[6] = { 0, 95, 135, 175, 215, 255 };

uint32_t colour_rgb(int32_t colour)
{
	if (colour < 0)
		return 0;
	if (colour & COLOUR_RGB)
		return (uint32_t)colour & 0xffffff;
	if (colour < CUBE)
		return base_colours[colour];
	if (colour >= GREYS)
		return (uint32_t)(8 + (colour - GREYS) * 10) * 0x010101;
	colour -= CUBE;
	return (uint32_t)(cube_levels[colour / 36] << 16 | cube_levels[colour / 6 % 6] << 8 | cube_levels[colour % 6]);
}

/* The distance of two colours, about as eyes weigh it ("redmean"). */
static int colour_distance(uint32_t a, uint32_t b)
{
	int ar = a >> 16 & 255, red = ar - (int)(b >> 16 & 255), mean = (ar + (int)(b >> 16 & 255)) / 2;
	int green = (int)(a >> 8 & 255) - (int)(b >> 8 & 255), blue = (int)(a & 255) - (int)(b & 255);

	return (((512 + mean) * red * red) >> 8) + 4 * green * green + (((767 - mean) * blue * blue) >> 8);
}

static int level_near(int v)
{
	return v < 48 ? 0 : v < 115 ? 1 : (v - 35) / 40;
}

static int32_t nearest_256(uint32_t rgb)
{
	int r = rgb >> 16 & 255, g = rgb >> 8 & 255, b = rgb & 255, mean = (r + g + b) / 3;
	int32_t cube = CUBE + 36 * level_near(r) + 6 * level_near(g) + level_near(b);
	int32_t grey = GREYS + (mean < 8 ? 0 : mean > 238 ? 23 : (mean - 3) / 10);

	return colour_distance(rgb, colour_rgb(grey)) < colour_distance(rgb, colour_rgb(cube)) ? grey : cube;
}

static int32_t nearest_16(uint32_t rgb)
{
	int32_t best = 0;

	for (int32_t i = 1; i < 16; i++)
		if (colour_distance(rgb, base_colours[i]) < colour_distance(rgb, base_colours[best]))
			best = i;
	return best;
}

static int32_t colour_fit(int32_t colour, int16_t stand_in, enum depth depth)
{
	if (colour == COLOUR_DEFAULT || depth == DEPTH_TRUE)
		return colour;
	if (depth == DEPTH_256)
		return colour & COLOUR_RGB ? nearest_256(colour_rgb(colour)) : colour;
	if (stand_in != STAND_IN_NEAREST)
		return stand_in == STAND_IN_DEFAULT ? COLOUR_DEFAULT : stand_in;
	return colour < 16 ? colour : nearest_16(colour_rgb(colour));
}

/* ---- roles ---- */

static void take_fg(struct theme_role *r, const struct theme_role *from)
{
	r->style.fg = from->style.fg;
	r->fg16 = from->fg16;
}

static void take_bg(struct theme_role *r, const struct theme_role *from)
{
	r->style.bg = from->style.bg;
	r->bg16 = from->bg16;
}

static struct theme_role role_at(const struct theme *t, int role, enum depth depth)
{
	struct theme_role r = t->roles[role];

	if (depth == DEPTH_16 && r.bg16 == STAND_IN_REVERSE) {
		r.style.bg = COLOUR_DEFAULT;
		r.style.attrs |= STYLE_REVERSE;
	}
	return r;
}

/* The cursor or a hit behind what stands there. */
static void lay_under(struct theme_role *r, const struct theme_role *under, const struct theme_role *text)
{
	const struct style *u = &under->style;
	bool all = u->attrs & STYLE_REVERSE || u->fg != COLOUR_DEFAULT;

	if (all) {
		take_fg(r, u->fg != COLOUR_DEFAULT ? under : text);
		take_bg(r, u->bg != COLOUR_DEFAULT ? under : text);
		/* Faint letters on a bar of colour cannot be read. */
		r->style.attrs &= (uint8_t)~(STYLE_DIM | STYLE_REVERSE);
	} else if (u->bg != COLOUR_DEFAULT) {
		take_bg(r, under);
	}
	r->style.attrs |= u->attrs;
}

static uint8_t cell_attrs(const struct cell *c)
{
	return (uint8_t)((c->attrs & CELL_BOLD ? STYLE_BOLD : 0) | (c->attrs & CELL_DIM ? STYLE_DIM : 0) |
	                 (c->attrs & CELL_UNDERLINE ? STYLE_UNDERLINE : 0));
}

struct style theme_style(const struct theme *t, const struct cell *c, enum depth depth)
{
	t = depth == DEPTH_NONE ? theme_mono() : t ? t : theme_default();
	const struct theme_role text = role_at(t, ROLE_TEXT, depth), cursor = role_at(t, ROLE_CURSOR, depth),
	                        hit = role_at(t, ROLE_HIT, depth);
	struct theme_role r = role_at(t, c->role, depth);

	if (c->attrs & CELL_FG)
		r.style.fg = c->fg, r.fg16 = STAND_IN_NEAREST;
	else if (r.style.fg == COLOUR_DEFAULT)
		take_fg(&r, &text);
	if (c->attrs & CELL_BG)
		r.style.bg = c->bg, r.bg16 = STAND_IN_NEAREST;
	else if (r.style.bg == COLOUR_DEFAULT)
		take_bg(&r, &text);
	r.style.attrs |= cell_attrs(c);
	if (c->attrs & CELL_CURSOR)
		lay_under(&r, &cursor, &text);
	if (c->attrs & CELL_HIT)
		lay_under(&r, &hit, &text);
	/* What is reversed on a reversed row is seen by not being so. */
	if (c->attrs & CELL_REVERSE)
		r.style.attrs ^= STYLE_REVERSE;
	if (depth == DEPTH_NONE)
		return (struct style){ COLOUR_DEFAULT, COLOUR_DEFAULT, r.style.attrs };
	return (struct style){colour_fit(r.style.fg, r.fg16, depth), colour_fit(r.style.bg, r.bg16, depth),
	                      r.style.attrs};
}

struct style theme_style_line(const struct theme *t, const struct cell *c, enum depth depth)
{
	static const struct cell plain = { .role = ROLE_TEXT };
	struct style s = theme_style(t, c, depth), ground = theme_style(t, &plain, depth);

	if (s.bg == ground.bg && !(c->attrs & CELL_BG)) {
		s.bg = COLOUR_DEFAULT;
		if (s.fg == ground.fg && !(c->attrs & CELL_FG))
			s.fg = COLOUR_DEFAULT;
	}
	return s;
}

/* ---- SGR ---- */

static void add_colour(struct buf *out, int32_t colour, bool back)
{
	int more = back ? 10 : 0;

	if (colour == COLOUR_DEFAULT)
		return;
	if (colour & COLOUR_RGB)
		buf_addf(out, ";%d;2;%d;%d;%d", 38 + more, colour >> 16 & 255, colour >> 8 & 255, colour & 255);
	else if (colour < 16)
		buf_addf(out, ";%d", (colour < 8 ? 30 + colour : 82 + colour) + more);
	else
		buf_addf(out, ";%d;5;%d", 38 + more, colour);
}

void style_sgr(struct buf *out, const struct style *s)
{
	buf_addc(out, '0');
#define CODE_(symbol, text, code, about) \
	if (s->attrs & symbol)           \
		buf_addf(out, ";%d", code);
	STYLE_ATTRS(CODE_)
	add_colour(out, s->fg, false);
	add_colour(out, s->bg, true);
}
