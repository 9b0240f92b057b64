/* Private to tracker/: the head of the audit chain. */
#ifndef TRACKER_EVENT_H
#define TRACKER_EVENT_H

#include "tracker/tracker.h"

/* The hash of an event over the one before it. */
void event_hash(struct tracker *t, const struct digest *before, int64_t id, int64_t ts, int64_t run, const char *kind,
                const char *body, struct digest *ret);
/* Writes DIR/chain; what cannot be written is written after the next end: the file may be behind. */
void event_write_head(struct tracker *t);

#endif
