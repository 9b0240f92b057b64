/* Putting many files with one set of buffers; for the files of this folder only. A putter belongs to one thread.
 *
 * What a putter has put is complete and fsynced, but its name may still be lost in a crash until put_sync has been
 * called: folders are fsynced once for all files and not for each. */
#ifndef STORE_PUT_H
#define STORE_PUT_H

#include <sys/stat.h>
#include "store/layout.h"
#include "store/stream.h"

#define PUT_FOLDERS 256

struct putter {
	struct store *s;
	struct stream stream;
	bool touched[PUT_FOLDERS];  /* folders with new names */
	bool new_folder, new_store; /* objects/ has a new folder; objects/ itself is new */
	int64_t dev;                /* device of the store, -1: not asked yet */
};
#define PUTTER_INIT(store) { .s = (store), .stream = STREAM_INIT, .dev = -1 }
#define _putter_ _cleanup_(put_release)

void put_release(struct putter *p);
/* As store_put_file, but for the fsync of folders; the second puts bytes. */
int put_file(struct putter *p, const char *path, enum store_put how, struct digest *ret, int64_t *ret_size,
		struct err *e);
int put_bytes(struct putter *p, const void *bytes, size_t n, struct digest *ret, struct err *e);
/* Folders that `from` touched are `into`'s to fsync. */
void put_merge(struct putter *into, const struct putter *from);
int put_sync(struct putter *p, struct err *e);

/* Opens a regular file for reading without following a link and without waiting for a FIFO's writer. */
int put_open(const char *path, int *ret_fd, struct stat *ret, struct err *e);
/* ERR_BROKEN unless path still names the file that was read, with the size and time that it had before. */
int put_unchanged(const char *path, const struct stat *before, int64_t read, struct err *e);

#endif
