/* From a list of files to objects: hashes what changed since an older list, and builds the trees. */
#ifndef RUNNER_CODE_TAKE_H
#define RUNNER_CODE_TAKE_H

#include "runner/code/code_repo.h"
#include "base/map.h"
#include "runner/code/code_list.h"

struct code_taken {
	bool same;    /* paths, modes and contents are those of the older list */
	bool touched; /* stat data is not, so the cache is to be written again */
	size_t hashed;
	const char *differs; /* one path that differs, in the newer list or the older; NULL when same */
};
/* Fills the ids of `l`, whose files stand below `root`, from `old` where a file is unchanged, else by writing its
 * content. A file that is gone meanwhile is taken out of the list. What was read and looks as if it held a secret is
 * added to `secrets`: "a.py:3 (a token of GitHub)". */
int code_take(struct code_repo *repo, const char *root, struct code_list *l, const struct code_list *old,
              struct map *secrets, struct code_taken *ret, struct err *e);
/* The remark about them, in one line. Owned; NULL when there is none. */
char *code_take_remark(const struct map *secrets);
/* Writes the trees of a list with ids. */
int code_take_tree(struct code_repo *repo, const struct code_list *l, git_oid *ret, struct err *e);

#endif
