#include <git2.h>
#include "base/file.h"
#include "base/path.h"
#include "runner/code/code_check.h"
#include "runner/code/code_list.h"
#include "runner/code/code_repo.h"
#include "runner/pipeline/named.h"

#define MAX_DEPTH 4096

struct checking {
	struct code_repo repo;
	struct named seen, gone; /* gone: snapshots that are not there */
	code_check_fn *fault;
	void *arg;
	int64_t run;
};

static void checking_release(struct checking *c)
{
	code_repo_release(&c->repo);
	named_release(&c->seen);
	named_release(&c->gone);
}

static void tell(struct checking *c, const git_oid *id, int result, const char *path)
{
	_free_ char *object = code_repo_object_path(&c->repo, id);
	struct err why;
	if (result == GIT_ENOTFOUND)
		err_set(&why, ERR_BROKEN, "%s is missing", object);
	else
		git2_error(&why, ERR_BROKEN, "%s cannot be read", object);
	code_repo_distrust(&c->repo);
	c->fault(c->arg, c->run, path, why.text);
}

static void check_blob(struct checking *c, const git_oid *id, const char *path)
{
	_git_(odb_object) git_odb_object *object = NULL;
	struct digest d = code_repo_digest(id);
	if (!named_add(&c->seen, &d))
		return;
	int r = code_repo_read(&c->repo, id, &object);
	if (r < 0)
		tell(c, id, r, path);
}

static void check_tree(struct checking *c, const git_oid *id, const char *path, int depth)
{
	_git_(tree) git_tree *tree = NULL;
	struct digest d = code_repo_digest(id);
	if (!named_add(&c->seen, &d))
		return;
	int r = depth > MAX_DEPTH ? -1 : code_repo_tree(&c->repo, id, &tree);
	if (r == GIT_ENOTFOUND && !depth)
		named_add(&c->gone, &d);
	else if (r < 0)
		tell(c, id, r, path);
	size_t n = r < 0 ? 0 : git2.tree_entrycount(tree);
	for (size_t i = 0; i < n; i++) {
		const git_tree_entry *entry = git2.tree_entry_byindex(tree, i);
		git_object_t type = git2.tree_entry_type(entry);
		_free_ char *below = mem_printf("%s%s%s", path, *path ? "/" : "", git2.tree_entry_name(entry));
		if (type == GIT_OBJECT_BLOB)
			check_blob(c, git2.tree_entry_id(entry), below);
		else if (type == GIT_OBJECT_TREE)
			check_tree(c, git2.tree_entry_id(entry), below, depth + 1);
	}
}

int code_check(const char *jig, const char *const *trees, const int64_t *runs, size_t n, code_check_fn *fault,
               void *arg, struct err *e)
{
	_cleanup_(checking_release) struct checking c = {.repo = CODE_REPO_INIT, .fault = fault, .arg = arg};
	_free_ char *folder = path_join(jig, "code.git");
	bool there = file_is_dir(folder);
	if (!n || (there && code_repo_open(&c.repo, jig, e) < 0))
		return n ? e->code : 0;
	for (size_t i = 0; i < n; i++) {
		git_oid id = {0};
		struct digest d;
		c.run = runs[i];
		if (there && git2.oid_fromstr(&id, trees[i]) == 0)
			check_tree(&c, &id, "", 0);
		d = code_repo_digest(&id);
		if (!there || named_has(&c.gone, &d)) {
			_free_ char *text = mem_printf("snapshot %.12s is no longer in %s", trees[i], folder);
			fault(arg, runs[i], "", text);
		}
	}
	return 0;
}
