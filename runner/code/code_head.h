/* How a snapshot differs from HEAD. */
#ifndef RUNNER_CODE_HEAD_H
#define RUNNER_CODE_HEAD_H

#include "runner/code/code_walk.h"

/* Counts the files that differ from HEAD at the project's root, aside what snapshots leave out. -1 in *ret: it cannot
 * be told. */
int code_head_changed(const char *root, struct code_user *u, const struct code_list *l, const struct code_left *left,
                      int *ret, struct err *e);
/* What the count depends on, apart from the snapshot's content; 0 = it cannot be kept. */
uint64_t code_head_key(const struct code_user *u, const struct code_options *o, const unsigned char *tree);

#endif
