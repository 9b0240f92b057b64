/* Finding runs by a few letters of their number, name, tags or note: all those texts in memory, compact (about 30 bytes
 * a run). It belongs to one thread at a time. */
#ifndef TUI_RUNS_FUZZY_H
#define TUI_RUNS_FUZZY_H

#include "tracker/tracker.h"

struct fuzzy;
struct fuzzy *fuzzy_new(void);
struct fuzzy *fuzzy_share(struct fuzzy *f); /* another owner; from any thread */
void fuzzy_free(struct fuzzy *f);           /* the last owner's frees it */

/* Reads the texts, or those of runs that came since. An interrupted one goes on where it was. anew: everything
 * again. */
int fuzzy_load(struct fuzzy *f, struct tracker *t, bool anew, struct err *e);
/* Numbers of the runs that have every word of the pattern as letters in a row, with any others between them (in notes:
 * together): the best first, equal ones newest first. *ret is owned by the caller. A pattern that goes on from the last
 * one looks at its finds only. */
void fuzzy_find(struct fuzzy *f, const char *pattern, int64_t **ret, size_t *ret_len);

#endif
