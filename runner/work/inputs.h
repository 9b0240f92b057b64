/* What steps are handed: files of the working tree, hashed and stored once per run, links out of the project, and the
 * outputs of other steps. */
#ifndef RUNNER_INPUTS_H
#define RUNNER_INPUTS_H

#include "base/arena.h"
#include "base/vec.h"
#include "runner/pipeline/pipeline.h"
#include "store/store.h"
#include "tracker/state.h"

/* One file or folder that went in or came out. */
struct fact {
	const char *path;     /* below the work folder, normal; absolute for links */
	enum artifact_form form;
	struct digest digest;
	bool has_digest;
	int64_t size, mtime;  /* bytes; UTC µs, links only */
	unsigned mode;        /* permission bits of a file */
	bool metrics;         /* an output under metrics: */
};
struct facts { struct fact *v; size_t len, cap; };

/* What an earlier run was handed from the working tree, to be handed again (`--code same`): by path, and a pattern
 * takes those that match it. What is not among them is taken from the working tree as it is now, and so are links, of
 * which no copy is kept. */
struct inputs_recorded { const struct fact *v; size_t len; int64_t run; /* its number */ };

struct inputs_options {
	const struct pipeline *pipeline;
	const bool *selected;                   /* per step; NULL: all */
	const char *root;                       /* the project's folder */
	const char *jig;                        /* where inputs.cache is kept; NULL: nothing is remembered */
	struct store *store;                    /* NULL only with dry: then what was recorded is taken to be there */
	bool dry;                               /* nothing is stored, only hashed */
	const struct inputs_recorded *recorded; /* NULL: none */
};
struct inputs;
/* Hashes and stores all that the selected steps take from the working tree; matches globs there. What was hashed before
 * is known by its stat data (size, mtime, ctime, inode, device; JIG/inputs.cache) and not read again, unless it changed
 * so shortly before that a later change could leave the same times. A folder is known by the stat data of all that it
 * holds. ERR_USAGE names every input that is missing, unreadable, a loop of links, a socket or the like, or that an
 * earlier run was handed and the store lost, with its place in the pipeline file; faults (may be NULL) gets all of them
 * in full. */
int inputs_read(const struct inputs_options *o, struct inputs **ret, struct buf *faults, struct err *e);
void inputs_free(struct inputs *in);
/* To be called for the steps that may run, before one does: of what is known by its stat data, the store is asked only
 * here. What it has is kept from gc, and what it lost is stored again, as it is now. The options of inputs_read are
 * still borrowed. Nothing to do when they were dry. Errors as there. */
int inputs_keep(struct inputs *in, const bool *steps, struct err *e);

/* What a step is handed, by path, without repeats. outputs: per step of the pipeline what it gave (len 0: nothing, it
 * has not succeeded). Folders are opened where an input lies inside one. Texts live in `a`. ERR_NOT_FOUND when a step
 * it takes from succeeded without that path. */
int inputs_of(const struct inputs *in, const struct pipeline *p, int step, const struct facts *outputs,
              struct store *store, struct arena *a, struct facts *ret, struct err *e);

#endif
