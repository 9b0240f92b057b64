/* Where the user's repository stands, read from its files alone: the branch and the commit of HEAD. */
#ifndef TUI_RUNS_GIT_H
#define TUI_RUNS_GIT_H

#include "base/buf.h"

/* Appends "main 4f2a9c1", "4f2a9c1" without a branch, "main" before the first commit; nothing where there is no
 * repository. root: the project's folder. */
void runs_git_text(struct buf *out, const char *root);

#endif
