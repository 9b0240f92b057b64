#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/vec.h"
#include "store/layout.h"
#include "store/pool.h"
#include "store/tree_text.h"

/* A list of some ten million entries; a larger one is damage. */
#define TREE_BYTES_MAX (1LL << 30)

/* A whole object, checked against its name. */
static int object_read(struct store *s, const struct digest *d, int64_t max, struct buf *b, struct err *e)
{
	_close_ int fd = -1;
	struct digest have;
	struct stat st;
	int r = store_open(s, d, &fd, e);
	if (r < 0)
		return r;
	_free_ char *path = store_path(s, d);
	if (fstat(fd, &st) < 0)
		return err_errno(e, "%s: cannot stat", path);
	if (st.st_size > max && (r = store_check(s, d, e)) < 0)
		return r;
	if (st.st_size > max)
		return err_set(e, ERR_BROKEN, "%s: is larger (%lld bytes) than its kind of object can be", path,
			       (long long)st.st_size);
	for (;;) {
		ssize_t n = buf_read(b, fd, (size_t)st.st_size + 1);
		if (n < 0 && errno != EINTR)
			return err_errno(e, "%s: cannot read", path);
		if (n == 0)
			break;
	}
	sha256_bytes(b->data, b->len, &have);
	return layout_compare(s, d, &have, fd, e);
}

int tree_load(struct store *s, const struct digest *d, struct arena *a, struct tree *ret, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	int r = object_read(s, d, TREE_BYTES_MAX, &text, e);
	if (r < 0)
		return r;
	if (tree_parse(text.data, text.len, a, ret, e) < 0) {
		char hex[DIGEST_HEX + 1];
		digest_to_hex(d, hex);
		return err_prefix(e, "object %s", hex);
	}
	return 0;
}

int tree_has(struct store *s, const struct digest *d, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	char path[LAYOUT_PATH_MAX];
	struct stat list, doubt;
	struct tree tree;
	int64_t now;
	layout_path(s, d, path);
	if (lstat(path, &list) < 0 || !S_ISREG(list.st_mode))
		return 0;
	if (lstat(s->doubt, &doubt) < 0 || (list.st_mtim.tv_sec == doubt.st_mtim.tv_sec &&
	                                    list.st_mtim.tv_nsec == doubt.st_mtim.tv_nsec))
		return 1;
	int r = tree_load(s, d, &a, &tree, e);
	if (r < 0)
		return r == ERR_NOT_FOUND || r == ERR_BROKEN ? 0 : r;
	for (size_t i = 0; i < tree.len; i++) {
		const struct tree_entry *entry = &tree.v[i];
		if (entry->mode != TREE_FOLDER && (!store_has(s, &entry->digest, &now) || now != entry->size))
			return 0;
	}
	utimensat(AT_FDCWD, path, (const struct timespec[]){ { .tv_nsec = UTIME_OMIT }, doubt.st_mtim }, 0);
	return 1;
}

struct give {
	struct store *s;
	const char *path;
	const struct tree *tree;
};

static int give_link(struct give *g, const struct tree_entry *entry, const char *path, struct err *e)
{
	_buf_ struct buf target = BUF_INIT;
	int r = object_read(g->s, &entry->digest, PATH_MAX, &target, e);
	if (r < 0)
		return r;
	const char *wrong = strlen(target.data) != target.len ? "has a NUL in it" : tree_text_link(entry->path,
			target.data);
	if (wrong)
		return err_set(e, ERR_BROKEN, "%s: the stored link %s, so it is not made", path, wrong);
	if (symlink(target.data, path) < 0)
		return err_errno(e, "%s: cannot make the link", path);
	return 0;
}

static int give_item(void *arg, void *own, size_t item, struct err *e)
{
	struct give *g = arg;
	const struct tree_entry *entry = &g->tree->v[item];
	if (entry->mode == TREE_FOLDER)
		return 0;
	_free_ char *path = path_join(g->path, entry->path);
	if (entry->mode == TREE_LINK)
		return give_link(g, entry, path, e);
	mode_t mode = entry->mode == TREE_EXEC ? 0755 : 0644;
	int r = store_get_file(g->s, &entry->digest, path, mode, e);
	return r < 0 ? err_prefix(e, "%s", path) : 0;
}

/* Every folder that an entry needs, before any file is written. */
static int give_folders(struct give *g, struct err *e)
{
	_free_ char *last = NULL;
	for (size_t i = 0; i < g->tree->len; i++) {
		const struct tree_entry *entry = &g->tree->v[i];
		_free_ char *below = entry->mode == TREE_FOLDER ? mem_strdup(entry->path) : path_parent(entry->path);
		if (strcmp(below, ".") == 0 || (last && strcmp(below, last) == 0))
			continue;
		_free_ char *path = path_join(g->path, below);
		int r = file_mkdirs(path, 0777, e);
		if (r < 0)
			return r;
		free(last);
		last = mem_take(below);
	}
	return 0;
}

/* Takes away what was written before a failure. */
static void give_undo(struct give *g, bool made)
{
	struct err e;
	for (size_t i = 0; i < g->tree->len; i++) {
		const char *entry = g->tree->v[i].path;
		_free_ char *first = mem_strndup(entry, strcspn(entry, "/"));
		_free_ char *path = path_join(g->path, first);
		if (file_exists(path))
			file_remove_tree(path, &e);
	}
	if (made)
		rmdir(g->path);
}

int tree_get(struct store *s, const struct digest *d, const char *path, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct tree tree;
	int r = tree_load(s, d, &a, &tree, e);
	if (r < 0)
		return r;
	bool made = mkdir(path, 0777) == 0;
	if (!made && errno != EEXIST)
		return err_errno(e, "%s: cannot make the folder", path);
	if (!made) {
		_closedir_ DIR *dir = opendir(path);
		if (!dir)
			return err_errno(e, "%s: cannot list", path);
		for (struct dirent *entry; (errno = 0, entry = readdir(dir));)
			if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
				return err_set(e, ERR_EXISTS, "%s: is not empty; remove it or name another folder",
						path);
		if (errno)
			return err_errno(e, "%s: cannot list", path);
	}
	struct give g = { .s = s, .path = path, .tree = &tree };
	char own[POOL_MAX];
	r = give_folders(&g, e);
	if (r >= 0)
		r = pool_run(pool_threads(tree.len, tree.size), tree.len, give_item, &g, own, 1, e);
	if (r < 0)
		give_undo(&g, made);
	return r < 0 ? r : 0;
}
