/* The supervisor: carries one run from its pipeline to its end. */
#ifndef RUNNER_SUPERVISE_H
#define RUNNER_SUPERVISE_H

#include <jansson.h>
#include "runner/env/env.h"
#include "runner/live.h"
#include "runner/pipeline/pipeline.h"
#include "runner/prepare.h"
#include "runner/process/spawn.h"
#include "runner/work/project.h"
#include "tracker/tracker.h"

struct supervise_options {
	const struct project *project;
	const struct pipeline *pipeline;
	const bool *selected;             /* per step; NULL: all */
	const bool *asked;                /* per step: runs whatever there is (--force, --from, --fresh); NULL: none */
	const struct code_source *code;   /* NULL: the working tree */
	const struct inputs_recorded *inputs; /* NULL: from the working tree */
	/* a resume hands checkpoints over also where more than the code has changed */
	bool keep_checkpoint;
	enum run_kind kind;
	int64_t origin, sweep;            /* 0 = none */
	const char *name;                 /* NULL: invented */
	const char *const *tags; size_t ntags; /* "K=V" */
	const json_t *argv;               /* as typed */
	const json_t *options;            /* what a resume must know again */
	int jobs;                         /* steps at once; 0: as many as there are CPUs */
	double cpu; int64_t memory; int gpu; /* the machine's size; 0 or -1 for gpu: as found */
	bool fail_fast, unpinned, strict;
	bool params_changed;              /* by overrides: params files in work folders get the run's values */
	int64_t max_snapshot;             /* bytes, 0: the default guards */
	const char *isolation;            /* NULL: the best there is; "folder"; "sandbox" */
	const struct run_watch *watch;    /* NULL: nobody */
	const struct env_watch *env_watch; /* before the run begins: environments that are built; NULL: nobody */
	int grace_ms;                     /* between SIGTERM and SIGKILL; 0: 5,000 */
};
struct supervise_result {
	int64_t run;
	enum run_state state;
	int exit_status;
	bool stopped; /* a person ended it, rather than one of its steps */
};

/* Takes the snapshot, makes the run, carries it to its end. Negative only when no run could be made, or its record
 * could not be written; a failed run is 0 with its state. A signal that ends programs, once: stops orderly and
 * records it. The same again, or SIGINT or SIGQUIT after another: at once; SIGHUP behind a stop adds nothing. But for
 * SIGTERM those that are ignored stay ignored. */
int supervise(struct tracker *t, struct spawner *s, const struct supervise_options *o, struct supervise_result *ret,
              struct err *e);

#endif
