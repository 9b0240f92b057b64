#include "base/text.h"

#include <ctype.h>
#include "base/utf8.h"

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost 1 each. `rows` has room
 * for 3 rows of strlen(b) + 1. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb, size_t *rows)
{
	size_t *before = rows, *last = rows + nb + 1, *row = rows + 2 * (nb + 1);

	for (size_t j = 0; j <= nb; j++)
		last[j] = j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t d = smaller(smaller(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = smaller(d, before[j - 2] + 1);
			row[j] = d;
		}
		size_t *free_row = before;
		before = last;
		last = row;
		row = free_row;
	}
	return last[nb];
}

const char *text_nearest(const char *word, const char *const *candidates, size_t n)
{
	size_t len = strlen(word), limit = len / 3 > 1 ? len / 3 : 1;
	_free_ size_t *rows = mem_array(NULL, 3 * (len + 1), sizeof *rows);
	const char *nearest = NULL;

	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(candidates[i]);
		if (other > len + limit || len > other + limit)
			continue;
		size_t d = distance(candidates[i], other, word, len, rows);
		if (d > limit)
			continue;
		nearest = candidates[i];
		if (d == 0)
			break;
		limit = d - 1;
	}
	return nearest;
}

void text_shell_quote(struct buf *out, const char *word)
{
	const char *p = word;

	while (isascii((unsigned char)*p) && (isalnum((unsigned char)*p) || (*p && strchr("_@%+=:,./-", *p))))
		p++;
	if (p > word && !*p) {
		buf_adds(out, word);
		return;
	}
	buf_addc(out, '\'');
	for (p = word; *p; p++) {
		if (*p == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *p);
	}
	buf_addc(out, '\'');
}

bool text_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool text_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !memcmp(s + n - m, suffix, m);
}

bool text_has_glob(const char *s)
{
	return strpbrk(s, "*?[") != NULL;
}

/* A bracket expression at *p (behind its "["): 1 when it holds cp, 0 when not, and *p is behind its "]"; -1 when it has
 * no end, and the "[" stands for itself. */
static int match_bracket(const char **p, const char *end, uint32_t cp)
{
	const char *s = *p;
	bool negated = s < end && (*s == '!' || *s == '^'), found = false;

	s += negated;
	for (bool first = true; s < end && (first || *s != ']'); first = false) {
		uint32_t low, high;
		if (*s == '\\' && s + 1 < end)
			s++;
		s += utf8_decode(s, (size_t)(end - s), &low);
		high = low;
		if (end - s >= 2 && s[0] == '-' && s[1] != ']') {
			s++;
			if (*s == '\\' && s + 1 < end)
				s++;
			s += utf8_decode(s, (size_t)(end - s), &high);
		}
		found |= cp >= low && cp <= high;
	}
	if (s >= end)
		return -1;
	*p = s + 1;
	return found != negated;
}

/* One part of a pattern against one part of a path. Only the latest "*" is ever taken back: it is enough. */
static bool match_part(const char *p, const char *pend, const char *s, const char *send)
{
	const char *star = NULL, *star_s = NULL;

	for (;;) {
		if (p < pend && *p == '*') {
			star = ++p;
			star_s = s;
			continue;
		}
		if (s == send) {
			if (p == pend)
				return true;
			return false;
		}
		uint32_t cp, want;
		size_t len = utf8_decode(s, (size_t)(send - s), &cp);
		bool same = false;
		if (p < pend) {
			const char *next = p + 1;
			int bracket = *p == '[' ? match_bracket(&next, pend, cp) : -1;
			if (bracket >= 0) {
				same = bracket;
			} else if (*p == '?') {
				same = true;
			} else {
				const char *literal = *p == '\\' && p + 1 < pend ? p + 1 : p;
				next = literal + utf8_decode(literal, (size_t)(pend - literal), &want);
				same = (size_t)(next - literal) == len && !memcmp(literal, s, len);
			}
			if (same) {
				p = next;
				s += len;
				continue;
			}
		}
		if (!star)
			return false;
		p = star;
		s = star_s += utf8_decode(star_s, (size_t)(send - star_s), &cp);
	}
}

static const char *part_end(const char *s)
{
	return s + strcspn(s, "/");
}

bool text_glob(const char *pattern, const char *path)
{
	const char *p = pattern, *s = path, *star = NULL, *star_s = NULL;

	/* As match_part, with parts for characters: "**" is taken back one folder further each time. p or s is NULL
	 * behind the last part. */
	for (;;) {
		const char *pend = p ? part_end(p) : NULL;
		if (p && pend - p == 2 && p[0] == '*' && p[1] == '*') {
			if (!*pend)
				return s != NULL;
			star = p = pend + 1;
			star_s = s;
			continue;
		}
		if (!s)
			return !p;
		const char *send = part_end(s);
		if (p && match_part(p, pend, s, send)) {
			p = *pend ? pend + 1 : NULL;
			s = *send ? send + 1 : NULL;
			continue;
		}
		if (!star || !star_s)
			return false;
		star_s = part_end(star_s);
		star_s = *star_s ? star_s + 1 : NULL;
		p = star;
		s = star_s;
	}
}
