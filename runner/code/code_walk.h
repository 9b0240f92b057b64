/* Which files of the working tree belong in a snapshot: the walk over the folders, the rules by which things stay out,
 * the guards against big files. Nothing is read but the exclude files. */
#ifndef RUNNER_CODE_WALK_H
#define RUNNER_CODE_WALK_H

#include "runner/code/code_user.h"
#include "runner/code/code.h"
#include "runner/code/code_ignore.h"
#include "runner/code/code_list.h"

/* Why something was left out without a pattern of the user's; the text goes into the note, NULL = not worth one. */
#define CODE_REASONS(X) \
	X(LEFT_DECLARED, NULL) \
	X(LEFT_JIGIGNORE, NULL) \
	X(LEFT_ENVIRONMENT, "a Python or conda environment") \
	X(LEFT_MADE, "made by tools") \
	X(LEFT_SECRET, "looks like a secret; a line \"!NAME\" in .jigignore takes it") \
	X(LEFT_REPOSITORY, "a git repository of its own; git submodule add makes it part of this") \
	X(LEFT_SUBMODULE, "a submodule whose commit is not here; git submodule update --init fetches it") \
	X(LEFT_SPECIAL, "neither a file, a folder nor a link") \
	X(LEFT_BIG, "big; declare it under inputs:, or take it with --max-snapshot")
enum code_reason {
#define X(name, text) name,
	CODE_REASONS(X)
#undef X
};
struct left_item {
	char *path;
	enum code_reason reason;
	int64_t size;
};
struct code_left {
	VEC(struct left_item) items;
	struct ignore_stack jig; /* all .jigignore files */
	size_t prefix_len;
	char *prefix; /* of the project's root below the repository's top, in front of every path in `jig` */
	const struct code_options *options;
};
void code_left_release(struct code_left *l);
void code_left_add(struct code_left *l, const char *path, enum code_reason reason, int64_t size);
/* Whether a path that is not on the disk would be left out. */
bool code_left_covers(const struct code_left *l, const char *path);
/* One line a reason, in the order above: "left out .venv, env: a Python or conda environment". Owned, as the array. */
void code_left_notes(const struct code_left *l, char ***ret, size_t *ret_len);

/* The rules that go by names alone. Whether one of the paths in v is this path or a folder above it. */
bool code_walk_covered(const char *const *v, size_t n, const char *path);
/* Whether it is something that tools make beside the code: __pycache__, .DS_Store. */
bool code_walk_is_made(const char *name, size_t n, bool folder);
/* Whether a folder that holds this name is a Python or conda environment. */
bool code_walk_marks_environment(const char *name);

/* Lists the files, sorted, with their stat data. A repository whose excludes cover the whole project is forgotten:
 * u->found is false afterwards. */
int code_walk(const struct code_options *o, struct code_user *u, struct code_list *ret, struct code_left *left,
              struct err *e);
/* Takes out what is too big, or refuses (ERR_USAGE) with names, sizes and the ways out. */
int code_guard(const struct code_options *o, bool git, struct code_list *l, struct code_left *left, struct err *e);

#endif
