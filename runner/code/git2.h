/* libgit2, opened at the first use instead of at program start, so that commands that need no git pay nothing for it.
 *
 * After git2_load() the functions in the table are called through `git2`: git2.repository_open_bare(…) is
 * git_repository_open_bare(…). The header of the library gives the types, so a wrong argument does not compile; the
 * library's name comes from the same header, since its structures change from one version to the next.
 *
 * Set for the whole process: no configuration beyond a repository's own (the user's excludes are read on purpose, by
 * code_user.c), no check of who owns a repository (jig only reads it), a small object cache. */
#ifndef RUNNER_GIT2_H
#define RUNNER_GIT2_H

#include <git2.h> /* before any header of ours: base/banned.h poisons a name that it uses */
#include <git2/sys/repository.h>
#include "base/err.h"
#include "base/mem.h"

/* clang-format off */
#define GIT2_FUNCTIONS(X) \
	X(libgit2_init) X(libgit2_opts) X(error_last) X(repository_open_ext) X(repository_open_bare) \
	X(repository_free) X(repository_is_bare) X(repository_workdir) X(repository_path) \
	X(repository_commondir) X(repository_index) X(repository_head) X(repository_head_detached) \
	X(repository_set_config) X(repository_odb) X(config_new) X(config_free) X(config_add_file_ondisk) \
	X(config_get_string) X(config_get_bool) X(config_snapshot) X(config_foreach) X(index_free) \
	X(index_entrycount) X(index_get_byindex) X(reference_lookup) X(reference_symbolic_target) \
	X(reference_free) X(reference_shorthand) X(reference_peel) X(reference_remove) X(object_free) \
	X(object_id) X(commit_lookup) X(commit_free) X(commit_tree) X(tree_lookup) X(tree_free) X(tree_id) \
	X(tree_entrycount) X(tree_entry_byindex) X(tree_entry_bypath) X(tree_entry_name) X(tree_entry_id) \
	X(tree_entry_filemode_raw) X(tree_entry_type) X(tree_entry_free) X(blob_lookup) X(blob_free) \
	X(blob_rawcontent) X(blob_rawsize) X(odb_free) X(odb_hash) X(odb_exists_ext) X(odb_write) X(odb_read) \
	X(odb_read_header) X(odb_hashfile) X(odb_open_wstream) X(odb_stream_write) X(odb_stream_finalize_write) \
	X(odb_stream_free) X(odb_object_data) X(odb_object_size) X(odb_object_free) X(odb_open_rstream) \
	X(odb_stream_read) X(oid_fromstr) X(attr_get_many) X(attr_value) X(diff_tree_to_tree) \
	X(diff_num_deltas) X(diff_get_delta) X(diff_free) X(patch_from_diff) X(patch_from_blobs) \
	X(patch_get_delta) X(patch_line_stats) X(patch_free) X(revparse_single) X(object_peel) X(reference_list) \
	X(strarray_dispose) X(tree_entry_byname) X(reference_target)
/* clang-format on */

struct git2 {
#define X(name) __typeof__(git_##name) *name;
	GIT2_FUNCTIONS(X)
#undef X
};
extern struct git2 git2;

/* Opens the library once per process; safe from several threads. ERR_BROKEN names the package to install. */
int git2_load(struct err *e);
/* Begins to open it on a thread of its own, for who will need it soon and has something else to do until then: it takes
 * as long as reading a pipeline of a thousand steps. git2_load waits for that, and meets and tells what went wrong.
 * Once per process; git2_preload_end before the process ends. */
void git2_preload(void);
void git2_preload_end(void);
/* The formatted text, ": ", and what the library said last. Returns code. */
int git2_error(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* _git_(repository) git_repository *repo = NULL; is freed at the end of the block. */
/* clang-format off */
#define GIT2_FREED(X) \
	X(repository) X(config) X(index) X(reference) X(object) X(commit) X(tree) X(tree_entry) X(blob) X(odb) \
	X(odb_stream) X(odb_object) X(diff) X(patch)
/* clang-format on */
#define X(name) \
	static inline void git2_##name##_freep(git_##name **p) \
	{ \
		if (*p) \
			git2.name##_free(*p); \
	}
GIT2_FREED(X)
#undef X
#define _git_(name) _cleanup_(git2_##name##_freep)

#endif
