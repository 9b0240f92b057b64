#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "runner/code/code_ignore.h"

/* The aborts end the search early: without them a pattern with many stars takes exponential time. */
enum glob { GLOB_YES, GLOB_NO, GLOB_ABORT, GLOB_ABORT_TO_FOLDERS };

static bool class_matches(const char *name, size_t n, int c)
{
	static const struct {
		const char *name;
		int (*is)(int c);
	} classes[] = {
	        {"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl},
	        {"digit", isdigit}, {"graph", isgraph}, {"lower", islower}, {"print", isprint},
	        {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit},
	};
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (strlen(classes[i].name) == n && !memcmp(classes[i].name, name, n))
			return classes[i].is(c);
	return false;
}

/* p stands behind "["; gives the place behind "]", or NULL for a bracket that is never closed. */
static const char *bracket(const char *p, int c, bool *ret_matches)
{
	bool negated = *p == '!' || *p == '^', matches = false;
	p += negated;
	for (bool first = true; first || *p != ']'; first = false) {
		if (!*p)
			return NULL;
		const char *end = p[0] == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;
		if (end) {
			matches |= class_matches(p + 2, end - p - 2, c);
			p = end + 2;
			continue;
		}
		if (*p == '\\' && !*++p)
			return NULL;
		int from = (unsigned char)*p++, to = from;
		if (p[0] == '-' && p[1] && p[1] != ']') {
			p++;
			if (*p == '\\' && !*++p)
				return NULL;
			to = (unsigned char)*p++;
		}
		matches |= from <= c && c <= to;
	}
	*ret_matches = matches != negated && c != '/';
	return p + 1;
}

/* One match under way. Even with the aborts, many "**" one behind the other try the same places again and again: what
 * is known of a place is kept once a match has taken long. */
struct matching {
	const char *pattern, *text;
	size_t calls, width;
	unsigned char *known; /* by place in the pattern and in the text: enum glob + 1; NULL: nothing is kept yet */
};
#define CALLS_PLAIN 256
#define KNOWN_MOST (64 << 20)

static enum glob glob(struct matching *m, const char *p, const char *t);

static enum glob glob_from(struct matching *m, const char *p, const char *t)
{
	const char *start = m->pattern;
	for (; *p; p++, t++) {
		if (!*t && *p != '*')
			return GLOB_ABORT;
		bool matches;
		switch (*p) {
		case '\\':
			if (!*++p)
				return GLOB_NO;
			if (*t != *p)
				return GLOB_NO;
			continue;
		case '?':
			if (*t == '/')
				return GLOB_NO;
			continue;
		case '[':
			p = bracket(p + 1, (unsigned char)*t, &matches);
			if (!p)
				return GLOB_ABORT;
			if (!matches)
				return GLOB_NO;
			p--;
			continue;
		case '*':
			break;
		default:
			if (*t != *p)
				return GLOB_NO;
			continue;
		}
		const char *before = p;
		while (*p == '*')
			p++;
		bool folders = p - before > 1 && (before == start || before[-1] == '/') &&
		               (!*p || *p == '/' || (p[0] == '\\' && p[1] == '/'));
		if (folders && *p == '/' && glob(m, p + 1, t) == GLOB_YES)
			return GLOB_YES; /* no folder at all */
		if (!*p)
			return folders || !strchr(t, '/') ? GLOB_YES : GLOB_ABORT_TO_FOLDERS;
		if (!folders && *p == '/') {
			t = strchr(t, '/');
			if (!t)
				return GLOB_ABORT;
			continue;
		}
		for (; *t; t++) {
			enum glob r = glob(m, p, t);
			if (r != GLOB_NO && (!folders || r != GLOB_ABORT_TO_FOLDERS))
				return r;
			if (!folders && *t == '/')
				return GLOB_ABORT_TO_FOLDERS;
		}
		return GLOB_ABORT;
	}
	return *t ? GLOB_NO : GLOB_YES;
}

static enum glob glob(struct matching *m, const char *p, const char *t)
{
	if (++m->calls == CALLS_PLAIN) {
		m->width = strlen(m->text) + 1;
		size_t places = (strlen(m->pattern) + 1) * m->width;
		if (places <= KNOWN_MOST)
			m->known = mem_zero(places);
	}
	unsigned char *known = m->known ? &m->known[(size_t)(p - m->pattern) * m->width + (size_t)(t - m->text)] : NULL;
	if (known && *known)
		return (enum glob)(*known - 1);
	/* No path is so long that it would need such a pattern. */
	if (!known && m->calls >= CALLS_PLAIN)
		return GLOB_ABORT;
	enum glob r = glob_from(m, p, t);
	if (known)
		*known = (unsigned char)(r + 1);
	return r;
}

bool ignore_glob(const char *pattern, const char *path)
{
	struct matching m = {.pattern = pattern, .text = path};
	bool matches = glob(&m, pattern, path) == GLOB_YES;
	free(m.known);
	return matches;
}

/* One line, in place: blanks at the end go unless escaped, "!", a leading and a trailing "/" become flags. */
static bool rule_parse(struct ignore_rule *r, char *line)
{
	size_t n = strlen(line);
	while (n && line[n - 1] == '\r')
		n--;
	while (n && line[n - 1] == ' ') {
		size_t escapes = 0;
		while (escapes + 1 < n && line[n - 2 - escapes] == '\\')
			escapes++;
		if (escapes % 2)
			break;
		n--;
	}
	line[n] = 0;
	*r = (struct ignore_rule){0};
	if (*line == '#')
		return false;
	if (*line == '!') {
		r->negated = true;
		line++, n--;
	}
	if (n && line[n - 1] == '/') {
		r->folders = true;
		line[--n] = 0;
	}
	if (!n)
		return false;
	r->path = strchr(line, '/') != NULL;
	if (*line == '/')
		line++, n--;
	r->pattern = line;
	r->len = n;
	r->kind = IGNORE_GLOB;
	if (!line[strcspn(line, "*?[\\")])
		r->kind = IGNORE_LITERAL;
	else if (!r->path && *line == '*' && !line[1 + strcspn(line + 1, "*?[\\")])
		r->kind = IGNORE_SUFFIX;
	return true;
}

struct ignore_set *ignore_set_new(const char *base, const char *text, size_t len)
{
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		text += 3, len -= 3;
	struct ignore_set *s = mem_zero(sizeof *s);
	s->text = mem_strndup(text, len);
	s->base = mem_strdup(base);
	s->base_len = strlen(base);
	for (char *line = s->text, *next; line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		struct ignore_rule rule;
		if (rule_parse(&rule, line))
			vec_push(&s->rules, rule);
	}
	if (!s->rules.len) {
		ignore_set_free(s);
		return NULL;
	}
	return s;
}

void ignore_set_free(struct ignore_set *s)
{
	if (!s)
		return;
	free(s->text);
	free(s->base);
	vec_release(&s->rules);
	free(s);
}

enum ignore_answer ignore_set_match(const struct ignore_set *s, const char *path, bool is_folder)
{
	if (strncmp(path, s->base, s->base_len))
		return IGNORE_NO_MATCH;
	path += s->base_len;
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t name_len = strlen(name);
	for (size_t i = s->rules.len; i-- > 0;) {
		const struct ignore_rule *r = &s->rules.v[i];
		if (r->folders && !is_folder)
			continue;
		const char *subject = r->path ? path : name;
		bool matches = false;
		switch (r->kind) {
		case IGNORE_LITERAL:
			matches = !strcmp(r->pattern, subject);
			break;
		case IGNORE_SUFFIX:
			matches = name_len >= r->len - 1 &&
			          !memcmp(name + name_len - (r->len - 1), r->pattern + 1, r->len - 1);
			break;
		case IGNORE_GLOB:
			matches = ignore_glob(r->pattern, subject);
			break;
		}
		if (matches)
			return r->negated ? IGNORE_IN : IGNORE_OUT;
	}
	return IGNORE_NO_MATCH;
}

enum ignore_answer ignore_stack_match(const struct ignore_stack *s, const char *path, bool is_folder)
{
	for (size_t i = s->sets.len; i-- > 0;) {
		enum ignore_answer answer = ignore_set_match(s->sets.v[i], path, is_folder);
		if (answer != IGNORE_NO_MATCH)
			return answer;
	}
	return IGNORE_NO_MATCH;
}

void ignore_stack_pop(struct ignore_stack *s, size_t len)
{
	while (s->sets.len > len)
		ignore_set_free(vec_pop(&s->sets));
}
