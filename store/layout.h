/* Where things lie in a store; for the files of this folder only. */
#ifndef STORE_LAYOUT_H
#define STORE_LAYOUT_H

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include "store/store.h"

struct store {
	char *dir;             /* .jig */
	char *objects;         /* .jig/objects */
	char *tmp;             /* .jig/objects/tmp */
	char *doubt;           /* .jig/store.doubt */
	atomic_uint temp_next; /* number in the name of the next temporary file */
	atomic_int folder;     /* descriptor of objects/, for looking at many; -1: not opened yet */
	int held;              /* store_hold: descriptor of objects/, or -1 */
	atomic_bool no_clone;  /* the file system said that it cannot share blocks between files */
};

/* Big enough for every path of the store; layout_path cuts nothing since store_new refuses longer folders. */
#define LAYOUT_PATH_MAX (PATH_MAX + 128)

void layout_path(const struct store *s, const struct digest *d, char out[LAYOUT_PATH_MAX]);
/* The folder of all objects whose digest begins with the byte `first`. */
void layout_folder(const struct store *s, unsigned first, char out[LAYOUT_PATH_MAX]);
/* dst gets all of src's content by shared blocks: true, or false where that cannot be (dst is untouched). */
bool layout_clone(struct store *s, int src, int dst);
/* An object was found damaged or missing: from now on tree_has looks at the entries of folders, too. Of the file only
 * the time counts: a list that was found whole since then has the same one. */
void layout_doubt(const struct store *s);
/* ERR_BROKEN with the way out unless `have`, of the bytes of the object that is open as fd, is its name. Then it is
 * moved away. */
int layout_compare(struct store *s, const struct digest *want, const struct digest *have, int fd, struct err *e);

#endif
