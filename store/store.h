/* The object store: immutable content named by its SHA-256, in DIR/objects/ab/cdef….
 *
 * An object is written as a temporary file in DIR/objects/tmp/, fsynced, made read-only (0444) and renamed into place,
 * and the folder is fsynced; so a name that exists is complete. Putting what is there already costs the hashing only,
 * of both where what is there is checked. Many processes may put and read at once. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/err.h"
#include "base/sha256.h"

struct store;

/* dir is the project's .jig folder; objects/ and objects/tmp/ are made at the first put, so opening costs nothing. */
struct store *store_new(const char *dir);
void store_free(struct store *s);

enum store_put {
	/* the source stays as it is: reflink where the file system can, else a copy made while hashing. An object of
	 * its size that is there already is taken for whole */
	STORE_COPY,
	/* the source is renamed into the store where it stands on the same file system (else copied and removed);
	 * its content must not be written any more; a source with other hard links is copied. An object that is there
	 * already is checked: what was just made replaces it where it is damaged */
	STORE_MOVE,
	STORE_COPY_CHECK, /* as STORE_COPY, and an object that is there already is checked */
};

/* A regular file (a link is refused: ERR_USAGE). ret_size may be NULL. With STORE_MOVE the source path is gone
 * afterwards. ERR_BROKEN when the file changes size while it is read, or the disk is full. */
int store_put_file(struct store *s, const char *path, enum store_put how, struct digest *ret, int64_t *ret_size,
                   struct err *e);

/* An object whose content is found not to be what its name says (store_get_file, store_check, tree_load, tree_get) is
 * moved to objects/tmp/ and so missing from then on: what asks for it makes it anew, and the next put writes it. That
 * an object was found damaged or missing is noted in DIR/store.doubt, for tree_has. */
bool store_has(struct store *s, const struct digest *d, int64_t *ret_size);
/* The same for an object that is about to be used: one that is old is made young again, for it may be garbage that
 * nothing names yet, and gc spares what is young. size: what it has to have, -1: any. */
bool store_keep(struct store *s, const struct digest *d, int64_t size);
/* Read-only descriptor. ERR_NOT_FOUND when it is not there. */
int store_open(struct store *s, const struct digest *d, int *ret_fd, struct err *e);
/* The object's path (owned), whether or not it exists. */
char *store_path(struct store *s, const struct digest *d);
/* Writes the object to path (must not exist) with permission bits `mode`; reflink, else copy. The copy is hashed: of a
 * damaged object nothing is left at path, and it is ERR_BROKEN. */
int store_get_file(struct store *s, const struct digest *d, const char *path, mode_t mode, struct err *e);
/* Rehashes the object: ERR_NOT_FOUND, or ERR_BROKEN when its content is not what its name says. */
int store_check(struct store *s, const struct digest *d, struct err *e);

/* From here to store_let_go nothing that this process puts or finds goes, although the record does not name it yet: who
 * removes objects holds the store alone meanwhile, and does not wait for it (ERR_BUSY). Others wait for a minute
 * (ERR_BUSY). An flock on objects/; where folders cannot be locked, nothing. By one thread; twice is fine. */
int store_hold(struct store *s, bool alone, struct err *e);
void store_let_go(struct store *s);

/* Every object in order of name. cb returns 0 to go on, negative to end. A file whose name is no digest is handed over
 * with d == NULL and its path below objects/. A folder that cannot be listed is told when the rest is done. */
typedef int store_each_fn(void *arg, const struct digest *d, int64_t size, const char *path, struct err *e);
int store_each(struct store *s, store_each_fn *cb, void *arg, struct err *e);
/* Unlinks one object (for gc, which knows that nothing names it). Absent is fine. */
int store_remove(struct store *s, const struct digest *d, struct err *e);
/* Removes temporary files older than age_us that no process writes (they are flocked while written). ret_bytes:
 * freed, set in any case. One that cannot be removed keeps no other from going; the first is told. */
int store_sweep(struct store *s, int64_t age_us, bool dry_run, int64_t *ret_bytes, struct err *e);

#endif
