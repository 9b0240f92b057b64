#include "tui/log/log_line.h"

#include <string.h>
#include "base/utf8.h"
#include "tui/log/log_vector.h"

#define ESC 0x1b
#define TAB 8
#define CSI_MAX 256
#define SGR_MAX 32
#define DOT 0xb7

struct style { uint8_t attrs, fg, bg; };

struct maker {
	struct log_line *l;
	bool cells;
	size_t max;
	struct style style;
	uint32_t popped; /* the character that a backspace took away, when the next one stands in its place */
};

void log_line_release(struct log_line *l)
{
	buf_release(&l->text);
	vec_release(&l->cells);
	vec_release(&l->at);
}

const char *log_line_special(const char *s, const char *end)
{
	for (; end - s >= VECTOR; s += VECTOR) {
		vector x = vector_load(s);
		if (vector_any((x == vector_of(ESC)) | (x == vector_of('\r')) | (x == vector_of('\b'))))
			break;
	}
	while (s < end && *s != ESC && *s != '\r' && *s != '\b')
		s++;
	return s;
}

/* ---- colours ---- */

static int distance(const int a[3], const int b[3])
{
	int sum = 0;

	for (int i = 0; i < 3; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

/* The nearest of the 6×6×6 cube and the 24 greys. */
static uint8_t nearest(int r, int g, int b)
{
	static const int levels[6] = { 0, 95, 135, 175, 215, 255 };
	int rgb[3] = { r, g, b }, cube[3], at[3];

	for (int i = 0; i < 3; i++) {
		at[i] = rgb[i] < 48 ? 0 : rgb[i] < 115 ? 1 : (rgb[i] - 35) / 40;
		cube[i] = levels[at[i]];
	}
	int mean = (r + g + b) / 3, step = mean < 8 ? 0 : mean > 238 ? 23 : (mean - 3) / 10;
	int grey[3] = { 8 + 10 * step, 8 + 10 * step, 8 + 10 * step };
	if (distance(grey, rgb) < distance(cube, rgb))
		return (uint8_t)(232 + step);
	return (uint8_t)(16 + 36 * at[0] + 6 * at[1] + at[2]);
}

struct params { int v[SGR_MAX]; bool sub[SGR_MAX]; int len; }; /* sub: behind a colon; -1: left out */

static bool params_read(struct params *p, const char *s, size_t n)
{
	*p = (struct params){ .v = { -1 }, .len = 1 };
	for (size_t i = 0; i < n; i++) {
		int *last = &p->v[p->len - 1];
		if (s[i] >= '0' && s[i] <= '9') {
			*last = (*last < 0 ? 0 : *last) * 10 + (s[i] - '0');
			if (*last > 9999)
				return false;
		} else if (s[i] == ';' || s[i] == ':') {
			if (p->len == SGR_MAX)
				return false;
			p->sub[p->len] = s[i] == ':';
			p->v[p->len++] = -1;
		} else {
			return false;
		}
	}
	return true;
}

/* "38;5;n", "38;2;r;g;b", "38:5:n", "38:2:r:g:b", "38:2:space:r:g:b" from 38 (or 48) on; false when it is none. Gives
 * the index of its last number. */
static bool colour_read(const struct params *p, int *at, uint8_t *ret)
{
	int first = *at + 1, last = *at;
	bool colons = first < p->len && p->sub[first];

	if (colons)
		while (last + 1 < p->len && p->sub[last + 1])
			last++;
	else if (first < p->len)
		last = first + (p->v[first] == 5 ? 1 : p->v[first] == 2 ? 3 : 0);
	*at = last;
	/* Without its numbers it takes the rest with it. */
	if (first >= p->len || last >= p->len)
		return false;
	if (p->v[first] == 5 && last > first && p->v[first + 1] >= 0 && p->v[first + 1] < 256) {
		*ret = (uint8_t)p->v[first + 1];
		return true;
	}
	if (p->v[first] != 2 || last < first + 3)
		return false;
	int rgb[3], from = last - first >= 4 ? first + 2 : first + 1;
	for (int i = 0; i < 3; i++) {
		rgb[i] = p->v[from + i] < 0 ? 0 : p->v[from + i];
		if (rgb[i] > 255)
			return false;
	}
	*ret = nearest(rgb[0], rgb[1], rgb[2]);
	return true;
}

static void set_fg(struct style *st, int colour)
{
	st->attrs |= CELL_FG;
	st->fg = (uint8_t)colour;
}

static void set_bg(struct style *st, int colour)
{
	st->attrs |= CELL_BG;
	st->bg = (uint8_t)colour;
}

static void sgr(struct style *st, const char *s, size_t n)
{
	struct params p;

	if (!params_read(&p, s, n))
		return;
	for (int i = 0; i < p.len; i++) {
		int v = p.v[i] < 0 ? 0 : p.v[i];
		uint8_t colour;
		if (v == 38 || v == 48) {
			if (colour_read(&p, &i, &colour))
				v == 38 ? set_fg(st, colour) : set_bg(st, colour);
		} else if (p.sub[i]) {
			if (v == 0 && i > 0 && p.v[i - 1] == 4)
				st->attrs &= (uint8_t)~CELL_UNDERLINE;
		} else if (v == 0) {
			*st = (struct style){ 0 };
		} else if (v == 1) {
			st->attrs |= CELL_BOLD;
		} else if (v == 2) {
			st->attrs |= CELL_DIM;
		} else if (v == 4 || v == 21) {
			st->attrs |= CELL_UNDERLINE;
		} else if (v == 7) {
			st->attrs |= CELL_REVERSE;
		} else if (v == 22) {
			st->attrs &= (uint8_t)~(CELL_BOLD | CELL_DIM);
		} else if (v == 24) {
			st->attrs &= (uint8_t)~CELL_UNDERLINE;
		} else if (v == 27) {
			st->attrs &= (uint8_t)~CELL_REVERSE;
		} else if (v >= 30 && v <= 37) {
			set_fg(st, v - 30);
		} else if (v == 39) {
			st->attrs &= (uint8_t)~CELL_FG;
		} else if (v >= 40 && v <= 47) {
			set_bg(st, v - 40);
		} else if (v == 49) {
			st->attrs &= (uint8_t)~CELL_BG;
		} else if (v >= 90 && v <= 97) {
			set_fg(st, v - 90 + 8);
		} else if (v >= 100 && v <= 107) {
			set_bg(st, v - 100 + 8);
		}
	}
}

/* ---- escape sequences ---- */

static bool between(char c, int from, int to)
{
	return (unsigned char)c >= from && (unsigned char)c <= to;
}

/* The bytes of the sequence that begins with the ESC at s, 0 when the line does not end it. */
static size_t sequence(struct maker *m, const char *s, size_t n)
{
	size_t i = 2, params;

	if (n < 2)
		return 0;
	switch (s[1]) {
	case '[':
		while (i < n && i < CSI_MAX && between(s[i], 0x30, 0x3f))
			i++;
		params = i;
		while (i < n && i < CSI_MAX && between(s[i], 0x20, 0x2f))
			i++;
		if (i >= n || !between(s[i], 0x40, 0x7e))
			return 0;
		if (s[i] == 'm' && i == params)
			sgr(&m->style, s + 2, i - 2);
		return i + 1;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		while (i < n && s[i] != '\a' && s[i] != ESC && s[i] != 0x18 && s[i] != 0x1a)
			i++;
		if (i >= n)
			return 0;
		/* As terminals do: ESC ends the string, whatever follows it. */
		return s[i] != ESC ? i + 1 : i + 1 < n && s[i + 1] == '\\' ? i + 2 : i;
	case 'N':
	case 'O':
		return n > 2 && between(s[2], 0x20, 0x7e) ? 3 : 0;
	default:
		i = 1;
		while (i < n && i < CSI_MAX && between(s[i], 0x20, 0x2f))
			i++;
		return i < n && between(s[i], 0x30, 0x7e) ? i + 1 : 0;
	}
}

/* ---- characters ---- */

static void add_cells(struct maker *m, uint32_t cp, size_t at, int cells)
{
	struct cell c = {.cp = {cp}, .role = ROLE_TEXT, .attrs = m->style.attrs, .fg = m->style.fg, .bg = m->style.bg};

	if (m->popped)
		c.attrs |= m->popped == cp ? CELL_BOLD : m->popped == '_' ? CELL_UNDERLINE : 0;
	for (int i = 0; i < cells; i++) {
		vec_push(&m->l->cells, c);
		vec_push(&m->l->at, (uint32_t)at);
		if (cp != ' ')
			c.cp[0] = 0;
	}
}

static void add(struct maker *m, uint32_t cp)
{
	struct log_line *l = m->l;
	char bytes[4];
	int width;

	if (cp == '\t') {
		if (m->cells)
			add_cells(m, ' ', l->text.len, TAB - (int)(l->cells.len % TAB));
		buf_addc(&l->text, '\t');
		m->popped = 0;
		return;
	}
	if (utf8_harmful(cp))
		cp = DOT;
	width = utf8_width(cp);
	/* A mark needs a character to stand on. */
	if (width == 0 && l->text.len == 0) {
		cp = DOT;
		width = 1;
	}
	if (width > 0 && m->cells)
		add_cells(m, cp, l->text.len, width);
	if (width == 0 && m->cells) {
		struct cell *c = &l->cells.v[l->cells.len - 1];
		c -= c->cp[0] == 0;
		for (int i = 1; i <= CELL_MARKS; i++)
			if (c->cp[i] == 0) {
				c->cp[i] = cp;
				break;
			}
	}
	buf_add(&l->text, bytes, utf8_put(cp, bytes));
	m->popped = 0;
}

/* Takes the last character away, with its marks. */
static void pop(struct maker *m)
{
	struct log_line *l = m->l;
	uint32_t cp = 0;
	size_t len = l->text.len;

	while (len > 0) {
		do
			len--;
		while (len > 0 && ((unsigned char)l->text.data[len] & 0xc0) == 0x80);
		utf8_decode(l->text.data + len, l->text.len - len, &cp);
		if (cp == '\t' || utf8_width(cp) > 0)
			break;
	}
	buf_cut(&l->text, len);
	while (l->cells.len && l->at.v[l->at.len - 1] >= len) {
		l->cells.len--;
		l->at.len--;
	}
	m->popped = cp == '\t' ? 0 : cp;
}

static bool ascii(char c)
{
	return c >= 0x20 && c < 0x7f;
}

static void make(struct maker *m, const char *s, size_t n)
{
	struct log_line *l = m->l;

	for (size_t i = 0; i < n && (!m->cells || l->cells.len < m->max);) {
		if (ascii(s[i]) && !m->popped) {
			size_t from = i;
			while (i < n && ascii(s[i]) && (!m->cells || l->cells.len < m->max)) {
				if (m->cells)
					add_cells(m, (uint32_t)s[i], l->text.len + (i - from), 1);
				i++;
			}
			buf_add(&l->text, s + from, i - from);
			continue;
		}
		if (s[i] == ESC) {
			size_t skip = sequence(m, s + i, n - i);
			if (skip == 0)
				add(m, DOT);
			i += skip ? skip : 1;
		} else if (s[i] == '\b') {
			pop(m);
			i++;
		} else {
			uint32_t cp;
			i += utf8_decode(s + i, n - i, &cp);
			add(m, cp);
		}
	}
}

static void set(struct maker *m, const char *s, size_t n)
{
	struct log_line *l = m->l;
	const char *cr;

	do {
		while (n > 0 && s[n - 1] == '\r')
			n--;
		cr = n > 0 ? memrchr(s, '\r', n) : NULL;
		const char *part = cr ? cr + 1 : s;
		buf_reset(&l->text);
		vec_clear(&l->cells);
		vec_clear(&l->at);
		m->style = (struct style){ 0 };
		m->popped = 0;
		make(m, part, (size_t)(s + n - part));
		if (cr)
			n = (size_t)(cr - s);
	} while (cr && l->text.len == 0);
}

void log_line_set(struct log_line *l, const char *s, size_t n, size_t max_cells)
{
	set(&(struct maker){ .l = l, .cells = true, .max = max_cells }, s, n);
}

void log_line_set_text(struct log_line *l, const char *s, size_t n)
{
	set(&(struct maker){ .l = l }, s, n);
}
