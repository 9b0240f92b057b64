/* jansson is the one value type for structured data (json_t); this adds what jig needs on top.
 * NaN and infinities, which JSON has not, are the strings "NaN", "Infinity", "-Infinity". */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#define _json_ _cleanup_(json_decrefp) /* jansson's own clean-up helper */

/* Text with one value; 64-bit integers, any value at top level, duplicate keys refused. name is for the message. */
int json_parse(const char *text, size_t len, const char *name, json_t **ret, struct err *e);
/* Appends: compact, keys in sorted order (canonical), reals by number_exact, so equal values give equal bytes. */
void json_canonical(struct buf *out, const json_t *v);
/* Appends one text (valid UTF-8) as json_canonical writes it: quoted and escaped. */
void json_string_text(struct buf *out, const char *s, size_t n);
/* Appends: two-space indentation, keys in insertion order, reals by number_exact. For people and --json. */
void json_pretty(struct buf *out, const json_t *v);
/* By their texts: json_equal holds 0.0 and -0.0 for the same. NULL is like NULL only. */
bool json_same(const json_t *a, const json_t *b);
/* A copy (owned) whose objects have their keys in sorted order. */
json_t *json_sorted(const json_t *v);
/* A number, or one of the three strings. */
json_t *json_number(double v);
/* The value at a dotted path ("train.lr"), borrowed, or NULL. */
json_t *json_path_get(const json_t *root, const char *dotted);
/* Walks all leaves (arrays and scalars; empty objects too) with their dotted path. */
typedef void json_leaf_fn(void *arg, const char *dotted, const json_t *leaf);
void json_leaves(const json_t *root, json_leaf_fn *cb, void *arg);
/* Each leaf that is not the same (json_same) in two objects, as it was and as it is; NULL: it was not there, it is not
 * there any more. Those that are there now come first. */
typedef void json_change_fn(void *arg, const char *dotted, const json_t *before, const json_t *now);
void json_changes(const json_t *before, const json_t *now, json_change_fn *cb, void *arg);

#endif
