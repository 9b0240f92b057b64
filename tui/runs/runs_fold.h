/* Entries of the list of runs: a run by its number, or a sweep's head by its id, negative. A sweep is one head where
 * its first run would stand; opened, its runs follow. */
#ifndef TUI_RUNS_FOLD_H
#define TUI_RUNS_FOLD_H

#include "tracker/query_list.h"

/* numbers: runs in the order of the list. swept: which of them belong to a sweep, by run, newest first; others may be
 * among them. open: sweeps that are opened. A sweep with one run here is that run. *ret is owned by the caller. */
void runs_fold(const int64_t *numbers, size_t n, const struct swept *swept, size_t nswept, const int64_t *open,
               size_t nopen, int64_t **ret, size_t *ret_len);

#endif
