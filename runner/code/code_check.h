/* Whether all that snapshots name is in JIG/code.git, and whole. */
#ifndef RUNNER_CODE_CHECK_H
#define RUNNER_CODE_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* path: "" for the snapshot itself. text says what is wrong with it. */
typedef void code_check_fn(void *arg, int64_t run, const char *path, const char *text);
/* Reads every tree and every blob of the snapshots once, runs[i]'s being trees[i], and calls fault for each that is
 * missing or damaged, with the first run that names it; for a snapshot that is not there at all, for each run. The next
 * snapshot writes anew what of that it has. Negative only when the check itself cannot be done. */
int code_check(const char *jig, const char *const *trees, const int64_t *runs, size_t n, code_check_fn *fault,
               void *arg, struct err *e);

#endif
