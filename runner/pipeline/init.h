/* `jig init`: a jig.yaml from what a folder holds. Nothing is changed but the file it is told to write. */
#ifndef RUNNER_INIT_H
#define RUNNER_INIT_H

#include "base/buf.h"
#include "base/err.h"

enum init_source { INIT_DVC, INIT_MLPROJECT, INIT_SCRIPTS, INIT_EMPTY };
/* Appends the text of a jig.yaml with a comment that explains each line: from dvc.yaml (stages, deps, params, outs,
 * metrics, foreach/do, matrix, wdir, always_changed), else MLproject (entry points, parameters), else scripts
 * (*.py, *.sh, *.R, *.jl in order of what they read and write where that can be seen as literal paths, else of name),
 * else a small example that runs as it is. ret_notes: what could not be carried over, a line each. */
int init_pipeline(const char *root, struct buf *out, struct buf *ret_notes, enum init_source *ret_source,
                  struct err *e);

#endif
