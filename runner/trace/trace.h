/* Traces: what a step's code was, as the lookups it made and what answered each. A trace holds as long as every lookup
 * would be answered the same now; then what the step gave is still what it would give (the idea is that of verifying
 * traces: Mokhov, Mitchell, Peyton Jones, "Build systems à la carte", 2018).
 *
 * Lookups are resolved against the snapshot, part by part: a link on the way is a lookup of its own (by its target),
 * the first name that is not there ends the way ("lib" nothing stands for all below it). A file counts by content and
 * mode, a folder by being one or, when it was listed, by its names; inputs, outputs and checkpoints of the step do not
 * count (they decide in other ways), nor does what a snapshot can never hold (__pycache__ and the like). What lies
 * outside counts as `outside`, unless something else covers it. A file that was moved or linked to (LOOKUP_DEEP) counts
 * with all below it. */
#ifndef RUNNER_TRACE_H
#define RUNNER_TRACE_H

#include "base/arena.h"
#include "base/sha256.h"
#include "runner/code/code_names.h"
#include "runner/pipeline/pipeline.h"
#include "runner/process/lookup.h"
#include "tracker/trace.h"

struct trace_places {
	const char *root, *jig, *work;         /* absolute: project, .jig, this attempt's work folder */
	const struct step *step;               /* outputs, checkpoints, code, python_tokens */
	const char *const *inputs; size_t ninputs; /* paths that were handed over */
	/* below the root: opening one of them is opening $JIG_PARAMS */
	const char *const *param_files; size_t nparam_files;
	const char *params;                    /* absolute: $JIG_PARAMS */
	/* absolute folders and files outside that other facts cover: environment, TMPDIR, caches, PATH */
	const char *const *covered; size_t ncovered;
	/* absolute folders in PATH: what stands directly in them counts also below a covered folder, for people keep
	 * scripts of their own there */
	const char *const *programs; size_t nprograms;
	const struct digest *params_digest;    /* of all params (trace_params) */
	/* of the attempt, ns since 1970, by the clock of files; a file outside that someone changed since never
	 * holds; 0: not known */
	int64_t began;
};
/* Folders that belong to the system: what is in them is covered by what is recorded of the machine. By their first
 * parts ("/usr", "/etc", …). */
bool trace_is_system(const char *path);

/* What the lookups come to: rows sorted by path and kind, texts in the arena. With `code:` those paths count in place
 * of what was looked up in the snapshot. Untrusted lookups give one row TRACE_TREE (its path says why) and what was
 * seen outside; WITNESS_FILES gives what was read and listed, and TRACE_NAMES. names: of the run's snapshot. jig: for
 * contents of Python files under `reuse: {python: tokens}`. Rows of what is outside are taken from the disk as it is
 * now. Where not every lookup was seen (untrusted, WITNESS_FILES) the params count as read. What nobody can know gives
 * a row that never holds: TRACE_TREE without a digest (a path through /proc/PID/cwd; a folder outside with more than
 * 10,000 entries that was linked to), TRACE_OUTSIDE of size -1 (a file, or a folder that was listed, that someone
 * changed while the step ran). A name that was only written gives TRACE_NOTHING with S_IFREG as its mode: nothing or
 * any file may stand there. */
int trace_make(const struct lookups *l, const struct code_names *names, const struct trace_places *p, struct arena *a,
               struct trace_rows *ret, struct err *e);
/* Of a canonical params object. */
void trace_params(const json_t *params, struct digest *ret);

/* SYMBOL, what a reason says of it (%s: the path) */
enum trace_change {
	TRACE_SAME,
	TRACE_CHANGED,     /* a file's content: `before`, `after` are the blobs */
	TRACE_NEW,         /* is there now, and was looked for in vain */
	TRACE_GONE,        /* was there and is not any more */
	TRACE_MODE,
	TRACE_TARGET,      /* a link leads elsewhere */
	TRACE_TYPE,        /* a file became a folder, a link a file, … */
	TRACE_LISTED_NEW,  /* path: a name that appeared in a listed folder */
	TRACE_LISTED_GONE,
	TRACE_NAME_NEW,    /* path: a name that appeared anywhere, where lookups of names could not be seen */
	TRACE_NAME_GONE,
	/* the params differ, and all of them were read; path: else only how that file of them is written */
	TRACE_ALL_PARAMS,
	TRACE_UNDECLARED,  /* outside */
	TRACE_ANYTHING,    /* the whole tree decides, and it differs; path: why it decides */
};
struct trace_difference {
	enum trace_change change;
	const char *path;                      /* in the arena */
	unsigned char before[CODE_OID_BYTES], after[CODE_OID_BYTES];
};
struct trace_now {
	const char *jig;
	const struct code_names *names;        /* of the code as it is now */
	const struct digest *params;           /* trace_params of the params now */
	/* For the names of a listing that appeared or went: names of the snapshot of then, asked for only when needed;
	 * may be NULL, then the folder itself is named. */
	const struct code_names *(*then)(void *arg);
	void *arg;
};
/* Holds a trace against now: the most telling difference (in the order of enum trace_change, then by path; a file's
 * content before all), or TRACE_SAME. *ret_tokens_only: same only because Python files that differ have the same
 * tokens; path of the first. stop_at_first: any difference will do (cheaper). */
int trace_check(const struct trace_rows *rows, const struct trace_now *now, bool stop_at_first, struct arena *a,
                struct trace_difference *ret, const char **ret_tokens_only, struct err *e);

#endif
