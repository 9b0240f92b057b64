/* Private to attempt*.c: the life of an attempt (attempt.c), what its process writes (attempt_streams.c), its end
 * (attempt_end.c). */
#ifndef RUNNER_ATTEMPT_PARTS_H
#define RUNNER_ATTEMPT_PARTS_H

#include "runner/attempt.h"

/* Copying and hashing beyond this is done on a thread. */
#define ATTEMPT_OFFLOAD_BYTES (4 << 20)

/* The pipes for both streams, read by the loop from now on. ret_ends: their other ends, which the caller closes. */
int attempt_open_pipes(struct attempt *a, int ret_ends[2], struct err *e);
/* Closes them; with `drain` reads first what is there. */
void attempt_close_pipes(struct attempt *a, bool drain);
/* One chunk of what was appended to $JIG_METRICS; false at the end. last: a line without a newline counts too. */
bool attempt_read_metrics(struct attempt *a, bool last);
/* The newest value of a metric, for the live view. */
void attempt_note_metric(struct attempt *a, const char *key, size_t n, double value, int64_t step);
/* What `jig log` handed over. */
struct logged {
	VEC(char *) artifacts; /* paths, not yet looked at */
	/* what held a secret's value and so is left out, without the value; NULL = nothing did */
	char *secret;
};
void logged_release(struct logged *l);
/* Reads it; params go to a->params. Safe on another thread. ERR_USAGE: what stands there is no file, or too large. */
int attempt_read_logged(struct attempt *a, struct logged *ret, struct err *e);
/* The artifacts into the store. One that is missing sets a->made of a step that succeeded. Safe on another thread. */
void attempt_take_artifacts(struct attempt *a, const struct logged *l, struct err *e);

/* The process has ended: takes what it left, then calls attempt_finish. */
void attempt_settle(struct attempt *a);
/* The result is known: tells the host. */
void attempt_finish(struct attempt *a, enum attempt_state state, enum cause cause);
/* A line of jig's own in the step's log. */
void attempt_say(struct attempt *a, const char *text);
/* The root error without a place. */
void attempt_set_error(struct attempt *a, const char *message);

#endif
