/* Private to tracker/: the head of the audit chain. */
#ifndef TRACKER_EVENT_H
#define TRACKER_EVENT_H

#include "tracker/tracker.h"

/* A row of `event`; the texts have their lengths, for a row that was tampered with may hold NULs. */
struct event {
	int64_t id, ts, run;
	const char *kind, *body;
	size_t kind_len, body_len;
};
/* The hash of an event over the one before it. */
void event_hash(struct tracker *t, const struct digest *before, const struct event *v, struct digest *ret);
/* Writes DIR/chain; what cannot be written is written after the next end: the file may be behind. It never goes back,
 * however many processes end runs at once. One that is not of this record, or was taken away, is left as it is, so that
 * verify goes on finding it. */
void event_write_head(struct tracker *t);

#endif
