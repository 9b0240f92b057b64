#include <git2.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/code/code.h"
#include "runner/code/code_each.h"
#include "runner/code/code_list.h"
#include "runner/code/code_prune.h"

#define HELD_FILE (64 << 10)
#define HELD_ALL (32 << 20)
#define KEPT_TREES 4

/* What code_tree_open gives: the public part stands first. */
struct opened {
	struct code_tree tree;
	VEC(struct code_file) files;
	VEC(git_oid) big; /* of the files that are not held, in their order */
	struct arena arena;
	int64_t held;
	int lock; /* shared, as long as the folder is in use; -1 = no folder */
};

void code_tree_free(struct code_tree *t)
{
	struct opened *o = (struct opened *)t;
	if (!o)
		return;
	vec_release(&o->files);
	vec_release(&o->big);
	arena_release(&o->arena);
	free(o->tree.folder);
	if (o->lock >= 0)
		close(o->lock);
	free(o);
}

/* ---- reading ---- */

struct adding {
	struct opened *o;
	struct code_repo *repo;
};

static int add_blob(void *arg, const char *path, unsigned mode, const git_oid *id, struct err *e)
{
	struct adding *a = arg;
	struct opened *o = a->o;
	struct code_repo *repo = a->repo;
	struct code_file f = {.path = path, .mode = mode};
	_git_(odb_object) git_odb_object *object = NULL;
	size_t size = 0;
	git_object_t type;
	/* Asking for the size costs as much as reading a small file: what is small on the disk is read at once. */
	int64_t stored = code_repo_loose_size(repo, id);
	bool at_once = mode == 0120000 || (stored >= 0 && stored <= HELD_FILE);
	int r = at_once ? code_repo_read(repo, id, &object) : code_repo_header(repo, id, &size, &type);
	if (!r && at_once)
		size = git2.odb_object_size(object);
	bool held = mode == 0120000 || (size <= HELD_FILE && o->held + (int64_t)size <= HELD_ALL);
	if (!r && held && !object)
		r = code_repo_read(repo, id, &object);
	if (r < 0)
		return code_each_unreadable(repo, o->tree.id, id, path, e);
	f.size = size;
	if (held) {
		f.data = arena_alloc(&o->arena, size + 1);
		memcpy(f.data, git2.odb_object_data(object), size);
		f.data[size] = 0;
		o->held += size;
	} else {
		vec_push(&o->big, *id);
	}
	if (mode == 0120000)
		f.link = f.data;
	vec_push(&o->files, f);
	return 0;
}

/* ---- the cached checkout of the files that are not held ---- */

static int write_blob(struct code_repo *repo, const git_oid *id, int fd)
{
	_git_(odb_stream) git_odb_stream *stream = NULL;
	size_t size;
	git_object_t type;
	if (!git2.odb_open_rstream(&stream, &size, &type, repo->odb, id)) {
		_free_ char *piece = mem_alloc(HELD_FILE);
		int n;
		while ((n = git2.odb_stream_read(stream, piece, HELD_FILE)) > 0)
			if (file_write_all(fd, piece, n) < 0)
				return -1;
		return n;
	}
	/* A packed object cannot be streamed. */
	_git_(odb_object) git_odb_object *object = NULL;
	if (code_repo_read(repo, id, &object) < 0)
		return -1;
	return file_write_all(fd, git2.odb_object_data(object), git2.odb_object_size(object));
}

static int fill(const struct opened *o, struct code_repo *repo, const char *folder, struct err *e)
{
	size_t big = 0;
	for (size_t i = 0; i < o->files.len; i++) {
		const struct code_file *f = &o->files.v[i];
		if (f->data)
			continue;
		_free_ char *path = path_join(folder, f->path);
		if (file_mkdirs_parent(path, 0700, e) < 0)
			return e->code;
		_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			return err_errno(e, "%s: cannot be made", path);
		_git_(odb_object) git_odb_object *object = NULL;
		const git_oid *id = &o->big.v[big++];
		git_oid have;
		errno = 0;
		bool written = write_blob(repo, id, fd) >= 0;
		if (!written && errno && errno != ENOENT)
			return err_errno(e, "%s: cannot be written", path);
		/* A stream is not held against its id. What is wrong with the object its reading tells. */
		if (!written || git2.odb_hashfile(&have, path, GIT_OBJECT_BLOB) < 0 || memcmp(&have, id, sizeof have)) {
			code_repo_read(repo, id, &object);
			return code_each_unreadable(repo, o->tree.id, id, f->path, e);
		}
		if (fchmod(fd, f->mode == 0100755 ? 0555 : 0444) < 0)
			return err_errno(e, "%s: cannot change its mode", path);
	}
	return 0;
}

/* An flock on a file that may be removed by whoever holds it alone: the lock counts only while the name leads to it.
 * -1: held. */
static int lock_file(const char *path, int operation, int *ret, struct err *e)
{
	for (;;) {
		_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		struct stat a, b;
		if (fd < 0)
			return err_errno(e, "%s: cannot be opened", path);
		while (flock(fd, operation) < 0)
			if (errno == EWOULDBLOCK)
				return err_set(e, ERR_BUSY, "%s: is in use", path);
			else if (errno != EINTR)
				return err_errno(e, "%s: cannot be locked", path);
		if (fstat(fd, &a) < 0)
			return err_errno(e, "%s: cannot stat", path);
		if (stat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev) {
			*ret = mem_take_fd(fd);
			return 0;
		}
	}
}

struct kept {
	char name[41];
	int64_t used; /* ns */
};

static int by_use(const void *a, const void *b)
{
	int64_t x = ((const struct kept *)a)->used, y = ((const struct kept *)b)->used;
	return x < y ? 1 : x > y ? -1 : 0;
}

static void remove_one(const char *trees, const char *name)
{
	struct err ignored;
	_free_ char *folder = path_join(trees, name), *lock_path = mem_printf("%s/%.40s.lock", trees, name);
	_close_ int lock = -1;
	if (lock_file(lock_path, LOCK_EX | LOCK_NB, &lock, &ignored) < 0)
		return; /* a run uses it */
	if (file_remove_tree(folder, &ignored) == 0)
		unlink(lock_path);
}

static int add_size(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	if (S_ISREG(st->st_mode))
		*(int64_t *)arg += st->st_size;
	return 0;
}

/* As remove_one would find it, without making the file. */
static bool is_used(const char *lock_path)
{
	_close_ int fd = open(lock_path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

int code_tree_prune(const char *jig, code_tree_kept_fn *kept, void *arg, bool dry_run, int64_t *ret_bytes,
                    struct err *e)
{
	_free_ char *trees = path_join(jig, "trees");
	_closedir_ DIR *d = opendir(trees);
	struct dirent *entry;
	*ret_bytes = 0;
	if (!d)
		return errno == ENOENT ? 0 : err_errno(e, "%s: cannot be listed", trees);
	while ((entry = readdir(d))) {
		char id[41];
		size_t len = strspn(entry->d_name, "0123456789abcdef");
		const char *rest = entry->d_name + len;
		if (len != 40 || (*rest && strcmp(rest, ".new"))) /* .new: a crash left it */
			continue;
		memcpy(id, entry->d_name, 40);
		id[40] = 0;
		_free_ char *folder = path_join(trees, entry->d_name), *lock_path = mem_printf("%s/%s.lock", trees, id);
		if (kept(arg, id) || is_used(lock_path))
			continue;
		int64_t bytes = 0;
		if (file_walk(folder, add_size, &bytes, e) < 0)
			return e->code;
		if (!dry_run)
			remove_one(trees, entry->d_name);
		if (dry_run || !file_exists(folder))
			*ret_bytes += bytes;
	}
	return 0;
}

/* Keeps the checkouts that were used last. What cannot be removed stays: only space is at stake. */
static void remove_old(const char *trees)
{
	_closedir_ DIR *d = opendir(trees);
	VEC(struct kept) found = {0};
	struct dirent *entry;
	while (d && (entry = readdir(d))) {
		struct stat st;
		if (strlen(entry->d_name) != 40 || fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		struct code_record times = {0};
		code_record_stat(&times, &st);
		struct kept *k = vec_add(&found);
		memcpy(k->name, entry->d_name, 41);
		k->used = times.modified_at;
	}
	if (found.len)
		qsort(found.v, found.len, sizeof *found.v, by_use);
	for (size_t i = KEPT_TREES; i < found.len; i++)
		remove_one(trees, found.v[i].name);
	vec_release(&found);
}

static int make_checkout(const struct opened *o, struct code_repo *repo, const char *trees, struct err *e)
{
	struct err ignored;
	/* One name, for the lock is held; a crash may have left it. */
	_free_ char *temp = mem_printf("%s.new", o->tree.folder);
	if (file_remove_tree(temp, e) < 0 || file_mkdirs(temp, 0700, e) < 0 || fill(o, repo, temp, e) < 0) {
		file_remove_tree(temp, &ignored);
		return err_prefix(e, "%s: the checkout cannot be made", o->tree.folder);
	}
	if (rename(temp, o->tree.folder) < 0)
		return err_errno(e, "%s: cannot rename to %s", temp, o->tree.folder);
	remove_old(trees);
	return 0;
}

static int open_checkout(struct opened *o, struct code_repo *repo, const char *jig, struct err *e)
{
	_free_ char *trees = path_join(jig, "trees");
	o->tree.folder = path_join(trees, o->tree.id);
	_free_ char *lock_path = mem_printf("%s.lock", o->tree.folder);
	if (file_mkdirs(trees, 0700, e) < 0)
		return e->code;
	while (o->lock < 0) {
		if (lock_file(lock_path, LOCK_SH, &o->lock, e) < 0)
			return e->code;
		if (utimensat(AT_FDCWD, o->tree.folder, NULL, 0) == 0)
			break; /* it is there, and now the one used last */
		close(mem_take_fd(o->lock));
		_close_ int alone = -1;
		if (lock_file(lock_path, LOCK_EX, &alone, e) < 0)
			return e->code;
		if (!file_is_dir(o->tree.folder) && make_checkout(o, repo, trees, e) < 0)
			return e->code;
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct code_file *)a)->path, ((const struct code_file *)b)->path);
}

/* Whether two files have one path, or one stands where another needs a folder: a link there would lead writes
 * elsewhere. */
static bool is_crossed(const struct opened *o)
{
	char above[PATH_MAX];
	size_t last = 0; /* bytes of the folder that was looked for last, which stand in `above` */
	for (size_t i = 0; i < o->files.len; i++) {
		const char *path = o->files.v[i].path;
		if (i && !strcmp(o->files.v[i - 1].path, path))
			return true;
		for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
			size_t n = (size_t)(p - path);
			if (n <= last && (n == last || above[n] == '/') && !memcmp(above, path, n))
				continue;
			if (n >= sizeof above)
				return true;
			memcpy(above, path, n);
			above[n] = 0;
			last = n;
			struct code_file key = {.path = above};
			if (bsearch(&key, o->files.v, o->files.len, sizeof *o->files.v, by_path))
				return true;
		}
	}
	return false;
}

static int open_tree(struct opened *o, const char *jig, struct err *e)
{
	_code_repo_ struct code_repo repo = CODE_REPO_INIT;
	struct adding a = {.o = o, .repo = &repo};
	if (code_repo_open(&repo, jig, e) < 0 || code_each(&repo, o->tree.id, &o->arena, add_blob, &a, e) < 0)
		return e->code;
	/* In the order in which they were read, which o->big has. */
	if (o->big.len && open_checkout(o, &repo, jig, e) < 0)
		return e->code;
	if (o->files.len)
		qsort(o->files.v, o->files.len, sizeof *o->files.v, by_path);
	if (is_crossed(o))
		return err_set(e, ERR_BROKEN,
		               "snapshot %.12s in %s is damaged: two of its names stand in each other's way",
		               o->tree.id, repo.path);
	o->tree.v = o->files.v;
	o->tree.len = o->files.len;
	return 0;
}

int code_tree_open(const char *jig, const char *tree, struct code_tree **ret, struct err *e)
{
	if (strlen(tree) != 40)
		return err_set(e, ERR_USAGE, "%s: is no id of a snapshot (40 hex digits)", tree);
	struct opened *o = mem_zero(sizeof *o);
	o->lock = -1;
	memcpy(o->tree.id, tree, 41);
	int r = open_tree(o, jig, e);
	if (r < 0) {
		code_tree_free(&o->tree);
		return r;
	}
	*ret = &o->tree;
	return 0;
}

/* ---- writing ---- */

static int descriptor_path(int fd, char path[PATH_MAX])
{
#ifdef F_GETPATH
	return fcntl(fd, F_GETPATH, path);
#else
	char name[64];
	snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(name, path, PATH_MAX - 1);
	path[n > 0 ? n : 0] = 0;
	return n > 0 ? 0 : -1;
#endif
}

/* Makes the folders of path that it does not share with the last path written: in order of paths those are always
 * new. */
static int make_folders(int dirfd, const char *path, const char *last, struct err *e)
{
	char folder[PATH_MAX];
	size_t shared = 0, len = strlen(path);
	if (len >= sizeof folder)
		return err_set(e, ERR_BROKEN, "%s: the path is too long", path);
	for (size_t i = 0; last && path[i] && path[i] == last[i]; i++)
		if (path[i] == '/')
			shared = i + 1;
	memcpy(folder, path, len + 1);
	for (char *slash = folder + shared; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = 0;
		if (mkdirat(dirfd, folder, 0777) < 0 && errno != EEXIST)
			return err_errno(e, "%s: the folder cannot be made", folder);
	}
	return 0;
}

/* Written over rather than cut to nothing first: ext4 takes a file that was cut and written again for one that must be
 * on the disk when it is closed. */
static int write_held(int dirfd, const struct code_file *f, bool again, struct err *e)
{
	mode_t mode = f->mode == 0100755 ? 0755 : 0644;
	struct stat st = {0};
	int fd = openat(dirfd, f->path, O_WRONLY | O_CREAT | (again ? 0 : O_EXCL) | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_errno(e, "%s: cannot be made", f->path);
	int r = f->size ? file_write_all(fd, f->data, f->size) : 0;
	if (r >= 0 && again)
		r = fstat(fd, &st);
	if (r >= 0 && st.st_size > f->size)
		r = ftruncate(fd, f->size);
	if (r < 0)
		err_errno(e, "%s: cannot be written", f->path);
	close(fd);
	return r < 0 ? e->code : 0;
}

static int write_all(const struct code_tree *t, int dirfd, code_skip_fn *skip, void *arg, bool again, struct err *e)
{
	char into[PATH_MAX] = "";
	const char *last = NULL;
	for (size_t i = 0; i < t->len; i++) {
		const struct code_file *f = &t->v[i];
		if (skip && skip(arg, f->path))
			continue;
		if (make_folders(dirfd, f->path, last, e) < 0)
			return e->code;
		last = f->path;
		if (f->link) {
			if (symlinkat(f->link, dirfd, f->path) < 0)
				return err_errno(e, "%s: the link cannot be made", f->path);
		} else if (f->data) {
			if (write_held(dirfd, f, again, e) < 0)
				return e->code;
		} else {
			if (!*into && descriptor_path(dirfd, into) < 0)
				return err_errno(e, "the work folder has no path");
			_free_ char *from = path_join(t->folder, f->path), *to = path_join(into, f->path);
			if (file_copy(from, to, f->mode == 0100755 ? 0755 : 0644, e) < 0)
				return e->code;
		}
	}
	return 0;
}

int code_tree_write(const struct code_tree *t, int dirfd, code_skip_fn *skip, void *arg, struct err *e)
{
	return write_all(t, dirfd, skip, arg, false, e);
}

/* The first file whose path is not before `path`. */
static size_t find_from(const struct code_tree *t, const char *path)
{
	size_t low = 0, high = t->len;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (strcmp(t->v[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct clearing {
	const struct code_tree *t;
	code_skip_fn *skip;
	void *arg;
	mode_t folder_mode; /* of a folder as it is made; 0: not known, then nothing stays */
};

/* Whether what stands at path may stay to be written over: a file of its own, as the tree has it. A second hard link
 * would be written over with it. */
static bool stays(const struct clearing *c, const char *path, const struct stat *st)
{
	size_t i = find_from(c->t, path);
	const struct code_file *f = i < c->t->len && !strcmp(c->t->v[i].path, path) ? &c->t->v[i] : NULL;
	return f && f->data && !f->link && S_ISREG(st->st_mode) && st->st_nlink == 1 && (st->st_mode & 0200) &&
	       (st->st_mode & 07777) == (c->folder_mode & (f->mode == 0100755 ? 0755u : 0644u)) &&
	       !(c->skip && c->skip(c->arg, path));
}

static bool has_below(const struct clearing *c, const char *path)
{
	_free_ char *below = mem_printf("%s/", path);
	size_t i = find_from(c->t, below);
	return i < c->t->len && text_starts(c->t->v[i].path, below) && !(c->skip && c->skip(c->arg, path));
}

static int clear_folder(const struct clearing *c, int dirfd, const char *at, struct err *e)
{
	char full[PATH_MAX];
	int fd = openat(dirfd, *at ? at : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_closedir_ DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	if (!d)
		return err_errno(e, "%s: the work folder cannot be read", at);
	while (errno = 0, entry = readdir(d)) {
		const char *name = entry->d_name;
		struct stat st;
		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		_free_ char *path = *at ? mem_printf("%s/%s", at, name) : mem_strdup(name);
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return err_errno(e, "%s: cannot be looked at", path);
		if (S_ISDIR(st.st_mode) && (st.st_mode & 07777) == c->folder_mode && has_below(c, path)) {
			int r = clear_folder(c, dirfd, path, e);
			if (r < 0)
				return r;
			continue;
		}
		if (stays(c, path, &st))
			continue;
		if (!S_ISDIR(st.st_mode)) {
			if (unlinkat(fd, name, 0) < 0)
				return err_errno(e, "%s: cannot be removed", path);
			continue;
		}
		if (descriptor_path(fd, full) < 0 || strlen(full) + strlen(name) + 2 > sizeof full)
			return err_errno(e, "%s: has no path", path);
		_free_ char *gone = path_join(full, name);
		int r = file_remove_tree(gone, e);
		if (r < 0)
			return r;
	}
	return errno ? err_errno(e, "%s: the work folder cannot be read", at) : 0;
}

/* The mode that a new folder gets, which the work folder is given, too, should a step have changed it. No snapshot
 * holds the name. */
static mode_t take_folder_mode(int dirfd)
{
	static const char trial[] = ".jig";
	struct stat root, st = { 0 };
	if (fstat(dirfd, &root) < 0 || ((root.st_mode & 0700) != 0700 && fchmod(dirfd, 0700) < 0) ||
	    mkdirat(dirfd, trial, 0777) < 0)
		return 0;
	if (fstatat(dirfd, trial, &st, AT_SYMLINK_NOFOLLOW) < 0)
		st.st_mode = 0;
	unlinkat(dirfd, trial, AT_REMOVEDIR);
	st.st_mode &= 07777;
	return (root.st_mode & 07777) == st.st_mode || fchmod(dirfd, st.st_mode) == 0 ? st.st_mode : 0;
}

int code_tree_rewrite(const struct code_tree *t, int dirfd, code_skip_fn *skip, void *arg, struct err *e)
{
	struct clearing c = {.t = t, .skip = skip, .arg = arg, .folder_mode = take_folder_mode(dirfd)};
	int r = clear_folder(&c, dirfd, "", e);
	return r < 0 ? r : write_all(t, dirfd, skip, arg, true, e);
}
