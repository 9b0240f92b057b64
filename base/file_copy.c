/* Copies of files and trees, by the quickest way the file system has. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>
#if defined(__linux__) && !defined(JIG_POSIX)
#include <linux/fs.h>
#include <sys/ioctl.h>
#define HAVE_REFLINK 1
#endif
#include "base/path.h"

enum { SMALL_FILE = 64 << 10, LARGE_READ = 256 << 10, DEVICES = 8 };

static int copy_bytes(int from, int to, char *room, size_t size)
{
	for (;;) {
		ssize_t n = read(from, room, size);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || file_write_all(to, room, (size_t)n) < 0)
			return -1;
	}
}

/* The same with the holes of a sparse file left as holes. */
static int copy_sparse(int from, int to, char *room, size_t size, off_t end)
{
#ifdef SEEK_DATA
	for (off_t at = 0; at < end;) {
		off_t data = lseek(from, at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break;
		off_t hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
		if (hole < 0 || lseek(from, data, SEEK_SET) < 0 || lseek(to, data, SEEK_SET) < 0)
			return -1;
		for (at = data; at < hole;) {
			ssize_t n = read(from, room, (size_t)(hole - at) < size ? (size_t)(hole - at) : size);
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0 || file_write_all(to, room, (size_t)n) < 0)
				return -1;
			if (n == 0)
				return ftruncate(to, at);
			at += n;
		}
	}
	return ftruncate(to, end);
#else
	return copy_bytes(from, to, room, size);
#endif
}

#ifdef HAVE_REFLINK
/* Devices that refused a reflink: asking again for each file would cost more than it can bring. 0 is a free place. */
static _Atomic uint64_t refused[DEVICES];

static bool reflink(int from, int to, dev_t device)
{
	uint64_t id = (uint64_t)device + 1;

	for (int i = 0; i < DEVICES; i++) {
		if (refused[i] == id)
			return false;
	}
	if (ioctl(to, FICLONE, from) == 0)
		return true;
	/* EXDEV speaks of this pair of places only. */
	if (errno == EOPNOTSUPP || errno == ENOTTY || errno == ENOSYS)
		refused[id % DEVICES] = id;
	return false;
}

/* Both offsets stand behind what was copied. */
static void copy_in_kernel(int from, int to, off_t size)
{
	while (size > 0) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		size -= n;
	}
}
#endif

static int copy_content(int from, int to, const struct stat *st)
{
	char small[SMALL_FILE];

	if (st->st_size <= SMALL_FILE)
		return copy_bytes(from, to, small, sizeof small);
#ifdef HAVE_REFLINK
	if (reflink(from, to, st->st_dev))
		return 0;
#endif
	_free_ char *large = mem_alloc(LARGE_READ);
	if ((int64_t)st->st_blocks * 512 < st->st_size)
		return copy_sparse(from, to, large, LARGE_READ, st->st_size);
#ifdef HAVE_REFLINK
	copy_in_kernel(from, to, st->st_size);
#endif
	return copy_bytes(from, to, large, LARGE_READ);
}

/* The time of the last change; that of the last access stays as it is. */
static int copy_time(int to, const struct stat *st)
{
#ifdef __APPLE__
	const struct timespec changed = st->st_mtimespec;
#else
	const struct timespec changed = st->st_mtim;
#endif
	return futimens(to, (const struct timespec[2]){{.tv_nsec = UTIME_OMIT}, changed});
}

/* One regular file; keep takes the permission bits and the time of the source instead of mode. -1 with errno. */
static int copy_at(int sdir, const char *sname, int flags, int ddir, const char *dname, mode_t mode, bool keep)
{
	_close_ int from = openat(sdir, sname, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	if (keep)
		mode = st.st_mode;
	int to = openat(ddir, dname, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return -1;
	int rc = copy_content(from, to, &st);
	if (rc == 0)
		rc = fchmod(to, mode & 07777);
	if (rc == 0 && keep)
		rc = copy_time(to, &st);
	int errnum = errno;
	if (close(to) < 0 && rc == 0) {
		rc = -1;
		errnum = errno;
	}
	if (rc < 0)
		unlinkat(ddir, dname, 0);
	errno = errnum;
	return rc;
}

static int copy_failed(const char *src, const char *dst, struct err *e)
{
	if (errno == EEXIST)
		return err_set(e, ERR_EXISTS, "cannot copy %s to %s: it exists already", src, dst);
	return err_errno(e, "cannot copy %s to %s", src, dst);
}

int file_copy(const char *src, const char *dst, mode_t mode, struct err *e)
{
	return copy_at(AT_FDCWD, src, 0, AT_FDCWD, dst, mode, false) < 0 ? copy_failed(src, dst, e) : 0;
}

/* A tree that is being copied. */
struct copying {
	struct buf where; /* the path of what is being copied, for messages */
	size_t root_len;  /* of src in it, with the slash behind */
	file_copy_link_fn *link;
	void *arg;
};

static int copy_link(struct copying *c, int sdir, const char *sname, int ddir, const char *dname)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlinkat(sdir, sname, target, sizeof target - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	const char *rel = c->where.len > c->root_len ? c->where.data + c->root_len : "";
	return c->link && !c->link(c->arg, rel, target) ? 0 : symlinkat(target, ddir, dname);
}

static int copy_entry(struct copying *c, int sdir, const char *sname, int ddir, const char *dname, unsigned char type);

static int copy_folder(struct copying *c, int sdir, const char *sname, int ddir, const char *dname)
{
	int from = openat(sdir, sname, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	_closedir_ DIR *d = from < 0 ? NULL : fdopendir(from);
	struct stat st;

	if (!d) {
		mem_closep(&from);
		return -1;
	}
	if (fstat(from, &st) < 0 || mkdirat(ddir, dname, 0700) < 0)
		return -1;
	_close_ int to = openat(ddir, dname, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (to < 0)
		return -1;
	struct dirent *entry;
	size_t len = c->where.len;
	while (errno = 0, entry = readdir(d)) {
		const char *name = entry->d_name;
		if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
			continue;
		buf_addc(&c->where, '/');
		buf_adds(&c->where, name);
		if (copy_entry(c, from, name, to, name, entry->d_type) < 0)
			return -1;
		buf_cut(&c->where, len);
	}
	return errno || fchmod(to, st.st_mode & 07777) < 0 ? -1 : copy_time(to, &st);
}

static int copy_entry(struct copying *c, int sdir, const char *sname, int ddir, const char *dname, unsigned char type)
{
	if (type == DT_UNKNOWN) {
		struct stat st;
		if (fstatat(sdir, sname, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return -1;
		type = S_ISDIR(st.st_mode)   ? DT_DIR
		       : S_ISREG(st.st_mode) ? DT_REG
		       : S_ISLNK(st.st_mode) ? DT_LNK
		                             : DT_FIFO;
	}
	switch (type) {
	case DT_DIR:
		return copy_folder(c, sdir, sname, ddir, dname);
	case DT_REG:
		return copy_at(sdir, sname, O_NOFOLLOW, ddir, dname, 0, true);
	case DT_LNK:
		return copy_link(c, sdir, sname, ddir, dname);
	}
	return 0;
}

int file_copy_tree(const char *src, const char *dst, file_copy_link_fn *link, void *arg, struct err *e)
{
	_free_ char *from = path_normal(src, NULL), *to = path_normal(dst, NULL);

	if (file_exists(to))
		return err_set(e, ERR_EXISTS, "cannot copy %s to %s: it exists already", src, dst);
	/* Copying a folder into itself would never end. */
	_free_ char *parent = path_parent(to);
	_free_ char *real_from = realpath(from, NULL), *real_parent = realpath(parent, NULL);
	if (real_from && real_parent && path_within(real_parent, real_from))
		return err_set(e, ERR_USAGE, "cannot copy %s to %s: it lies within", src, dst);
	struct copying c = {.where = BUF_INIT, .root_len = strlen(from) + 1, .link = link, .arg = arg};
	buf_adds(&c.where, from);
	int rc = copy_entry(&c, AT_FDCWD, from, AT_FDCWD, to, DT_UNKNOWN);
	if (rc < 0)
		rc = copy_failed(c.where.data, dst, e);
	buf_release(&c.where);
	return rc;
}

bool file_reflinks(const char *folder)
{
#if defined(HAVE_REFLINK) && defined(O_TMPFILE)
	_close_ int from = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600),
	            to = open(folder, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	return from >= 0 && to >= 0 && write(from, "x", 1) == 1 && ioctl(to, FICLONE, from) == 0;
#else
	return false;
#endif
}
