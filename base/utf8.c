#include "base/utf8.h"

#include <strings.h>

enum { REPLACEMENT = 0xfffd, MARKS_MOST = 4 };

size_t utf8_decode(const char *s, size_t n, uint32_t *ret)
{
	const unsigned char *u = (const unsigned char *)s;
	/* The second byte's range is what excludes overlong forms, surrogates and code points above U+10FFFF. */
	unsigned char low = 0x80, high = 0xbf;
	size_t len;
	uint32_t cp;

	if (u[0] < 0x80) {
		*ret = u[0];
		return 1;
	}
	if (u[0] >= 0xc2 && u[0] <= 0xdf) {
		len = 2;
		cp = u[0] & 0x1f;
	} else if (u[0] >= 0xe0 && u[0] <= 0xef) {
		len = 3;
		cp = u[0] & 0x0f;
		low = u[0] == 0xe0 ? 0xa0 : low;
		high = u[0] == 0xed ? 0x9f : high;
	} else if (u[0] >= 0xf0 && u[0] <= 0xf4) {
		len = 4;
		cp = u[0] & 0x07;
		low = u[0] == 0xf0 ? 0x90 : low;
		high = u[0] == 0xf4 ? 0x8f : high;
	} else {
		*ret = REPLACEMENT;
		return 1;
	}
	*ret = REPLACEMENT;
	if (n < len || u[1] < low || u[1] > high)
		return 1;
	cp = cp << 6 | (u[1] & 0x3f);
	for (size_t i = 2; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 1;
		cp = cp << 6 | (u[i] & 0x3f);
	}
	*ret = cp;
	return len;
}

size_t utf8_put(uint32_t cp, char out[4])
{
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = REPLACEMENT;
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

bool utf8_harmful(uint32_t cp)
{
	if (cp < 0x300)
		return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0xad;
	return cp == 0x61c || cp == 0x180e ||                    /* Arabic letter mark, Mongolian vowel separator */
	       (cp >= 0x200b && cp <= 0x200f) ||                 /* zero-width characters, direction marks */
	       (cp >= 0x2028 && cp <= 0x202e) ||                 /* line separators, direction embeddings */
	       (cp >= 0x2060 && cp <= 0x206f) ||                 /* invisible operators, direction isolates */
	       cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xfffb) || /* byte order mark, annotations */
	       (cp >= 0xe0000 && cp <= 0xe01ef);                 /* tags, supplementary variation selectors */
}

size_t utf8_cells(const char *s, size_t n)
{
	size_t cells = 0;

	for (size_t i = 0; i < n;) {
		uint32_t cp;
		i += utf8_decode(s + i, n - i, &cp);
		cells += (size_t)utf8_width(cp);
	}
	return cells;
}

static bool plain(char c)
{
	return c >= 0x20 && c < 0x7f;
}

/* What jig's own sentences are set with has a twin; other text keeps a sign for each cell. */
static char ascii_of(uint32_t cp)
{
	switch (cp) {
	case 0xb7: return '.';                   /* · */
	case 0xd7: return 'x';                   /* × */
	case 0x2013:
	case 0x2014:
	case 0x2212: return '-';                 /* – — − */
	case 0x2026: return '~';                 /* … */
	case 0x2192: return '>';                 /* → */
	case 0x2502: return '|';                 /* │ */
	default: return '?';
	}
}

void utf8_visible(struct buf *out, const char *s, size_t n, bool ascii)
{
	int marks = 0;

	for (size_t i = 0; i < n;) {
		size_t run = i;
		while (run < n && plain(s[run]))
			run++;
		if (run > i) {
			buf_add(out, s + i, run - i);
			marks = 0;
			i = run;
			continue;
		}
		uint32_t cp;
		size_t len = utf8_decode(s + i, n - i, &cp);
		int width = utf8_width(cp);
		marks = width ? 0 : marks + 1;
		if (ascii) {
			buf_fill(out, ascii_of(cp), (size_t)width);
		} else if (utf8_harmful(cp)) {
			buf_adds(out, "·");
		} else if (marks <= MARKS_MOST) {
			char bytes[4];
			buf_add(out, bytes, utf8_put(cp, bytes));
		}
		i += len;
	}
}

size_t utf8_fit(const char *s, size_t n, size_t cells)
{
	size_t i = 0;

	while (i < n) {
		uint32_t cp;
		size_t len = utf8_decode(s + i, n - i, &cp);
		size_t width = (size_t)utf8_width(cp);
		if (width > cells)
			break;
		cells -= width;
		i += len;
	}
	return i;
}

bool utf8_valid(const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint32_t cp;
		size_t len = utf8_decode(s + i, n - i, &cp);
		if (cp == REPLACEMENT && len == 1)
			return false;
		i += len;
	}
	return true;
}

bool utf8_locale(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}
