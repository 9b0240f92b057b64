#include <git2.h>
#include <string.h>
#include "base/path.h"
#include "base/vec.h"
#include "runner/code/code_each.h"
#include "runner/code/code_names.h"

/* What code_names_open gives: the public part stands first. */
struct opened {
	struct code_names names;
	VEC(struct code_name) v;
	struct arena arena;
};

void code_names_free(struct code_names *n)
{
	struct opened *o = (struct opened *)n;
	if (!o)
		return;
	vec_release(&o->v);
	arena_release(&o->arena);
	free(o);
}

void code_names_freep(struct code_names **n)
{
	code_names_free(*n);
}

/* ---- opening ---- */

static void add_name(struct opened *o, const char *path, unsigned mode, const unsigned char *oid)
{
	struct code_name *n = vec_add(&o->v);
	n->path = path;
	n->mode = mode;
	memcpy(n->oid, oid, sizeof n->oid);
}

static int add_blob(void *arg, const char *path, unsigned mode, const git_oid *id, struct err *e)
{
	add_name(arg, path, mode, id->id);
	return 0;
}

/* False: the cache is not of this tree. */
static bool add_cached(struct opened *o, const struct code_repo *repo)
{
	_free_ char *path = path_join(repo->path, "jig-stat");
	_cleanup_(code_cache_release) struct code_cache cache = CODE_CACHE_INIT;
	char hex[41];
	code_cache_read(&cache, path);
	if (!cache.valid)
		return false;
	code_oid_hex(cache.tree, hex);
	if (strcmp(hex, o->names.tree))
		return false;
	const struct code_list *l = &cache.list;
	const char *paths = arena_dup(&o->arena, l->paths.data, l->paths.len + 1);
	vec_reserve(&o->v, l->files.len);
	for (size_t i = 0; i < l->files.len; i++)
		add_name(o, paths + l->files.v[i].path, l->files.v[i].mode, l->files.v[i].oid);
	return true;
}

static int read_target(struct opened *o, struct code_repo *repo, struct code_name *n, struct err *e)
{
	_git_(odb_object) git_odb_object *object = NULL;
	git_oid id;
	memcpy(id.id, n->oid, sizeof id.id);
	if (code_repo_load(repo, e) < 0)
		return e->code;
	if (code_repo_read(repo, &id, &object) < 0)
		return code_each_unreadable(repo, o->names.tree, &id, n->path, e);
	n->target = arena_strndup(&o->arena, git2.odb_object_data(object), git2.odb_object_size(object));
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return code_path_compare(((const struct code_name *)a)->path, ((const struct code_name *)b)->path);
}

static int open_names(struct opened *o, const char *jig, struct err *e)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	repo.path = path_join(jig, "code.git");
	if (!add_cached(o, &repo)) {
		free(mem_take(repo.path));
		if (code_repo_open(&repo, jig, e) < 0 ||
		    code_each(&repo, o->names.tree, &o->arena, add_blob, o, e) < 0)
			return e->code;
		if (o->v.len) /* git sorts a folder as if its name ended with "/" */
			qsort(o->v.v, o->v.len, sizeof *o->v.v, by_path);
	}
	for (size_t i = 0; i < o->v.len; i++)
		if (o->v.v[i].mode == 0120000 && read_target(o, &repo, &o->v.v[i], e) < 0)
			return e->code;
	o->names.v = o->v.v;
	o->names.len = o->v.len;
	return 0;
}

int code_names_open(const char *jig, const char *tree, struct code_names **ret, struct err *e)
{
	if (strlen(tree) != 40)
		return err_set(e, ERR_USAGE, "%s: is no id of a snapshot (40 hex digits)", tree);
	struct opened *o = mem_zero(sizeof *o);
	memcpy(o->names.tree, tree, 41);
	int r = open_names(o, jig, e);
	if (r < 0) {
		code_names_free(&o->names);
		return r;
	}
	*ret = &o->names;
	return 0;
}

/* ---- looking ---- */

/* Whether path stands below the folder; everything stands below "". */
static bool is_below(const char *path, const char *folder, size_t len)
{
	return !len || (!strncmp(path, folder, len) && path[len] == '/');
}

enum code_kind code_names_find(const struct code_names *n, const char *path, size_t *ret_at)
{
	size_t low = 0, high = *path ? n->len : 0, len = strlen(path);
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (code_path_compare(n->v[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*ret_at = low;
	if (!len)
		return CODE_FOLDER;
	if (low == n->len)
		return CODE_NOTHING;
	const struct code_name *found = &n->v[low];
	if (!strcmp(found->path, path))
		return found->mode == 0120000 ? CODE_LINK : CODE_FILE;
	return is_below(found->path, path, len) ? CODE_FOLDER : CODE_NOTHING;
}

/* The end of the files, from `from` on, whose paths begin with the first `len` bytes of v[from]'s as a folder. */
static size_t end_of(const struct code_names *n, size_t from, size_t len)
{
	const char *folder = n->v[from].path;
	size_t low = from + 1, step = 1, high = low;
	while (high < n->len && is_below(n->v[high].path, folder, len)) {
		low = high + 1;
		high += step;
		step *= 2;
	}
	high = high < n->len ? high : n->len;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (is_below(n->v[mid].path, folder, len))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void code_names_list(const struct code_names *n, const char *folder, size_t at, code_name_fn *cb, void *arg)
{
	size_t len = strlen(folder), skip = len ? len + 1 : 0;
	while (at < n->len && is_below(n->v[at].path, folder, len)) {
		const char *name = n->v[at].path + skip;
		size_t name_len = strcspn(name, "/");
		enum code_kind kind = name[name_len] ? CODE_FOLDER : n->v[at].mode == 0120000 ? CODE_LINK : CODE_FILE;
		cb(arg, name, name_len, kind);
		at = kind == CODE_FOLDER ? end_of(n, at, skip + name_len) : at + 1;
	}
}
