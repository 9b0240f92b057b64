#include "tui/log/log_level.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "tui/log/log_vector.h"

/* Each word is found by two letters that are rare in other words. */
static const struct word {
	const char *text;
	size_t len, pair; /* where the two letters stand */
	enum log_level level;
} words[] = {
	{ "error", 5, 1, LEVEL_ERROR },     { "fatal", 5, 0, LEVEL_ERROR },    { "exception", 9, 1, LEVEL_ERROR },
	{ "traceback", 9, 4, LEVEL_ERROR }, { "critical", 8, 0, LEVEL_ERROR }, { "panicked", 8, 0, LEVEL_ERROR },
	{ "panic", 5, 0, LEVEL_ERROR },     { "fault", 5, 0, LEVEL_ERROR },    { "warning", 7, 0, LEVEL_WARNING },
	{ "warn", 4, 0, LEVEL_WARNING },
};

static bool is_pair(char a, char b)
{
	unsigned char x = (unsigned char)a | 0x20, y = (unsigned char)b | 0x20;

	return (x == 'r' && y == 'r') || (y == 'a' && (x == 'f' || x == 'p' || x == 'w')) || (x == 'x' && y == 'c') ||
	       (x == 'c' && y == 'r') || (x == 'e' && y == 'b');
}

static vector pairs(const char *s)
{
	vector lower = vector_of(0x20), x = vector_load(s) | lower, y = vector_load(s + 1) | lower;

	return (vector)((x == vector_of('r')) & (y == vector_of('r'))) |
	       (vector)((y == vector_of('a')) &
	                ((x == vector_of('f')) | (x == vector_of('p')) | (x == vector_of('w')))) |
	       (vector)((x == vector_of('x')) & (y == vector_of('c'))) |
	       (vector)((x == vector_of('c')) & (y == vector_of('r'))) |
	       (vector)((x == vector_of('e')) & (y == vector_of('b')));
}

/* The word whose two letters stand at p, or NULL. */
static const struct word *word_at(const char *begin, const char *p, const char *end)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const struct word *w = &words[i];
		if ((p[0] | 0x20) == w->text[w->pair] && (size_t)(p - begin) >= w->pair &&
		    (size_t)(end - p) >= w->len - w->pair && strncasecmp(p - w->pair, w->text, w->len) == 0)
			return w;
	}
	return NULL;
}

const char *log_level_candidate(const char *s, const char *end)
{
	const char *begin = s;

	while (s + 1 < end) {
		if (end - s > VECTOR && !vector_any(pairs(s))) {
			s += VECTOR;
			continue;
		}
		const char *stop = end - s > VECTOR ? s + VECTOR : end - 1;
		for (; s < stop; s++)
			if (is_pair(s[0], s[1]) && word_at(begin, s, end))
				return s;
	}
	return end;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Behind the "m" that ends an SGR at s. */
static bool behind_sgr(const char *begin, const char *s)
{
	if (s == begin || s[-1] != 'm')
		return false;
	for (s--; s > begin && (isdigit((unsigned char)s[-1]) || s[-1] == ';' || s[-1] == ':');)
		s--;
	return s - begin >= 2 && s[-1] == '[' && s[-2] == '\033';
}

/* Behind the SGR that begins at s, if one does. */
static const char *skip_sgr(const char *s, const char *end)
{
	const char *p = s;

	if (end - s < 3 || s[0] != '\033' || s[1] != '[')
		return s;
	for (p += 2; p < end && (isdigit((unsigned char)*p) || *p == ';' || *p == ':');)
		p++;
	return p < end && *p == 'm' ? p + 1 : s;
}

/* "0.31", "3" and nothing more: what is called an error is a figure. */
static bool is_figure(const char *s, const char *end)
{
	const char *digits;

	while (s < end && (*s == ':' || *s == ' ' || *s == '='))
		s++;
	if (s < end && (*s == '-' || *s == '+'))
		s++;
	digits = s;
	while (s < end && isdigit((unsigned char)*s))
		s++;
	if (s == digits)
		return false;
	return s >= end || *s == '.' || *s == ',' || *s == ';' || *s == '\r' || *s == '%' || *s == '/' || *s == 'e';
}

static bool starts(const char *s, const char *end, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(end - s) >= n && memcmp(s, text, n) == 0;
}

/* Whether the exception's name that ends at `end` stands at the beginning of the line. */
static bool begins_line(const char *begin, const char *s)
{
	while (s > begin && (is_word(s[-1]) || s[-1] == '.'))
		s--;
	return s == begin;
}

static enum log_level judge(const struct word *w, const char *begin, const char *s, const char *end, bool indented)
{
	const char *after = skip_sgr(s + w->len, end);
	bool whole = s == begin || !is_word(s[-1]) || behind_sgr(begin, s);
	bool capital = isupper((unsigned char)s[0]), upper = capital && isupper((unsigned char)s[1]);
	bool ends = after >= end || *after == '\r', colon = !ends && *after == ':';
	bool first = true;

	if (!ends && is_word(*after))
		return LEVEL_PLAIN;
	if (strcmp(w->text, "traceback") == 0)
		return starts(after, end, " (most recent call") ? w->level : LEVEL_PLAIN;
	if (strcmp(w->text, "fault") == 0)
		return s - begin >= 13 && strncasecmp(s - 13, "segmentation ", 13) == 0 ? w->level : LEVEL_PLAIN;
	if (strcmp(w->text, "panicked") == 0)
		return starts(after, end, " at ") ? w->level : LEVEL_PLAIN;
	if (!whole) /* ValueError: …, torch.cuda.OutOfMemoryError, UserWarning: … */
		return capital && !upper && (colon || (ends && begins_line(begin, s))) && !is_figure(after, end) &&
		       isalnum((unsigned char)s[-1]) && !(indented && begins_line(begin, s)) ? w->level : LEVEL_PLAIN;
	for (const char *p = begin; p < s && first; p++)
		first = *p == ' ' || *p == '\t' || *p == '[' || *p == '(' || *p == '\033' || behind_sgr(begin, p + 1) ||
		        isdigit((unsigned char)*p) || *p == ';';
	if (is_figure(after, end))
		return LEVEL_PLAIN;
	if (upper)
		return !ends && (*after == '=' || *after == '-') ? LEVEL_PLAIN : w->level;
	if (capital)
		return colon || (first && (ends || *after == ' ' || *after == ']')) ? w->level : LEVEL_PLAIN;
	return colon || starts(after, end, "[E") ? w->level : LEVEL_PLAIN;
}

enum log_level log_level_of(const char *line, size_t n, bool indented)
{
	const char *end = line + n;
	enum log_level best = LEVEL_PLAIN;

	for (const char *s = line; s + 1 < end && best < LEVEL_ERROR; s++) {
		if (end - s > VECTOR && !vector_any(pairs(s))) {
			s += VECTOR - 1;
			continue;
		}
		const struct word *w = is_pair(s[0], s[1]) ? word_at(line, s, end) : NULL;
		enum log_level level = w ? judge(w, line, s - w->pair, end, indented) : LEVEL_PLAIN;
		if (level > best)
			best = level;
	}
	return best;
}
