/* The files and links of a snapshot, by the trees in JIG/code.git. */
#ifndef RUNNER_CODE_EACH_H
#define RUNNER_CODE_EACH_H

#include "runner/code/code_repo.h"
#include "base/arena.h"
#include "base/err.h"

/* mode: 0100644 0100755 0120000. Negative ends the walk. */
typedef int code_each_fn(void *arg, const char *path, unsigned mode, const git_oid *id, struct err *e);
/* cb for each, in the order of the trees; the paths stay in the arena. tree: hex. ERR_USAGE: that is no id;
 * ERR_NOT_FOUND: there is no such snapshot; ERR_BROKEN: a tree cannot be read, or holds what no snapshot does. */
int code_each(struct code_repo *repo, const char *tree, struct arena *paths, code_each_fn *cb, void *arg,
              struct err *e);
/* ERR_BROKEN of an object at `path` ("": the root), which could not be had a moment ago. The next snapshot that has it
 * writes it anew. */
int code_each_unreadable(const struct code_repo *repo, const char *tree, const git_oid *id, const char *path,
                         struct err *e);

#endif
