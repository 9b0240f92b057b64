#include "runner/trace/observe_call.h"

#ifndef JIG_POSIX

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "runner/process/observe_calls.h"

enum {
	PAGE = 4096,         /* the smallest there is: what lies in one can be read or not as a whole */
	CHUNK = 512,         /* most paths are shorter */
	NUMBERS = 1024,      /* of calls */
	RESOLVE_ROOT = 0x10, /* RESOLVE_IN_ROOT: the descriptor is the root */
	EXCHANGE = 2,        /* RENAME_EXCHANGE */
};
static const char unreadable[] = "the memory of a process could not be read",
                  others_folders[] = "it looked through the folders of another process";

/* ---- memory ---- */

/* n bytes at `from`, or fewer where the readable ones end. -1 with errno when there are none. */
static ssize_t peek(pid_t tid, uint64_t from, void *to, size_t n)
{
	struct iovec local = {.iov_base = to, .iov_len = n},
	             remote = {.iov_base = (void *)(uintptr_t)from, .iov_len = n};
	ssize_t got = process_vm_readv(tid, &local, 1, &remote, 1, 0);
	char path[32];

	if (got > 0 || errno == EFAULT || errno == ESRCH)
		return got > 0 ? got : -1;
	snprintf(path, sizeof path, "/proc/%d/mem", (int)tid);
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = pread(fd, to, n, (off_t)from);
	if (got <= 0)
		errno = EFAULT;
	return got > 0 ? got : -1;
}

enum peeked { PEEK_TEXT, PEEK_NONE /* the call itself will find nothing there */, PEEK_DENIED };

/* The NUL-ended path at `from`. */
static enum peeked peek_path(pid_t tid, uint64_t from, char to[PATH_MAX])
{
	size_t have = 0;

	if (!from)
		return PEEK_NONE;
	while (have < PATH_MAX) {
		size_t n = PAGE - (from + have) % PAGE;

		if (n > CHUNK)
			n = CHUNK;
		if (n > PATH_MAX - have)
			n = PATH_MAX - have;
		ssize_t got = peek(tid, from + have, to + have, n);
		if (got < 0)
			return errno == EFAULT || errno == ESRCH ? PEEK_NONE : PEEK_DENIED;
		if (memchr(to + have, '\0', (size_t)got))
			return PEEK_TEXT;
		have += (size_t)got;
	}
	return PEEK_NONE;
}

/* ---- paths ---- */

/* Appends where a link of /proc/TID leads: "cwd", "fd/N". False when that is no path. */
static bool add_link(struct buf *b, pid_t tid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)tid, name);
	buf_reserve(b, PATH_MAX);
	ssize_t n = readlink(path, b->data + b->len, PATH_MAX);
	if (n <= 0 || n >= PATH_MAX || b->data[b->len] != '/')
		return false;
	b->len += (size_t)n;
	b->data[b->len] = '\0';
	return true;
}

static bool add_folder(struct buf *b, pid_t tid, int fd)
{
	char name[32];

	if (fd == AT_FDCWD)
		return add_link(b, tid, "cwd");
	if (fd < 0)
		return false;
	snprintf(name, sizeof name, "fd/%d", fd);
	return add_link(b, tid, name);
}

/* The number that stands at *p, which goes behind it. -1: none. */
static int take_number(const char **p)
{
	const char *start = *p;
	int n = 0;

	while (**p >= '0' && **p <= '9' && n < 100000000)
		n = n * 10 + *(*p)++ - '0';
	return *p > start && (**p == '/' || **p == '\0') ? n : -1;
}

static const char *behind(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(path, prefix, n) == 0 ? path + n : NULL;
}

/* What stands behind /proc/PID/ in a path; NULL: it leads elsewhere. *ret_own: it is the process's own. */
static const char *in_proc(const char *path, pid_t tid, bool *ret_own)
{
	static const char *const streams[] = {"/dev/stdin", "/dev/stdout", "/dev/stderr"}, *const names[] = {"fd/0",
	                                                                                                     "fd/1",
	                                                                                                     "fd/2"};
	const char *rest;

	*ret_own = true;
	if ((rest = behind(path, "/proc/self/")) || (rest = behind(path, "/proc/thread-self/")))
		return rest;
	if (behind(path, "/dev/fd/"))
		return path + strlen("/dev/");
	for (size_t i = 0; i < ARRAY_LEN(streams); i++)
		if (strcmp(path, streams[i]) == 0)
			return names[i];
	if (!(rest = behind(path, "/proc/")))
		return NULL;
	int pid = take_number(&rest);
	*ret_own = pid == tid;
	return pid >= 0 && *rest == '/' ? rest + 1 : NULL;
}

/* How much of it is a link to some other folder or file. */
static size_t link_in_proc(const char *rest)
{
	const char *p;

	if (((p = behind(rest, "cwd")) || (p = behind(rest, "root"))) && (*p == '\0' || *p == '/'))
		return (size_t)(p - rest);
	if ((p = behind(rest, "fd/")) && take_number(&p) >= 0)
		return (size_t)(p - rest);
	return 0;
}

/* Appends an absolute path as the process means it: /proc/self is another folder to us. False when it leads to no
 * path. */
static bool add_absolute(struct observe_call *c, struct buf *b, pid_t tid, const char *path, unsigned how)
{
	bool own;
	const char *rest = path[1] == 'p' || path[1] == 'd' ? in_proc(path, tid, &own) : NULL;
	size_t n = rest ? link_in_proc(rest) : 0;
	char name[32];

	if (n == 0 || n >= sizeof name || !own) {
		if (n && (rest[n] || (how & LOOKUP_READ)))
			c->blind = others_folders;
		buf_adds(b, path);
		return true;
	}
	snprintf(name, sizeof name, "%.*s", (int)n, rest);
	if (!add_link(b, tid, name))
		return false;
	if (rest[n] && b->len == 1)
		buf_cut(b, 0);
	buf_adds(b, rest + n);
	return true;
}

/* Adds a look at a path as the call has it. */
static void look_text(struct observe_call *c, pid_t tid, int folder, const char *path, unsigned how)
{
	struct observe_look *l = &c->looks[c->n];

	buf_reset(&l->path);
	if (*path == '/') {
		if (!add_absolute(c, &l->path, tid, path, how))
			return;
	} else {
		if (!add_folder(&l->path, tid, folder))
			return;
		if (l->path.data[l->path.len - 1] != '/')
			buf_addc(&l->path, '/');
		buf_adds(&l->path, path);
	}
	l->how = how;
	c->n++;
}

/* A look at what a descriptor stands for. */
static void look_descriptor(struct observe_call *c, pid_t tid, int fd, unsigned how)
{
	struct observe_look *l = &c->looks[c->n];

	buf_reset(&l->path);
	if (!add_folder(&l->path, tid, fd))
		return;
	l->how = how;
	c->n++;
}

/* The path at `at`, in to; false: there is none, or it was found out already that it cannot be read. */
static bool take_path(struct observe_call *c, pid_t tid, uint64_t at, char to[PATH_MAX])
{
	enum peeked p = peek_path(tid, at, to);

	if (p == PEEK_DENIED)
		c->blind = unreadable;
	return p == PEEK_TEXT;
}

/* ---- calls ---- */

static unsigned how_opened(uint64_t flags)
{
	unsigned follow = flags & O_NOFOLLOW ? LOOKUP_LSTAT : 0;

	if (flags & O_PATH)
		return follow ? LOOKUP_LSTAT : LOOKUP_STAT;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		return LOOKUP_STAT;
	/* Whether it was there decides. */
	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		follow = LOOKUP_LSTAT;
	if ((flags & O_ACCMODE) == O_WRONLY)
		return LOOKUP_WRITE | (flags & O_CREAT ? follow : LOOKUP_STAT | follow);
	return LOOKUP_READ | follow | ((flags & O_ACCMODE) == O_RDWR ? (unsigned)LOOKUP_WRITE : 0);
}

static unsigned how_followed(unsigned how, uint64_t flags)
{
	if ((flags & AT_SYMLINK_NOFOLLOW) && (how & LOOKUP_STAT))
		return (how & ~(unsigned)LOOKUP_STAT) | LOOKUP_LSTAT;
	if ((flags & AT_SYMLINK_FOLLOW) && (how & LOOKUP_LSTAT))
		return (how & ~(unsigned)LOOKUP_LSTAT) | LOOKUP_STAT;
	return how;
}

static uint8_t place[NUMBERS]; /* in observe_syscalls, + 1 */

static void fill_places(void)
{
	for (size_t i = 0; i < observe_nsyscalls; i++)
		place[observe_syscalls[i].nr] = (uint8_t)(i + 1);
}

static const struct observe_syscall *find_call(int nr)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fill_places);
	return nr >= 0 && nr < NUMBERS && place[nr] ? &observe_syscalls[place[nr] - 1] : NULL;
}

static uint64_t argument(const struct seccomp_data *data, int i)
{
	return i < 0 ? 0 : data->args[i];
}

static int folder_of(const struct seccomp_data *data, int i)
{
	return i < 0 ? AT_FDCWD : (int)data->args[i];
}

/* Adds the look at a link's target, which counts from where the link stands. */
static void look_target(struct observe_call *c, const struct buf *link, const char *target)
{
	struct observe_look *l = &c->looks[c->n++];

	buf_reset(&l->path);
	if (*target != '/') {
		size_t end = link->len;
		while (end > 1 && link->data[end - 1] == '/')
			end--;
		while (end > 0 && link->data[end - 1] != '/')
			end--;
		buf_add(&l->path, link->data, end);
	}
	buf_adds(&l->path, target);
	l->how = LOOKUP_DEEP;
}

static void read_symlink(struct observe_call *c, pid_t tid, const struct seccomp_data *data,
                         const struct observe_syscall *s, const char *target)
{
	char link[PATH_MAX];
	int folder = folder_of(data, s->dir2);

	if (!take_path(c, tid, data->args[s->path2], link) || !*link)
		return;
	look_text(c, tid, folder, link, LOOKUP_LSTAT);
	if (c->n && *target)
		look_target(c, &c->looks[0].path, target);
}

#ifdef __NR_link
static const int link_nr = __NR_link;
#else
static const int link_nr = -1;
#endif

/* A symbolic link's target; false: it is none. */
static bool read_target(const char *path, char to[PATH_MAX])
{
	ssize_t n = readlink(path, to, PATH_MAX - 1);

	if (n >= 0)
		to[n] = '\0';
	return n > 0;
}

void observe_call_read(struct observe_call *c, pid_t tid, const struct seccomp_data *data)
{
	char path[PATH_MAX], target[PATH_MAX];
	uint64_t how[3] = { 0 }; /* struct open_how: flags, mode, resolve */

	c->n = 0;
	c->executes = false;
	c->blind = NULL;
	const struct observe_syscall *s = find_call(data->nr);
	if (data->arch != observe_arch || !s) {
		c->blind = "a program for another kind of machine ran";
		return;
	}
	c->executes = s->shape == CALL_EXEC;
	if (s->shape == CALL_BLIND) {
		c->blind = s->why;
		return;
	}
	if (!take_path(c, tid, data->args[s->path], path))
		return;
	int folder = folder_of(data, s->dir);
	uint64_t flags = argument(data, s->flags);
	if (s->shape == CALL_SYMLINK) {
		read_symlink(c, tid, data, s, path);
		return;
	}
	if (!*path) {
		/* Without AT_EMPTY_PATH it finds nothing; else what the descriptor stands for, which was looked up when
		 * that was opened. */
		if ((flags & AT_EMPTY_PATH) && s->shape == CALL_EXEC)
			look_descriptor(c, tid, folder, LOOKUP_READ | LOOKUP_EXEC);
		else if (!(flags & AT_EMPTY_PATH) || s->shape != CALL_MOVE)
			return;
		else
			look_descriptor(c, tid, folder, LOOKUP_DEEP);
	}
	switch ((enum observe_shape)s->shape) {
	case CALL_PLAIN:
		look_text(c, tid, folder, path, how_followed(s->how, flags));
		break;
	case CALL_OPENAT2:
		if (peek(tid, flags, how, sizeof how) != sizeof how) {
			if (errno != EFAULT && errno != ESRCH)
				c->blind = unreadable;
			return;
		}
		flags = how[0];
		if (how[2] & RESOLVE_ROOT)
			c->blind = "it opened files below a root folder of its own";
		look_text(c, tid, folder, path, how_opened(flags));
		break;
	case CALL_OPEN:
		look_text(c, tid, folder, path, how_opened(flags));
		break;
	case CALL_EXEC:
		if (*path)
			look_text(c, tid, folder, path,
			          LOOKUP_READ | LOOKUP_EXEC | (flags & AT_SYMLINK_NOFOLLOW ? LOOKUP_LSTAT : 0u));
		break;
	case CALL_MOVE:
		if (*path)
			look_text(c, tid, folder, path, LOOKUP_DEEP);
		*target = '\0';
		/* A folder has no second name: but for a symbolic link, what link(2) gives one is a file. */
		if (c->n == 1 && !read_target(c->looks[0].path.data, target) &&
		    (s->nr == link_nr || s->nr == __NR_linkat))
			c->looks[0].how = LOOKUP_READ;
		if (take_path(c, tid, data->args[s->path2], path) && *path)
			look_text(c, tid, folder_of(data, s->dir2), path,
			          s->nr == __NR_renameat2 && (flags & EXCHANGE) ? LOOKUP_DEEP : LOOKUP_LSTAT);
		if (c->n == 2 && *target)
			look_target(c, &c->looks[1].path, target);
		break;
	case CALL_SYMLINK:
	case CALL_BLIND:
		break;
	}
}

#endif

void observe_call_release(struct observe_call *c)
{
	for (size_t i = 0; i < OBSERVE_LOOKS; i++)
		buf_release(&c->looks[i].path);
}
