#include <git2.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/code/code_list.h"
#include "runner/code/code_prune.h"
#include "runner/code/code_repo.h"
#include "runner/pipeline/named.h"

#define MAX_DEPTH 4096

struct loose {
	char *path;
	git_oid id;
	int64_t size, changed; /* µs since 1970 */
	bool temporary, goes, seen, first; /* first: among `trees` */
};
struct pruning {
	const char *jig;
	const struct code_prune_options *options;
	struct code_repo repo;
	struct named reached, young; /* young: what only young objects reach */
	VEC(struct loose) loose;
	VEC(struct loose *) trees; /* that go, each behind those below it */
	bool foreign; /* a ref that is not jig's */
};

static void pruning_release(struct pruning *p)
{
	code_repo_release(&p->repo);
	named_release(&p->reached);
	named_release(&p->young);
	for (size_t i = 0; i < p->loose.len; i++)
		free(p->loose.v[i].path);
	vec_release(&p->loose);
	vec_release(&p->trees);
}

/* ---- what is reached ---- */

static bool has(const struct named *set, const git_oid *id)
{
	struct digest d = code_repo_digest(id);
	return named_has(set, &d);
}

/* True when it was in neither set before. */
static bool add(struct pruning *p, struct named *set, const git_oid *id)
{
	struct digest d = code_repo_digest(id);
	return !named_has(&p->reached, &d) && named_add(set, &d);
}

/* A tree that is not there reaches nothing; below a root that is kept that would be damage. */
static int mark(struct pruning *p, struct named *set, const git_oid *id, bool must, int depth, struct err *e)
{
	_git_(tree) git_tree *tree = NULL;
	char hex[41];
	if (!add(p, set, id))
		return 0;
	int r = depth > MAX_DEPTH ? -1 : code_repo_tree(&p->repo, id, &tree);
	if (r == GIT_ENOTFOUND && !must)
		return 0;
	code_oid_hex(id->id, hex);
	if (r < 0)
		return git2_error(e, ERR_BROKEN, "no code was freed: tree %.12s cannot be read from %s", hex,
		                  p->repo.path);
	size_t n = git2.tree_entrycount(tree);
	for (size_t i = 0; i < n; i++) {
		const git_tree_entry *entry = git2.tree_entry_byindex(tree, i);
		git_object_t type = git2.tree_entry_type(entry);
		if (type == GIT_OBJECT_BLOB)
			add(p, set, git2.tree_entry_id(entry));
		else if (type == GIT_OBJECT_TREE &&
		         mark(p, set, git2.tree_entry_id(entry), set == &p->reached, depth + 1, e) < 0)
			return e->code;
	}
	return 0;
}

static bool is_dropped(const struct code_prune_options *o, const char *ref)
{
	static const char pins[] = "refs/jig/run/";
	int64_t run;
	if (!text_starts(ref, pins) || !integer_parse(ref + strlen(pins), 1, INT64_MAX, &run))
		return false;
	for (size_t i = 0; i < o->ndropped; i++)
		if (o->dropped[i] == run)
			return true;
	return false;
}

static int mark_ref(struct pruning *p, const char *name, struct err *e)
{
	_git_(reference) git_reference *ref = NULL;
	size_t size;
	git_object_t type;
	/* A pin that is just being written has a name that no ref has. Its run is alive, and its tree young. */
	if (is_dropped(p->options, name) || strstr(name, "/."))
		return 0;
	int r = git2.reference_lookup(&ref, p->repo.repo, name);
	if (r == GIT_ENOTFOUND)
		return 0;
	if (r < 0)
		return git2_error(e, ERR_BROKEN, "no code was freed: %s of %s cannot be read", name, p->repo.path);
	const git_oid *id = git2.reference_target(ref);
	if (!id || (r = code_repo_header(&p->repo, id, &size, &type)) == GIT_ENOTFOUND)
		return 0;
	if (r < 0)
		return git2_error(e, ERR_BROKEN, "no code was freed: %s of %s cannot be read", name, p->repo.path);
	p->foreign |= type != GIT_OBJECT_TREE;
	return p->foreign ? 0 : mark(p, &p->reached, id, false, 0, e);
}

static int mark_refs(struct pruning *p, struct err *e)
{
	git_strarray refs = {0};
	int r = 0;
	if (git2.reference_list(&refs, p->repo.repo) < 0)
		return git2_error(e, ERR_BROKEN, "no code was freed: the refs of %s cannot be read", p->repo.path);
	for (size_t i = 0; r >= 0 && i < refs.count; i++)
		r = mark_ref(p, refs.strings[i], e);
	git2.strarray_dispose(&refs);
	return r;
}

static int mark_all(struct pruning *p, struct err *e)
{
	const struct code_prune_options *o = p->options;
	_cleanup_(code_cache_release) struct code_cache cache = CODE_CACHE_INIT;
	_free_ char *cache_path = path_join(p->repo.path, "jig-stat");
	git_oid id;
	if (mark_refs(p, e) < 0)
		return e->code;
	for (size_t i = 0; i < o->nkeep; i++)
		if (!git2.oid_fromstr(&id, o->keep[i]) && mark(p, &p->reached, &id, false, 0, e) < 0)
			return e->code;
	code_cache_read(&cache, cache_path);
	memcpy(id.id, cache.tree, sizeof id.id);
	return cache.valid ? mark(p, &p->reached, &id, false, 0, e) : 0;
}

static int mark_young(struct pruning *p, struct err *e)
{
	int64_t older = time_now() - p->options->grace_us;
	for (size_t i = 0; i < p->loose.len; i++) {
		const struct loose *l = &p->loose.v[i];
		size_t size;
		git_object_t type = GIT_OBJECT_BLOB;
		if (l->temporary || l->changed <= older || has(&p->reached, &l->id))
			continue;
		errno = 0;
		int r = code_repo_header(&p->repo, &l->id, &size, &type);
		if (r < 0 && err_is_machine(errno))
			return git2_error(e, ERR_BROKEN, "no code was freed: %s cannot be read", l->path);
		if (!r && type == GIT_OBJECT_TREE) {
			if (mark(p, &p->young, &l->id, false, 0, e) < 0)
				return e->code;
		} else {
			add(p, &p->young, &l->id);
		}
	}
	return 0;
}

/* ---- what is there ---- */

static bool hex_digits(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, "0123456789abcdef") == n;
}

static int add_loose(struct pruning *p, const char *folder, const char *prefix, const char *name, struct err *e)
{
	struct loose l = {.temporary = text_starts(name, "tmp_")};
	char hex[41];
	struct stat st;
	struct code_record times;
	if (!l.temporary && (!hex_digits(prefix, 2) || !hex_digits(name, 38)))
		return 0;
	l.path = path_join(folder, name);
	if (lstat(l.path, &st) < 0 || !S_ISREG(st.st_mode)) {
		free(l.path);
		return 0;
	}
	if (!l.temporary) {
		snprintf(hex, sizeof hex, "%.2s%.38s", prefix, name);
		git2.oid_fromstr(&l.id, hex);
	}
	code_record_stat(&times, &st);
	l.changed = times.modified_at / 1000;
	l.size = st.st_size;
	vec_push(&p->loose, l);
	return 0;
}

/* Of objects/, or of one of the folders in it, which the first two digits of the ids name. */
static int list_folder(struct pruning *p, const char *folder, const char *prefix, struct err *e)
{
	_closedir_ DIR *d = opendir(folder);
	struct dirent *entry;
	int r = 0;
	if (!d)
		return errno == ENOENT ? 0 : err_errno(e, "%s: cannot be listed", folder);
	while (r >= 0 && (errno = 0, entry = readdir(d))) {
		const char *name = entry->d_name;
		if (*prefix || !hex_digits(name, 2)) {
			r = add_loose(p, folder, prefix, name, e);
			continue;
		}
		_free_ char *below = path_join(folder, name);
		r = list_folder(p, below, name, e);
	}
	return r < 0 ? r : errno ? err_errno(e, "%s: cannot be listed", folder) : 0;
}

/* ---- what goes ---- */

static void choose(struct pruning *p, struct code_pruned *ret)
{
	int64_t older = time_now() - p->options->grace_us;
	for (size_t i = 0; i < p->loose.len; i++) {
		struct loose *l = &p->loose.v[i];
		bool young = !l->temporary && has(&p->young, &l->id);
		l->goes = l->temporary ? l->changed <= older : !young && !has(&p->reached, &l->id);
		ret->young += young;
		ret->young_bytes += young ? l->size : 0;
	}
}

static int by_id(const void *a, const void *b)
{
	return memcmp(&((const struct loose *)a)->id, &((const struct loose *)b)->id, sizeof(git_oid));
}

/* libgit2 says of what the disk refused that it is not there. */
static bool is_refused(const struct loose *l, int result)
{
	return result < 0 && (err_is_machine(errno) || (result == GIT_ENOTFOUND && file_exists(l->path)));
}

static int look_up(struct pruning *p, const struct loose *l, int depth, git_tree **ret)
{
	size_t size;
	git_object_t type;
	errno = 0;
	int r = depth > MAX_DEPTH ? -1 : git2.odb_read_header(&size, &type, p->repo.odb, &l->id);
	return !r && type == GIT_OBJECT_TREE ? git2.tree_lookup(ret, p->repo.repo, &l->id) : r;
}

/* Not by code_repo_tree, which would move aside what is damaged. That reaches nothing. */
static int order(struct pruning *p, struct loose *l, int depth, struct err *e)
{
	_git_(tree) git_tree *tree = NULL;
	if (!l->goes || l->temporary || l->seen)
		return 0;
	l->seen = true;
	int r = look_up(p, l, depth, &tree);
	if (is_refused(l, r))
		r = look_up(p, l, depth, &tree);
	if (is_refused(l, r))
		return git2_error(e, ERR_BROKEN, "no code was freed: the disk refuses %s", l->path);
	if (!tree)
		return 0;
	size_t n = git2.tree_entrycount(tree);
	for (size_t i = 0; i < n; i++) {
		const git_tree_entry *entry = git2.tree_entry_byindex(tree, i);
		struct loose key = {.id = *git2.tree_entry_id(entry)}, *below = NULL;
		if (git2.tree_entry_type(entry) == GIT_OBJECT_TREE)
			below = bsearch(&key, p->loose.v, p->loose.len, sizeof key, by_id);
		if (below && order(p, below, depth + 1, e) < 0)
			return e->code;
	}
	l->first = true;
	vec_push(&p->trees, l);
	return 0;
}

static int order_all(struct pruning *p, struct err *e)
{
	if (p->loose.len)
		qsort(p->loose.v, p->loose.len, sizeof *p->loose.v, by_id);
	for (size_t i = 0; i < p->loose.len; i++)
		if (order(p, &p->loose.v[i], 0, e) < 0)
			return e->code;
	return 0;
}

static int remove_one(const struct pruning *p, const struct loose *l, struct code_pruned *ret, struct err *e)
{
	fault_point("code-removed");
	if (!p->options->dry_run && unlink(l->path) < 0 && errno != ENOENT)
		return err_errno(e, "%s: cannot be removed", l->path);
	ret->objects += !l->temporary;
	ret->bytes += l->size;
	return 0;
}

/* First the trees, each before those below it: wherever this ends, a tree that is there has all that it reaches. Who
 * pins one, or goes by the stat cache, looks at the topmost alone. */
static int remove_loose(struct pruning *p, struct code_pruned *ret, struct err *e)
{
	choose(p, ret);
	if (!p->options->dry_run && order_all(p, e) < 0)
		return e->code;
	for (size_t i = p->trees.len; i-- > 0;)
		if (remove_one(p, p->trees.v[i], ret, e) < 0)
			return e->code;
	for (size_t i = 0; i < p->loose.len; i++) {
		const struct loose *l = &p->loose.v[i];
		if (l->goes && !l->first && remove_one(p, l, ret, e) < 0)
			return e->code;
	}
	return 0;
}

static bool is_kept(void *arg, const char *id)
{
	const struct pruning *p = arg;
	git_oid oid;
	return git2.oid_fromstr(&oid, id) < 0 || has(&p->reached, &oid) || has(&p->young, &oid);
}

static int prune(struct pruning *p, struct code_pruned *ret, struct err *e)
{
	_free_ char *objects = NULL;
	int64_t checkouts;
	int r = code_repo_open(&p->repo, p->jig, e);
	if (r < 0)
		return r == ERR_NOT_FOUND ? 0 : r;
	objects = path_join(p->repo.path, "objects");
	if (mark_all(p, e) < 0)
		return e->code;
	if (p->foreign)
		return 0;
	if (list_folder(p, objects, "", e) < 0 || mark_young(p, e) < 0)
		return e->code;
	fault_point("code-marked");
	if (remove_loose(p, ret, e) < 0 ||
	    code_tree_prune(p->jig, is_kept, p, p->options->dry_run, &checkouts, e) < 0)
		return e->code;
	ret->bytes += checkouts;
	return 0;
}

int code_prune(const char *jig, const struct code_prune_options *o, struct code_pruned *ret, struct err *e)
{
	_cleanup_(pruning_release) struct pruning p = {.jig = jig, .options = o, .repo = CODE_REPO_INIT};
	*ret = (struct code_pruned){0};
	return prune(&p, ret, e);
}

int64_t code_pin_bytes(const char *jig, int64_t run)
{
	_free_ char *path = mem_printf("%s/code.git/refs/jig/run/%lld", jig, (long long)run);
	struct stat st;
	return lstat(path, &st) < 0 ? 0 : (int64_t)st.st_size;
}
