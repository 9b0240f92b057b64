/* Small things with texts: sizes, numbers, lists, the nearest spelling. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buf.h"

/* "64K 4G 100": powers of 1024 (K M G T), whole or decimal, an optional "B" or "iB" behind the unit. */
bool size_parse(const char *text, int64_t *ret_bytes);
/* For people: "4.1 MB", "612 MB", "96 B" (powers of 1000, as file managers show). */
void size_text(int64_t bytes, char out[16]);
/* 3214 -> "3,214". */
void count_text(int64_t n, char out[32]);
/* In the fewest digits that read back as the same bits: "0.1", "1e+300", "NaN", "Infinity", "-Infinity", "-0". */
void number_exact(double v, char out[32]);
/* A double for people: at most 4 significant digits, "0.4410" -> "0.441", 1234567 -> "1.235e6", NaN -> "NaN", "inf". */
void number_short(double v, char out[32]);
/* The whole text as a double (decimal, exponent, nan, inf, infinity in any case, a sign; no hex, no blanks around).
 * 1e400 is +inf. */
bool number_parse(const char *text, size_t len, double *ret);
/* The whole text as a decimal integer within [min, max]. */
bool integer_parse(const char *text, int64_t min, int64_t max, int64_t *ret);

/* The candidate nearest to `word` by edit distance (transpositions count 1), or NULL when none is within
 * max(1, length/3). candidates is an array of n strings. */
const char *text_nearest(const char *word, const char *const *candidates, size_t n);
/* Appends "'" quoted text as a POSIX shell would need it; plain words stay plain. */
void text_shell_quote(struct buf *out, const char *word);
bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);
/* Shell-like glob over a whole path: * and ? and [..] do not match "/", ** matches any number of folders. No
 * braces. In front "**" may stand for no folder at all, at the end it takes what lies below, not the folder itself; a
 * leading dot is like any other byte. */
bool text_glob(const char *pattern, const char *path);
bool text_has_glob(const char *s); /* holds one of * ? [ */

#endif
