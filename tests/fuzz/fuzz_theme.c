/* Any bytes as a theme: parsed or refused with a text; what was parsed gives every cell a style that the depth has. */
#include <stdint.h>
#include <stdlib.h>
#include "base/mem.h"
#include "tui/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_colour(int32_t colour, enum depth depth)
{
	if (colour == COLOUR_DEFAULT)
		return;
	if (colour < 0 || depth == DEPTH_NONE || (depth == DEPTH_16 && colour > 15) ||
	    (depth == DEPTH_256 && colour > 255) || (colour > 255 && (colour & ~0xffffff) != COLOUR_RGB) ||
	    colour_rgb(colour) > 0xffffff)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_free_ char *text = mem_strndup((const char *)data, size);
	_buf_ struct buf sgr = BUF_INIT;
	struct theme t;
	struct err e = { 0 };
	int r = theme_parse("fuzz", text, &t, &e);

	if (r < 0) {
		if (!*e.text || r != ERR_USAGE)
			abort();
		return 0;
	}
	for (int role = 0; role < ROLE_COUNT; role++)
		for (int attrs = 0; attrs < 256; attrs += 51)
			for (enum depth depth = DEPTH_NONE; depth <= DEPTH_TRUE; depth++) {
				struct cell c = {.cp = {'x'},
				                 .role = (uint8_t)role,
				                 .attrs = (uint8_t)attrs,
				                 .fg = 200,
				                 .bg = 7};
				struct style s = theme_style(&t, &c, depth);

				check_colour(s.fg, depth);
				check_colour(s.bg, depth);
				buf_reset(&sgr);
				style_sgr(&sgr, &s);
			}
	return 0;
}
