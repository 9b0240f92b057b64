/* The audit chain and what proves it.
 *
 * Every change of state, request, mark, deletion and export is an event whose hash is SHA-256 over the hash before it
 * and the event's columns. The event that ends a run carries the digests over all the run's rows (4-record.md,
 * "Deleting, and what cannot change"). The head of the chain (count and hash) also stands in DIR/chain, made with the
 * database and written after the commit of an end: it may be behind, never ahead. */
#ifndef TRACKER_VERIFY_H
#define TRACKER_VERIFY_H

#include <jansson.h>
#include "tracker/tracker.h"

/* Appends an event to the chain. run 0: none. body: a short JSON object as text. In a transaction. */
int event_add(struct tracker *t, int64_t run, const char *kind, const char *body, struct err *e);

/* Whether DIR/chain is of this record, as whoever writes it asks first. ERR_FAILED: it is not, and the text says so. */
int event_check_head(struct tracker *t, struct err *e);

struct verify_report {
	int64_t events, runs, rows;
	int64_t ended, removed;       /* of the runs; a removed one has ended */
	bool ok;
	char fault[600];              /* the first thing that does not hold: table, owner and key */
	char notes[600];              /* remarks, a line each; "" without */
	bool only_file;               /* not ok, but in the database all holds: DIR/chain is not of it */
	char anchor[DIGEST_HEX + 24]; /* "<events>:<hash>" of the chain's head */
};
/* Recomputes the whole chain and the digests of every ended run, and then looks at DIR/chain being there, at folders of
 * runs that the record does not know, and at the schema. Negative only when reading fails; a fault is ok == false.
 * against (may be NULL): an anchor kept earlier, checked too. */
int verify_all(struct tracker *t, const char *against, struct verify_report *ret, struct err *e);

#endif
