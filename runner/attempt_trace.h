/* What an attempt looks up: witnessed while it runs, made a trace when it has ended (observe.h, watch.h, atime.h,
 * trace.h). */
#ifndef RUNNER_ATTEMPT_TRACE_H
#define RUNNER_ATTEMPT_TRACE_H

#include "runner/attempt.h"

/* Chooses the witness and arms it; the work folder stands. Safe on another thread but for the loop's source, which
 * attempt_trace_listen adds. */
void attempt_trace_begin(struct attempt *a);
void attempt_trace_listen(struct attempt *a);
/* The process is gone: all that was witnessed becomes a->trace. Never fails: what cannot be told makes the whole tree
 * decide. Safe on another thread, after attempt_trace_deaf. */
void attempt_trace_deaf(struct attempt *a);
void attempt_trace_end(struct attempt *a);
void attempt_trace_release(struct attempt *a);

/* What covers paths outside for all attempts of a run that get this environment: the environment, the folders of
 * programs in PATH, caches, the parent of TMPDIRs. In the arena. */
struct trace_cover {
	const char **v;
	size_t len;
	const char **programs;
	size_t nprograms; /* as in struct trace_places */
};
void trace_cover_make(const struct work_run *r, const struct env *env, struct arena *a, struct trace_cover *ret);

#endif
