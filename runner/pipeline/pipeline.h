/* The pipeline file as a checked graph of steps: 3-pipeline.md in full. Matrices are expanded, references substituted,
 * globs matched against declared outputs, edges made, cycles refused. Nothing is read but the pipeline file and its
 * params files (and, for input globs that no step's outputs match, the working tree's names). Everything lives in the
 * pipeline's arena. */
#ifndef RUNNER_PIPELINE_H
#define RUNNER_PIPELINE_H

#include <jansson.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "runner/pipeline/yaml.h"
#include "tracker/state.h"

/* SYMBOL, text, meaning: one table for parser, manual and runner. */
#define TRIGGERS(X)                                                              \
	X(TRIGGER_ALL_SUCCESS, "all_success", "every needed step succeeded (the default)") \
	X(TRIGGER_ALL_DONE, "all_done", "every needed step has ended, however")  \
	X(TRIGGER_ALL_FAILED, "all_failed", "every needed step failed or had failed needs") \
	X(TRIGGER_ONE_SUCCESS, "one_success", "as soon as one needed step succeeded") \
	X(TRIGGER_ONE_FAILED, "one_failed", "as soon as one needed step failed") \
	X(TRIGGER_NONE_FAILED, "none_failed", "every needed step has ended and none failed (skipped ones are fine)") \
	X(TRIGGER_ALWAYS, "always", "at once, without waiting for its needs")
#define KEEPS(X)                                                          \
	X(KEEP_FAILED, "failed", "the work folder is kept when the attempt fails (the default)") \
	X(KEEP_ALWAYS, "always", "always kept; outputs are copied, not moved") \
	X(KEEP_NEVER, "never", "never kept")
#define PIPELINE_SYMBOL_(s, ...) s,
enum trigger { TRIGGERS(PIPELINE_SYMBOL_) };
enum keep { KEEPS(PIPELINE_SYMBOL_) };

enum input_kind {
	INPUT_FILE,   /* a path: of a step's output (producer >= 0), else of the working tree (file or folder) */
	/* matched files of the working tree are found at run start; matched outputs are INPUT_FILEs of their own,
	 * with from_glob set, and so are the outputs that lie in a folder input */
	INPUT_GLOB,
	INPUT_LINK,   /* {link: /abs/path} */
	INPUT_URL,    /* an http(s), s3, gs, … URL: recorded as text; the step never is reused */
};
struct step_input {
	enum input_kind kind;
	const char *path;      /* normal, without trailing "/"; pattern of a glob; absolute for links */
	bool folder;           /* written with a trailing "/" */
	int producer;          /* index of the step whose output it is (or lies in, or holds), -1 = working tree */
	const char *from_glob; /* the pattern that matched (or the folder that holds it), or NULL */
	int line, column;
};
struct step_output {
	const char *path;      /* normal, without trailing "/" */
	bool folder;
	bool metrics;          /* named under metrics: */
	int line, column;
};
struct step_retry {
	int limit;                                 /* further attempts after the first; 0 */
	int64_t delay_us, max_delay_us;            /* defaults 0 and 1 h */
	double backoff;                            /* default 1 */
	bool all;                                  /* `on` not given: everything but stopped */
	unsigned causes;                           /* bit (1u << enum cause) */
	int *exits; size_t nexits;                 /* exit codes named */
};
struct step_need { int step; bool data; };     /* index into pipeline.steps */

struct step {
	const char *name, *base;                   /* "train[lr]", "train" */
	const json_t *item;                        /* {"model": "lr"}, NULL without a matrix */
	bool shell;                                /* run: text → sh -euc */
	const char **argv; size_t nargs;           /* as written (before substitution): shell ? 1 text : the list */
	const char **params_named; size_t nparams_named; /* dotted paths the command refers to, sorted */
	struct step_input *inputs; size_t ninputs;
	struct step_output *outputs; size_t noutputs; /* metrics files among them */
	struct step_need *needs; size_t nneeds;    /* by index; unique */
	const char *checkpoints;                   /* normal path or NULL */
	const char **code; size_t ncode;           /* `code:`, or none */
	/* text or object: the step's, else of defaults, else the file's; NULL = not given */
	const json_t *env;
	enum trigger trigger;
	struct step_retry retry;
	int64_t timeout_us, idle_timeout_us;       /* 0 = none */
	double cpu; int64_t memory; int gpu;       /* reservations: 1, 0 and 0 when not given */
	bool cache;                                /* default true */
	enum keep keep;
	int64_t log_limit;                         /* bytes; default 1 GiB */
	bool python_tokens;                        /* reuse: {python: tokens} */
	const char **pass_env; size_t npass_env;
	const char **secrets; size_t nsecrets;
	bool network;                              /* default true */
	int64_t hold_us;                           /* hold: true */
	const struct yaml_node *written;           /* its keys in the file */
	int line, column;
};

struct pipeline {
	struct arena arena;
	const char *file;                          /* as given, for messages */
	const char *name;
	const char *text; size_t len;              /* the file's bytes */
	json_t *params;                            /* with overrides applied, keys sorted; owned */
	bool params_changed;                       /* by overrides: they differ from what is written */
	const char **param_files; size_t nparam_files; /* paths below the root */
	const char **dropped; size_t ndropped;     /* inherited overrides that were left out */
	struct step *steps; size_t nsteps;         /* topological, then the order of the file and the matrix */
	const struct slot *defaults;               /* of the keys of steps; the reader's own */
	struct map names;                          /* of steps, to index + 1 */
};

/* Appends the bytes of a file of the project. ERR_NOT_FOUND. */
typedef int pipeline_read_fn(void *arg, const char *path, struct buf *ret, struct err *e);
struct pipeline_options {
	const char *root;                          /* the project's folder, absolute */
	const char *file;                          /* below root or absolute; NULL = "jig.yaml" */
	/* reads the pipeline file (then below root) and params files, as from a snapshot; NULL = from the folder */
	pipeline_read_fn *read; void *read_arg;
	/* -p of the run that this one comes from, before overrides; one whose key is not known any more is left out */
	const char *const *inherited; size_t ninherited;
	const char *const *overrides; size_t noverrides; /* -p */
};

/* ERR_NOT_FOUND: no such file (says `jig init`). ERR_USAGE: faults; `faults` (may be NULL) gets every line of them in
 * full. */
int pipeline_load(const struct pipeline_options *o, struct pipeline **ret, struct buf *faults, struct err *e);
/* From bytes, as when the text comes from a snapshot or a test. */
int pipeline_parse(const char *text, size_t len, const struct pipeline_options *o, struct pipeline **ret,
                   struct buf *faults, struct err *e);
void pipeline_free(struct pipeline *p);
void pipeline_freep(struct pipeline **p);

/* The index of a step by full name, or -1. */
int pipeline_find(const struct pipeline *p, const char *name);
/* What the file says of a step, matrix and params substituted, for the record and `jig show`: made when it is asked
 * for, as steps that are reused need none. New reference. */
json_t *pipeline_declared(const struct pipeline *p, int step);
/* "m[a/b]" as such a step is called, "m[a%2Fb]": to find the nearest name. Owned. */
char *pipeline_name_escaped(const char *word);
/* Marks (out[nsteps], set to true) the steps that a word names: "train" all of a matrix, "train[lr]" one. ERR_NOT_FOUND
 * with the nearest name. */
int pipeline_select(const struct pipeline *p, const char *word, bool *out, struct err *e);
/* Extends a selection to all that the selected need, or to all that follow from them. */
void pipeline_with_needs(const struct pipeline *p, bool *sel);
void pipeline_with_followers(const struct pipeline *p, bool *sel);

#endif
