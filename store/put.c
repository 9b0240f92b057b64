#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/time.h"
#include "store/put.h"

/* An object named this short a time ago may be another process's whose fsync of the folder is still to come. */
#define YOUNG_S 60

void put_release(struct putter *p)
{
	stream_release(&p->stream);
}

void put_merge(struct putter *into, const struct putter *from)
{
	for (unsigned i = 0; i < PUT_FOLDERS; i++)
		into->touched[i] |= from->touched[i];
	into->new_folder |= from->new_folder;
	into->new_store |= from->new_store;
}

int put_sync(struct putter *p, struct err *e)
{
	char folder[LAYOUT_PATH_MAX];
	int r = 0;
	for (unsigned i = 0; i < PUT_FOLDERS && r == 0; i++) {
		if (!p->touched[i])
			continue;
		layout_folder(p->s, i, folder);
		r = file_sync_dir(folder, e);
		p->touched[i] = false;
	}
	if (r == 0 && p->new_folder)
		r = file_sync_dir(p->s->objects, e);
	if (r == 0 && p->new_store)
		r = file_sync_dir(p->s->dir, e);
	p->new_folder = p->new_store = false;
	return r;
}

int put_open(const char *path, int *ret_fd, struct stat *ret, struct err *e)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno == ELOOP)
			return err_set(e, ERR_USAGE, "%s: is a link; name the file that it points to", path);
		if (errno == ENXIO || errno == ENODEV)
			return err_set(e, ERR_USAGE, "%s: is not a regular file", path);
		return err_errno(e, "%s: cannot open", path);
	}
	if (fstat(fd, ret) < 0)
		return err_errno(e, "%s: cannot stat", path);
	if (S_ISDIR(ret->st_mode))
		return err_set(e, ERR_USAGE, "%s: is a folder, a file was expected; write it with a \"/\" at its end",
				path);
	if (!S_ISREG(ret->st_mode))
		return err_set(e, ERR_USAGE, "%s: is not a regular file", path);
	*ret_fd = mem_take_fd(fd);
	return 0;
}

int put_unchanged(const char *path, const struct stat *before, int64_t read, struct err *e)
{
	struct stat now;
	if (lstat(path, &now) < 0)
		return err_errno(e, "%s: is gone while it was read", path);
	if (now.st_ino != before->st_ino || now.st_dev != before->st_dev || now.st_size != before->st_size ||
	    now.st_mtim.tv_sec != before->st_mtim.tv_sec || now.st_mtim.tv_nsec != before->st_mtim.tv_nsec ||
	    read != before->st_size)
		return err_set(e, ERR_BROKEN, "%s: changed while it was read; let its writer end first", path);
	return 0;
}

/* Whether the object stands there with the right size and, where `check` says so, its content: what has just been made
 * is better than an object that was damaged. Then its name is to be made durable if it is young. An old one is made
 * young again: it may be garbage that nobody names yet, and gc spares what is young. */
static bool put_present(struct putter *p, const char *object, const struct digest *d, int64_t size, bool check)
{
	struct err damaged;
	struct stat st;
	if (lstat(object, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != size)
		return false;
	if (time_now() / US_PER_S - st.st_ctim.tv_sec < YOUNG_S)
		p->touched[d->b[0]] = p->new_folder = true;
	else if (utimensat(AT_FDCWD, object, NULL, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	return !check || store_check(p->s, d, &damaged) >= 0;
}

/* objects/, objects/tmp/ and, for d, its folder: made when a first call without them failed. */
static int put_folders(struct putter *p, const struct digest *d, struct err *e)
{
	char folder[LAYOUT_PATH_MAX];
	bool had = file_is_dir(p->s->objects);
	int r = file_mkdirs(p->s->tmp, 0700, e);
	if (r < 0)
		return r;
	if (!had)
		p->new_store = true;
	p->new_folder = true;
	if (!d)
		return 0;
	layout_folder(p->s, d->b[0], folder);
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return err_errno(e, "%s: cannot make the folder", folder);
	return 0;
}

/* Renames a complete file to its object's name. 0, 1 when it stands on another file system, or negative. */
static int put_rename(struct putter *p, const char *from, const char *object, const struct digest *d, struct err *e)
{
	int done = rename(from, object);
	if (done < 0 && errno == ENOENT) {
		int r = put_folders(p, d, e);
		if (r < 0)
			return r;
		done = rename(from, object);
	}
	if (done < 0)
		return errno == EXDEV ? 1 : err_errno(e, "%s: cannot become %s", from, object);
	fault_point("object-named");
	p->touched[d->b[0]] = true;
	return 0;
}

/* A temporary file: locked as long as its descriptor is open, so that store_sweep leaves it alone. */
struct temp {
	int fd;
	char path[LAYOUT_PATH_MAX];
};

static void temp_release(struct temp *t)
{
	if (t->fd < 0)
		return;
	if (t->path[0])
		unlink(t->path);
	close(t->fd);
}
#define _temp_ _cleanup_(temp_release)

static int temp_open(struct putter *p, struct temp *t, struct err *e)
{
	for (;;) {
		snprintf(t->path, sizeof t->path, "%s/%ld-%u", p->s->tmp, (long)getpid(),
			 atomic_fetch_add(&p->s->temp_next, 1));
		_close_ int fd = open(t->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0) {
			if (errno == EEXIST)
				continue;
			if (errno != ENOENT)
				return err_errno(e, "%s: cannot make a temporary file", t->path);
			int r = put_folders(p, NULL, e);
			if (r < 0)
				return r;
			if (!file_is_dir(p->s->tmp))
				return err_set(e, ERR_BROKEN, "%s: the folder goes as soon as it is made", p->s->tmp);
			continue;
		}
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR) {
				int r = err_errno(e, "%s: cannot lock", t->path);
				unlink(t->path);
				return r;
			}
		/* A sweep between open and flock may have taken the name away. */
		struct stat st;
		if (fstat(fd, &st) == 0 && st.st_nlink == 0)
			continue;
		t->fd = mem_take_fd(fd);
		return 0;
	}
}

/* fsync, read-only, and the object's name. */
static int temp_publish(struct putter *p, struct temp *t, const char *object, const struct digest *d, struct err *e)
{
	if (fsync(t->fd) < 0)
		return err_errno(e, "%s: cannot write to the disk", t->path);
	if (fchmod(t->fd, 0444) < 0)
		return err_errno(e, "%s: cannot make read-only", t->path);
	int r = put_rename(p, t->path, object, d, e);
	if (r > 0)
		return err_set(e, ERR_BROKEN,
				"%s: stands on another file system than %s; make it a folder of the same one",
			       p->s->tmp, object);
	if (r == 0)
		t->path[0] = 0;
	return r;
}

static int put_known_bytes(struct putter *p, const void *bytes, size_t n, const char *object, const struct digest *d,
			   struct err *e)
{
	_temp_ struct temp t = { .fd = -1 };
	int r = temp_open(p, &t, e);
	if (r < 0)
		return r;
	if (file_write_all(t.fd, bytes, n) < 0)
		return err_errno(e, "%s: cannot write", t.path);
	return temp_publish(p, &t, object, d, e);
}

int put_bytes(struct putter *p, const void *bytes, size_t n, struct digest *ret, struct err *e)
{
	char object[LAYOUT_PATH_MAX];
	struct digest d;
	sha256_bytes(bytes, n, &d);
	layout_path(p->s, &d, object);
	if (!put_present(p, object, &d, (int64_t)n, true)) {
		int r = put_known_bytes(p, bytes, n, object, &d, e);
		if (r < 0)
			return r;
	}
	*ret = d;
	return 0;
}

/* Where blocks can be shared the clone is hashed and not the source, so what is stored is what was hashed.
 * 0, 1 when cloning is not to be had here, or negative. */
static int put_clone(struct putter *p, int fd, const char *path, const struct stat *st, bool check,
		struct digest *ret, struct err *e)
{
	if (atomic_load(&p->s->no_clone) || st->st_size == 0)
		return 1;
	_temp_ struct temp t = { .fd = -1 };
	char object[LAYOUT_PATH_MAX];
	int64_t size;
	int r = temp_open(p, &t, e);
	if (r < 0)
		return r;
	if (!layout_clone(p->s, fd, t.fd))
		return 1;
	struct stream_job job = { .in = t.fd, .out = -1, .in_name = t.path, .expect = st->st_size, .early = -1 };
	if ((r = stream_run(&p->stream, &job, ret, &size, e)) < 0 || (r = put_unchanged(path, st, size, e)) < 0)
		return r;
	layout_path(p->s, ret, object);
	return put_present(p, object, ret, size, check) ? 0 : temp_publish(p, &t, object, ret, e);
}

static int put_copy(struct putter *p, int fd, const char *path, const struct stat *st, bool check,
		struct digest *ret, struct err *e)
{
	int r = put_clone(p, fd, path, st, check, ret, e);
	if (r <= 0)
		return r;
	char object[LAYOUT_PATH_MAX];
	struct digest d;
	int64_t size;
	struct stream_job job = { .in = fd, .out = -1, .in_name = path, .expect = st->st_size, .early = -1 };
	if ((r = stream_run(&p->stream, &job, ret, &size, e)) < 0 || (r = put_unchanged(path, st, size, e)) < 0)
		return r;
	layout_path(p->s, ret, object);
	if (put_present(p, object, ret, size, check))
		return 0;
	if (p->stream.whole)
		return put_known_bytes(p, p->stream.buf, (size_t)size, object, ret, e);
	_temp_ struct temp t = { .fd = -1 };
	if ((r = temp_open(p, &t, e)) < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(e, "%s: cannot read", path);
	job.out = job.early = t.fd;
	job.out_name = t.path;
	if ((r = stream_run(&p->stream, &job, &d, &size, e)) < 0 || (r = put_unchanged(path, st, size, e)) < 0)
		return r;
	if (!digest_equal(&d, ret))
		return err_set(e, ERR_BROKEN, "%s: changed while it was read; let its writer end first", path);
	return temp_publish(p, &t, object, ret, e);
}

/* Spares the early writes of a source that cannot be renamed; where nothing is known yet, rename will tell. */
static bool put_same_device(struct putter *p, const struct stat *st)
{
	struct stat own;
	if (p->dev < 0 && (stat(p->s->objects, &own) == 0 || stat(p->s->dir, &own) == 0))
		p->dev = (int64_t)own.st_dev;
	return p->dev < 0 || p->dev == (int64_t)st->st_dev;
}

/* The file itself becomes the object. 0, 1 when it has to be copied, or negative. */
static int put_rename_source(struct putter *p, int fd, const char *path, const struct stat *st, struct digest *ret,
			     struct err *e)
{
	char object[LAYOUT_PATH_MAX];
	int64_t size;
	struct stream_job job = { .in = fd, .out = -1, .in_name = path, .expect = st->st_size, .early = fd };
	int r = stream_run(&p->stream, &job, ret, &size, e);
	if (r < 0)
		return r;
	layout_path(p->s, ret, object);
	bool present = put_present(p, object, ret, size, true);
	if (!present && fsync(fd) < 0)
		return err_errno(e, "%s: cannot write to the disk", path);
	if ((r = put_unchanged(path, st, size, e)) < 0)
		return r;
	if (present)
		return unlink(path) < 0 ? err_errno(e, "%s: is stored and cannot be removed", path) : 0;
	if (fchmod(fd, 0444) < 0) /* another user's file */
		return errno == EPERM ? 1 : err_errno(e, "%s: cannot make read-only", path);
	r = put_rename(p, path, object, ret, e);
	if (r != 0)
		fchmod(fd, st->st_mode & 07777);
	return r;
}

int put_file(struct putter *p, const char *path, enum store_put how, struct digest *ret, int64_t *ret_size,
		struct err *e)
{
	_close_ int fd = -1;
	struct stat st;
	struct digest d;
	int r = put_open(path, &fd, &st, e);
	if (r < 0)
		return r;
	bool move = how == STORE_MOVE && st.st_nlink == 1 && put_same_device(p, &st);
	r = move ? put_rename_source(p, fd, path, &st, &d, e) : 1;
	if (r < 0)
		return r;
	if (r > 0) {
		if (move && lseek(fd, 0, SEEK_SET) < 0)
			return err_errno(e, "%s: cannot read", path);
		if ((r = put_copy(p, fd, path, &st, how != STORE_COPY, &d, e)) < 0)
			return r;
		if (how == STORE_MOVE && unlink(path) < 0)
			return err_errno(e, "%s: is stored and cannot be removed", path);
	}
	*ret = d;
	if (ret_size)
		*ret_size = st.st_size;
	return 0;
}
