/* The digests that the record names: what fsck looks for and gc keeps. */
#ifndef RUNNER_NAMED_H
#define RUNNER_NAMED_H

#include "store/store.h"
#include "tracker/tracker.h"

struct named {
	struct digest *slots; /* open addressing; all zero = free (and the digest of no content that can be) */
	size_t n, nslots;
};
#define _named_ _cleanup_(named_release)

void named_release(struct named *n);
/* True when it was not there before. */
bool named_add(struct named *n, const struct digest *d);
bool named_has(const struct named *n, const struct digest *d);
/* Every object that a kept row names, entries of folders too; those of links and of logs, which are not in the store,
 * are no harm. ERR_BROKEN when a folder's object cannot be read, for then its entries are not known. */
int named_gather(struct tracker *t, struct store *s, struct named *n, struct err *e);

#endif
