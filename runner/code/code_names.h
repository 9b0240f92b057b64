/* What a snapshot holds, without contents: every file's path, mode and object id, folders by their files, links with
 * their targets. */
#ifndef RUNNER_CODE_NAMES_H
#define RUNNER_CODE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "runner/code/code_list.h"

struct code_name {
	const char *path;                      /* below the project's root */
	unsigned mode;                         /* 0100644 0100755 0120000 */
	unsigned char oid[CODE_OID_BYTES];     /* of the blob: SHA-1 over "blob <size>\0" and the content */
	const char *target;                    /* of a link, else NULL */
};
struct code_names {
	struct code_name *v; size_t len;       /* sorted by code_path_compare */
	char tree[41];
};
/* Of a tree in JIG/code.git; from the stat cache when that is of this tree (the usual case right after a snapshot);
 * then objects are read only for the targets of links. ERR_NOT_FOUND: no such tree; ERR_BROKEN: something of it is
 * damaged or gone, and the next snapshot that has it writes it anew. */
int code_names_open(const char *jig, const char *tree, struct code_names **ret, struct err *e);
void code_names_free(struct code_names *n);
void code_names_freep(struct code_names **n);

enum code_kind { CODE_NOTHING, CODE_FILE, CODE_LINK, CODE_FOLDER };
/* What stands at a path ("" is the root); no link on the way is followed. *ret_at: for a file or a link its index, for
 * a folder the index of the first file below it. */
enum code_kind code_names_find(const struct code_names *n, const char *path, size_t *ret_at);
/* The names directly in the folder whose first file is v[at] (depth: length of its path, 0 for the root): cb for each,
 * once, in order of bytes of the parts. */
typedef void code_name_fn(void *arg, const char *name, size_t len, enum code_kind kind);
void code_names_list(const struct code_names *n, const char *folder, size_t at, code_name_fn *cb, void *arg);

#endif
