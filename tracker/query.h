/* What screens and commands ask of the record. Results live in the caller's arena; nothing here needs a transaction.
 * Every list is an index away: no query's cost hangs on how many runs there are, filters aside. */
#ifndef TRACKER_QUERY_H
#define TRACKER_QUERY_H

#include <jansson.h>
#include "tracker/filter.h"
#include "tracker/step.h"
#include "tracker/tracker.h"

struct run_row {
	int64_t number, origin, sweep;         /* 0 = none */
	const char *uid, *name, *pipeline;
	enum run_state state;
	enum run_kind kind;
	int64_t created, started, ended;       /* UTC µs; 0 = not yet */
	int64_t elapsed_us;                    /* -1: not ended */
	int exit_status;                       /* -1: none */
	const char *host, *user, *argv;        /* argv: JSON text */
	const char *options;                   /* JSON text */
	const char *params;                    /* JSON text of the whole object */
	const char *commit, *branch, *remote, *snapshot; /* NULL = none */
	int dirty;                             /* -1 = unknown */
	bool unpinned, removed;
	const char *note;                      /* "" = none */
	int nsteps, ndone, nfailed, nreused;   /* kept as steps move */
	int nwell;                             /* steps that succeeded, were reused or skipped */
};
int query_run(struct tracker *t, int64_t number, struct arena *a, struct run_row *ret, struct err *e);

/* Newest first, or by `sort` (NULL: none); equal runs stand by number, in the direction of the last key. filter NULL:
 * all. Removed runs are left out. limit -1: all. */
struct run_rows { struct run_row *v; size_t len; };
int query_runs(struct tracker *t, const struct filter *f, const struct filter_sort *sort, int64_t limit, int64_t offset,
               struct arena *a, struct run_rows *ret, struct err *e);
int query_count(struct tracker *t, const struct filter *f, int64_t *ret, struct err *e);
/* Numbers of runs whose state is queued or running. */
int query_live(struct tracker *t, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e);

struct step_row {
	int64_t id;
	/* item, declared: JSON text or NULL; reason may be NULL */
	const char *name, *base, *item, *command, *declared, *reason;
	enum step_state state;
	int rank;
	int64_t reused_attempt, reused_run; int reused_n;             /* 0 = none */
	int64_t *needs; size_t nneeds;                                /* step ids, in order of rank */
};
struct step_rows { struct step_row *v; size_t len; };
int query_steps(struct tracker *t, int64_t run, struct arena *a, struct step_rows *ret, struct err *e);
/* One step by its id, or by its name, without what it needs. ERR_NOT_FOUND. */
int query_step(struct tracker *t, int64_t step, struct arena *a, struct step_row *ret, struct err *e);
int query_step_named(struct tracker *t, int64_t run, const char *name, struct arena *a, struct step_row *ret,
                     struct err *e);

/* What changes of a run's steps while it is under way, in order of rank: for who has them from query_steps. */
struct step_state_row { enum step_state state; int64_t reused_attempt, reused_run; int reused_n; };
int query_step_states(struct tracker *t, int64_t run, struct arena *a, struct step_state_row **ret, size_t *ret_len,
                      struct err *e);
/* The id of the newest event of a run; 0: none. While it stays, no step or attempt of the run has moved. */
int query_run_event(struct tracker *t, int64_t run, int64_t *ret, struct err *e);

struct attempt_row {
	int64_t id, step;
	const char *uid, *command, *folder, *isolation, *host;
	int n;
	enum attempt_state state;
	enum cause cause;
	int exit_status, signal;             /* -1, 0 = none */
	int64_t started, ended, elapsed_us;  /* 0, 0, -1: it runs, or nobody saw its end */
	int64_t pid, pid_start;
	const char *env_key, *env_grade;     /* NULL = none */
	const char *env_kind, *env_detail;   /* detail: JSON text, as env_record stores it */
	const char *error_file, *error_message; int error_line;
	struct attempt_usage usage;
};
struct attempt_rows { struct attempt_row *v; size_t len; };
/* All attempts of a run, by step's rank and n. */
int query_attempts(struct tracker *t, int64_t run, struct arena *a, struct attempt_rows *ret, struct err *e);
/* Those of one step, by n. */
int query_step_attempts(struct tracker *t, int64_t step, struct arena *a, struct attempt_rows *ret, struct err *e);
/* Those whose id is above `after`, by id: what began since. */
int query_attempts_after(struct tracker *t, int64_t run, int64_t after, struct arena *a, struct attempt_rows *ret,
                         struct err *e);
/* One attempt, of whichever run. ERR_NOT_FOUND. */
int query_attempt(struct tracker *t, int64_t attempt, struct arena *a, struct attempt_row *ret, struct err *e);

/* What was installed in an attempt's environment, by name. */
struct package_rows { struct env_package *v; size_t len; };
int query_packages(struct tracker *t, int64_t attempt, struct arena *a, struct package_rows *ret, struct err *e);

struct artifact_row {
	int64_t run, step, attempt;
	enum artifact_role role;
	enum artifact_form form;
	const char *path;
	struct digest digest; bool has_digest;
	int64_t size, mtime;
	unsigned mode;
};
struct artifact_rows { struct artifact_row *v; size_t len; };
/* All artifacts of a run, those of reused attempts included, by step's rank, attempt, role and path. Of a reused one
 * `step` is this run's, `run` and `attempt` those that executed. */
int query_artifacts(struct tracker *t, int64_t run, struct arena *a, struct artifact_rows *ret, struct err *e);
/* Those of one attempt, by role and path. */
int query_attempt_artifacts(struct tracker *t, int64_t attempt, struct arena *a, struct artifact_rows *ret,
                            struct err *e);

struct metric_row {
	int64_t series, step, attempt;       /* ids */
	const char *step_name, *key;
	double last, min, max;
	int64_t last_step, count;
};
struct metric_rows { struct metric_row *v; size_t len; };
/* The series of each step's last attempt (a reused step's: of the attempt it stands for), by step's rank and key. */
int query_metrics(struct tracker *t, int64_t run, struct arena *a, struct metric_rows *ret, struct err *e);
/* The series of one attempt, those that got a point last first. */
int query_attempt_metrics(struct tracker *t, int64_t attempt, struct arena *a, struct metric_rows *ret, struct err *e);
/* metrics.K as 4-record.md says: one value per run and key, by key. step names the one it came from. */
int query_run_metrics(struct tracker *t, int64_t run, struct arena *a, struct metric_rows *ret, struct err *e);

struct pair { const char *key, *value; };
struct pair_rows { struct pair *v; size_t len; };
int query_tags(struct tracker *t, int64_t run, struct arena *a, struct pair_rows *ret, struct err *e);
/* Params as leaves (dotted path, text). */
int query_params(struct tracker *t, int64_t run, struct arena *a, struct pair_rows *ret, struct err *e);
int query_pipeline_text(struct tracker *t, int64_t run, struct arena *a, const char **ret, size_t *ret_len,
                        struct err *e);
/* What the newest attempt of a step named so took that succeeded and did not go on from a checkpoint; -1: there is
 * none. */
int query_duration(struct tracker *t, const char *step_name, int64_t *ret_us, struct err *e);

/* For gc and fsck: every digest that a row names but those of checkpoints, which are never in the store; removed runs
 * that nothing borrows from left out; and snapshots likewise. The path of a FORM_PLACE is below .jig. */
typedef int query_digest_fn(void *arg, const struct digest *d, int64_t size, enum artifact_form form, int64_t run,
                            const char *path, struct err *e);
int query_digests(struct tracker *t, query_digest_fn *cb, void *arg, struct err *e);
/* Numbers of runs whose folder may go: removed ones that no kept run borrows from and no live one goes on from. And
 * snapshot trees that kept runs name, in order of the runs (ret_runs may be NULL). */
int query_dead_runs(struct tracker *t, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e);
int query_snapshots(struct tracker *t, struct arena *a, const char ***ret, int64_t **ret_runs, size_t *ret_len,
                    struct err *e);

#endif
