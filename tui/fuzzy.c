#include "tui/fuzzy.h"

#include <ctype.h>
#include <stddef.h>

enum { AT_WORD = 8, NEIGHBOUR = 5, HIT = 1, MOST = 64 };

static int lower(char c)
{
	return tolower((unsigned char)c);
}

static int starts_word(const char *text, size_t i)
{
	return i == 0 || (!isalnum((unsigned char)text[i - 1]) && isalnum((unsigned char)text[i])) ||
	       (isdigit((unsigned char)text[i]) && !isdigit((unsigned char)text[i - 1]));
}

/* The best way to place one word, by a table over its letters: best[j] is the score with j letters placed, the last of them at the letter before. */
static int word_score(const char *word, size_t n, const char *text)
{
	int best[MOST + 1], ends_here[MOST + 1];

	if (n > MOST)
		n = MOST;
	for (size_t j = 0; j <= n; j++)
		best[j] = ends_here[j] = j ? -1 : 0;
	for (size_t i = 0; text[i]; i++)
		for (size_t j = n; j > 0; j--) {
			int before = -1, score;

			if (lower(word[j - 1]) != lower(text[i])) {
				ends_here[j] = -1;
				continue;
			}
			if (best[j - 1] >= 0)
				before = best[j - 1];
			if (j > 1 && ends_here[j - 1] >= 0 && ends_here[j - 1] + NEIGHBOUR > before)
				before = ends_here[j - 1] + NEIGHBOUR;
			if (before < 0) {
				ends_here[j] = -1;
				continue;
			}
			score = before + HIT + (starts_word(text, i) ? AT_WORD : 0);
			ends_here[j] = score;
			if (score > best[j])
				best[j] = score;
		}
	return best[n];
}

int fuzzy_score(const char *pattern, const char *text)
{
	int sum = 0;

	for (;;) {
		size_t n = 0;
		int score;

		while (*pattern == ' ')
			pattern++;
		if (!*pattern)
			return sum;
		while (pattern[n] && pattern[n] != ' ')
			n++;
		score = word_score(pattern, n, text);
		if (score < 0)
			return -1;
		sum += score;
		pattern += n;
	}
}
