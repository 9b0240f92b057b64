#include <git2.h>
#include <limits.h>
#include "runner/code/code.h"
#include "runner/code/code_list.h"
#include "runner/code/code_repo.h"

/* Counting the lines of larger files takes longer than anyone waits; they count as binary. */
#define MAX_LINES_BYTES (16 << 20)

static int tree_of(struct code_repo *repo, const char *hex, git_tree **ret, struct err *e)
{
	git_oid id;
	if (strlen(hex) != 40 || git2.oid_fromstr(&id, hex) < 0)
		return err_set(e, ERR_USAGE, "%s: is no id of a snapshot (40 hex digits)", hex);
	int r = code_repo_tree(repo, &id, ret);
	if (r == GIT_ENOTFOUND)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such snapshot in %s", hex, repo->path);
	return r < 0 ? git2_error(e, ERR_BROKEN, "%s: snapshot %s cannot be read", repo->path, hex) : 0;
}

int code_read(const char *jig, const char *tree, const char *path, struct buf *ret, struct err *e)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	_git_(tree) git_tree *root = NULL;
	_git_(tree_entry) git_tree_entry *entry = NULL;
	_git_(blob) git_blob *blob = NULL;
	if (code_repo_open(&repo, jig, e) < 0 || tree_of(&repo, tree, &root, e) < 0)
		return e->code;
	int r = *path ? git2.tree_entry_bypath(&entry, root, path) : GIT_ENOTFOUND;
	if (r == GIT_ENOTFOUND || (!r && git2.tree_entry_type(entry) != GIT_OBJECT_BLOB))
		return err_set(e, ERR_NOT_FOUND, "%s: is no file of snapshot %.12s", path, tree);
	if (r < 0 || git2.blob_lookup(&blob, repo.repo, git2.tree_entry_id(entry)) < 0)
		return git2_error(e, ERR_BROKEN, "%s: cannot be read from snapshot %.12s", path, tree);
	buf_add(ret, git2.blob_rawcontent(blob), git2.blob_rawsize(blob));
	return 0;
}

int code_read_blob(const char *jig, const unsigned char oid[20], struct buf *ret, struct err *e)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	_git_(odb_object) git_odb_object *object = NULL;
	git_oid id;
	char hex[41];
	memcpy(id.id, oid, sizeof id.id);
	code_oid_hex(oid, hex);
	if (code_repo_open(&repo, jig, e) < 0)
		return e->code;
	int r = code_repo_read(&repo, &id, &object);
	if (r == GIT_ENOTFOUND)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such file in %s", hex, repo.path);
	if (r < 0)
		return git2_error(e, ERR_BROKEN, "%s: cannot be read from %s", hex, repo.path);
	buf_add(ret, git2.odb_object_data(object), git2.odb_object_size(object));
	return 0;
}

static int clip(size_t n)
{
	return n > INT_MAX ? INT_MAX : (int)n;
}

static int count_lines(git_diff *diff, size_t i, struct code_change *c, struct err *e)
{
	_git_(patch) git_patch *patch = NULL;
	size_t context, added, removed;
	if (git2.patch_from_diff(&patch, diff, i) < 0)
		return git2_error(e, ERR_BROKEN, "%s: cannot be compared", c->path);
	c->added = c->removed = -1;
	/* Known to be binary only after the contents have been read. */
	if (!patch || git2.diff_get_delta(diff, i)->flags & GIT_DIFF_FLAG_BINARY)
		return 0;
	if (git2.patch_line_stats(&context, &added, &removed, patch) < 0)
		return git2_error(e, ERR_BROKEN, "%s: cannot be compared", c->path);
	c->added = clip(added);
	c->removed = clip(removed);
	return 0;
}

int code_diff(const char *jig, const char *tree_a, const char *tree_b, struct code_changes *ret, struct err *e)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	_git_(tree) git_tree *a = NULL, *b = NULL;
	_git_(diff) git_diff *diff = NULL;
	git_diff_options options = GIT_DIFF_OPTIONS_INIT;
	options.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
	options.max_size = MAX_LINES_BYTES;
	if (code_repo_open(&repo, jig, e) < 0 || tree_of(&repo, tree_a, &a, e) < 0 || tree_of(&repo, tree_b, &b, e) < 0)
		return e->code;
	if (git2.diff_tree_to_tree(&diff, repo.repo, a, b, &options) < 0)
		return git2_error(e, ERR_BROKEN, "snapshots %.12s and %.12s cannot be compared", tree_a, tree_b);
	_cleanup_(code_changes_release) struct code_changes changes = {0};
	size_t n = git2.diff_num_deltas(diff);
	changes.v = mem_zero((n + 1) * sizeof *changes.v);
	for (size_t i = 0; i < n; i++) {
		const git_diff_delta *delta = git2.diff_get_delta(diff, i);
		struct code_change *c = &changes.v[changes.len++];
		c->path = mem_strdup(delta->status == GIT_DELTA_DELETED ? delta->old_file.path : delta->new_file.path);
		c->status = delta->status == GIT_DELTA_ADDED        ? 'A'
		            : delta->status == GIT_DELTA_DELETED    ? 'D'
		            : delta->status == GIT_DELTA_TYPECHANGE ? 'T'
		                                                    : 'M';
		if (count_lines(diff, i, c, e) < 0)
			return e->code;
	}
	*ret = changes;
	changes = (struct code_changes){0};
	return 0;
}

void code_changes_release(struct code_changes *c)
{
	for (size_t i = 0; i < c->len; i++)
		free(c->v[i].path);
	free(c->v);
	*c = (struct code_changes){0};
}

/* NULL stands for the empty file of an all-zero id. */
static int blob_of(struct code_repo *repo, const unsigned char *oid, git_blob **ret, struct err *e)
{
	static const unsigned char zero[CODE_OID_BYTES];
	git_oid id;
	char hex[41];
	if (!memcmp(oid, zero, sizeof zero))
		return 0;
	memcpy(id.id, oid, sizeof id.id);
	code_oid_hex(oid, hex);
	int r = git2.blob_lookup(ret, repo->repo, &id);
	if (r == GIT_ENOTFOUND)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such file in %s", hex, repo->path);
	return r < 0 ? git2_error(e, ERR_BROKEN, "%s: cannot be read from %s", hex, repo->path) : 0;
}

int code_lines_changed(const char *jig, const unsigned char a[20], const unsigned char b[20], int *ret_added,
                       int *ret_removed, struct err *e)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	_git_(blob) git_blob *old = NULL, *new = NULL;
	_git_(patch) git_patch *patch = NULL;
	git_diff_options options = GIT_DIFF_OPTIONS_INIT;
	size_t context, added, removed;
	options.max_size = MAX_LINES_BYTES;
	if (!memcmp(a, b, CODE_OID_BYTES)) {
		*ret_added = *ret_removed = 0;
		return 0;
	}
	if (code_repo_open(&repo, jig, e) < 0 || blob_of(&repo, a, &old, e) < 0 || blob_of(&repo, b, &new, e) < 0)
		return e->code;
	if (git2.patch_from_blobs(&patch, old, NULL, new, NULL, &options) < 0 ||
	    git2.patch_line_stats(&context, &added, &removed, patch) < 0)
		return git2_error(e, ERR_BROKEN, "%s: two files cannot be compared", repo.path);
	bool binary = git2.patch_get_delta(patch)->flags & GIT_DIFF_FLAG_BINARY;
	*ret_added = binary ? -1 : clip(added);
	*ret_removed = binary ? -1 : clip(removed);
	return 0;
}
