/* Private to log.c: the newest bytes of a log that is over its limit, in a file that is written round and round, and
 * where in it each stream and time begins. */
#ifndef RUNNER_LOG_RING_H
#define RUNNER_LOG_RING_H

#include "runner/log/log.h"

struct log_ring;
/* An unlinked file in folder. */
int log_ring_new(const char *folder, int64_t size, struct log_ring **ret, struct err *e);
void log_ring_free(struct log_ring *r);
int log_ring_write(struct log_ring *r, int stream, const char *bytes, size_t n, int64_t ts, struct err *e);
int64_t log_ring_lost(const struct log_ring *r); /* bytes that were written over */
/* Appends what is left, oldest first, from the first whole line on. */
int log_ring_copy(struct log_ring *r, int fd, struct err *e);
/* After the copy: marks relative to the first byte copied. */
size_t log_ring_marks(const struct log_ring *r);
struct log_mark log_ring_mark(const struct log_ring *r, size_t i);

#endif
