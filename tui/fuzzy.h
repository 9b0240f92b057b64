/* Fuzzy finding: the letters of a pattern in their order, anywhere in a text, in any case; word starts and neighbours count more. */
#ifndef TUI_FUZZY_H
#define TUI_FUZZY_H

/* −1: it is not in the text; else the higher the better. An empty pattern fits everything with 0. Each word of the pattern (by blanks) has to fit. */
int fuzzy_score(const char *pattern, const char *text);

#endif
