/* Private to tracker/: digests over all the rows of a run, and the comparison with what they were.
 *
 * A run's rows are read table by table in order of key. Each row gives a SHA-256 over its columns (type, length,
 * bytes); a table's digest covers the digests of its rows; points give 24 raw bytes each, in blocks of 4,096 a series.
 * `seal` keeps the digest of each table (and block), with 16 bytes a row of the other tables, so that a row that was
 * changed can be named; run.seal is the digest over all of them, and the event that ends the run carries it. */
#ifndef TRACKER_SEAL_H
#define TRACKER_SEAL_H

#include "tracker/tracker.h"

#define SEAL_FORMAT 1
#define SEAL_BLOCK 4096

/* Computes and stores the seal of a run that has just ended; ret is what goes into its end event. In a transaction. */
int seal_write(struct tracker *t, int64_t run, struct digest *ret, struct err *e);
/* Computes again and compares with the digest that the end event carries: fault[0] == 0 when all is as it was; else
 * fault says the first thing that is not, by table, owner and key. ret_rows is added to. */
int seal_check(struct tracker *t, int64_t run, const struct digest *end, int64_t *ret_rows, char fault[400],
               struct err *e);

#endif
