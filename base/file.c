/* Whole files: reading, writing, locks. Trees stand in file_tree.c, copies in file_copy.c. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/path.h"

int file_open(const char *path, struct stat *ret, struct err *e)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, ret) < 0)
		return err_errno(e, "cannot read %s", path);
	if (S_ISFIFO(ret->st_mode)) {
		/* A pipe that is named by a descriptor has no place among the files. */
		_free_ char *real = realpath(path, NULL);
		if (real)
			return err_set(e, ERR_USAGE, "%s is a FIFO, not a file", path);
	}
	if (!S_ISREG(ret->st_mode) && fcntl(fd, F_SETFL, 0) < 0)
		return err_errno(e, "cannot read %s", path);
	return mem_take_fd(fd);
}

static int too_large(const char *path, size_t max, struct err *e)
{
	bool whole = max % (1 << 20) == 0;

	return err_set(e, ERR_USAGE, "%s is larger than the %zu %s that are read of such a file", path,
	               whole ? max >> 20 : max, whole ? "MiB" : "bytes");
}

int file_read(const char *path, size_t max, struct buf *b, struct err *e)
{
	struct stat st;
	_close_ int fd = file_open(path, &st, e);
	size_t before = b->len;

	if (fd < 0)
		return fd;
	size_t guess = S_ISREG(st.st_mode) ? (size_t)st.st_size : 0;
	if (guess > max)
		return too_large(path, max, e);
	buf_reserve(b, guess + 1);
	for (;;) {
		/* One byte more than allowed tells a file that is too large from one that just fits. */
		size_t left = max - (b->len - before);
		size_t room = b->cap - b->len - 1;
		if (room < 4096 && b->len - before > guess)
			room = 64 << 10;
		if (room > left)
			room = left + 1;
		ssize_t n = buf_read(b, fd, room ? room : 1);
		if (n < 0) {
			int errnum = errno;
			buf_cut(b, before);
			errno = errnum;
			return err_errno(e, "cannot read %s", path);
		}
		if (n == 0)
			return 0;
		if (b->len - before > max)
			break;
	}
	buf_cut(b, before);
	return too_large(path, max, e);
}

int file_write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int sync_fd(int fd)
{
#ifdef F_FULLFSYNC
	if (fcntl(fd, F_FULLFSYNC) == 0)
		return 0;
#endif
	/* Some file systems know no fsync of folders. */
	return fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP ? -1 : 0;
}

int file_sync_dir(const char *path, struct err *e)
{
	_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || sync_fd(fd) < 0)
		return err_errno(e, "cannot sync the folder %s", path);
	return 0;
}

int file_write_atomic(const char *path, const void *bytes, size_t n, mode_t mode, struct err *e)
{
	_free_ char *folder = path_parent(path);
	_free_ char *temp = path_join(folder, ".tmp-XXXXXX");
	_close_ int fd = mkostemp(temp, O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, "cannot write %s", path);
	if (file_write_all(fd, bytes, n) < 0 || fchmod(fd, mode) < 0 || sync_fd(fd) < 0 || rename(temp, path) < 0) {
		err_errno(e, "cannot write %s", path);
		unlink(temp);
		return e->code;
	}
	return file_sync_dir(folder, e);
}

int file_write(const char *path, const void *bytes, size_t n, mode_t mode, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	if (fd < 0)
		return err_errno(e, "cannot write %s", path);
	if (file_write_all(fd, bytes, n) < 0) {
		err_errno(e, "cannot write %s", path);
		close(fd);
		return e->code;
	}
	/* Some file systems tell of a full disk only here. */
	if (close(fd) < 0)
		return err_errno(e, "cannot write %s", path);
	return 0;
}

/* mkdir -p of the first n bytes of path, which it changes and puts back. -1 with errno. */
static int make_folders(char *path, size_t n, mode_t mode)
{
	struct stat st;
	char cut = path[n];
	int rc;

	path[n] = '\0';
	rc = mkdir(path, mode);
	if (rc < 0 && errno == ENOENT) {
		size_t parent = n;
		while (parent > 0 && path[parent - 1] != '/')
			parent--;
		while (parent > 0 && path[parent - 1] == '/')
			parent--;
		errno = ENOENT;
		if (parent > 0)
			rc = make_folders(path, parent, mode);
		if (rc == 0)
			rc = mkdir(path, mode);
	}
	if (rc < 0 && errno == EEXIST && stat(path, &st) == 0) {
		rc = S_ISDIR(st.st_mode) ? 0 : -1;
		errno = ENOTDIR;
	}
	path[n] = cut;
	return rc;
}

int file_mkdirs(const char *path, mode_t mode, struct err *e)
{
	_free_ char *copy = mem_strdup(path);
	size_t n = strlen(copy);

	while (n > 1 && copy[n - 1] == '/')
		n--;
	if (make_folders(copy, n, mode) < 0)
		return err_errno(e, "cannot make the folder %s", path);
	return 0;
}

int file_mkdirs_parent(const char *path, mode_t mode, struct err *e)
{
	_free_ char *parent = path_parent(path);

	return file_mkdirs(parent, mode, e);
}

/* A disk that refuses once is asked again: what comes of the answer may be far from the question. */
static int look(int (*ask)(const char *path, struct stat *st), const char *path, struct stat *st)
{
	int r = ask(path, st);

	return r < 0 && err_is_machine(errno) ? ask(path, st) : r;
}

bool file_rename_open(const char *path, int fd, const char *to)
{
	struct stat want, moved;

	if (fstat(fd, &want) < 0 || rename(path, to) < 0)
		return false;
	if (lstat(to, &moved) == 0 && moved.st_ino == want.st_ino && moved.st_dev == want.st_dev)
		return true;
	rename(to, path);
	return false;
}

bool file_exists(const char *path)
{
	struct stat st;

	return look(lstat, path, &st) == 0 || err_is_machine(errno);
}

bool file_is_dir(const char *path)
{
	struct stat st;

	return look(stat, path, &st) == 0 ? S_ISDIR(st.st_mode) : err_is_machine(errno);
}

int file_temp_dir(const char *dir, const char *prefix, char **ret, struct err *e)
{
	_free_ char *path = mem_printf("%s/%s.XXXXXX", dir, prefix);

	if (!mkdtemp(path))
		return err_errno(e, "cannot make a temporary folder in %s", dir);
	*ret = mem_take(path);
	return 0;
}

static int lock_fd(int fd, int operation)
{
	int rc;

	do
		rc = flock(fd, operation);
	while (rc < 0 && errno == EINTR);
	return rc;
}

/* file_locked() of another process holds the lock, shared, for a moment: that is no owner, so try again. The moment may
 * be a long one, where many processes share few cores. */
static int try_lock(int fd)
{
	for (int tries = 0; tries < 3000; tries++) {
		if (lock_fd(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK || lock_fd(fd, LOCK_SH | LOCK_NB) < 0)
			return -1;
		lock_fd(fd, LOCK_UN);
		if (tries < 1000)
			sched_yield();
		else
			usleep(1000);
	}
	errno = EWOULDBLOCK;
	return -1;
}

int file_lock(const char *path, bool wait, int *ret_fd, struct err *e)
{
	for (;;) {
		_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		struct stat held, named;
		if (fd < 0)
			return err_errno(e, "cannot open the lock file %s", path);
		if ((wait ? lock_fd(fd, LOCK_EX) : try_lock(fd)) < 0) {
			if (errno == EWOULDBLOCK)
				return err_set(e, ERR_BUSY, "another process holds the lock %s", path);
			return err_errno(e, "cannot lock %s", path);
		}
		/* The file may have been removed or replaced before the lock came. */
		if (fstat(fd, &held) < 0)
			return err_errno(e, "cannot lock %s", path);
		if (stat(path, &named) < 0 || held.st_ino != named.st_ino || held.st_dev != named.st_dev)
			continue;
		*ret_fd = mem_take_fd(fd);
		return 0;
	}
}

bool file_locked(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && lock_fd(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
