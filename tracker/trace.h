/* What attempts looked up, and what answered (4-record.md: verifying traces). Attempts that looked up the same and got
 * the same answers share one set of rows. */
#ifndef TRACKER_TRACE_H
#define TRACKER_TRACE_H

#include "base/arena.h"
#include "tracker/state.h"
#include "tracker/tracker.h"

struct trace_row {
	enum trace_kind kind;
	/* below the project's root; absolute for TRACE_OUTSIDE; a remark for TRACE_NAMES, TRACE_TREE */
	const char *path;
	unsigned char digest[32];
	int digest_len;            /* 0: none; 20: a git blob; 32: SHA-256 */
	/* git's mode of a file; of TRACE_OUTSIDE the file type bits of stat(2), 0: nothing there */
	unsigned mode;
	/* TRACE_OUTSIDE: bytes, ns since 1970 (0 for a folder that was only asked about); else 0 */
	int64_t size, mtime;
};
struct trace_rows { struct trace_row *v; size_t len; };

/* The id of the set, made when it is new. Rows sorted by path, then kind, each (path, kind) once. Needs a transaction,
 * in which an attempt ends that has the set: one that no attempt has is taken for tampering (verify.h). */
int trace_record(struct tracker *t, const struct trace_row *v, size_t n, int64_t *ret_set, struct err *e);
/* Results live in the arena. */
int query_trace(struct tracker *t, int64_t set, struct arena *a, struct trace_rows *ret, struct err *e);

#endif
