/* The project: a folder with a jig.yaml and a .jig/, found by walking up as git does. */
#ifndef RUNNER_PROJECT_H
#define RUNNER_PROJECT_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct project {
	char *root; /* absolute, real path */
	char *jig;  /* root/.jig, or $JIG_DIR where it is set (absolute); may not exist yet */
	char *name; /* the folder's name */
};
void project_release(struct project *p);
/* From the current folder upwards: the nearest one that holds jig.yaml or .jig. ERR_USAGE: none, with the way out (`jig
 * init`). */
int project_find(struct project *ret, struct err *e);
/* The current folder as root, whether or not it holds anything (`jig init`, `jig run -f`). */
int project_here(struct project *ret, struct err *e);
/* Makes .jig (0700), .jig/runs and .jig/.gitignore ("*") where missing. ERR_BROKEN on a network file system, with the
 * way out (JIG_DIR). */
int project_prepare(const struct project *p, struct err *e);
/* 1, or 0 when there was no run yet. ERR_BROKEN: what was recorded is gone (tracker/folder.h). */
int project_has_record(const struct project *p, struct err *e);

/* The lease of a run: an flock on JIG/runs/<n>/lease. Taking makes the folder. */
int lease_take(const struct project *p, int64_t run, int *ret_fd, struct err *e);
bool lease_held(const struct project *p, int64_t run);
/* Writes down which file this lease is (device and inode). Whoever carries a run out signs, before anything of it is
 * outside the record. */
int lease_sign(int fd, struct err *e);
/* Whether the run was carried out on this very record: false in a copy of it, where the processes and the folders in
 * /tmp that it names are those of the original. True for a lease that was never signed. */
bool lease_of_here(const char *run_folder);

#endif
