/* One try of a step: its folder, its process, its streams and metrics, and what it leaves.
 *
 * attempt_start → (work_make) → spawn → running → exited → settled (outputs taken, log closed, root error found) →
 * host.ended, which decides where the step goes and calls attempt_record. Copying and hashing of more than a few MB is
 * done on a thread. */
#ifndef RUNNER_ATTEMPT_H
#define RUNNER_ATTEMPT_H

#include "base/loop.h"
#include "runner/work/checkpoint.h"
#include "runner/code/code_names.h"
#include "runner/journal.h"
#include "runner/live.h"
#include "runner/trace/observe.h"
#include "runner/work/offload.h"
#include "runner/work/outputs.h"
#include "runner/log/logged.h"
#include "runner/log/secret.h"
#include "runner/plan/step_key.h"
#include "runner/process/spawn.h"
#include "runner/process/usage.h"
#include "runner/trace/watch.h"
#include "runner/work/work.h"
#include "tracker/reuse.h"
#include "tracker/trace.h"

struct attempt;
struct trace_cover;

/* What all attempts of a run share. */
struct attempt_host {
	struct loop *loop;
	struct spawner *spawner;
	struct offload *offload;
	struct journal *journal;
	struct usage *usage;
	struct spares *spares;
	struct logged_params *params; /* of the run */
	const struct work_run *run;
	const struct inputs *inputs;
	struct facts *outputs;       /* per step of the pipeline: filled when an attempt succeeds */
	const int64_t *step_ids;     /* rows, per step of the pipeline */
	struct env_set *envs;
	const int64_t *env_ids;      /* env_record, per environment */
	const struct machine *machine;
	struct observer *observer;   /* NULL: calls cannot be witnessed here */
	struct checkpoint_watch *checkpoints;
	const struct code_names *names; /* of the run's snapshot */
	const struct trace_cover *covers; /* per environment */
	const struct digest *params_digest;
	int64_t grace_us;            /* between SIGTERM and SIGKILL */
	bool keep_checkpoint;        /* checkpoints are handed over whatever else has changed */
	void *arg;
	void (*started)(void *arg, struct attempt *a);
	void (*flush)(void *arg);    /* the journal holds so much that it should be written now */
	/* the result is known; attempt_record and, later, attempt_free follow */
	void (*ended)(void *arg, struct attempt *a);
};

struct attempt {
	const struct attempt_host *host;
	const struct step *def;
	int step, n;
	char uid[ULID_LEN + 1];
	uint64_t token;
	const char *reason;
	struct live_step *live;
	struct work work;
	struct journal_attempt rec;
	struct attempt_result result;
	char *error_file, *error_message;
	int64_t begun;               /* monotonic: when the process started, or was to */
	bool over;                   /* host.ended was called */
	bool unwanted;               /* a person stopped it, if only when it had ended: no further one follows */
	unsigned gpus;               /* bits of the GPUs it holds */

	/* the rest is attempt*.c's */
	struct log *log;
	struct pipe_end { int fd; struct loop_source *source; int stream; struct attempt *attempt; } pipes[2];
	int metrics_fd;
	struct buf metrics_rest;
	struct metric_parser *parser;
	int64_t metric_lines, broken_lines;
	bool metric_cut;             /* what follows up to the next newline belongs to a line that was too long */
	struct secrets secrets;
	/* the secret that a line of $JIG_METRICS held, which was not taken; NULL = none did */
	const char *secret_line;
	pid_t pid;
	struct spawn_event exit;
	bool recorded, exited, log_failed;
	enum cause ending;           /* why it is being stopped; CAUSE_NONE: it is not */
	int64_t kill_at;             /* monotonic, -1 = not yet */
	int64_t active, last_cpu;    /* monotonic of the last sign of life; CPU seen then */
	int64_t looked, slept;       /* monotonic of the last tick; how long there were none, in all */
	int64_t log_size;
	struct digest log_digest;
	struct outputs_taken taken;
	json_t *params;              /* that it logged: [[key, value], …] */
	bool params_changed;         /* those of the run, by it */
	int slot;                    /* of its TMPDIR */
	struct step_key key;         /* what decides it besides its code */
	/* the attempt of an earlier run whose checkpoint it is to get; NULL: none. In the arena */
	const struct past_attempt *continues;
	int64_t promised;            /* the run whose checkpoint it was said to get; 0: none */
	struct checkpoint checkpoint; /* what it got; name NULL: nothing */
	const char *torn;            /* a checkpoint that was set aside when it died */
	struct lookups lookups;
	bool observed, atime;        /* who witnesses */
	int64_t trace_began;         /* ns since 1970, by the clock of files */
	struct watch *watch;
	struct loop_source *watch_source;
	bool traced;                 /* then what it looked up is in: */
	struct trace_rows trace;
	struct arena trace_texts;
	bool check_env;              /* its environment is held against what was built before it starts */
	bool spare;                  /* its work folder is for the next attempt */
	int made;                    /* result of work_make or of the settling */
	struct err problem;
};

/* reason: borrowed, as long as the attempt. gpus: bits of those it may use. continues (NULL: none), borrowed likewise:
 * an attempt of an earlier run whose checkpoints it gets if nothing but the code has changed since, or all the same.
 * promised: the run from which that was to be, 0: none; its log tells where it is otherwise. */
struct attempt *attempt_start(const struct attempt_host *h, int step, int n, uint64_t token, const char *reason,
                              unsigned gpus, const struct past_attempt *continues, int64_t promised,
                              struct live_step *live);
void attempt_free(struct attempt *a); /* only after it is over and flushed, or when nothing runs any more */
void attempt_event(struct attempt *a, const struct spawn_event *ev);
/* Reads metrics, flushes the log's tails, looks at the clocks. Every 100 ms or so. */
void attempt_tick(struct attempt *a, int64_t now);
/* Resources, after usage_scan. Every second. */
void attempt_sample(struct attempt *a, int64_t now);
/* SIGTERM to all it started, SIGKILL after the grace period; at_once: SIGKILL now. The first cause counts. False: its
 * process has ended. */
bool attempt_stop(struct attempt *a, enum cause cause, bool at_once);
/* The end goes to the journal, with the state that the step takes by it. */
void attempt_record(struct attempt *a, enum step_state s);

#endif
