/* What goes from JIG/code.git and JIG/trees when runs go: loose objects that nothing reaches, and cached checkouts of
 * trees that nothing names. */
#ifndef RUNNER_CODE_PRUNE_H
#define RUNNER_CODE_PRUNE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

struct code_prune_options {
	/* trees that the record names, as hex; one that is not there is no error */
	const char *const *keep; size_t nkeep;
	const int64_t *dropped; size_t ndropped;        /* runs whose pins count as gone, ascending */
	int64_t grace_us;                               /* objects younger than that stay, with all that they reach */
	bool dry_run;
};
struct code_pruned {
	/* bytes: of the objects, of left-over temporary files, of checkouts */
	int64_t objects, bytes;
	int64_t young, young_bytes;                     /* that nothing reaches, and that are too young to go */
};
/* The caller holds the lock (code_lock). Kept is what `keep`, a pin, the newest snapshot, the newest revision and the
 * stat cache reach. Packed objects stay (git gc in JIG/code.git packs), and everything does when a ref names anything
 * but a tree, for jig made none such. A dry run changes nothing and reports what would go, to the byte. */
int code_prune(const char *jig, const struct code_prune_options *o, struct code_pruned *ret, struct err *e);
/* Bytes of the file that pins a run's tree; 0 when there is none. */
int64_t code_pin_bytes(const char *jig, int64_t run);

/* Removes the cached checkouts that `kept` does not name and nobody uses; part of code_prune. */
typedef bool code_tree_kept_fn(void *arg, const char *id);
int code_tree_prune(const char *jig, code_tree_kept_fn *kept, void *arg, bool dry_run, int64_t *ret_bytes,
                    struct err *e);

#endif
