/* Snapshots: the exact code tree of a run, in the private bare repository JIG/code.git (facts in docs/decisions.md).
 * The user's repository is only read. libgit2 is loaded at the first call, not at program start (git2.h). */
#ifndef RUNNER_CODE_H
#define RUNNER_CODE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"

struct code_options {
	const char *root;                         /* project folder, absolute */
	const char *jig;                          /* its .jig folder, absolute */
	/* declared outputs, checkpoints, …: paths ("a/b", a folder covers what is below): never in a snapshot */
	const char *const *data; size_t ndata;
	/* declared inputs: exempt from the guard for big files: left out quietly when untracked and big */
	const char *const *inputs; size_t ninputs;
	int64_t max_file, max_total;              /* of new files: 1 MiB and 50 MiB; --max-snapshot sets both */
};
struct code_snapshot {
	char tree[41];                            /* tree id, hex */
	/* of the user's repository, NULL = none; remote without credentials */
	char *commit, *branch, *remote;
	int dirty;                                /* 1, 0, -1 = no git */
	int nfiles;
	/* one line each: what was left out and why ("left out .env: looks like a secret") */
	char **notes; size_t nnotes;
	int changed_files;                        /* differing from HEAD; -1 = no git */
};
void code_snapshot_release(struct code_snapshot *s);
void code_snapshot_note(struct code_snapshot *s, char *note); /* takes the text over; NULL adds nothing */
/* Begins to load what snapshots are taken with, beside what the caller does next; to be ended before the process ends
 * (git2_preload). */
void code_preload(void);
void code_preload_end(void);
/* Takes the snapshot of the working tree and pins it by a ref. ERR_USAGE: a guard, naming the files and the ways
 * out. */
int code_snapshot(const struct code_options *o, struct code_snapshot *ret, struct err *e);
/* Waits for the lock of JIG/code.git; ret_fd holds it until closed. Snapshots are taken under it, and code is freed. */
int code_lock(const char *jig, int *ret_fd, struct err *e);
/* Who has waited a second for the lock, here or in a function below, calls this with a text for people, then again and
 * again with NULL while it waits on; false gives up (ERR_INTERRUPTED). Of the process; NULL: nobody is told. */
typedef bool code_wait_fn(void *arg, const char *text);
void code_lock_tells(code_wait_fn *waits, void *arg);
/* Pins the tree under refs/jig/run/<number>; unpin drops it. ERR_NOT_FOUND: the tree is not there (any more). Who holds
 * the lock until the record names the tree, too, keeps `gc` from taking it meanwhile. */
int code_pin(const char *jig, const char *tree, int64_t run, struct err *e);
int code_unpin(const char *jig, int64_t run, struct err *e);

/* A tree and what is in it. Files of up to 64 KiB are held in memory (32 MiB in all); the others, and only they, stand
 * in a checkout that is cached once per tree id below JIG/trees/<id> (read-only, locked while this is open, the four
 * used last are kept). */
struct code_file {
	const char *path;
	unsigned mode;
	int64_t size;
	const char *link;
	char *data; /* small files: content in memory */
};
struct code_tree {
	char id[41];
	/* absolute path of the cached checkout; NULL when all files are held */
	char *folder;
	/* by path, parents' folders are made from them; modes 0100644 0100755 0120000 */
	struct code_file *v; size_t len;
};
int code_tree_open(const char *jig, const char *tree, struct code_tree **ret, struct err *e);
void code_tree_free(struct code_tree *t);
/* Writes the tree into an existing empty folder: files as copies (reflink where it can), links as links. skip (may be
 * NULL) says which to leave out. */
typedef bool code_skip_fn(void *arg, const char *path);
int code_tree_write(const struct code_tree *t, int dirfd, code_skip_fn *skip, void *arg, struct err *e);
/* Turns a folder that was written from this tree, and in which anything may have happened since, into what
 * code_tree_write would make of an empty one. Files that are still there are written anew in place, which costs neither
 * a deletion nor a creation: on ext4 inodes that were deleted lately slow every creation down. */
int code_tree_rewrite(const struct code_tree *t, int dirfd, code_skip_fn *skip, void *arg, struct err *e);
/* The bytes of one file of a tree. ERR_NOT_FOUND. */
int code_read(const char *jig, const char *tree, const char *path, struct buf *ret, struct err *e);

/* The bytes of one blob by its id (20 bytes). ERR_NOT_FOUND. */
int code_read_blob(const char *jig, const unsigned char oid[20], struct buf *ret, struct err *e);

/* A revision of the user's repository, as `git rev-parse` takes it: its tree below the project's root becomes a
 * snapshot in JIG/code.git, pinned until the next one; commit, dirty (0) and changed_files (0) as of a clean checkout
 * of it, branch NULL. What snapshots leave out is left out (options' data; guards do not apply to what is committed).
 * Files are taken as committed: what git converts on the way to the working tree (line ends, git-lfs) a note tells.
 * Submodules are taken when they are checked out and have the commit. ERR_USAGE: there is no git here, no such revision
 * (with what there is), or it does not hold the project's folder. */
int code_revision(const struct code_options *o, const char *revision, struct code_snapshot *ret, struct err *e);

/* How many lines differ between two blobs; -1 both: one is binary. An all-zero id is an empty file. */
int code_lines_changed(const char *jig, const unsigned char a[20], const unsigned char b[20], int *ret_added,
                       int *ret_removed, struct err *e);

/* Differences between two trees. */
struct code_change { char *path; char status; /* A D M T */ int added, removed; /* lines; -1 = binary */ };
struct code_changes { struct code_change *v; size_t len; };
int code_diff(const char *jig, const char *tree_a, const char *tree_b, struct code_changes *ret, struct err *e);
void code_changes_release(struct code_changes *c);

#endif
