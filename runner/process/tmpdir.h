/* The parents of TMPDIRs: short paths below /tmp (about 100 characters break sockets that Python's multiprocessing
 * makes there). */
#ifndef RUNNER_TMPDIR_H
#define RUNNER_TMPDIR_H

#include <stdbool.h>
#include "base/err.h"

/* A new folder /tmp/jig.XXXXXX, mode 0700. Owned path. */
int tmpdir_make(char **ret, struct err *e);
/* Whether a path has the form that tmpdir_make gives, and belongs to this user: only such are ever removed. */
bool tmpdir_is_ours(const char *path);
/* Removes the one that RUN_FOLDER/tmp leads to, if it is there and ours. */
void tmpdir_remove(const char *run_folder);

#endif
