/* Walking and removing trees. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/path.h"
#include "base/vec.h"

/* Deeper folders are moved up first, so that no depth runs out of descriptors. */
enum { DEPTH_MOST = 64 };

struct removal {
	int root; /* the outermost folder */
	unsigned moved;
	struct buf path; /* of what is being removed, for messages */
};

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static bool denied(void)
{
	return errno == EACCES || errno == EPERM;
}

static bool is_folder(int dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int open_folder(int dir, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, AT_SYMLINK_NOFOLLOW) == 0)
		fd = openat(dir, name, flags);
	return fd;
}

/* unlinkat that makes the folder writable if that is what it lacks; absent is fine. */
static int remove_at(int dir, const char *name, int flags)
{
	if (unlinkat(dir, name, flags) == 0 || errno == ENOENT)
		return 0;
	int errnum = errno;
	if (denied() && dir != AT_FDCWD && fchmod(dir, 0700) == 0 &&
	    (unlinkat(dir, name, flags) == 0 || errno == ENOENT))
		return 0;
	/* The second try says more only when it was not refused as well. */
	if (!denied())
		errnum = errno;
	errno = errnum;
	return -1;
}

static int move_up(struct removal *r, int dir, const char *name)
{
	char to[32];

	for (;;) {
		snprintf(to, sizeof to, ".removed-%u", r->moved++);
		if (renameat(dir, name, r->root, to) == 0)
			return 0;
		if (errno == EACCES && fchmod(dir, 0700) == 0 && renameat(dir, name, r->root, to) == 0)
			return 0;
		if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR)
			return -1;
	}
}

/* Removes the folder name in dir. -1 with errno; r->path then names the culprit. */
static int remove_folder(struct removal *r, int dir, const char *name, int depth)
{
	int fd = open_folder(dir, name);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (depth == 0)
		r->root = fd;
	_closedir_ DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return -1;
	}
	for (;;) {
		size_t len = r->path.len, removed = 0;
		struct dirent *entry;
		while (errno = 0, entry = readdir(d)) {
			if (is_dots(entry->d_name))
				continue;
			int rc;
			buf_addc(&r->path, '/');
			buf_adds(&r->path, entry->d_name);
			if (!is_folder(fd, entry))
				rc = remove_at(fd, entry->d_name, 0);
			else if (depth < DEPTH_MOST)
				rc = remove_folder(r, fd, entry->d_name, depth + 1);
			else
				rc = move_up(r, fd, entry->d_name);
			if (rc < 0)
				return -1;
			buf_cut(&r->path, len);
			removed++;
		}
		if (errno)
			return -1;
		if (remove_at(dir, name, AT_REMOVEDIR) == 0)
			return 0;
		/* Names that came meanwhile, that readdir left out, or that were moved up here. */
		if ((errno != ENOTEMPTY && errno != EEXIST) || !removed)
			return -1;
		rewinddir(d);
	}
}

int file_remove_tree(const char *path, struct err *e)
{
	struct stat st;

	if (unlinkat(AT_FDCWD, path, 0) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	int errnum = errno;
	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : err_errno(e, "cannot remove %s", path);
	if (!S_ISDIR(st.st_mode)) {
		errno = errnum;
		return err_errno(e, "cannot remove %s", path);
	}
	_free_ char *normal = path_normal(path, NULL);
	struct removal r = {.path = BUF_INIT};
	buf_adds(&r.path, normal);
	int rc = remove_folder(&r, AT_FDCWD, normal, 0);
	if (rc < 0)
		rc = err_errno(e, "cannot remove %s", r.path.data);
	buf_release(&r.path);
	return rc;
}

struct walk {
	file_walk_fn *cb;
	void *arg;
	struct buf path; /* absolute */
	size_t root_len; /* with the slash behind it */
};

struct walk_entry {
	char *name;
	struct stat st;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct walk_entry *)a)->name, ((const struct walk_entry *)b)->name);
}

static int walk_folder(struct walk *w, struct err *e);

static int walk_entry(struct walk *w, const struct walk_entry *entry, struct err *e)
{
	size_t len = w->path.len;

	if (w->path.data[len - 1] != '/')
		buf_addc(&w->path, '/');
	buf_adds(&w->path, entry->name);
	int rc = w->cb(w->arg, w->path.data + w->root_len, w->path.data, &entry->st, e);
	if (rc == 0 && S_ISDIR(entry->st.st_mode))
		rc = walk_folder(w, e);
	buf_cut(&w->path, len);
	return rc < 0 ? rc : 0;
}

/* The folder is closed before its entries are visited, so that the depth costs no descriptors. */
static int walk_folder(struct walk *w, struct err *e)
{
	VEC(struct walk_entry) entries = {0};
	int fd = open(w->path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d) {
		err_errno(e, "cannot read the folder %s", w->path.data);
		if (fd >= 0)
			close(fd);
		return e->code;
	}
	struct dirent *entry;
	while (errno = 0, entry = readdir(d)) {
		struct stat st;
		if (is_dots(entry->d_name))
			continue;
		/* What was removed meanwhile is not there. */
		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			vec_push(&entries, (struct walk_entry){mem_strdup(entry->d_name), st});
		else if (errno != ENOENT)
			break;
	}
	if (errno)
		rc = err_errno(e, "cannot read the folder %s", w->path.data);
	closedir(d);
	if (entries.len > 1)
		qsort(entries.v, entries.len, sizeof *entries.v, by_name);
	for (size_t i = 0; i < entries.len; i++) {
		if (rc == 0)
			rc = walk_entry(w, &entries.v[i], e);
		free(entries.v[i].name);
	}
	vec_release(&entries);
	return rc;
}

int file_walk(const char *root, file_walk_fn *cb, void *arg, struct err *e)
{
	struct walk w = {.cb = cb, .arg = arg, .path = BUF_INIT};

	if (root[0] != '/') {
		_free_ char *here = getcwd(NULL, 0);
		if (!here)
			return err_errno(e, "cannot tell the current folder");
		buf_adds(&w.path, here);
		buf_addc(&w.path, '/');
	}
	buf_adds(&w.path, root);
	_free_ char *normal = path_normal(w.path.data, NULL);
	buf_reset(&w.path);
	buf_adds(&w.path, normal);
	w.root_len = w.path.len + (w.path.len > 1);
	int rc = walk_folder(&w, e);
	buf_release(&w.path);
	return rc;
}
