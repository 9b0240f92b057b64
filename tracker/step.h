/* Steps of a run, what they need of each other, and attempts. All but step_borrow need a transaction. */
#ifndef TRACKER_STEP_H
#define TRACKER_STEP_H

#include <jansson.h>
#include "base/ulid.h"
#include "tracker/tracker.h"

/* A step that another one needs. */
struct step_need_new {
	int rank;
	bool data; /* an output of it goes in; else it only orders */
};
struct step_new {
	const char *name;       /* with its matrix item: "train[lr]" */
	const char *base;       /* "train" */
	const json_t *item;     /* {"model": "lr"} or NULL */
	const char *command;    /* as declared, after substitution, for people */
	const json_t *declared; /* inputs, outputs, metrics, checkpoints, trigger, env, … as the pipeline says, for show
	                           and plan */
	enum step_state state; /* STEP_PENDING, or STEP_REUSED from the start */
	int rank;              /* place in the topological, then matrix order; each once in a run */
	const struct step_need_new *needs; /* by rank, each once; the steps they name stand before this one */
	size_t nneeds;
	/* of STEP_REUSED: the row is all that the step costs; command and declared may be NULL, queries give those of
	 * the step that executed */
	int64_t reused_attempt;
	const char *reason;
};
/* Steps of a run, in order of rank; ret_ids[i] names step i in this database. One event for all that are reused.
 * ERR_USAGE: another state, needs not in order or not before their step, an attempt that did not succeed stands in.
 * ERR_BUSY: a run that was to lend was removed meanwhile, and no kept run borrows from it. */
int step_add(struct tracker *t, int64_t run, const struct step_new *v, size_t n, int64_t *ret_ids, struct err *e);
/* Moves without an attempt: queued, skipped, upstream_failed, stopped, retrying, pending → …; one event for all of
 * them. reason (may be NULL: kept as it is) is the one line that says why. */
int step_move(struct tracker *t, int64_t run, const int64_t *steps, size_t n, enum step_state s, const char *reason,
              struct err *e);

/* Steps for which an earlier successful attempt stands in: they move to reused; one event for all of them. */
struct step_reuse {
	int64_t step, attempt;
	const char *reason;
};
int step_reuse(struct tracker *t, int64_t run, const struct step_reuse *v, size_t n, struct err *e);
/* Before a run under way relies on an attempt that is to stand in: from then on neither `jig rm` nor `jig gc` takes
 * what that gave, nor its log, and step_reuse cannot come too late. A transaction of its own, where the run does not
 * borrow from that run already. 1; 0: the run of the attempt was removed, no kept run borrows from it, and nothing of
 * it may be relied on. */
int step_borrow(struct tracker *t, int64_t run, int64_t attempt, struct err *e);

struct env_package {
	const char *name, *version;
	const char *source; /* where it came from when not from an index, with its digest or commit; NULL: not known */
};
struct env_facts {
	const char *key;      /* hex digest of what decides it; "system" facts give one too */
	const char *grade;    /* "pinned", "versions", "observed" */
	const char *kind;     /* "system", "requirements", … */
	const json_t *detail; /* interpreter, platform, … */
	const struct env_package *packages; /* by name, each once */
	size_t npackages;
};
/* The id of the environment, made with its packages when it is new. The packages belong to what it is: the detail
 * stored has "packages": {"count", "sha256"} where there are any, so that the same key with other packages (an
 * environment that was only observed) is another row. ERR_USAGE: a name comes twice. */
int env_record(struct tracker *t, const struct env_facts *f, int64_t *ret_id, struct err *e);

struct attempt_new {
	int64_t run, step;
	const char *uid;       /* ULID, $JIG_ATTEMPT_ID */
	int n;                 /* 1, 2, … within the step */
	const char *command;   /* the argument vector as a JSON array text */
	const char *folder;    /* below .jig: "runs/17/train+boost@2" */
	const char *isolation; /* "folder", "sandbox" */
	int64_t env;           /* env_record */
	const char *host;
	const char *reason;     /* why it ran; stored with the step */
	int64_t started;        /* UTC µs */
	int64_t pid, pid_start; /* 0 when the spawn failed; start time in clock ticks as /proc/PID/stat says */
	/* what decides whether it may stand in for a step of a later run (runner/plan/step_key.h) */
	const char *facts;      /* canonical JSON; NULL: unknown */
	const struct digest *form, *key; /* NULL: it never may */
	int64_t continued;      /* attempt whose checkpoint it was given, 0 = none */
};
/* Inserts the attempt as running and moves its step to running; one event. */
int attempt_begin(struct tracker *t, const struct attempt_new *n, int64_t *ret_id, struct err *e);

struct attempt_usage {
	int64_t max_rss, cpu_us, read_bytes, written_bytes, gpu_mem;
}; /* bytes, µs; -1 = unknown */
struct attempt_result {
	enum attempt_state state; /* success, failed, stopped, lost */
	enum cause cause;
	int exit_status;        /* -1: none */
	int signal;             /* 0: none */
	const char *error_file; /* root error; NULL: none found */
	int error_line;
	const char *error_message; /* NULL: none */
	int64_t ended, elapsed_us; /* UTC µs; monotonic, -1 = unknown */
	struct attempt_usage usage;
	enum step_state step_state; /* where the step goes: success, failed, stopped, lost, retrying */
	int64_t trace;          /* trace_record, 0 = none */
	const json_t *params;   /* that it logged, [[key, value], …]; NULL: none */
};
/* Moves the attempt and its step; one event, and one for params that it logged. */
int attempt_end(struct tracker *t, int64_t run, int64_t step, int64_t attempt, const struct attempt_result *r,
                struct err *e);

struct artifact_new {
	int64_t run, step, attempt; /* step and attempt ids */
	enum artifact_role role;
	enum artifact_form form;
	const char *path;            /* as declared, normal, without trailing "/"; absolute for links */
	const struct digest *digest; /* NULL: none (a linked folder) */
	int64_t size, mtime;         /* bytes; UTC µs or 0 */
	unsigned mode;               /* permission bits of a file */
};
int artifact_add(struct tracker *t, const struct artifact_new *a, struct err *e);

struct sample {
	int64_t ts, cpu_us, rss, read_bytes, written_bytes, gpu_mem;
	double gpu_util;
	int nprocs;
}; /* cumulative CPU and IO; -1, NaN = unknown */
int sample_add(struct tracker *t, int64_t attempt, const struct sample *s, struct err *e);

#endif
