/* The same work on many items by as many threads as there are cores that this process may use; the caller is one of
 * them. The threads live for one call. Signals are left to the caller's thread. */
#ifndef STORE_POOL_H
#define STORE_POOL_H

#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

/* One item. `own` is the state of the thread that does it. Negative ends the whole work early. */
typedef int pool_fn(void *arg, void *own, size_t item, struct err *e);

/* Cores that this process may use, at least 1, at most POOL_MAX. */
#define POOL_MAX 64
unsigned pool_cores(void);
/* Threads for so many items of so many bytes together: 1 below a few MB and a few dozen items, else a core's each. */
unsigned pool_threads(size_t items, int64_t bytes);

/* Items 0 … n-1, begun in this order, by `threads` threads (1: all in the caller). own: an array of `threads` states of
 * own_size bytes each. The error is that of the first item in order that failed. */
int pool_run(unsigned threads, size_t n, pool_fn *fn, void *arg, void *own, size_t own_size, struct err *e);

#endif
