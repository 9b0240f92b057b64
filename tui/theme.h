/* Themes: what each role looks like. A theme is a text of lines "role = words"; "#" begins a comment at the start of a
 * line, and behind a blank where a blank or nothing follows. Words: a foreground, a background as "on COLOUR",
 * attributes, in any order. A colour is one of the terminal's 16 by name (black red green yellow blue magenta cyan
 * white, each also with bright- in front), 0…255 of the 256, "#rrggbb" (and "#rgb"), or "default". Attributes: bold dim
 * italic underline reverse. A colour may be followed by "/" and the one of the 16 (or default) that stands in where
 * there are only those ("#5fafff/bright-blue"); else the nearest does. For a background that may be "reverse": nobody
 * knows how two of the 16 look on each other. Without any colour every theme looks like "mono". jig-themes(5) says the
 * same to people.
 *
 * The themes of themes/ are in the program; people's own stand in $XDG_CONFIG_HOME/jig/themes/NAME and go before
 * those. */
#ifndef TUI_THEME_H
#define TUI_THEME_H

#include "base/err.h"
#include "tui/cell.h"

/* SYMBOL, file in themes/, what it is for */
#define THEMES(X) \
	X(default, "default", "the terminal's own 16 colours, so that it fits any background") \
	X(dark, "dark", "cool greys on near-black") \
	X(light, "light", "ink on a soft white") \
	X(high_contrast, "high-contrast", "strong colours on black, 7 to 1 and more") \
	X(red_green_blind, "red-green-blind", "for eyes that tell red from green badly: blue, orange and pale") \
	X(blue_yellow_blind, "blue-yellow-blind", "for eyes that tell blue from yellow badly: teal, red and pale") \
	X(mono, "mono", "attributes alone") \
	X(harbour, "harbour", "navy, brass and the lights of a fairway") \
	X(ember, "ember", "charcoal, ash and glow") \
	X(paper, "paper", "ink and pencils on warm paper")

/* ATTRIBUTE of a style, its word, its code of SGR, meaning */
#define STYLE_ATTRS(X) \
	X(STYLE_BOLD, "bold", 1, "heavier, on some terminals brighter") \
	X(STYLE_DIM, "dim", 2, "fainter") \
	X(STYLE_ITALIC, "italic", 3, "slanted, where the terminal can") \
	X(STYLE_UNDERLINE, "underline", 4, "underlined") \
	X(STYLE_REVERSE, "reverse", 7, "foreground and background change places")
enum { STYLE_BOLD = 1, STYLE_DIM = 2, STYLE_ITALIC = 4, STYLE_UNDERLINE = 8, STYLE_REVERSE = 16 };
/* COLOUR_DEFAULT, 0…255, or COLOUR_RGB | 0xrrggbb */
#define COLOUR_DEFAULT (-1)
#define COLOUR_RGB 0x1000000
struct style { int32_t fg, bg; uint8_t attrs; };
/* What stands in for a colour where there are only 16: one of those (0…15), or this. Reverse is for backgrounds: none,
 * and the cell is reversed. */
enum { STAND_IN_NEAREST = -1, STAND_IN_DEFAULT = -2, STAND_IN_REVERSE = -3 };
struct theme_role { struct style style; int16_t fg16, bg16; };
struct theme { char name[32]; struct theme_role roles[ROLE_COUNT]; };

/* ERR_USAGE names line and role or word, with the nearest spelling; name is for the message, its last part becomes the
 * theme's. Roles without a line are plain. */
int theme_parse(const char *name, const char *text, struct theme *ret, struct err *e);
/* A theme by name. ERR_NOT_FOUND names those there are; ERR_USAGE as theme_parse. */
int theme_load(const char *name, struct theme *ret, struct err *e);
/* Names of all there are, people's own first, each once; both the array and the texts are owned by the caller. */
int theme_names(char ***ret, size_t *ret_len, struct err *e);
/* The themes "default" and "mono" that are in the program. */
const struct theme *theme_default(void);
const struct theme *theme_mono(void);
/* What a cell looks like at a depth: its role over ROLE_CURSOR and ROLE_HIT, its own colours, all of them made to fit:
 * at DEPTH_256 no RGB, at DEPTH_16 0…15, at DEPTH_NONE the attributes of "mono". What is default in a role is as in
 * ROLE_TEXT, which may give the whole screen a ground. ROLE_CURSOR with a foreground of its own, or reversed, makes the
 * row all alike. t NULL: the default. */
struct style theme_style(const struct theme *t, const struct cell *c, enum depth depth);
/* The same for lines among those of other programs (grid_row): the ground of the theme and the colour of ordinary text
 * are the terminal's own. */
struct style theme_style_line(const struct theme *t, const struct cell *c, enum depth depth);
/* Appends the codes of SGR for a style, "0;1;38;5;75" (always beginning with 0). */
void style_sgr(struct buf *out, const struct style *s);
/* 0xrrggbb of a style's colour, the 16 and 256 as xterm has them; not of COLOUR_DEFAULT. */
uint32_t colour_rgb(int32_t colour);

#endif
