/* jig's own bare repository JIG/code.git: objects, refs, durability. git can read it (git --git-dir=.jig/code.git
 * …). */
#ifndef RUNNER_CODE_REPO_H
#define RUNNER_CODE_REPO_H

#include <stdbool.h>
#include <string.h>
#include "runner/code/git2.h"
#include "base/buf.h"
#include "base/sha256.h"
#include "base/vec.h"

struct code_repo {
	char *path;
	git_repository *repo; /* NULL until code_repo_load */
	git_odb *odb;
	VEC(git_oid) fresh; /* written and not yet synced */
	struct buf buf;     /* the file being read */
};
#define CODE_REPO_INIT \
	{ \
		.buf = BUF_INIT \
	}
#define _code_repo_ _cleanup_(code_repo_release)
void code_repo_release(struct code_repo *r);

/* Makes JIG/code.git if there is none: complete or not at all. The caller holds the lock (code_lock). Does not load
 * libgit2. */
int code_repo_create(struct code_repo *r, const char *jig, struct err *e);
/* Names an existing one, for reading. ERR_NOT_FOUND when there is none. */
int code_repo_open(struct code_repo *r, const char *jig, struct err *e);
int code_repo_load(struct code_repo *r, struct err *e); /* opens it by libgit2; once */
/* Whether the object is there; without libgit2 when it is a loose file. */
bool code_repo_has(struct code_repo *r, const git_oid *id);
/* The bytes that the object takes on the disk, compressed; -1 when it is packed or not there. */
int64_t code_repo_loose_size(const struct code_repo *r, const git_oid *id);
/* As git2.tree_lookup, git2.odb_read and git2.odb_read_header, for which an object that the disk refused is one that is
 * not there: these look again, and say GIT_ENOTFOUND only of what is not there. After another error errno and
 * git2_error tell the cause; a loose object that is damaged is moved to where gc takes it away, so that the next
 * snapshot that has it writes it anew. One that another process writes anew meanwhile stays. */
int code_repo_tree(struct code_repo *r, const git_oid *id, git_tree **ret);
int code_repo_read(struct code_repo *r, const git_oid *id, git_odb_object **ret);
int code_repo_header(struct code_repo *r, const git_oid *id, size_t *ret_size, git_object_t *ret_type);
/* The next snapshot reads every file, and writes what is not there: for when an object was found missing. */
void code_repo_distrust(const struct code_repo *r);
/* The id in the place of a digest, for sets of these. */
static inline struct digest code_repo_digest(const git_oid *id)
{
	struct digest d = {0};
	memcpy(d.b, id->id, sizeof id->id);
	return d;
}
/* Where it is or was, when it is loose: for messages. Owned. */
char *code_repo_object_path(const struct code_repo *r, const git_oid *id);
/* Writes an object unless it is there. */
int code_repo_write(struct code_repo *r, const void *bytes, size_t n, git_object_t type, git_oid *ret, struct err *e);
/* The content of an open file, from its start to its end, as a blob. 1 when the file's length changed meanwhile. */
int code_repo_write_file(struct code_repo *r, int fd, int64_t size, git_oid *ret, struct err *e);
/* Makes a loose object as young as a new one: jig gc leaves it, and what it reaches, alone for a while. */
void code_repo_touch(const struct code_repo *r, const git_oid *id);
/* Makes all that was written durable. */
int code_repo_sync(struct code_repo *r, struct err *e);
/* Points refs/jig/<name> at an object; durable on wish. Does not load libgit2. */
int code_repo_ref(struct code_repo *r, const char *name, const char *hex, bool durable, struct err *e);

#endif
