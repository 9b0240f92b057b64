#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/sha256.h"
#include "runner/code/code.h"
#include "runner/code/code_list.h"
#include "runner/code/code_repo.h"

#define STREAM_FROM (4 << 20) /* larger files pass through in pieces */
#define PIECE (256 << 10)

void code_repo_release(struct code_repo *r)
{
	if (r->odb)
		git2.odb_free(r->odb);
	if (r->repo)
		git2.repository_free(r->repo);
	free(r->path);
	vec_release(&r->fresh);
	buf_release(&r->buf);
	*r = (struct code_repo)CODE_REPO_INIT;
}

static int fill_new(const char *folder, struct err *e)
{
	static const struct {
		const char *name, *text;
	} parts[] = {
	        {"objects/info", NULL},
	        {"objects/pack", NULL},
	        {"refs/heads", NULL},
	        {"refs/jig/run", NULL},
	        {"HEAD", "ref: refs/heads/main\n"},
	        /* Without a limit of age: what no run names any more goes when `jig gc` says so, not before. */
	        {"config",
	         "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n[gc]\n\tauto = 0\n"},
	        {"description", "Snapshots of the code, by jig. One ref per run: refs/jig/run/<number>\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		_free_ char *path = path_join(folder, parts[i].name);
		int r = parts[i].text ? file_write(path, parts[i].text, strlen(parts[i].text), 0600, e)
		                      : file_mkdirs(path, 0700, e);
		if (r < 0)
			return r;
	}
	return 0;
}

int code_repo_create(struct code_repo *r, const char *jig, struct err *e)
{
	r->path = path_join(jig, "code.git");
	if (file_is_dir(r->path))
		return 0;
	_free_ char *temp = NULL;
	if (file_temp_dir(jig, "code.new", &temp, e) < 0)
		return e->code;
	if (fill_new(temp, e) < 0) {
		struct err ignored;
		file_remove_tree(temp, &ignored);
		return err_prefix(e, "%s: cannot be made", r->path);
	}
	if (rename(temp, r->path) < 0)
		return err_errno(e, "%s: cannot rename to %s", temp, r->path);
	return file_sync_dir(jig, e);
}

int code_repo_open(struct code_repo *r, const char *jig, struct err *e)
{
	r->path = path_join(jig, "code.git");
	if (!file_is_dir(r->path))
		return err_set(e, ERR_NOT_FOUND,
		               "%s: there is no snapshot in this project yet; jig run takes the first", r->path);
	return code_repo_load(r, e);
}

int code_repo_load(struct code_repo *r, struct err *e)
{
	if (r->odb)
		return 0;
	if (git2_load(e) < 0)
		return e->code;
	if (!r->repo && git2.repository_open_bare(&r->repo, r->path) < 0)
		return git2_error(e, ERR_BROKEN, "%s: cannot be opened (jig fsck tells what is damaged)", r->path);
	if (git2.repository_odb(&r->odb, r->repo) < 0)
		return git2_error(e, ERR_BROKEN, "%s: its objects cannot be read", r->path);
	return 0;
}

char *code_repo_object_path(const struct code_repo *r, const git_oid *id)
{
	char hex[41];
	code_oid_hex(id->id, hex);
	return mem_printf("%s/objects/%.2s/%s", r->path, hex, hex + 2);
}

bool code_repo_has(struct code_repo *r, const git_oid *id)
{
	_free_ char *path = code_repo_object_path(r, id);
	if (!access(path, R_OK))
		return true;
	struct err ignored;
	return code_repo_load(r, &ignored) == 0 && git2.odb_exists_ext(r->odb, id, 0);
}

int64_t code_repo_loose_size(const struct code_repo *r, const git_oid *id)
{
	_free_ char *path = code_repo_object_path(r, id);
	struct stat st;
	return stat(path, &st) < 0 ? -1 : (int64_t)st.st_size;
}

/* Whether to look again after a lookup that found nothing. */
static bool is_refused(const struct code_repo *r, const git_oid *id, int *result)
{
	_free_ char *path = code_repo_object_path(r, id);
	struct stat st;
	if (*result != GIT_ENOTFOUND || (lstat(path, &st) < 0 && !err_is_machine(errno)))
		return false;
	*result = GIT_ERROR;
	return true;
}

void code_repo_distrust(const struct code_repo *r)
{
	_free_ char *cache = path_join(r->path, "jig-stat");
	unlink(cache);
}

/* What can be read to its end, and libgit2 cannot make sense of, is damaged. */
static void move_away(const struct code_repo *r, const git_oid *id, int fd)
{
	struct digest ignored_digest;
	struct err ignored;
	if (err_is_machine(errno) || sha256_fd(fd, &ignored_digest, NULL, &ignored) < 0)
		return;
	_free_ char *path = code_repo_object_path(r, id), *folder = path_parent(path);
	_free_ char *to = mem_printf("%s/tmp_%s", folder, path_base(path));
	if (file_rename_open(path, fd, to))
		code_repo_distrust(r);
}

/* What was tried so far. fd: the loose object that libgit2 could not make sense of. */
struct look {
	bool refused;
	int fd;
};

/* Whether libgit2 is to look once more: for what the disk refused, and for what is not right. Another process may have
 * written that anew meanwhile; only what was there before the last look and is wrong in it is damaged. */
static bool is_to_look_again(const struct code_repo *r, const git_oid *id, struct look *look, int *result)
{
	bool refused = *result < 0 && is_refused(r, id, result);
	if (refused && !look->refused)
		return look->refused = true;
	int errnum = errno;
	bool wrong = *result < 0 && *result != GIT_ENOTFOUND, again = false;
	if (wrong && look->fd < 0) {
		_free_ char *path = code_repo_object_path(r, id);
		look->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		again = look->fd >= 0;
	} else if (wrong) {
		move_away(r, id, look->fd);
	}
	if (!again && look->fd >= 0)
		close(look->fd);
	errno = errnum;
	return again;
}

#define LOOK(call) \
	struct look look = {.fd = -1}; \
	int result; \
	do { \
		errno = 0; \
		result = call; \
	} while (is_to_look_again(r, id, &look, &result)); \
	return result

int code_repo_tree(struct code_repo *r, const git_oid *id, git_tree **ret)
{
	LOOK(git2.tree_lookup(ret, r->repo, id));
}

int code_repo_read(struct code_repo *r, const git_oid *id, git_odb_object **ret)
{
	LOOK(git2.odb_read(ret, r->odb, id));
}

int code_repo_header(struct code_repo *r, const git_oid *id, size_t *ret_size, git_object_t *ret_type)
{
	LOOK(git2.odb_read_header(ret_size, ret_type, r->odb, id));
}

void code_repo_touch(const struct code_repo *r, const git_oid *id)
{
	_free_ char *path = code_repo_object_path(r, id);
	utimensat(AT_FDCWD, path, NULL, 0);
}

int code_repo_write(struct code_repo *r, const void *bytes, size_t n, git_object_t type, git_oid *ret, struct err *e)
{
	git_oid id;
	if (code_repo_load(r, e) < 0)
		return e->code;
	if (git2.odb_hash(&id, bytes, n, type) < 0)
		return git2_error(e, ERR_BROKEN, "cannot hash");
	if (!git2.odb_exists_ext(r->odb, &id, GIT_ODB_LOOKUP_NO_REFRESH)) {
		if (git2.odb_write(&id, r->odb, bytes, n, type) < 0)
			return git2_error(e, ERR_BROKEN, "%s: cannot be written", r->path);
		vec_push(&r->fresh, id);
	}
	*ret = id;
	return 0;
}

static int write_stream(struct code_repo *r, int fd, int64_t size, git_oid *ret, struct err *e)
{
	_git_(odb_stream) git_odb_stream *stream = NULL;
	git_oid id;
	if (git2.odb_open_wstream(&stream, r->odb, size, GIT_OBJECT_BLOB) < 0)
		return git2_error(e, ERR_BROKEN, "%s: cannot be written", r->path);
	for (int64_t done = 0; done < size;) {
		buf_reset(&r->buf);
		ssize_t n = buf_read(&r->buf, fd, size - done < PIECE ? size - done : PIECE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "cannot read");
		if (n == 0)
			return 1;
		if (git2.odb_stream_write(stream, r->buf.data, n) < 0)
			return git2_error(e, ERR_BROKEN, "%s: cannot be written", r->path);
		done += n;
	}
	if (git2.odb_stream_finalize_write(&id, stream) < 0)
		return git2_error(e, ERR_BROKEN, "%s: cannot be written", r->path);
	vec_push(&r->fresh, id);
	*ret = id;
	return 0;
}

int code_repo_write_file(struct code_repo *r, int fd, int64_t size, git_oid *ret, struct err *e)
{
	if (code_repo_load(r, e) < 0)
		return e->code;
	if (size > STREAM_FROM)
		return write_stream(r, fd, size, ret, e);
	buf_reset(&r->buf);
	buf_reserve(&r->buf, size + 1);
	for (;;) {
		ssize_t n = buf_read(&r->buf, fd, size + 1 - r->buf.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "cannot read");
		if ((int64_t)r->buf.len > size)
			return 1;
		if (n == 0)
			break;
	}
	if ((int64_t)r->buf.len != size)
		return 1;
	return code_repo_write(r, r->buf.data, r->buf.len, GIT_OBJECT_BLOB, ret, e);
}

static int sync_loose(const struct code_repo *r, const git_oid *id, bool start, bool last, struct err *e)
{
	_free_ char *path = code_repo_object_path(r, id);
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0
		                       : err_errno(e, "%s: cannot open",
		                                   path); /* a packed object is older than this snapshot */
#if defined(__linux__) && !defined(JIG_POSIX)
	if (start) { /* a hint: the second pass waits */
		sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
		return 0;
	}
	if (!last) {
		unsigned wait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
		if (!sync_file_range(fd, 0, 0, wait))
			return 0;
	}
#else
	if (start)
		return 0;
#endif
	return fsync(fd) < 0 ? err_errno(e, "%s: cannot sync", path) : 0;
}

/* As git's core.fsyncMethod=batch: the data of all files is written out, then one fsync flushes the disk's cache and
 * commits the file system's journal, with the names of all of them. Where that cannot be had each file is synced. */
int code_repo_sync(struct code_repo *r, struct err *e)
{
	for (int start = r->fresh.len > 1; start >= 0; start--)
		for (size_t i = 0; i < r->fresh.len; i++)
			if (sync_loose(r, &r->fresh.v[i], start, i + 1 == r->fresh.len, e) < 0)
				return e->code;
	if (r->fresh.len) {
		_free_ char *objects = path_join(r->path, "objects");
		if (file_sync_dir(objects, e) < 0)
			return e->code;
	}
	vec_clear(&r->fresh);
	return 0;
}

int code_repo_ref(struct code_repo *r, const char *name, const char *hex, bool durable, struct err *e)
{
	_free_ char *path = mem_printf("%s/refs/jig/%s", r->path, name);
	char line[42];
	memcpy(line, hex, 40);
	line[40] = '\n';
	line[41] = 0;
	if (file_mkdirs_parent(path, 0700, e) < 0) /* git pack-refs removes folders that it empties */
		return e->code;
	if (durable)
		return file_write_atomic(path, line, 41, 0600, e);
	char old[41];
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, old, sizeof old) == sizeof old && !memcmp(old, line, sizeof old))
		return 0;
	_free_ char *temp = mem_printf("%s.new", path);
	if (file_write(temp, line, 41, 0600, e) < 0)
		return e->code;
	return rename(temp, path) < 0 ? err_errno(e, "%s: cannot rename to %s", temp, path) : 0;
}
