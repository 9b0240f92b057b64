/* Taking what a step left: outputs into the store, metrics files read. */
#ifndef RUNNER_OUTPUTS_H
#define RUNNER_OUTPUTS_H

#include "runner/work/inputs.h"

struct output_point { char *key; int64_t step, ts; double value; }; /* as metric_file_fn gives them */
struct outputs_taken {
	struct facts facts;              /* of the declared outputs, in their order; paths borrowed from the step */
	struct facts logged;             /* of other paths; theirs are owned by `texts` */
	struct { struct output_point *v; size_t len, cap; } points;
	struct arena texts;
};
void outputs_release(struct outputs_taken *t);

/* All declared outputs of a step out of its work folder. First all are looked at (ERR_NOT_FOUND names every one that is
 * missing, a link, a socket, a file where a folder was declared, …, and nothing is taken), then all are put (move:
 * taken away; else copied). Metrics files must be readable as such: ERR_USAGE. */
int outputs_take(struct store *store, const struct step *s, const char *work, bool move, struct outputs_taken *ret,
                 struct err *e);
/* One more path of the work folder, as `jig log --artifact` asked (copied). ERR_NOT_FOUND when it is not there: it
 * may be an output, hold one or lie in one, so this comes before outputs_take(). */
int outputs_take_path(struct store *store, const char *work, const char *path, struct outputs_taken *ret,
                      struct err *e);

#endif
