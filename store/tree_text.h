/* The bytes of a folder's object, for the files of this folder only; and what may stand in them. */
#ifndef STORE_TREE_TEXT_H
#define STORE_TREE_TEXT_H

#include "base/buf.h"
#include "store/tree.h"

#define TREE_FILE 0100644u
#define TREE_EXEC 0100755u
#define TREE_LINK 0120000u
#define TREE_FOLDER 0040000u

/* Appends the entries (already in order of path) as their object's bytes. */
void tree_text_add(struct buf *out, const struct tree *t);
/* What is wrong with a link at `path` below the folder to `target`, to be put behind its name; NULL when it stays
 * inside. A ".." may stand only at the front, where it climbs out of true folders: behind a name that name might be a
 * link. */
const char *tree_text_link(const char *path, const char *target);

#endif
