/* Wishes to a live run: durable rows that its supervisor takes up within 100 ms. */
#ifndef TRACKER_REQUEST_H
#define TRACKER_REQUEST_H

#include "tracker/tracker.h"

struct request {
	int64_t id, run, step /* 0: the whole run */;
	enum request_action action;
};

/* In a transaction; one event. ERR_USAGE when the run has ended. */
int request_add(struct tracker *t, int64_t run, int64_t step, enum request_action a, const char *user, int64_t *ret_id,
                struct err *e);
/* The oldest request of the run that was not taken up yet: 1 and *ret, or 0. No transaction. */
int request_next(struct tracker *t, int64_t run, struct request *ret, struct err *e);
/* Marks it taken; answer is what came of it ("stopping", "train is not failed", …); one event. ERR_NOT_FOUND: none
 * such, or taken already. In a transaction. */
int request_take(struct tracker *t, int64_t id, const char *answer, struct err *e);
/* Whether it was taken: 1 and the answer (in a), or 0. */
int request_answer(struct tracker *t, int64_t id, struct arena *a, const char **ret_answer, struct err *e);
/* Whether a live run starts no new steps, as was asked of it: 1 or 0. */
int request_paused(struct tracker *t, int64_t run, struct err *e);

#endif
