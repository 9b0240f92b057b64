/* What a snapshot answers to the lookups whose answer is more than one file: which names stand in a folder, which of
 * them could be a Python module. */
#ifndef RUNNER_TRACE_ANSWER_H
#define RUNNER_TRACE_ANSWER_H

#include "base/sha256.h"
#include "runner/code/code_names.h"

/* text: in the snapshot's paths, not NUL-terminated */
struct trace_name { const char *text; size_t len; enum code_kind kind; };
struct trace_listing { struct trace_name *v; size_t len, cap; };
#define _trace_listing_ _cleanup_(trace_listing_release)
void trace_listing_release(struct trace_listing *l);
/* What stands directly in a folder ("" is the root); nothing when it is no folder. Replaces what the listing held. */
void trace_listing_folder(const struct code_names *n, const char *folder, struct trace_listing *ret);
/* What could be the module NAME of a path FOLDER/NAME: the folder NAME, NAME.py, NAME.pyc, NAME.pyd, NAME.so,
 * NAME.*.so. */
void trace_listing_module(const struct code_names *n, const char *path, struct trace_listing *ret);
/* Over names and kinds: a listing tells both. */
void trace_listing_digest(const struct trace_listing *l, unsigned char ret[DIGEST_SIZE]);
/* The name that `now` has and `then` lacks, else the one that it lacks, else the one of another kind; NULL: they are
 * the same. *ret_change: 1, -1, 0. */
const struct trace_name *trace_listing_differs(const struct trace_listing *then, const struct trace_listing *now,
                                               int *ret_change);
/* Over all paths, modes and targets of links. */
void trace_all_names(const struct code_names *n, unsigned char ret[DIGEST_SIZE]);
void trace_tree_bytes(const struct code_names *n, unsigned char ret[CODE_OID_BYTES]);
/* Where the parent of a path ends: its length, 0 for a name in the root. */
size_t trace_parent_length(const char *path);

#endif
