/* What the files of an environment look like, in memory and as the file KEY.files keeps it.
 *
 * The file: "jig-files 2\n"; then each folder, a "D" with its look, followed by its entries in byte order of their
 * names: "F" (a file) with its look, "L" (a link) with its target, "S" (a folder in it, which has a "D" of its own
 * later), "O" (anything else); at last "E". A look stands as in memory: the list is the cache's own, and is read
 * whenever a run starts. Each text ends with a NUL, the one byte that no name holds. */
#ifndef RUNNER_ENV_LOOK_H
#define RUNNER_ENV_LOOK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"

struct look {
	int64_t size, modified, changed; /* bytes, ns */
	uint64_t ino, mode;              /* mode: permission bits */
};
struct look_entry {
	const char *name, *target; /* target: of a link, else NULL */
	char kind;                 /* 'F', 'L', 'S', 'O' */
	struct look look;          /* of 'F' */
};
struct look_entries { struct look_entry *v; size_t len, cap; };
struct look_folder {
	const char *path;            /* below the prefix; "" = the prefix itself */
	struct look look;
	struct look_entries entries; /* by name */
};
struct env_look {
	struct arena arena;              /* owns names, paths and targets that do not lie in text */
	struct buf text;                 /* the file that was parsed */
	VEC(struct look_folder) folders; /* the prefix first; a folder before what lies in it */
};

#define ENV_LOOK_INIT { .arena = ARENA_INIT, .text = BUF_INIT }
void env_look_release(struct env_look *l);
void env_look_of(const struct stat *st, struct look *ret);
bool env_look_equal(const struct look *a, const struct look *b);

/* Adds a folder below the prefix (root: its descriptor) and all below it. A lock of a tool directly in the prefix,
 * which comes and goes, is left out. */
int env_look_add(struct env_look *l, int root, const char *prefix, const char *path, struct err *e);
/* The entries of one folder as they are now, by name. */
int env_look_list(struct arena *a, int root, const char *prefix, const char *path, struct look *ret,
                  struct look_entries *ret_entries, struct err *e);
struct look_entry *env_look_find(const struct look_entries *entries, const char *name);

/* Appends it in the file's format. */
void env_look_text(const struct env_look *l, struct buf *out);
/* From l->text, which is changed. name is for the message. ERR_NOT_FOUND: it is no such file, or damaged. */
int env_look_parse(struct env_look *l, const char *name, struct err *e);

#endif
