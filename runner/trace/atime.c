#include "runner/trace/atime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "base/vec.h"

/* An access time that nothing has by itself. It is older than the change of the inode that setting it is, so that the
 * next read moves it, however old the content is. */
static const struct timespec unread = {.tv_sec = 1};

static bool is_unread(const struct stat *st)
{
#ifdef __APPLE__
	return st->st_atimespec.tv_sec == unread.tv_sec && st->st_atimespec.tv_nsec == unread.tv_nsec;
#else
	return st->st_atim.tv_sec == unread.tv_sec && st->st_atim.tv_nsec == unread.tv_nsec;
#endif
}

/* The list of what was prepared: paths below work, a NUL behind each. What is not there in the end may have been read
 * before it went. */
static char *list_path(const char *work)
{
	return mem_printf("%s.atimes", work);
}

struct preparing {
	struct buf list;
	VEC(char *) folders;
	char *file; /* one with something in it, NULL: there is none */
};

static void preparing_release(struct preparing *p)
{
	buf_release(&p->list);
	for (size_t i = 0; i < p->folders.len; i++)
		free(p->folders.v[i]);
	vec_release(&p->folders);
	free(p->file);
}
#define _preparing_ _cleanup_(preparing_release)

static int set_unread(const char *path, struct err *e)
{
	const struct timespec t[2] = {unread, {.tv_nsec = UTIME_OMIT}};

	return utimensat(AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW) < 0
	               ? err_errno(e, "cannot set the access time of %s", path)
	               : 0;
}

static int prepare_entry(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct preparing *p = arg;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return 0;
	buf_add(&p->list, rel, strlen(rel) + 1);
	/* The walk itself reads a folder after it was shown. */
	if (S_ISDIR(st->st_mode)) {
		vec_push(&p->folders, mem_strdup(abs));
		return 0;
	}
	if (!p->file && st->st_size > 0)
		p->file = mem_strdup(abs);
	return set_unread(abs, e);
}

/* Whether reading path moves its access time, which is then set back. */
static int try_one(const char *path, bool folder, struct err *e)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (folder ? O_DIRECTORY : 0));
	struct stat before, after;
	char c;

	if (fd < 0 || fstat(fd, &before) < 0)
		return err_errno(e, "cannot read %s", path);
	_closedir_ DIR *d = folder ? fdopendir(fd) : NULL;
	if (d)
		fd = -1;
	errno = 0;
	if (folder ? !d || !readdir(d) : read(fd, &c, 1) < 0)
		return err_errno(e, "cannot read %s", path);
	if (lstat(path, &after) < 0)
		return err_errno(e, "cannot read %s", path);
	if (!is_unread(&before) || is_unread(&after))
		return err_set(e, ERR_BROKEN, "the file system of %s keeps no access times (noatime)", path);
	return set_unread(path, e);
}

int atime_prepare(const char *work, struct err *e)
{
	_preparing_ struct preparing p = {.list = BUF_INIT};
	_free_ char *list = list_path(work);
	const char *network;
	int r;

	if (file_on_network(work, &network))
		return err_set(e, ERR_BROKEN,
		               "%s stands on a network file system (%s), which keeps access times in its own way", work,
		               network);
	if (file_reflinks(work))
		return err_set(e, ERR_BROKEN,
		               "%s stands on a file system where a file can be copied without being read", work);
	if ((r = file_walk(work, prepare_entry, &p, e)) < 0)
		return r;
	vec_push(&p.folders, mem_strdup(work));
	for (size_t i = 0; i < p.folders.len; i++)
		if ((r = set_unread(p.folders.v[i], e)) < 0)
			return r;
	if ((r = try_one(work, true, e)) < 0 || (p.file && (r = try_one(p.file, false, e)) < 0))
		return r;
	return file_write(list, p.list.data, p.list.len, 0600, e);
}

static void look_at(const char *path, struct lookups *l)
{
	struct stat st;

	if (lstat(path, &st) < 0 || !is_unread(&st))
		lookups_add(l, path, LOOKUP_READ);
}

int atime_collect(const char *work, struct lookups *l, struct err *e)
{
	_free_ char *list = list_path(work);
	_buf_ struct buf text = BUF_INIT;
	int r = file_read(list, SIZE_MAX, &text, e);

	if (r < 0)
		return r;
	if (l->witness == WITNESS_NONE)
		l->witness = WITNESS_FILES;
	look_at(work, l);
	for (const char *rel = text.data; rel < text.data + text.len; rel += strlen(rel) + 1) {
		_free_ char *path = path_join(work, rel);
		look_at(path, l);
	}
	return unlink(list) < 0 ? err_errno(e, "cannot remove %s", list) : 0;
}
