#include <git2.h>
#include "base/path.h"
#include "runner/code/code_each.h"

#define MAX_DEPTH 4096

struct walking {
	struct code_repo *repo;
	const char *tree;
	struct arena *paths;
	code_each_fn *cb;
	void *arg;
};

int code_each_unreadable(const struct code_repo *repo, const char *tree, const git_oid *id, const char *path,
                         struct err *e)
{
	_free_ char *object = code_repo_object_path(repo, id);
	int r = git2_error(e, ERR_BROKEN,
	                   "%s%sof snapshot %.12s cannot be read from %s (`jig fsck` names all that is missing or "
	                   "damaged; a run of a working tree that has it writes it anew)",
	                   path, *path ? ": " : "", tree, object);
	code_repo_distrust(repo);
	return r;
}

static int walk(const struct walking *w, const git_oid *id, const char *into, int depth, struct err *e)
{
	_git_(tree) git_tree *tree = NULL;
	int r = depth > MAX_DEPTH ? -1 : code_repo_tree(w->repo, id, &tree);
	if (r == GIT_ENOTFOUND && !depth)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such snapshot in %s", w->tree, w->repo->path);
	if (r < 0)
		return code_each_unreadable(w->repo, w->tree, id, into, e);
	size_t n = git2.tree_entrycount(tree);
	for (size_t i = 0; i < n; i++) {
		const git_tree_entry *entry = git2.tree_entry_byindex(tree, i);
		const char *name = git2.tree_entry_name(entry);
		const char *wrong = strchr(name, '/') ? "has a /" : path_check_inside(name);
		if (wrong)
			return err_set(e, ERR_BROKEN, "%s: a name in snapshot %.12s %s: %s", w->repo->path, w->tree,
			               wrong, name);
		unsigned mode = git2.tree_entry_filemode_raw(entry);
		if (mode == 0100664) /* of the first versions of git */
			mode = 0100644;
		if (mode != 0040000 && mode != 0100644 && mode != 0100755 && mode != 0120000)
			return err_set(e, ERR_BROKEN,
			               "%s: %s%s in snapshot %.12s is neither a file, a link nor a folder",
			               w->repo->path, into, name, w->tree);
		const char *path = arena_printf(w->paths, "%s%s", into, name);
		if (mode == 040000) {
			_free_ char *below = mem_printf("%s/", path);
			r = walk(w, git2.tree_entry_id(entry), below, depth + 1, e);
		} else {
			r = w->cb(w->arg, path, mode, git2.tree_entry_id(entry), e);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int code_each(struct code_repo *repo, const char *tree, struct arena *paths, code_each_fn *cb, void *arg,
              struct err *e)
{
	struct walking w = {.repo = repo, .tree = tree, .paths = paths, .cb = cb, .arg = arg};
	git_oid id;
	if (git2.oid_fromstr(&id, tree) < 0)
		return err_set(e, ERR_USAGE, "%s: is no id of a snapshot (40 hex digits)", tree);
	return walk(&w, &id, "", 0, e);
}
