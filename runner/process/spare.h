/* What an attempt no longer needs and the next one can use: its work folder, its empty checkpoints folder, its TMPDIR.
 * Using them again deletes and makes no inodes. */
#ifndef RUNNER_SPARE_H
#define RUNNER_SPARE_H

#include "base/err.h"

struct spares;
struct spare { char *work, *checkpoints; }; /* owned paths; NULL: there is none */
void spare_release(struct spare *s);

struct spares *spares_new(void);
void spares_free(struct spares *s); /* removes the folders that are left over */
/* The last that was given; empty when there is none. */
struct spare spares_take(struct spares *s);
void spares_give(struct spares *s, const char *work, const char *checkpoints /* NULL: not to be had */);
/* The number of a TMPDIR that nobody uses: the lowest free one. */
int spares_slot(struct spares *s);
void spares_slot_free(struct spares *s, int slot);

#endif
