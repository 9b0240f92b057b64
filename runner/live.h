/* A run under way as its supervisor knows it, for those who watch it in the same process. Times are monotonic µs
 * (time_mono). */
#ifndef RUNNER_LIVE_H
#define RUNNER_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include "tracker/state.h"

#define LIVE_METRICS 4
struct live_metric { char key[48]; double value; int64_t step; };
struct live_step {
	const char *name, *base;
	enum step_state state;
	enum cause cause;              /* of the last attempt; CAUSE_NONE also of a step stopped between two */
	int attempt, exit_status, signal;
	int64_t started, elapsed;      /* of the attempt under way; of the last attempt once ended; 0 = not begun */
	int64_t expected;              /* from earlier durations, -1 = never ran */
	struct live_metric metrics[LIVE_METRICS]; int nmetrics; /* newest values, in order of first arrival */
	const char *error_file, *error_message; int error_line; /* root error of the last attempt; NULL = none */
	const char *last_lines[3]; int nlast_lines;             /* of a failed step's log */
	const char *reason;            /* "run: …", "reuse: …", NULL = not decided */
	const char *waits_for;         /* names of steps it waits for, NULL = none */
	int64_t reused_run;
	char last_line[160];           /* newest line of output while it runs */
};
struct run_live {
	int64_t number;
	const char *name, *pipeline, *kind, *origin; /* origin NULL or "resumed from 12" */
	char commit[8];                /* short, "" without git */
	int dirty, changed_files;      /* -1 = unknown */
	const char *env, *isolation;   /* "system", "folder" */
	int jobs;
	enum run_state state;
	bool paused, stopping;
	const char *held;              /* "! …": another process holds the record, no end is told; NULL: nobody does */
	int64_t started, ended;        /* monotonic µs */
	int64_t expected_left;         /* µs, -1 = unknown */
	const char **notes; int nnotes; /* one-line remarks (what the snapshot left out) */
	struct live_step *steps; int nsteps;
	int name_cells;                /* of the widest name of a step; 0: not known */
};

/* What a watcher is told; all calls come from the supervisor's thread, after the commit for anything that says
 * "ended", and until then the state in run_live is the one before. Where the record can be written no more, what had
 * begun is STEP_LOST, and the run RUN_LOST. */
struct run_watch {
	void *arg;
	void (*begun)(void *arg, const struct run_live *r);
	/* its state changed (once per move); pending or queued: only when it had ended before and begins again */
	void (*step)(void *arg, const struct run_live *r, int step);
	/* something moved (metrics, output, time): at most 10 a second */
	void (*tick)(void *arg, const struct run_live *r);
	void (*ended)(void *arg, const struct run_live *r);
	/* r->held is new: another process has held the record for some time */
	void (*held)(void *arg, const struct run_live *r);
	bool wants_tick;                                             /* false: plain output, no ticks */
};

#endif
