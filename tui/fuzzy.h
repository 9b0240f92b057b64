/* Fuzzy finding: the letters of a word in their order, with any others between them; starts of words and neighbours
 * count more. */
#ifndef TUI_FUZZY_H
#define TUI_FUZZY_H

#include <stddef.h>

/* How well a text has the letters of a word (both in small letters): 0 not at all, 255 it begins with it. */
int fuzzy_score(const char *text, size_t n, const char *word, size_t word_n);
/* The same for every word (by blanks) of a pattern, in any case, summed up: −1 when one of them is not in the text, 0
 * for no word. */
int fuzzy_words(const char *pattern, const char *text);

#endif
