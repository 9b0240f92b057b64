/* A new run from an earlier one: `jig resume` (takes over what is valid) and `jig restart` (reuses nothing). Code, pipeline file and params defaults come from one place:
 *
 *	work   the working tree as it is now, inputs too
 *	same   the snapshot, the pipeline text and the inputs as recorded
 *	REV    a revision of the user's repository: its tree and its pipeline file; inputs as they are now
 *
 * The overrides (-p) and the isolation of the earlier run stay, new ones are added. An inherited override that the pipeline no longer knows is dropped, and said. */
#ifndef RUNNER_RESUME_H
#define RUNNER_RESUME_H

#include "runner/prepare.h"
#include "tracker/query.h"

struct resume_options {
	const struct project *project;
	struct tracker *tracker;
	int64_t origin;
	const char *code;                                      /* "work", "same" or a revision; NULL: work */
	const char *file;                                      /* -f; NULL: as the earlier run had it */
	const char *const *overrides; size_t noverrides;       /* new ones */
};
struct resume {
	struct arena arena;
	struct run_row row;                /* of the earlier run */
	struct pipeline *pipeline;
	bool from_tree;                    /* false: the working tree; then `code` says nothing */
	struct code_source code;
	struct inputs_recorded inputs;     /* of `same`; else empty */
	const char **overrides; size_t noverrides; /* all that hold, the earlier ones first */
	const char *isolation, *file;      /* as the earlier run had them; NULL: none */
	const char **notes; size_t nnotes; /* for people: overrides dropped, how the code differs from the earlier run's ("code: lib/x.py +3 −1, 2 files more") */
};
/* ERR_USAGE: the run is live (with the way out: jig stop, jig retry); no such revision; unknown params (all faults in full in `faults`); its snapshot was collected. */
int resume_load(const struct resume_options *o, struct resume *ret, struct buf *faults, struct err *e);
void resume_release(struct resume *r);

#endif
