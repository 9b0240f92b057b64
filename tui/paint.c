/* How cells become bytes, and what a descriptor can show. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "base/utf8.h"
#include "tracker/state.h"
#include "tui/config.h"
#include "tui/theme.h"

/* The ASCII sign of one of jig's own drawing characters; "?" for any other. A crossing of lines is ")", the hop of
 * wiring diagrams, so that "+" is left to corners and joins. */
static char ascii_of(uint32_t cp)
{
	static const struct { const char *glyphs; char sign; } signs[] = {
		{ "─━╌–—−", '-' }, { "│▏", '|' }, { "┌┐└┘├┤┬┴╭╮╰╯", '+' }, { "┼", ')' }, { "•", '*' }, { "●", 'o' },
		{ "▓█", '#' }, { "▒", '=' }, { "░", '.' }, { "…", '~' }, { "×", 'x' }, { "▸→▌⏎≥", '>' },
		{ "←≤", '<' }, { "↑", '^' }, { "↓▾", 'v' }, { "±", '~' },
		{ "▁▂", '.' }, { "▃▄", '_' }, { "▅▆", '-' }, { "▇", '^' },
#define X(symbol, text, glyph, ascii, role, meaning) { glyph, ascii[0] },
	             RUN_STATES(X) STEP_STATES(X)
#undef X
	};
	if (cp < 0x80)
		return (char)cp;
	char encoded[5] = { 0 };
	utf8_put(cp, encoded);
	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (strstr(signs[i].glyphs, encoded))
			return signs[i].sign;
	return '?';
}

static void add_cp(struct buf *out, uint32_t cp)
{
	char encoded[4];
	buf_add(out, encoded, utf8_put(cp, encoded));
}

/* What is seen of a blank; letters show all of a style. */
static struct style blank_style(struct style s)
{
	s.attrs &= STYLE_REVERSE | STYLE_UNDERLINE;
	if (!s.attrs)
		s.fg = COLOUR_DEFAULT;
	return s;
}

static bool style_equal(const struct style *a, const struct style *b)
{
	return a->fg == b->fg && a->bg == b->bg && a->attrs == b->attrs;
}

static bool cell_blank(const struct cell *c)
{
	return c->cp[0] == ' ' && c->cp[1] == 0;
}

static const struct style plain = { COLOUR_DEFAULT, COLOUR_DEFAULT, 0 };

/* Whether nothing of a cell can be seen. Most blanks are untouched ones, which need no look at the theme. */
static bool cell_unseen(const struct cell *c, const struct paint *p)
{
	if (!cell_blank(c))
		return false;
	if (!p->colour || (c->role == ROLE_TEXT && !c->attrs))
		return true;
	struct style s = blank_style(theme_style_line(p->theme, c, p->depth));
	return style_equal(&s, &plain);
}

static int row_end(const struct grid *g, int row, const struct paint *p)
{
	const struct cell *cells = g->cells + (size_t)row * (size_t)g->cols;
	int end = g->cols;

	while (end > 0 && cell_unseen(&cells[end - 1], p))
		end--;
	return end;
}

static void add_style(struct buf *out, const struct style *s)
{
	buf_adds(out, "\033[");
	style_sgr(out, s);
	buf_addc(out, 'm');
}

/* Blanks that would look the same in the style before need no change of it. */
static bool style_differs(const struct cell *c, struct style wanted, struct style now)
{
	if (cell_blank(c)) {
		wanted = blank_style(wanted);
		now = blank_style(now);
	}
	return !style_equal(&wanted, &now);
}

void grid_row(const struct grid *g, int row, const struct paint *p, struct buf *out)
{
	if (row < 0 || row >= g->rows)
		return;
	const struct cell *cells = g->cells + (size_t)row * (size_t)g->cols, *before = NULL;
	struct style now = plain, wanted = plain;
	int end = row_end(g, row, p);
	for (int col = 0; col < end; col++) {
		const struct cell *c = &cells[col];
		if (c->cp[0] == 0) {
			if (p->ascii)
				buf_addc(out, '?');
			continue;
		}
		if (p->colour) {
			if (!before || c->role != before->role || c->attrs != before->attrs || c->fg != before->fg ||
			    c->bg != before->bg)
				wanted = theme_style_line(p->theme, c, p->depth);
			before = c;
			if (style_differs(c, wanted, now)) {
				add_style(out, &wanted);
				now = wanted;
			}
		}
		if (p->ascii) {
			buf_addc(out, ascii_of(c->cp[0]));
			continue;
		}
		for (int i = 0; i <= CELL_MARKS && c->cp[i]; i++)
			add_cp(out, c->cp[i]);
	}
	if (!style_equal(&now, &plain))
		buf_adds(out, "\033[0m");
}

void grid_print(const struct grid *g, const struct paint *p, struct buf *out)
{
	int rows = g->rows;
	while (rows > 0 && row_end(g, rows - 1, p) == 0)
		rows--;
	for (int row = 0; row < rows; row++) {
		grid_row(g, row, p, out);
		buf_addc(out, '\n');
	}
}

/* ---- what a descriptor can show ---- */

bool term_obeys(int fd)
{
	const char *term = getenv("TERM");
	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value ? value : "";
}

enum depth depth_env(void)
{
	const char *term = variable("TERM"), *colorterm = variable("COLORTERM");

	if (*variable("NO_COLOR") || !*term || !strcmp(term, "dumb"))
		return DEPTH_NONE;
	if (!strcmp(colorterm, "truecolor") || !strcmp(colorterm, "24bit") || text_ends(term, "-direct"))
		return DEPTH_TRUE;
	if (strstr(term, "256color"))
		return DEPTH_256;
	/* The terminals of DEC, and descriptions of others without colour. */
	if ((text_starts(term, "vt") && term[2] >= '0' && term[2] <= '9') || text_ends(term, "-mono") ||
	    text_ends(term, "-m"))
		return DEPTH_NONE;
	return DEPTH_16;
}

static char *fault;

const char *paint_fault(void)
{
	return fault;
}

/* The theme that people chose; the default, and the fault is kept, when it cannot be had. */
static const struct theme *chosen_theme(const struct config *config)
{
	static struct theme theme;
	const char *name = config_theme(config);
	struct err e;

	free(fault);
	fault = NULL;
	if (theme_load(name, &theme, &e) == 0)
		return &theme;
	fault = mem_printf("%s: %s",
	                   *variable("JIG_THEME") ? "JIG_THEME"
	                   : config->path         ? config->path
	                                          : "theme",
	                   e.text);
	return NULL;
}

struct paint paint_for(int fd)
{
	struct paint p = { .ascii = !utf8_locale() };

	if (!term_obeys(fd))
		return p;
	_cleanup_(config_release) struct config config;
	config_load(&config, NULL);
	p.ascii |= config.wide;
	p.theme = chosen_theme(&config);
	p.depth = depth_env();
	p.colour = !*variable("NO_COLOR");
	return p;
}
