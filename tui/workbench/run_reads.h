/* What an attempt was seen to look up, and which attempt's checkpoint it went on from. */
#ifndef TUI_RUN_READS_H
#define TUI_RUN_READS_H

#include "tracker/reuse.h"
#include "tracker/trace.h"

struct run_reads {
	bool known;                                 /* there is a trace of it */
	/* "lookups", "names" (which names were looked for could not be seen), "tree" (nor what was read: all of the
	 * code counts) */
	const char *witness;
	const char **files; size_t nfiles;          /* of the code, by path; none with "tree" */
	const char **undeclared; size_t nundeclared; /* outside the project, that nothing declares */
	size_t lookups;                             /* different ones */
	struct past_attempt continued;              /* id 0: it began at its beginning */
};
/* Texts live in the arena. */
int run_reads_load(struct tracker *t, int64_t attempt, struct arena *a, struct run_reads *ret, struct err *e);

#endif
