/* Bytes into the store at once, as tree_put puts the list of a folder. */
#ifndef TESTS_PUT_WHOLE_H
#define TESTS_PUT_WHOLE_H

#include "store/put.h"

static inline int put_whole(struct store *s, const void *bytes, size_t n, struct digest *ret, struct err *e)
{
	_putter_ struct putter p = PUTTER_INIT(s);
	struct digest d;
	int r = put_bytes(&p, bytes, n, &d, e);

	if (r < 0 || (r = put_sync(&p, e)) < 0)
		return r;
	*ret = d;
	return 0;
}

#endif
