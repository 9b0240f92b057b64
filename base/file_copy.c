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

/* True when all is copied. Otherwise both offsets stand behind what was copied. */
static bool copy_in_kernel(int from, int to, dev_t device, off_t size)
{
	if (reflink(from, to, device))
		return true;
	while (size > 0) {
		ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		size -= n;
	}
	return false;
}
#endif

static int copy_content(int from, int to, const struct stat *st)
{
	char small[SMALL_FILE];

	if (st->st_size <= SMALL_FILE)
		return copy_bytes(from, to, small, sizeof small);
#ifdef HAVE_REFLINK
	if (copy_in_kernel(from, to, st->st_dev, st->st_size))
		return 0;
#endif
	_free_ char *large = mem_alloc(LARGE_READ);
	return copy_bytes(from, to, large, LARGE_READ);
}

/* One regular file; keep_mode takes the permission bits of the source instead of mode. -1 with errno. */
static int copy_at(int sdir, const char *sname, int flags, int ddir, const char *dname, mode_t mode, bool keep_mode)
{
	_close_ int from = openat(sdir, sname, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	if (keep_mode)
		mode = st.st_mode;
	int to = openat(ddir, dname, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to < 0)
		return -1;
	int rc = copy_content(from, to, &st);
	if (rc == 0)
		rc = fchmod(to, mode & 07777);
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

static int copy_link(int sdir, const char *sname, int ddir, const char *dname)
{
	char target[PATH_MAX + 1];
	ssize_t n = readlinkat(sdir, sname, target, sizeof target - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	return symlinkat(target, ddir, dname);
}

static int copy_entry(int sdir, const char *sname, int ddir, const char *dname, unsigned char type, struct buf *where);

/* where is the path of what is being copied, for messages. */
static int copy_folder(int sdir, const char *sname, int ddir, const char *dname, struct buf *where)
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
	size_t len = where->len;
	while (errno = 0, entry = readdir(d)) {
		const char *name = entry->d_name;
		if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
			continue;
		buf_addc(where, '/');
		buf_adds(where, name);
		if (copy_entry(from, name, to, name, entry->d_type, where) < 0)
			return -1;
		buf_cut(where, len);
	}
	return errno ? -1 : fchmod(to, st.st_mode & 07777);
}

static int copy_entry(int sdir, const char *sname, int ddir, const char *dname, unsigned char type, struct buf *where)
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
		return copy_folder(sdir, sname, ddir, dname, where);
	case DT_REG:
		return copy_at(sdir, sname, O_NOFOLLOW, ddir, dname, 0, true);
	case DT_LNK:
		return copy_link(sdir, sname, ddir, dname);
	}
	return 0;
}

int file_copy_tree(const char *src, const char *dst, struct err *e)
{
	_buf_ struct buf where = BUF_INIT;
	_free_ char *from = path_normal(src, NULL), *to = path_normal(dst, NULL);

	if (file_exists(to))
		return err_set(e, ERR_EXISTS, "cannot copy %s to %s: it exists already", src, dst);
	/* Copying a folder into itself would never end. */
	_free_ char *parent = path_parent(to);
	_free_ char *real_from = realpath(from, NULL), *real_parent = realpath(parent, NULL);
	if (real_from && real_parent && path_within(real_parent, real_from))
		return err_set(e, ERR_USAGE, "cannot copy %s to %s: it lies within", src, dst);
	buf_adds(&where, from);
	if (copy_entry(AT_FDCWD, from, AT_FDCWD, to, DT_UNKNOWN, &where) == 0)
		return 0;
	return copy_failed(where.data, dst, e);
}
