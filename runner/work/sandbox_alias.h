/* Other names of a place: where the file system it stands in is mounted more than once. */
#ifndef RUNNER_SANDBOX_ALIAS_H
#define RUNNER_SANDBOX_ALIAS_H

#include <stddef.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/vec.h"

struct mount_point { const char *device, *root, *at; }; /* "8:1"; what of the file system is mounted; where: absolute */
struct mount_table {
	VEC(struct mount_point) list; /* later ones cover earlier ones */
};
/* What /proc/self/mountinfo says, in the arena; empty where there is none. */
void mount_table_read(struct mount_table *t, struct arena *a);
void mount_table_release(struct mount_table *t);

/* Calls found for each other path, in the arena, under which the same file or folder is reached; path is absolute and
 * without links. */
void mount_table_aliases(const struct mount_table *t, const char *path, struct arena *a,
                         void (*found)(void *arg, const char *path), void *arg);

#endif
