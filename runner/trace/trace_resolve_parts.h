/* Within the resolver: what its files share. Not for others than trace_resolve*.c. */
#ifndef RUNNER_TRACE_RESOLVE_PARTS_H
#define RUNNER_TRACE_RESOLVE_PARTS_H

#include "base/buf.h"
#include "runner/trace/trace_answer.h"
#include "runner/trace/trace_resolve.h"

enum { WAY_MOST_LINKS = 40 }; /* as the kernel's */
#define TRACE_THROUGH_PROC "a path led through /proc to a folder that is not known"

/* What jig puts into a work folder, or the step is to make there: numbers of `handed`. */
enum { HANDED_INPUT = 1, HANDED_OWN = 2, HANDED_ABOVE = 4, HANDED_PARAMS = 8 };

/* One path, on its way. */
struct way {
	struct trace_resolver *r;
	unsigned how;
	const char *module;  /* NAME of LOOKUP_MODULE: then the way leads to its folder */
	struct buf rest;     /* what is still to be gone: from `at` */
	size_t at;
	bool inside, ended;
	/* inside: below the root of the work folder; outside: the folder's real path, "" for "/" */
	struct buf cur;
	struct buf text;     /* outside: the same place as it was named */
	/* parts of cur, the last ones: folders that jig made for inputs and outputs; then what the snapshot does not
	 * know */
	size_t made, behind;
	unsigned handed;     /* of the first part behind: HANDED_INPUT, HANDED_OWN, or 0 */
	int links;
};

static inline void way_push(struct buf *path, bool slash, const char *part, size_t n)
{
	if (slash || path->len)
		buf_addc(path, '/');
	buf_add(path, part, n);
}

static inline void way_pop(struct buf *path)
{
	buf_cut(path, trace_parent_length(path->data));
}

static inline void way_see(struct trace_resolver *r, const char *path, unsigned what)
{
	if (!r->quiet)
		map_add(&r->rows, path, NULL)->num |= what;
}

/* The rest of the way leads by a link's target: on from here, or anew where it is absolute. */
void trace_resolve_by(struct way *w, const char *target);

/* A part of the way (n bytes; last: none follows), a part "..", and the end of it; each inside and outside. */
void trace_resolve_inside_go(struct way *w, const char *part, size_t n, bool last);
void trace_resolve_inside_up(struct way *w);
void trace_resolve_inside_end(struct way *w);
void trace_resolve_outside_go(struct way *w, const char *part, size_t n, bool last);
void trace_resolve_outside_up(struct way *w);
void trace_resolve_outside_end(struct way *w);
/* What is asked of the disk at most once, and only when something outside was looked up. */
void trace_resolve_real(struct trace_resolver *r);

#endif
