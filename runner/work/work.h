/* The folders of an attempt: JIG/runs/<n>/<step>@<k>/ with step.json, replay, work/ (the snapshot and the inputs,
 * nothing else), tmp → a short path. */
#ifndef RUNNER_WORK_H
#define RUNNER_WORK_H

#include "runner/code/code.h"
#include "runner/pipeline/pipeline.h"
#include "runner/pipeline/variables.h"
#include "runner/process/spare.h"
#include "runner/work/inputs.h"
#include "runner/work/isolation.h"

/* What all attempts of a run share. */
struct work_run {
	const char *jig;             /* absolute */
	const char *root;            /* the project's folder */
	int64_t number;
	const char *name, *project;  /* of the run; of the project */
	const struct pipeline *pipeline;
	const struct code_tree *tree;
	struct store *store;
	const char *params_path;     /* JIG/runs/<n>/params.json, for steps without a matrix */
	const char *tmp;             /* /tmp/jig.XXXXXX, the parent of all TMPDIRs of the run */
	bool params_changed;         /* the params differ from what the params files say */
	const struct env_set *envs;
	const struct isolation *isolation;
	char *const *environ;
	const char *hook;            /* the folder at the front of PYTHONPATH (python_hook.h); NULL: none */
};

struct work {
	const char *rel;             /* "runs/17/train+boost@2", below jig */
	const char *params;          /* absolute: $JIG_PARAMS */
	/* absolute paths; metrics and logged are files that the step may make */
	const char *folder, *work, *tmp, *checkpoints, *metrics, *logged;
	const char **argv;           /* NULL-ended: what is executed */
	const struct env *env;
	struct variables vars;
	enum spawn_wrap wrap;
	const char *const *prefix;   /* what stands before argv, NULL: nothing */
	bool session;                /* its last word but one only begins a session: the step can be traced (spawn.h) */
	struct variables client;     /* of the container's client, in place of vars; empty unless there is one */
	struct facts inputs;         /* what was handed over */
	char *command;               /* argv as a JSON array text */
	struct spare spare;          /* of an attempt before it, to be used again */
	bool checkpoints_empty;      /* after work_clear */
	struct arena arena;          /* owns the texts above */
};
void work_release(struct work *w);

/* Names, variables and the command of attempt n of a step; touches no disk. outputs: per step, see inputs_of. gpus (may
 * be NULL): value for CUDA_VISIBLE_DEVICES. slot: names its TMPDIR. */
int work_plan(struct work *w, const struct work_run *r, int step, int n, const char *uid, const struct inputs *in,
              const struct facts *outputs, const char *gpus, int slot, struct err *e);
/* Makes all of it on disk; step.json and replay stand before it returns. Safe on another thread. */
int work_make(struct work *w, const struct work_run *r, int step, int n, const char *uid, struct err *e);
/* What happens to the work folder at the end. */
enum work_end {
	WORK_KEEP,    /* it stays, the checkpoints too */
	WORK_SPARE,   /* it stays for the next attempt; checkpoints are removed */
	WORK_REMOVE,  /* it goes, the checkpoints stay for the next attempt */
};
/* Empties the TMPDIR and does that. Safe on another thread. */
int work_clear(struct work *w, enum work_end end, struct err *e);

#endif
