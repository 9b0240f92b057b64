#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__linux__) && !defined(JIG_POSIX)
#include <linux/fs.h>
#endif
#include "base/file.h"
#include "base/time.h"
#include "store/put.h"

/* From this age on an object that is used anew is made young; well below the hour that gc spares. */
#define OLD_S 600

struct store *store_new(const char *dir)
{
	struct store *s = mem_zero(sizeof *s);
	s->dir = mem_strdup(dir);
	s->objects = mem_printf("%s/objects", dir);
	s->tmp = mem_printf("%s/tmp", s->objects);
	s->doubt = mem_printf("%s/store.doubt", dir);
	atomic_init(&s->folder, -1);
	s->held = -1;
	return s;
}

void store_free(struct store *s)
{
	if (!s)
		return;
	store_let_go(s);
	if (atomic_load(&s->folder) >= 0)
		close(atomic_load(&s->folder));
	free(s->dir);
	free(s->objects);
	free(s->tmp);
	free(s->doubt);
	free(s);
}

void layout_folder(const struct store *s, unsigned first, char out[LAYOUT_PATH_MAX])
{
	snprintf(out, LAYOUT_PATH_MAX, "%s/%02x", s->objects, first);
}

void layout_path(const struct store *s, const struct digest *d, char out[LAYOUT_PATH_MAX])
{
	char hex[DIGEST_HEX + 1];
	digest_to_hex(d, hex);
	snprintf(out, LAYOUT_PATH_MAX, "%s/%.2s/%s", s->objects, hex, hex + 2);
}

bool layout_clone(struct store *s, int src, int dst)
{
#ifdef FICLONE
	if (atomic_load(&s->no_clone))
		return false;
	if (ioctl(dst, FICLONE, src) == 0)
		return true;
	/* EXDEV and EINVAL speak of this one source, these of the store's file system. */
	if (errno == EOPNOTSUPP || errno == ENOTTY || errno == ENOSYS)
		atomic_store(&s->no_clone, true);
#else
	atomic_store(&s->no_clone, true);
#endif
	return false;
}

char *store_path(struct store *s, const struct digest *d)
{
	char path[LAYOUT_PATH_MAX];
	layout_path(s, d, path);
	return mem_strdup(path);
}

/* The descriptor of objects/, or -1. Of two threads that open it the first wins. */
static int store_folder(struct store *s)
{
	int fd = atomic_load(&s->folder), none = -1;
	if (fd >= 0)
		return fd;
	fd = open(s->objects, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || atomic_compare_exchange_strong(&s->folder, &none, fd))
		return fd;
	close(fd);
	return none;
}

/* Its stat by a name from the descriptor on: the kernel looks up two parts, not all of the path. */
static bool look_up(struct store *s, const struct digest *d, int *ret_folder, char name[DIGEST_HEX + 2],
                    struct stat *ret)
{
	*ret_folder = store_folder(s);
	digest_to_hex(d, name + 1);
	name[0] = name[1];
	name[1] = name[2];
	name[2] = '/';
	return *ret_folder >= 0 && fstatat(*ret_folder, name, ret, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(ret->st_mode);
}

bool store_has(struct store *s, const struct digest *d, int64_t *ret_size)
{
	char name[DIGEST_HEX + 2];
	struct stat st;
	int folder;
	if (!look_up(s, d, &folder, name, &st))
		return false;
	if (ret_size)
		*ret_size = st.st_size;
	return true;
}

bool store_keep(struct store *s, const struct digest *d, int64_t size)
{
	char name[DIGEST_HEX + 2];
	struct stat st;
	int folder;
	if (!look_up(s, d, &folder, name, &st) || (size >= 0 && st.st_size != size))
		return false;
	return time_now() / US_PER_S - st.st_ctim.tv_sec < OLD_S ||
	       utimensat(folder, name, NULL, AT_SYMLINK_NOFOLLOW) == 0;
}

static int store_open_stat(struct store *s, const struct digest *d, int *ret_fd, struct stat *ret, struct err *e)
{
	char path[LAYOUT_PATH_MAX], hex[DIGEST_HEX + 1];
	layout_path(s, d, path);
	digest_to_hex(d, hex);
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) {
		layout_doubt(s);
		return err_set(e, ERR_NOT_FOUND, "object %s: is not in %s; run the step that made it again", hex,
				s->objects);
	}
	if (fd < 0)
		return err_errno(e, "object %s: cannot open %s", hex, path);
	if (fstat(fd, ret) < 0)
		return err_errno(e, "object %s: cannot stat %s", hex, path);
	if (!S_ISREG(ret->st_mode))
		return err_set(e, ERR_BROKEN, "object %s: %s is not a regular file; remove it and run the step again",
				hex, path);
	*ret_fd = mem_take_fd(fd);
	return 0;
}

int store_open(struct store *s, const struct digest *d, int *ret_fd, struct err *e)
{
	struct stat st;
	return store_open_stat(s, d, ret_fd, &st, e);
}

/* The kernel's own time of a write goes on in steps of milliseconds. */
void layout_doubt(const struct store *s)
{
	struct timespec now[2];
	clock_gettime(CLOCK_REALTIME, &now[0]);
	now[1] = now[0];
	_close_ int fd = open(s->doubt, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd >= 0)
		futimens(fd, now);
}

/* Moves a damaged object to where gc sweeps, unless another process has put it anew since it was opened. */
static bool move_away(struct store *s, const char *path, int fd, const char *to)
{
	return (mkdir(s->tmp, 0700) == 0 || errno == EEXIST) && file_rename_open(path, fd, to);
}

int layout_compare(struct store *s, const struct digest *want, const struct digest *have, int fd, struct err *e)
{
	char hex[DIGEST_HEX + 1], path[LAYOUT_PATH_MAX];
	if (digest_equal(want, have))
		return 0;
	digest_to_hex(want, hex);
	layout_path(s, want, path);
	layout_doubt(s);
	_free_ char *to = mem_printf("%s/%s.damaged", s->tmp, hex);
	if (move_away(s, path, fd, to))
		return err_set(e, ERR_BROKEN,
				"object %s: its content is damaged, and it was moved to %s; run the step that made it "
				"again", hex, to);
	return err_set(e, ERR_BROKEN,
			"object %s: its content is damaged; remove %s and run the step that made it again", hex,
		       path);
}

static int store_hash(const char *path, int fd, int64_t size, struct digest *ret, struct err *e)
{
	_stream_ struct stream st = STREAM_INIT;
	struct stream_job job = { .in = fd, .out = -1, .in_name = path, .expect = size, .early = -1 };
	return stream_run(&st, &job, ret, NULL, e);
}

int store_check(struct store *s, const struct digest *d, struct err *e)
{
	_close_ int fd = -1;
	char path[LAYOUT_PATH_MAX];
	struct digest have;
	struct stat st;
	layout_path(s, d, path);
	int r = store_open_stat(s, d, &fd, &st, e);
	if (r < 0 || (r = store_hash(path, fd, st.st_size, &have, e)) < 0)
		return r;
	return layout_compare(s, d, &have, fd, e);
}

/* The copy is hashed rather than the object, so that what was checked is what is handed out. */
static int store_check_copy(struct store *s, const struct digest *d, const char *path, int64_t size, mode_t mode,
		struct err *e)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct digest have;
	if (fd < 0)
		return err_errno(e, "%s: cannot open", path);
	int r = store_hash(path, fd, size, &have, e);
	if (r < 0)
		return r;
	if (digest_equal(d, &have))
		return fchmod(fd, mode) < 0 ? err_errno(e, "%s: cannot set its mode", path) : 0;
	if ((r = store_check(s, d, e)) < 0)
		return r;
	return err_set(e, ERR_BROKEN, "%s: was changed or damaged while it was written", path);
}

int store_get_file(struct store *s, const struct digest *d, const char *path, mode_t mode, struct err *e)
{
	_close_ int fd = -1;
	char object[LAYOUT_PATH_MAX];
	struct stat st;
	int r = store_open_stat(s, d, &fd, &st, e);
	if (r < 0)
		return r;
	layout_path(s, d, object);
	if ((r = file_copy(object, path, 0600, e)) < 0)
		return r;
	r = store_check_copy(s, d, path, st.st_size, mode, e);
	if (r < 0)
		unlink(path);
	return r;
}

int store_put_file(struct store *s, const char *path, enum store_put how, struct digest *ret, int64_t *ret_size,
		struct err *e)
{
	_putter_ struct putter p = PUTTER_INIT(s);
	struct digest d;
	int64_t size;
	int r = put_file(&p, path, how, &d, &size, e);
	if (r < 0 || (r = put_sync(&p, e)) < 0)
		return r;
	*ret = d;
	if (ret_size)
		*ret_size = size;
	return 0;
}

int store_remove(struct store *s, const struct digest *d, struct err *e)
{
	char path[LAYOUT_PATH_MAX];
	layout_path(s, d, path);
	if (unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR)
		return err_errno(e, "%s: cannot remove", path);
	return 0;
}
