/* What jig reads of the user's own git repository: HEAD, branch, remote, the tracked files, the excludes. It is never
 * written.
 *
 * libgit2 reads it; where that cannot (a split or sparse index, an index without a checksum, SHA-256 names, an unknown
 * extension) the program git is asked, without optional locks and without the user's fsmonitor. */
#ifndef RUNNER_CODE_USER_H
#define RUNNER_CODE_USER_H

#include "runner/code/git2.h"
#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"

struct user_file {
	const char *path; /* below the project's root */
	uint32_t mode;
	bool absent_is_fine; /* a sparse checkout leaves it out */
};
struct code_user {
	bool found;           /* the project stands in a work tree of git */
	bool by_program;      /* HEAD and the index are known to git only, not to libgit2 */
	git_repository *repo; /* NULL when by_program */
	char *top;            /* absolute, without a trailing "/" */
	char *prefix;         /* of the project's root below top: "" or "a/b/" */
	char *common;         /* the folder that holds info/exclude */
	char *excludes;       /* the user's own file of excludes, NULL = none; also without a repository */
	char *commit, *branch, *remote;
	char *note;                        /* what could not be read, for the snapshot's notes */
	git_oid head_tree;                 /* HEAD's tree at the project's root */
	bool has_tree, filemode, converts; /* converts: core.autocrlf */
	VEC(struct user_file) files;       /* tracked, those of submodules too; by path (strcmp) */
	uint64_t stamp;                    /* changes when the index file does; 0 = not known */
	struct arena arena;
};
#define CODE_USER_INIT \
	{ \
		.filemode = true \
	}
#define _code_user_ _cleanup_(code_user_release)
void code_user_release(struct code_user *u);

/* root is the project's folder, absolute. No repository is no error. */
int code_user_open(struct code_user *u, const char *root, struct err *e);
const struct user_file *code_user_find(const struct code_user *u, const char *path);
bool code_user_tracks_below(const struct code_user *u, const char *folder);
/* The files of HEAD at the project's root. 1 when they cannot be read here: ask code_user_ask_changed. */
struct head_file {
	const char *path; /* in the arena of the code_user */
	uint32_t mode;
	git_oid oid;
	bool submodule;
};
struct head_files {
	VEC(struct head_file) v;
};
int code_user_head(struct code_user *u, const char *root, struct head_files *ret, struct err *e);
/* Whether git converts the file between the work tree and its objects (line ends, LFS, any filter). */
bool code_user_is_filtered(const struct code_user *u, const char *path);
/* Adds the tracked files that differ from HEAD by git's own account (below the root, submodules aside). */
int code_user_ask_changed(const struct code_user *u, const char *root, struct map *ret, struct err *e);
/* A remote's address without what could be a credential. Owned. */
char *code_user_remote_clean(const char *url);

#endif
