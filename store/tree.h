/* Folders in the store.
 *
 * A folder is an object like any other: its bytes are the sorted list of its entries, a line each:
 *   "<mode> <digest> <size>\t<path>\n"
 * with mode 100644, 100755 (a file; x when the owner may execute), 120000 (a link: digest of an object that holds its
 * target), 040000 (an empty folder: digest of no bytes), paths below the folder in byte order, "\\", "\n" and "\t" in a
 * path as "\\\\", "\\n", "\\t". So a folder's digest hangs on names, modes and contents, never on times. Its size is
 * the sum of its files' sizes (a link's own size, its target's length, is not among them). */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include "base/arena.h"
#include "store/store.h"

struct tree_entry {
	const char *path; /* below the folder */
	unsigned mode;    /* 0100644 0100755 0120000 0040000 */
	struct digest digest;
	int64_t size;
};
struct tree {
	struct tree_entry *v; /* by path, in byte order */
	size_t len;
	int64_t size; /* sum of the files' sizes */
};

/* Puts a whole folder. Files are hashed and written by as many threads as there are cores when the folder is large
 * (a few MB and more). FIFOs, sockets and devices are ERR_USAGE with the entry's path; links are kept as links, one
 * that is absolute or leads out of the folder (a ".." behind a name counts as that) is ERR_USAGE; all this is found out
 * before the first file is touched. With STORE_MOVE files and links are gone afterwards, the folders stay; after a
 * failure of the disk some files may be in the store already. */
int tree_put(struct store *s, const char *folder, enum store_put how, struct digest *ret, int64_t *ret_size,
             struct err *e);
/* Only digests a folder, storing nothing (for inputs that are checked, and for fsck). */
int tree_digest(const char *folder, struct digest *ret, int64_t *ret_size, struct err *e);
int tree_load(struct store *s, const struct digest *d, struct arena *a, struct tree *ret, struct err *e);
/* 1: the folder's list is there, and so is, of its size, all that it names, as far as is known: entries are looked at
 * only once something in the store was found damaged or missing since the last time. 0: not so, or the list is
 * damaged. */
int tree_has(struct store *s, const struct digest *d, struct err *e);
int tree_parse(const char *bytes, size_t n, struct arena *a, struct tree *ret, struct err *e);
/* Writes the whole folder to path, which is made (it may exist when empty), as store_get_file does each file. */
int tree_get(struct store *s, const struct digest *d, const char *path, struct err *e);

#endif
