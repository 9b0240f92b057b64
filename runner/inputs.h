/* What steps are handed: files of the working tree, hashed and stored once per run, links out of the project, and the outputs of other steps. */
#ifndef RUNNER_INPUTS_H
#define RUNNER_INPUTS_H

#include "base/arena.h"
#include "base/vec.h"
#include "runner/pipeline.h"
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

/* What an earlier run was handed from the working tree, to be handed again (`--code same`): by path; what is not among them is taken from the working tree as it is now. */
struct inputs_recorded { const struct fact *v; size_t len; };

struct inputs;
/* What was hashed before is known by its stat data (size, mtime, ctime, inode; JIG/inputs.cache), unless it changed so shortly before that a later change could leave the same times.
 * Hashes and stores all that the selected steps (NULL: all) take from the working tree; matches globs there. ERR_USAGE names every input that is missing, unreadable, a
 * loop of links, a socket or the like, with its place in the pipeline file; faults (may be NULL) gets all of them in full. */
int inputs_read(const struct pipeline *p, const bool *selected, const char *root, struct store *store, struct inputs **ret, struct buf *faults,
		struct err *e);
void inputs_free(struct inputs *in);

/* What a step is handed, by path, without repeats. outputs: per step of the pipeline what it gave (len 0: nothing, it has not succeeded). Folders are
 * opened where an input lies inside one. Texts live in `a`. ERR_NOT_FOUND when a step it takes from succeeded without that path. */
int inputs_of(const struct inputs *in, const struct pipeline *p, int step, const struct facts *outputs, struct store *store, struct arena *a,
	      struct facts *ret, struct err *e);

#endif
