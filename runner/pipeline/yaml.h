/* YAML with places: the text of a file as a tree of nodes that know their line and column. libyaml is used only in
 * yaml.c. YAML 1.2 core types (`no` is a string). Aliases and anchors work within limits; a duplicate key is an error.
 * Limits: 8 MiB of text, 64 levels, 1,000,000 nodes after aliases are expanded (aliases share nodes, so a bomb costs
 * nothing; walks count). */
#ifndef RUNNER_YAML_H
#define RUNNER_YAML_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum yaml_kind { YAML_NULL, YAML_BOOL, YAML_INT, YAML_REAL, YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node {
	enum yaml_kind kind;
	int line, column; /* from 1 */
	const char *text; /* scalars: as written (unquoted), NUL-terminated; a NUL byte in it is an error */
	size_t len;
	bool quoted; /* a scalar written with quotes or as a block: always YAML_TEXT */
	bool boolean;
	int64_t integer;
	double real; /* ints too */
	struct yaml_pair {
		struct yaml_node *key, *value;
	} * pairs;                /* YAML_MAP, in order */
	struct yaml_node **items; /* YAML_LIST */
	size_t n;                 /* of pairs or items */
};

/* What is wrong with a file: gathered, so that all is said at once (the first 100, then a count). */
struct diag {
	int line, column; /* from 1; line 0: it has no place (an override), and stands without one */
	char *text;
	const char *file; /* borrowed; NULL: that of the diags */
};
struct diags {
	const char *file;
	struct diag *v;
	size_t len, cap, dropped;
};
void diags_add(struct diags *d, int line, int column, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void diags_addv(struct diags *d, int line, int column, const char *fmt, va_list ap)
        __attribute__((format(printf, 4, 0)));
/* Whether something is known to be wrong at this place of the diags' own file. */
bool diags_at(const struct diags *d, int line, int column);
/* Moves all of `from` (with its file, whose name must outlive d) behind those of d; from is empty afterwards. */
void diags_merge(struct diags *d, struct diags *from);
void diags_release(struct diags *d);
/* "file:line:column: text" a line each, in order of place, then "and N more"; into err with ERR_USAGE. Negative when
 * there is any. */
int diags_result(struct diags *d, struct err *e);
/* The same appended in full to a buffer (err.text is short). */
void diags_text(struct diags *d, struct buf *out);

#define YAML_TEXT_MOST (8 << 20)
#define YAML_DEPTH_MOST 64
#define YAML_NODES_MOST 1000000
/* One document. Faults go to d; NULL when there was no document to speak of (an empty file is a fault too). */
struct yaml_node *yaml_parse(const char *text, size_t len, struct arena *a, struct diags *d);
/* The value of a key, or NULL. */
struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* New reference. Keys become texts as written; NaN and infinities the texts of base/json.h. */
json_t *yaml_to_json(const struct yaml_node *n);
/* Sets kind and value of a scalar by its text: YAML 1.2 core. NULL, or what is wrong with it ("does not fit 64 bits").
 */
const char *yaml_resolve(struct yaml_node *scalar);
/* What a kind is called in messages: "a list", "a text". */
const char *yaml_kind_text(enum yaml_kind kind);
/* One value as an override gives it ("0.3", "[64,64]", "no"). New reference. */
int yaml_value(const char *text, json_t **ret, struct err *e);

#endif
