/* What proves that an entry of a checkpoint folder is complete, in the file beside the folder; for checkpoint.c and
 * checkpoint_watch.c.
 *
 * "<device> <inode> <size> <ns> <name>\n" a line, in decimals, "\\" and "\n" in a name as "\\\\" and "\\n"; the last
 * line of a name counts, and one with the inode 0 takes the proof away. What has no "\n" behind it is not read: its
 * writer died. */
#ifndef RUNNER_CHECKPOINT_PROOF_H
#define RUNNER_CHECKPOINT_PROOF_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"

struct proof {
	uint64_t device, inode; /* inode 0: nothing is proven */
	int64_t size;           /* of a file; of a folder 0 */
	int64_t at_ns;          /* of a file: its last change; of a folder: nothing in it changed later */
};

/* Nanoseconds since 1970 of the last change of the content; of anything. */
int64_t proof_changed(const struct stat *st);
int64_t proof_touched(const struct stat *st);

/* The path of the file for a folder. Owned. */
char *proofs_path(const char *folder);
void proof_add(struct buf *text, const char *name, const struct proof *p);
/* Name → struct proof (to be freed by proofs_release). Without a file there is nothing. */
void proofs_load(const char *folder, struct map *ret);
void proofs_release(struct map *m);
/* The file as a whole, either the old or the new one; a crash of the machine may take it. */
int proofs_save(const char *folder, const struct buf *text, struct err *e);

#endif
