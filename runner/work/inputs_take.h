/* One file or folder of the working tree (or behind a link out of it) as an input: hashed, and stored where that is
 * asked. */
#ifndef RUNNER_INPUTS_TAKE_H
#define RUNNER_INPUTS_TAKE_H

#include "runner/work/inputs.h"
#include "runner/work/inputs_cache.h"

struct inputs_taker {
	struct inputs_cache *cache;
	struct store *store;
	int root; /* descriptor of the project's folder */
	bool dry; /* nothing is stored; store may be NULL */
};
/* Fills the fact of what stands at f->path, which is `full` from the file system's root. seen (may be NULL): its lstat,
 * when the caller has it. Links are followed: an input that is a link to a file is that file's content. 1: a file whose
 * digest is known and that was not read; that its object is there is left to the caller (many are asked for at once),
 * and when it is not, the file is to be taken again. ERR_USAGE says what is wrong with it, to be put behind its
 * name. */
int inputs_take(const struct inputs_taker *t, const char *full, const struct stat *seen, bool link, struct fact *f,
                struct err *e);
/* The same, read and stored whatever is known of it. */
int inputs_take_again(const struct inputs_taker *t, const char *full, struct fact *f, struct err *e);
/* Whether all objects of a file or folder are in the store with the sizes that they should have (without a store: taken
 * for granted); unless dry they are kept from gc. Negative: the list of the folder is damaged. */
int inputs_stored(const struct inputs_taker *t, const struct fact *f, struct err *e);

#endif
