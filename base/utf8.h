/* UTF-8: decoding, width in cells, and making text harmless for a terminal. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

/* Decodes one code point from s[0..n). Returns its length in bytes (1–4); an invalid byte gives length 1 and U+FFFD.
 * n must be > 0. */
size_t utf8_decode(const char *s, size_t n, uint32_t *ret);
/* Encodes a code point (one that cannot be as U+FFFD); its length in bytes. Not "utf8_encode", which libjansson.a
 * exports. */
size_t utf8_put(uint32_t cp, char out[4]);
/* Cells that a code point takes: 0 (combining), 1 or 2. Tables of our own from wcwidth-like Unicode data, so that it
 * does not hang on the locale. What utf8_harmful() names has width 1 (it is shown as one cell). */
int utf8_width(uint32_t cp);
/* C0, DEL, C1, bidi controls, zero-width and tag characters: what a terminal could act on or hide. */
bool utf8_harmful(uint32_t cp);
/* Cells of a text as utf8_visible would show it. */
size_t utf8_cells(const char *s, size_t n);
/* Appends s with every harmful code point as "·" ("?" when ascii) and invalid bytes as U+FFFD ("?"); "\n" and "\t" are
 * harmful too. At most 4 combining marks a cell. With ascii nothing but ASCII comes out: punctuation such as "·" and
 * "–" as its twin, other characters as one "?" a cell, so that utf8_cells() holds for both. */
void utf8_visible(struct buf *out, const char *s, size_t n, bool ascii);
/* The bytes of s that fit in `cells` cells without cutting a character. */
size_t utf8_fit(const char *s, size_t n, size_t cells);
bool utf8_valid(const char *s, size_t n);
/* Whether the locale of the environment (LC_ALL, LC_CTYPE, LANG) is UTF-8. */
bool utf8_locale(void);

#endif
