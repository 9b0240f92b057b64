#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/vec.h"
#include "store/pool.h"
#include "store/put.h"
#include "store/tree_text.h"

/* A folder that is taken in: first all of it is listed and judged, so that a refusal leaves everything where it stood,
 * then its files are hashed and stored. */
struct take {
	struct store *s; /* NULL: only digested */
	enum store_put how;
	const char *folder;
	struct arena arena;
	VEC(struct tree_entry) entries; /* once sorted: the tree */
	VEC(const char *) targets;      /* of links, to be stored */
	size_t *order;                  /* entries, the largest first: no thread is left alone with it at the end */
};

static void take_release(struct take *t)
{
	arena_release(&t->arena);
	vec_release(&t->entries);
	vec_release(&t->targets);
	free(t->order);
}
#define _take_ _cleanup_(take_release)

static int take_link(struct take *t, const char *rel, const char *abs, struct tree_entry *ret, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlink(abs, target, sizeof target - 1);
	if (n < 0)
		return err_errno(e, "%s: cannot read the link", abs);
	target[n] = 0;
	const char *wrong = tree_text_link(rel, target);
	if (wrong)
		return err_set(e, ERR_USAGE, "%s: the link to \"%s\" %s; only links that stay inside %s can be stored",
				abs,
			       target, wrong, t->folder);
	ret->mode = TREE_LINK;
	ret->size = n;
	sha256_bytes(target, (size_t)n, &ret->digest);
	if (t->s)
		vec_push(&t->targets, arena_strdup(&t->arena, target));
	return 0;
}

static int take_entry(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct take *t = arg;
	struct tree_entry entry = { .path = arena_strdup(&t->arena, rel) };
	/* Listed in the order of the walk, a folder with something in it is followed by that. */
	struct tree_entry *last = t->entries.len ? &t->entries.v[t->entries.len - 1] : NULL;
	if (last && last->mode == TREE_FOLDER && path_within(rel, last->path))
		(void)vec_pop(&t->entries);
	if (S_ISREG(st->st_mode)) {
		entry.mode = st->st_mode & S_IXUSR ? TREE_EXEC : TREE_FILE;
		entry.size = st->st_size;
	} else if (S_ISLNK(st->st_mode)) {
		int r = take_link(t, rel, abs, &entry, e);
		if (r < 0)
			return r;
	} else if (S_ISDIR(st->st_mode)) {
		entry.mode = TREE_FOLDER;
		sha256_bytes("", 0, &entry.digest);
		/* Files cannot be taken out of a folder that nobody may write. */
		if (t->s && t->how == STORE_MOVE && !(st->st_mode & S_IWUSR))
			chmod(abs, (st->st_mode & 07777) | S_IWUSR);
	} else {
		return err_set(e, ERR_USAGE, "%s: is a %s; only files, folders and links can be stored, so remove it",
				abs,
			       S_ISFIFO(st->st_mode) ? "FIFO" : S_ISSOCK(st->st_mode) ? "socket" : "device");
	}
	vec_push(&t->entries, entry);
	return 0;
}

static int entry_by_path(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

static int order_by_size(const void *a, const void *b, void *entries)
{
	const struct tree_entry *v = entries;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	if (v[i].size != v[k].size)
		return v[i].size > v[k].size ? -1 : 1;
	return i < k ? -1 : i > k;
}

static int take_list(struct take *t, struct err *e)
{
	struct stat st;
	if (lstat(t->folder, &st) < 0)
		return err_errno(e, "%s: cannot stat", t->folder);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_USAGE, "%s: is not a folder", t->folder);
	if (t->s && t->how == STORE_MOVE && !(st.st_mode & S_IWUSR))
		chmod(t->folder, (st.st_mode & 07777) | S_IWUSR);
	int r = file_walk(t->folder, take_entry, t, e);
	if (r < 0)
		return r;
	size_t n = t->entries.len;
	if (n)
		qsort(t->entries.v, n, sizeof *t->entries.v, entry_by_path);
	t->order = mem_array(NULL, n ? n : 1, sizeof *t->order);
	for (size_t i = 0; i < n; i++)
		t->order[i] = i;
	qsort_r(t->order, n, sizeof *t->order, order_by_size, t->entries.v);
	return 0;
}

static int take_file(struct take *t, struct putter *p, const char *path, struct tree_entry *entry, struct err *e)
{
	if (t->s)
		return put_file(p, path, t->how, &entry->digest, &entry->size, e);
	_close_ int fd = -1;
	struct stat st;
	int r = put_open(path, &fd, &st, e);
	if (r < 0)
		return r;
	struct stream_job job = { .in = fd, .out = -1, .in_name = path, .expect = st.st_size, .early = -1 };
	if ((r = stream_run(&p->stream, &job, &entry->digest, &entry->size, e)) < 0)
		return r;
	return put_unchanged(path, &st, entry->size, e);
}

static int take_item(void *arg, void *own, size_t item, struct err *e)
{
	struct take *t = arg;
	struct tree_entry *entry = &t->entries.v[t->order[item]];
	if (entry->mode == TREE_FOLDER)
		return 0;
	_free_ char *path = path_join(t->folder, entry->path);
	if (entry->mode != TREE_LINK)
		return take_file(t, own, path, entry, e);
	if (t->s && t->how == STORE_MOVE && unlink(path) < 0)
		return err_errno(e, "%s: cannot be removed", path);
	return 0;
}

/* What entries name besides their files: the texts of links, and no bytes for an empty folder. */
static int take_small(struct take *t, struct putter *p, struct err *e)
{
	struct digest d;
	int r = 0;
	for (size_t i = 0; i < t->targets.len && r >= 0; i++)
		r = put_bytes(p, t->targets.v[i], strlen(t->targets.v[i]), &d, e);
	for (size_t i = 0; i < t->entries.len && r >= 0; i++)
		if (t->entries.v[i].mode == TREE_FOLDER)
			return put_bytes(p, "", 0, &d, e);
	return r;
}

static int take_run(struct take *t, struct digest *ret, int64_t *ret_size, struct err *e)
{
	int r = take_list(t, e);
	if (r < 0)
		return r;
	struct tree tree = { .v = t->entries.v, .len = t->entries.len };
	int64_t bytes = 0;
	for (size_t i = 0; i < tree.len; i++)
		bytes += tree.v[i].size;
	unsigned threads = pool_threads(tree.len, bytes);
	struct putter own[POOL_MAX];
	for (unsigned i = 0; i < threads; i++)
		own[i] = (struct putter)PUTTER_INIT(t->s);
	if (t->s)
		r = take_small(t, &own[0], e);
	if (r >= 0)
		r = pool_run(threads, tree.len, take_item, t, own, sizeof own[0], e);
	struct digest d;
	if (r >= 0) {
		_buf_ struct buf text = BUF_INIT;
		tree_text_add(&text, &tree);
		if (t->s)
			r = put_bytes(&own[0], text.data, text.len, &d, e);
		else
			sha256_bytes(text.data, text.len, &d);
	}
	for (unsigned i = 1; i < threads; i++) {
		put_merge(&own[0], &own[i]);
		put_release(&own[i]);
	}
	if (r >= 0 && t->s)
		r = put_sync(&own[0], e);
	put_release(&own[0]);
	if (r < 0)
		return r;
	for (size_t i = 0; i < tree.len; i++)
		if (tree.v[i].mode == TREE_FILE || tree.v[i].mode == TREE_EXEC)
			tree.size += tree.v[i].size;
	*ret = d;
	if (ret_size)
		*ret_size = tree.size;
	return 0;
}

int tree_put(struct store *s, const char *folder, enum store_put how, struct digest *ret, int64_t *ret_size,
		struct err *e)
{
	_take_ struct take t = { .s = s, .how = how, .folder = folder };
	return take_run(&t, ret, ret_size, e);
}

int tree_digest(const char *folder, struct digest *ret, int64_t *ret_size, struct err *e)
{
	_take_ struct take t = { .folder = folder };
	return take_run(&t, ret, ret_size, e);
}
