/* A parsed filter, as filter.c makes it and query_filter.c turns it into SQL. Private to tracker/. */
#ifndef TRACKER_FILTER_TREE_H
#define TRACKER_FILTER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tracker/filter.h"

enum {
	FILTER_MAX_TEXT = 64 * 1024, /* bytes of a filter or an order */
	FILTER_MAX_DEPTH = 64,       /* parentheses inside one another */
	FILTER_MAX_TERMS = 256,
	FILTER_MAX_VALUES = 1000,  /* of all terms together */
	FILTER_MAX_PATTERN = 4096, /* bytes of a LIKE pattern */
	FILTER_MAX_SORT = 8,
};

enum filter_type { FILTER_INTEGER, FILTER_SECONDS, FILTER_TIME, FILTER_FLAG, FILTER_TEXT, FILTER_STATE, FILTER_KIND };

/* SYMBOL, name, type */
#define FILTER_ATTRIBUTES(X) \
	X(FILTER_NUMBER, "number", FILTER_INTEGER) \
	X(FILTER_NAME, "name", FILTER_TEXT) \
	X(FILTER_RUN_STATE, "state", FILTER_STATE) \
	X(FILTER_PIPELINE, "pipeline", FILTER_TEXT) \
	X(FILTER_RUN_KIND, "kind", FILTER_KIND) \
	X(FILTER_ORIGIN, "origin", FILTER_INTEGER) \
	X(FILTER_CREATED, "created", FILTER_TIME) \
	X(FILTER_STARTED, "started", FILTER_TIME) \
	X(FILTER_ENDED, "ended", FILTER_TIME) \
	X(FILTER_ELAPSED, "seconds", FILTER_SECONDS) \
	X(FILTER_USER, "user", FILTER_TEXT) \
	X(FILTER_HOST, "host", FILTER_TEXT) \
	X(FILTER_BRANCH, "branch", FILTER_TEXT) \
	X(FILTER_COMMIT, "commit", FILTER_TEXT) \
	X(FILTER_DIRTY, "dirty", FILTER_FLAG) \
	X(FILTER_NOTE, "note", FILTER_TEXT) \
	X(FILTER_UID, "uid", FILTER_TEXT)

#define FILTER_SYMBOL_(s, ...) s,
enum filter_attribute { FILTER_ATTRIBUTES(FILTER_SYMBOL_) };

enum filter_entity { FILTER_ATTRIBUTE, FILTER_METRIC, FILTER_PARAM, FILTER_TAG };

struct filter_key {
	enum filter_entity entity;
	enum filter_attribute attribute; /* FILTER_ATTRIBUTE only */
	enum filter_type type;           /* FILTER_ATTRIBUTE only */
	const char *step;                /* metrics."train[lr]".acc: the step; NULL: metrics.acc */
	const char *name;                /* K; of an attribute its name */
};

enum filter_op {
	FILTER_EQ,
	FILTER_NE,
	FILTER_GT,
	FILTER_GE,
	FILTER_LT,
	FILTER_LE,
	FILTER_LIKE,
	FILTER_ILIKE,
	FILTER_NOT_LIKE,
	FILTER_NOT_ILIKE,
	FILTER_IN,
	FILTER_NOT_IN,
};

struct filter_value {
	const char *text; /* as written, without its quotes; a state's or kind's stored text */
	bool is_number;   /* text reads as a number (for texts of params too) */
	double number;    /* flags: 0 or 1; times: UTC µs; seconds: µs */
};

struct filter_term {
	struct filter_key key;
	enum filter_op op;
	struct filter_value *values; /* one, but for IN and NOT IN */
	size_t nvalues;
};

enum filter_node_kind { FILTER_TERM, FILTER_AND, FILTER_OR };
/* AND and OR have two or more children, none of their own kind. */
struct filter_node {
	enum filter_node_kind kind;
	struct filter_term *term;         /* FILTER_TERM */
	struct filter_node *child, *next; /* first child; next sibling */
	int nested; /* room that its SQL takes on a parser's stack: children stand in falling order of it */
};

struct filter {
	struct filter_node *root; /* NULL: every run */
};

struct filter_order {
	struct filter_key key;
	bool descending;
};
struct filter_sort {
	struct filter_order v[FILTER_MAX_SORT];
	size_t len;
};

bool filter_key_equal(const struct filter_key *a, const struct filter_key *b);

#endif
