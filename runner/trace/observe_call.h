/* What one notified call looks up: its paths out of the memory of the process that waits in it. */
#ifndef RUNNER_OBSERVE_CALL_H
#define RUNNER_OBSERVE_CALL_H

#include <stdbool.h>
#include <sys/types.h>
#include "base/buf.h"
#include "runner/process/lookup.h"

enum { OBSERVE_LOOKS = 3 };
struct observe_look {
	struct buf path; /* absolute */
	unsigned how;    /* enum lookup_how */
};
/* One is used for call after call: its buffers stay. {0} is empty. */
struct observe_call {
	struct observe_look looks[OBSERVE_LOOKS];
	size_t n;
	bool executes;
	const char *blind; /* why lookups are made by it, or by what follows, that are not seen; else NULL */
};
struct seccomp_data;
/* Of the call that thread tid waits in. Of the disk it asks no more than where a link leads that is moved. What it
 * gives is of the right process only if the call still waits afterwards. */
void observe_call_read(struct observe_call *c, pid_t tid, const struct seccomp_data *data);
void observe_call_release(struct observe_call *c);

#endif
