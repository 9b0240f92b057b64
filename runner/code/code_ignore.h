/* Patterns of .gitignore, .jigignore and git's other exclude files, with git's meaning. (base's text_glob is for the
 * paths of a pipeline file: it has no negation, no folders, no escapes.)
 *
 * A set holds the patterns of one file. Paths are relative to one common top; a set applies below its own folder only.
 * The last pattern of a set that matches decides; between sets the caller asks the deepest first. */
#ifndef RUNNER_CODE_IGNORE_H
#define RUNNER_CODE_IGNORE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/vec.h"

enum ignore_answer { IGNORE_NO_MATCH = 0, IGNORE_OUT = 1, IGNORE_IN = -1 /* a pattern with "!" */ };

struct ignore_rule {
	const char *pattern; /* within the set's text, NUL-terminated */
	size_t len;
	bool negated, folders, path; /* "!…", "…/", has a "/" and so is held against the whole path */
	enum { IGNORE_LITERAL, IGNORE_SUFFIX, IGNORE_GLOB } kind;
};
struct ignore_set {
	char *text, *base; /* base: "" or "a/b/" */
	size_t base_len;
	VEC(struct ignore_rule) rules;
};

/* The patterns of `len` bytes of text, which stand in the folder `base`. NULL when there is none. */
struct ignore_set *ignore_set_new(const char *base, const char *text, size_t len);
void ignore_set_free(struct ignore_set *s);
/* What the set says about a path; one outside its folder gives IGNORE_NO_MATCH. */
enum ignore_answer ignore_set_match(const struct ignore_set *s, const char *path, bool is_folder);
/* git's wildmatch: "*", "?" and "[…]" do not match "/"; "**" between slashes, in front or behind stands for folders. */
bool ignore_glob(const char *pattern, const char *path);

struct ignore_stack {
	VEC(struct ignore_set *) sets;
};
/* The deepest set that has an answer decides. */
enum ignore_answer ignore_stack_match(const struct ignore_stack *s, const char *path, bool is_folder);
void ignore_stack_pop(struct ignore_stack *s, size_t len); /* frees the sets from len on */

#endif
