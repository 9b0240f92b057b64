/* A new run from an earlier one: `jig resume` (takes over what is valid) and `jig restart` (reuses nothing). Code,
 * pipeline file and params defaults come from one place:
 *
 *	work   the working tree as it is now, inputs too
 *	same   the snapshot, the pipeline text and the inputs as recorded
 *	REV    a revision of the user's repository: its tree and its pipeline file; inputs as they are now
 *
 * The overrides (-p) and the isolation of the earlier run stay, new ones are added. An inherited override that the
 * pipeline no longer knows is dropped, and said. */
#ifndef RUNNER_RESUME_H
#define RUNNER_RESUME_H

#include "runner/prepare.h"
#include "tracker/query.h"

struct resume_options {
	const struct project *project;
	struct tracker *tracker;
	int64_t origin;
	const char *code;                                      /* "work", "same" or a revision; NULL: work */
	/* -f, below the root or absolute; NULL: as the earlier run had it */
	const char *file;
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
	const char *isolation, *file;      /* to be used and to be recorded with the new run; NULL: none */
	const char **notes; size_t nnotes; /* for people: overrides that are dropped */
};
/* ret is zeroed; resume_release in every case. ERR_NOT_FOUND: no such run. ERR_USAGE: the run is live (with the way
 * out: jig stop, jig retry); no such revision; unknown params (all faults in full in `faults`, may be NULL); its
 * snapshot is gone. */
int resume_load(const struct resume_options *o, struct resume *ret, struct buf *faults, struct err *e);
void resume_release(struct resume *r);

/* What is not as the earlier run had it, for people, put before the other notes of `now`: the code in one line ("code:
 * lib/x.py +3 −1, 2 files more", "code: unchanged"), and each input of the working tree and each environment that
 * differs, with "! " in front. Steps are compared by name, as far as the earlier run had come. */
int resume_compare(struct tracker *t, int64_t origin, const struct project *project, const struct pipeline *p,
                   struct prepared *now, struct err *e);
/* The line about the code, between two trees in JIG/code.git; before may be NULL. Lives in the arena. */
const char *resume_code_note(const char *jig, const char *before, const char *now, struct arena *a);

#endif
