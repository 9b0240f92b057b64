#include <errno.h>
#include <git2.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "runner/code/code.h"
#include "runner/code/code_head.h"
#include "runner/code/code_repo.h"
#include "runner/code/code_take.h"
#include "runner/code/code_walk.h"

#define MAX_PASSES 4

struct taking {
	const struct code_options *o;
	struct code_repo repo;
	struct code_user user;
	struct code_cache cache;
	struct code_list list;
	struct code_left left;
	struct map secrets;
	char *cache_path;
	git_oid tree;
	bool unchanged, touched;
};

static void taking_release(struct taking *t)
{
	code_repo_release(&t->repo);
	code_user_release(&t->user);
	code_cache_release(&t->cache);
	code_list_release(&t->list);
	code_left_release(&t->left);
	map_release(&t->secrets);
	free(t->cache_path);
}

void code_snapshot_release(struct code_snapshot *s)
{
	free(s->commit);
	free(s->branch);
	free(s->remote);
	for (size_t i = 0; i < s->nnotes; i++)
		free(s->notes[i]);
	free(s->notes);
	*s = (struct code_snapshot){0};
}

/* Passes over the files until one finds them as the one before left them: then they are the state of one moment. The
 * first is held against the cache, and alone is enough when nothing had to be read. */
static int settle(struct taking *t, struct err *e)
{
	_cleanup_(code_list_release) struct code_list before = CODE_LIST_INIT;
	code_list_move(&before, &t->cache.list);
	for (int pass = 0;; pass++) {
		struct code_taken taken;
		code_list_release(&t->list);
		code_left_release(&t->left);
		if (code_walk(t->o, &t->user, &t->list, &t->left, e) < 0 ||
		    code_guard(t->o, t->user.found, &t->list, &t->left, e) < 0 ||
		    code_take(&t->repo, t->o->root, &t->list, &before, &t->secrets, &taken, e) < 0)
			return e->code;
		if (pass == 0)
			t->unchanged = t->cache.valid && taken.same;
		t->touched |= taken.touched;
		if (taken.same || (pass == 0 && !taken.hashed))
			return 0;
		if (pass + 1 == MAX_PASSES)
			return err_set(e, ERR_USAGE,
			               "%s: changes while the snapshot is taken; name it under outputs: or in "
			               ".jigignore, or run again "
			               "when it is at rest",
			               taken.differs);
		code_list_move(&before, &t->list);
	}
}

static int build_tree(struct taking *t, struct err *e)
{
	char hex[41];
	if (t->unchanged)
		memcpy(t->tree.id, t->cache.tree, sizeof t->tree.id);
	else if (code_take_tree(&t->repo, &t->list, &t->tree, e) < 0)
		return e->code;
	code_oid_hex(t->tree.id, hex);
	if (code_repo_sync(&t->repo, e) < 0)
		return e->code;
	code_repo_touch(&t->repo, &t->tree); /* until a run pins it, while other snapshots take over the name "last" */
	return code_repo_ref(&t->repo, "last", hex, false, e);
}

/* The number of files that differ from HEAD: as last time when nothing that it depends on has changed. */
static int compare(struct taking *t, int *ret, struct err *e)
{
	int changed = -1;
	uint64_t key = 0;
	if (t->user.found) {
		key = code_head_key(&t->user, t->o, t->tree.id);
		if (key && t->cache.valid && t->cache.head_key == key)
			changed = t->cache.changed;
		else if (code_head_changed(t->o->root, &t->user, &t->list, &t->left, &changed, e) < 0)
			return e->code;
	}
	*ret = changed;
	if (t->unchanged && !t->touched && t->cache.head_key == key)
		return 0;
	return code_cache_write(&t->list, t->tree.id, key, changed, t->cache_path, e);
}

void code_snapshot_note(struct code_snapshot *s, char *note)
{
	if (!note)
		return;
	s->notes = mem_array(s->notes, s->nnotes + 1, sizeof *s->notes);
	s->notes[s->nnotes++] = note;
}

static int take(struct taking *t, struct code_snapshot *s, struct err *e)
{
	const struct code_options *o = t->o;
	if (code_repo_create(&t->repo, o->jig, e) < 0 || code_user_open(&t->user, o->root, e) < 0)
		return e->code;
	t->cache_path = path_join(t->repo.path, "jig-stat");
	code_cache_read(&t->cache, t->cache_path);
	git_oid tree;
	memcpy(tree.id, t->cache.tree, sizeof tree.id);
	if (t->cache.valid && !code_repo_has(&t->repo, &tree))
		code_cache_release(&t->cache);
	if (settle(t, e) < 0 || build_tree(t, e) < 0 || compare(t, &s->changed_files, e) < 0)
		return e->code;
	code_oid_hex(t->tree.id, s->tree);
	s->dirty = s->changed_files < 0 ? -1 : s->changed_files > 0;
	s->nfiles = t->list.files.len;
	s->commit = mem_take(t->user.commit);
	s->branch = mem_take(t->user.branch);
	s->remote = mem_take(t->user.remote);
	code_left_notes(&t->left, &s->notes, &s->nnotes);
	code_snapshot_note(s, code_take_remark(&t->secrets));
	code_snapshot_note(s, mem_take(t->user.note));
	return 0;
}

void code_preload(void)
{
	git2_preload();
}

void code_preload_end(void)
{
	git2_preload_end();
}

int code_snapshot(const struct code_options *o, struct code_snapshot *ret, struct err *e)
{
	_close_ int lock = -1;
	if (git2_load(e) < 0 || code_lock(o->jig, &lock, e) < 0)
		return e->code;
	struct taking t = {.o = o,
	                   .repo = CODE_REPO_INIT,
	                   .user = CODE_USER_INIT,
	                   .cache = CODE_CACHE_INIT,
	                   .list = CODE_LIST_INIT};
	struct code_snapshot s = {.dirty = -1, .changed_files = -1};
	int r = take(&t, &s, e);
	taking_release(&t);
	if (r < 0) {
		code_snapshot_release(&s);
		return r;
	}
	*ret = s;
	return 0;
}

int code_pin(const char *jig, const char *tree, int64_t run, struct err *e)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	_free_ char *name = mem_printf("run/%lld", (long long)run);
	git_oid id;
	if (git2_load(e) < 0)
		return e->code;
	if (strlen(tree) != 40 || git2.oid_fromstr(&id, tree) < 0)
		return err_set(e, ERR_USAGE, "%s: is no id of a snapshot (40 hex digits)", tree);
	repo.path = path_join(jig, "code.git");
	/* What it reaches is there as well: gc takes that after it, even one that was killed. */
	if (!code_repo_has(&repo, &id))
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such snapshot in %s (a jig gc --now beside may have "
		               "taken it: run again)", tree, repo.path);
	return code_repo_ref(&repo, name, tree, true, e);
}

int code_unpin(const char *jig, int64_t run, struct err *e)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	if (code_repo_open(&repo, jig, e) < 0)
		return e->code == ERR_NOT_FOUND ? 0 : e->code;
	_free_ char *name = mem_printf("refs/jig/run/%lld", (long long)run);
	int r = git2.reference_remove(repo.repo, name);
	if (r < 0 && r != GIT_ENOTFOUND) {
		/* Whoever was killed doing the same left libgit2's lock, which nobody else takes for this name. */
		_free_ char *stale = mem_printf("%s/%s.lock", repo.path, name);
		int errnum = errno;
		if (unlink(stale) == 0)
			r = git2.reference_remove(repo.repo, name);
		else
			errno = errnum;
	}
	return r < 0 && r != GIT_ENOTFOUND ? git2_error(e, ERR_BROKEN, "%s: %s cannot be removed", repo.path, name) : 0;
}
