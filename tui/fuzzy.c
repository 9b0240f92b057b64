#include "tui/fuzzy.h"

#include <stdbool.h>
#include <string.h>
#include "base/buf.h"

enum { AT_LETTER = 4, AT_NEXT = 4, AT_START = 6, AT_MOST = AT_LETTER + AT_NEXT + AT_START };

static bool starts_word(const char *text, size_t i)
{
	unsigned char before = i ? (unsigned char)text[i - 1] : ' ', c = (unsigned char)text[i];
	bool letter = (before >= 'a' && before <= 'z') || before >= 0x80, digit = before >= '0' && before <= '9';

	return (!letter && !digit) || (letter && c >= '0' && c <= '9');
}

int fuzzy_score(const char *text, size_t n, const char *word, size_t word_n)
{
	size_t end = 0, at = word_n, begin;
	int sum = 0;

	for (size_t w = 0; w < word_n; w++) {
		const char *found = memchr(text + end, word[w], n - end);

		if (!found)
			return 0;
		end = (size_t)(found - text) + 1;
	}
	/* From its end back: the shortest stretch that has all letters. */
	for (begin = end; at > 0; begin--)
		if (text[begin - 1] == word[at - 1])
			at--;
	for (size_t i = begin, w = 0; w < word_n; i++) {
		if (text[i] != word[w])
			continue;
		sum += AT_LETTER + (starts_word(text, i) ? AT_START : 0) +
		       (w && text[i - 1] == word[w - 1] ? AT_NEXT : 0);
		w++;
	}
	if (!begin)
		sum += AT_MOST;
	sum = (int)((size_t)sum * 255 / (AT_MOST * (word_n + 1)));
	return sum > 255 ? 255 : sum < 1 ? 1 : sum;
}

static void small(struct buf *out, const char *s)
{
	for (; *s; s++)
		buf_addc(out, *s >= 'A' && *s <= 'Z' ? (char)(*s | 32) : *s);
}

int fuzzy_words(const char *pattern, const char *text)
{
	_buf_ struct buf words = BUF_INIT, in = BUF_INIT;
	int sum = 0;

	small(&words, pattern);
	small(&in, text);
	for (const char *w = words.data;;) {
		size_t n;
		int score;

		w += strspn(w, " ");
		if (!*w)
			return sum;
		n = strcspn(w, " ");
		score = fuzzy_score(in.data, in.len, w, n);
		if (!score)
			return -1;
		sum += score;
		w += n;
	}
}
