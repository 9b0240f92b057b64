/* Resolves lookups as the kernel would have, against the snapshot inside the work folder and against the disk outside,
 * and gathers what has to be compared.
 *
 * A step may have made folders and links of its own on the way. What is not in the snapshot is therefore passed by
 * name: ".." behind it leads back. Where that could be wrong (a link to a folder of the snapshot was made, and some
 * path had a ".." behind a name) the resolver says that it is unclear, and the whole tree has to decide. */
#ifndef RUNNER_TRACE_RESOLVE_H
#define RUNNER_TRACE_RESOLVE_H

#include "base/map.h"
#include "base/vec.h"
#include "runner/trace/trace.h"

/* Beside 1u << enum trace_kind, in the numbers of `rows`. */
enum {
	TRACE_SEEN_SOURCE = 1 << 16,
	TRACE_SEEN_CONTENT = 1 << 17,
	TRACE_SEEN_BELOW = 1 << 18,
	TRACE_SEEN_RUN = 1 << 19,
	TRACE_SEEN_WRITTEN = 1 << 20
};

struct trace_resolver {
	const struct trace_places *places;
	const struct code_names *names;
	struct map rows;           /* path below the root → what to compare there */
	struct map outside;        /* absolute path → enum lookup_how bits */
	bool params;               /* all of them may have been read */
	bool params_text;          /* from their files: how these are written may count, too */
	const char *unclear;       /* static: why the whole tree has to decide */
	const char *never;         /* static: why nothing can be compared */
	/* of the resolver */
	struct map handed;
	struct { char **v; size_t len, cap; } deep;
	bool up, moved_inside, moved_outside, quiet, declared;
	char *work, *root, *jig, *params_file; /* as the kernel names them; NULL until asked for */
	struct { char **v; size_t len, cap; } covered;
};
#define _trace_resolver_ _cleanup_(trace_resolver_release)
void trace_resolver_init(struct trace_resolver *r, const struct trace_places *p, const struct code_names *n);
void trace_resolver_release(struct trace_resolver *r);
void trace_resolve(struct trace_resolver *r, const char *path, unsigned how);
/* After the last lookup: what was linked to or moved, and what is unclear. */
void trace_resolve_end(struct trace_resolver *r);
/* `code:` decides: forgets the rows, and takes all that is at and below the declared paths. */
void trace_resolve_declared(struct trace_resolver *r);
/* Whether something else covers an absolute path outside: the machine, the environment, an input. */
bool trace_resolve_covers(const struct trace_resolver *r, const char *path);

#endif
