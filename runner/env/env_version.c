#include "runner/env/env_version.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include "base/mem.h"

enum { PARTS = 3 };
struct version {
	int part[PARTS], n;
	bool wildcard; /* "3.11.*" */
};

/* The leading numbers of a text; what follows the last ("rc1", "+") is passed over unless strict. The first byte behind
 * it, NULL: it does not begin with a number. */
static const char *version_read(const char *s, struct version *ret)
{
	*ret = (struct version){0};
	for (;;) {
		int v = 0;
		if (!isdigit((unsigned char)*s))
			return NULL;
		for (; isdigit((unsigned char)*s); s++)
			if (v < INT_MAX / 10 - 1)
				v = v * 10 + (*s - '0');
		if (ret->n < PARTS)
			ret->part[ret->n++] = v;
		if (s[0] != '.')
			return s;
		if (s[1] == '*') {
			ret->wildcard = true;
			return s + 2;
		}
		s++;
	}
}

/* Over the first n parts; those that are not there count as 0. */
static int compare(const struct version *a, const struct version *b, int n)
{
	for (int i = 0; i < n; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return 0;
}

enum op { OP_PREFIX, OP_EQUAL, OP_NOT, OP_LEAST, OP_MOST, OP_ABOVE, OP_BELOW, OP_COMPATIBLE };

/* One clause; the first byte behind it, NULL: it is none. */
static const char *clause_read(const char *s, enum op *ret_op, struct version *ret)
{
	static const struct {
		char text[3];
		enum op op;
	} ops[] = {
	        {"==", OP_EQUAL},      {"!=", OP_NOT},  {">=", OP_LEAST}, {"<=", OP_MOST},
	        {"~=", OP_COMPATIBLE}, {">", OP_ABOVE}, {"<", OP_BELOW},
	};

	s += strspn(s, " ");
	*ret_op = OP_PREFIX;
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (strncmp(s, ops[i].text, strlen(ops[i].text)) == 0) {
			*ret_op = ops[i].op;
			s += strlen(ops[i].text);
			s += strspn(s, " ");
			break;
		}
	s = version_read(s, ret);
	if (!s || (ret->wildcard && *ret_op != OP_EQUAL && *ret_op != OP_NOT && *ret_op != OP_PREFIX) ||
	    (*ret_op == OP_COMPATIBLE && ret->n < 2))
		return NULL;
	s += strspn(s, " ");
	return *s == '\0' || *s == ',' ? s : NULL;
}

bool env_version_valid(const char *wanted)
{
	enum op op;
	struct version v;

	while (*wanted) {
		wanted = clause_read(wanted, &op, &v);
		if (!wanted)
			return false;
		wanted += *wanted == ',';
	}
	return true;
}

static bool clause_fits(enum op op, const struct version *w, const struct version *v)
{
	/* Only what is known of v decides; the rest may be anything. */
	int known = v->n < PARTS ? v->n : PARTS, common = w->n < known ? w->n : known;
	bool whole = v->n == PARTS;
	int order = compare(v, w, known);

	switch (op) {
	case OP_PREFIX:
		return compare(v, w, common) == 0;
	case OP_EQUAL:
		return compare(v, w, w->wildcard ? common : known) == 0;
	case OP_NOT:
		return w->wildcard ? compare(v, w, common) != 0 || known < w->n : !whole || order != 0;
	case OP_LEAST:
		return order >= 0;
	case OP_MOST:
		return order <= 0;
	case OP_ABOVE:
		return whole ? order > 0 : order >= 0;
	case OP_BELOW:
		/* 3.12 itself is not below 3.12, and neither is anything that begins with it. */
		return order < 0 || (!whole && order == 0 && compare(v, w, PARTS) < 0);
	case OP_COMPATIBLE:
		return order >= 0 && compare(v, w, w->n - 1 < known ? w->n - 1 : known) == 0;
	}
	return false;
}

bool env_version_fits(const char *wanted, const char *version)
{
	enum op op;
	struct version w, v;

	if (!version_read(version, &v))
		return false;
	while (*wanted) {
		wanted = clause_read(wanted, &op, &w);
		if (!wanted || !clause_fits(op, &w, &v))
			return false;
		wanted += *wanted == ',';
	}
	return true;
}

int env_version_compare(const char *a, const char *b)
{
	struct version x = {0}, y = {0};

	version_read(a, &x);
	version_read(b, &y);
	return compare(&x, &y, PARTS);
}
