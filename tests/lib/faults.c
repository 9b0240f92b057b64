/* A library that the tests put between jig and the C library (LD_PRELOAD): it counts the calls by which jig, SQLite and
 * libgit2 change the disk or start and reap processes, kills at one of them, or makes one of them fail. The program
 * under test is the one that people get.
 *
 *	JIG_FAULT=#N            SIGKILL to the process that comes to the Nth point; each call is two points, before
 *	                        and after it
 *	JIG_FAULT_IO=KIND:N     the Nth call that KIND can befall fails; with a "+" behind N all further ones too.
 *	                        KIND: EIO, ENOSPC, EMFILE, SHORT (a read or write of half the bytes)
 *	JIG_FAULT_STATE=FILE    the count, over all processes of the command, and what happened: struct state
 *	JIG_FAULT_CALLS=FILE    a line for each point or call: N, call, when, place
 *	JIG_FAULT_UNDER=A:B     files elsewhere do not count
 *
 * What jig starts with execve gets none of this. A file that has a name is meant by "place", other descriptors are of
 * no interest. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

struct state {
	atomic_uint count, fired;
	char what[248];
};

enum kind { KILL = 1, EIO_ = 2, ENOSPC_ = 4, EMFILE_ = 8, SHORT = 16 };

static struct state *state;
static enum kind kind;
static unsigned wanted;
static bool further;
static char log_file[PATH_MAX], under[2 * PATH_MAX];

/* The C library's own syscall: ours, at the end, counts. */
static long (*raw)(long, ...);

/* No function of ours below, and none that allocates: this runs between vfork and execve too. */
static void note(unsigned n, const char *call, const char *when, const char *place)
{
	char line[PATH_MAX + 100];

	if (n == wanted)
		snprintf(state->what, sizeof state->what, "%s %s %s", call, when ? when : "", place);
	if (!log_file[0] || !when)
		return;
	int fd = (int)raw(SYS_openat, AT_FDCWD, log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	int len = snprintf(line, sizeof line, "%u %s %s %s\n", n, call, when, place);

	if (fd >= 0) {
		raw(SYS_write, fd, line, (size_t)len);
		raw(SYS_close, fd);
	}
}

static bool counts(const char *place)
{
	for (const char *p = under; *p;) {
		size_t n = strcspn(p, ":");
		if (strncmp(place, p, n) == 0)
			return true;
		p += n + (p[n] == ':');
	}
	return !under[0];
}

/* Whether fd is a file that counts; its name goes to place. */
static bool named(int fd, char place[PATH_MAX])
{
	char link[40];

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = raw(SYS_readlinkat, AT_FDCWD, link, place, PATH_MAX - 1);
	if (n <= 0 || place[0] != '/')
		return false;
	place[n] = '\0';
	return counts(place);
}

static bool named_at(int dir, const char *path, char place[PATH_MAX])
{
	if (path[0] == '/') {
		snprintf(place, PATH_MAX, "%s", path);
		return counts(place);
	}
	if (dir == AT_FDCWD) {
		if (raw(SYS_getcwd, place, PATH_MAX) < 0)
			return false;
	} else {
		char link[40];
		snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
		ssize_t n = raw(SYS_readlinkat, AT_FDCWD, link, place, PATH_MAX - 1);
		if (n <= 0)
			return false;
		place[n] = '\0';
	}
	size_t n = strlen(place);
	snprintf(place + n, PATH_MAX - n, "/%s", path);
	return counts(place);
}

/* A point at which jig may be killed; when is NULL where a filter that witnesses lookups may stand already, so that no
 * file, the log neither, can be opened. errno stays. */
static void point(const char *call, const char *when, const char *place)
{
	int errnum = errno;

	if (!state || kind != KILL)
		return;
	unsigned n = atomic_fetch_add(&state->count, 1) + 1;
	note(n, call, when, place);
	if (n == wanted) {
		atomic_store(&state->fired, 1);
		raw(SYS_kill, raw(SYS_getpid), SIGKILL);
	}
	errno = errnum;
}

/* Whether this call, which all of these kinds can befall, is to fail; then errno says why. */
static bool fails(enum kind kinds, const char *call, const char *place)
{
	int errnum = errno;

	if (!state || !(kind & kinds) || kind == KILL)
		return false;
	unsigned n = atomic_fetch_add(&state->count, 1) + 1;
	note(n, call, "", place);
	if (n == wanted || (further && wanted && n > wanted)) {
		atomic_store(&state->fired, 1);
		errno = kind == ENOSPC_ ? ENOSPC : kind == EMFILE_ ? EMFILE : EIO;
		return true;
	}
	errno = errnum;
	return false;
}

static void copy_env(char *to, size_t n, const char *name)
{
	const char *v = getenv(name);

	snprintf(to, n, "%s", v ? v : "");
}

__attribute__((constructor)) static void begin(void)
{
	static const struct { const char *name; enum kind kind; } kinds[] = {
		{ "EIO:", EIO_ }, { "ENOSPC:", ENOSPC_ }, { "EMFILE:", EMFILE_ }, { "SHORT:", SHORT },
	};
	const char *at = getenv("JIG_FAULT"), *io = getenv("JIG_FAULT_IO"), *file = getenv("JIG_FAULT_STATE");

	unsetenv("LD_PRELOAD");
	*(void **)&raw = dlsym(RTLD_NEXT, "syscall");
	if (!file || !raw)
		return;
	if (at && at[0] == '#') {
		kind = KILL;
		wanted = (unsigned)strtoul(at + 1, NULL, 10);
	}
	for (size_t i = 0; io && i < sizeof kinds / sizeof *kinds; i++)
		if (strncmp(io, kinds[i].name, strlen(kinds[i].name)) == 0) {
			kind = kinds[i].kind;
			wanted = (unsigned)strtoul(io + strlen(kinds[i].name), NULL, 10);
			further = io[strlen(io) - 1] == '+';
		}
	copy_env(log_file, sizeof log_file, "JIG_FAULT_CALLS");
	copy_env(under, sizeof under, "JIG_FAULT_UNDER");
	int fd = (int)raw(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	raw(SYS_close, fd);
	if (p != MAP_FAILED)
		state = p;
}

/* The function of this name that would be called without us. */
#define NEXT(type, name, ...) \
	static type (*next)(__VA_ARGS__); \
	if (!next) \
	*(void **)&next = dlsym(RTLD_NEXT, name)

/* A call on a file that has a name: killed before and after it, or fails with `bad`. */
#define ON_NAMED(known, kinds, call, bad, type, real) \
	do { \
		char place[PATH_MAX]; \
		bool here = state && (known); \
		if (here && fails(kinds, call, place)) \
			return bad; \
		if (here) \
			point(call, "before", place); \
		type result = real; \
		if (here) \
			point(call, "after", place); \
		return result; \
	} while (0)

/* Reads do not change anything: nothing is killed there. */
#define READS(name, type, offset, ...) \
	ssize_t name(int fd, void *bytes, size_t n __VA_ARGS__) \
	{ \
		NEXT(ssize_t, #name, int, void *, size_t type); \
		char place[PATH_MAX]; \
		if (state && (kind & (EIO_ | SHORT)) && named(fd, place) && fails(EIO_ | SHORT, #name, place)) { \
			if (kind != SHORT) \
				return -1; \
			n = n > 1 ? n / 2 : n; \
		} \
		return next(fd, bytes, n offset); \
	}
#define COMMA ,
READS(read, , )
READS(pread, COMMA off_t, COMMA at, , off_t at)
READS(pread64, COMMA off_t, COMMA at, , off_t at)

#define WRITES(name, type, offset, ...) \
	ssize_t name(int fd, const void *bytes, size_t n __VA_ARGS__) \
	{ \
		NEXT(ssize_t, #name, int, const void *, size_t type); \
		char place[PATH_MAX]; \
		bool here = state && named(fd, place); \
		if (here && fails(EIO_ | ENOSPC_ | SHORT, #name, place)) { \
			if (kind != SHORT) \
				return -1; \
			n = n > 1 ? n / 2 : n; \
		} \
		if (here) \
			point(#name, "before", place); \
		if (here && kind == KILL && state->count + 1 == wanted && n > 1) { \
			/* Killed behind a write, half of it stands in the file. */ \
			n /= 2; \
		} \
		ssize_t done = next(fd, bytes, n offset); \
		if (here) \
			point(#name, "after", place); \
		return done; \
	}
WRITES(write, , )
WRITES(pwrite, COMMA off_t, COMMA at, , off_t at)
WRITES(pwrite64, COMMA off_t, COMMA at, , off_t at)

#define SYNCS(name) \
	int name(int fd) \
	{ \
		NEXT(int, #name, int); \
		ON_NAMED(named(fd, place), EIO_ | ENOSPC_, #name, -1, int, next(fd)); \
	}
SYNCS(fsync)
SYNCS(fdatasync)
SYNCS(syncfs)

int close(int fd)
{
	NEXT(int, "close", int);
	char place[PATH_MAX];
	bool here = state && (kind & EIO_) && named(fd, place);
	int r = next(fd);

	return here && fails(EIO_, "close", place) ? -1 : r;
}

/* Only what makes a file is a point; all of them may fail. */
#define OPENS(name) \
	int name(const char *path, int flags, ...) \
	{ \
		NEXT(int, #name, const char *, int, ...); \
		char place[PATH_MAX]; \
		mode_t mode = 0; \
		va_list ap; \
		va_start(ap, flags); \
		if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) \
			mode = va_arg(ap, mode_t); \
		va_end(ap); \
		bool in = state && named_at(AT_FDCWD, path, place); \
		if (state && fails((in ? EIO_ : 0) | EMFILE_ | (in && flags & O_CREAT ? ENOSPC_ : 0), #name, place)) \
			return -1; \
		if (in && flags & O_CREAT) \
			point(#name, "before", place); \
		int fd = next(path, flags, mode); \
		if (in && flags & O_CREAT) \
			point(#name, "after", place); \
		return fd; \
	}
OPENS(open)
OPENS(open64)

#define OPENS_AT(name) \
	int name(int dir, const char *path, int flags, ...) \
	{ \
		NEXT(int, #name, int, const char *, int, ...); \
		char place[PATH_MAX]; \
		mode_t mode = 0; \
		va_list ap; \
		va_start(ap, flags); \
		if (flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE) \
			mode = va_arg(ap, mode_t); \
		va_end(ap); \
		bool in = state && named_at(dir, path, place); \
		if (state && fails((in ? EIO_ : 0) | EMFILE_ | (in && flags & O_CREAT ? ENOSPC_ : 0), #name, place)) \
			return -1; \
		if (in && flags & O_CREAT) \
			point(#name, "before", place); \
		int fd = next(dir, path, flags, mode); \
		if (in && flags & O_CREAT) \
			point(#name, "after", place); \
		return fd; \
	}
OPENS_AT(openat)
OPENS_AT(openat64)

#define TEMPS(name) \
	int name(char *path, int flags) \
	{ \
		NEXT(int, #name, char *, int); \
		ON_NAMED(named_at(AT_FDCWD, path, place), EIO_ | ENOSPC_ | EMFILE_, #name, -1, int, \
			 next(path, flags)); \
	}
TEMPS(mkostemp)
TEMPS(mkostemp64)

char *mkdtemp(char *path)
{
	NEXT(char *, "mkdtemp", char *);
	ON_NAMED(named_at(AT_FDCWD, path, place), EIO_ | ENOSPC_, "mkdtemp", NULL, char *, next(path));
}

#define FOPENS(name) \
	FILE *name(const char *path, const char *mode) \
	{ \
		NEXT(FILE *, #name, const char *, const char *); \
		char place[PATH_MAX]; \
		bool in = state && named_at(AT_FDCWD, path, place); \
		return state && fails((in ? EIO_ : 0) | EMFILE_, #name, place) ? NULL : next(path, mode); \
	}
FOPENS(fopen)
FOPENS(fopen64)

DIR *opendir(const char *path)
{
	NEXT(DIR *, "opendir", const char *);
	char place[PATH_MAX];
	bool in = state && named_at(AT_FDCWD, path, place);

	return state && fails((in ? EIO_ : 0) | EMFILE_, "opendir", place) ? NULL : next(path);
}

#define ENTRIES(name, type) \
	struct type *name(DIR *d) \
	{ \
		NEXT(struct type *, #name, DIR *); \
		char place[PATH_MAX]; \
		return state && (kind & EIO_) && named(dirfd(d), place) && fails(EIO_, #name, place) ? NULL : next(d); \
	}
ENTRIES(readdir, dirent)
ENTRIES(readdir64, dirent64)

#define OF_PATH(name, kinds, params, names, ...) \
	int name params \
	{ \
		NEXT(int, #name, __VA_ARGS__); \
		ON_NAMED(named_at(AT_FDCWD, path, place), kinds, #name, -1, int, next names); \
	}
OF_PATH(rename, EIO_ | ENOSPC_, (const char *from, const char *path), (from, path), const char *, const char *)
OF_PATH(link, EIO_ | ENOSPC_, (const char *from, const char *path), (from, path), const char *, const char *)
OF_PATH(symlink, EIO_ | ENOSPC_, (const char *to, const char *path), (to, path), const char *, const char *)
OF_PATH(mkdir, EIO_ | ENOSPC_, (const char *path, mode_t mode), (path, mode), const char *, mode_t)
OF_PATH(unlink, EIO_, (const char *path), (path), const char *)
OF_PATH(rmdir, EIO_, (const char *path), (path), const char *)
OF_PATH(chmod, EIO_, (const char *path, mode_t mode), (path, mode), const char *, mode_t)
OF_PATH(utime, EIO_, (const char *path, const struct utimbuf *times), (path, times), const char *,
        const struct utimbuf *)
OF_PATH(truncate, EIO_ | ENOSPC_, (const char *path, off_t n), (path, n), const char *, off_t)

#define AT_PATH(name, kinds, params, names, ...) \
	int name params \
	{ \
		NEXT(int, #name, __VA_ARGS__); \
		ON_NAMED(named_at(dir, path, place), kinds, #name, -1, int, next names); \
	}
AT_PATH(renameat, EIO_ | ENOSPC_, (int from_dir, const char *from, int dir, const char *path),
        (from_dir, from, dir, path), int, const char *, int, const char *)
AT_PATH(symlinkat, EIO_ | ENOSPC_, (const char *to, int dir, const char *path), (to, dir, path), const char *, int,
        const char *)
AT_PATH(mkdirat, EIO_ | ENOSPC_, (int dir, const char *path, mode_t mode), (dir, path, mode), int, const char *, mode_t)
AT_PATH(fchmodat, EIO_, (int dir, const char *path, mode_t mode, int flags), (dir, path, mode, flags), int,
        const char *, mode_t, int)
AT_PATH(unlinkat, EIO_, (int dir, const char *path, int flags), (dir, path, flags), int, const char *, int)
AT_PATH(utimensat, EIO_, (int dir, const char *path, const struct timespec times[2], int flags),
        (dir, path, times, flags), int, const char *, const struct timespec *, int)

#define OF_FD(name, kinds, params, names, ...) \
	int name params \
	{ \
		NEXT(int, #name, __VA_ARGS__); \
		ON_NAMED(named(fd, place), kinds, #name, -1, int, next names); \
	}
OF_FD(ftruncate, EIO_ | ENOSPC_, (int fd, off_t n), (fd, n), int, off_t)
OF_FD(ftruncate64, EIO_ | ENOSPC_, (int fd, off_t n), (fd, n), int, off_t)
OF_FD(fchmod, EIO_, (int fd, mode_t mode), (fd, mode), int, mode_t)
OF_FD(fchown, EIO_, (int fd, uid_t user, gid_t group), (fd, user, group), int, uid_t, gid_t)
OF_FD(sync_file_range, EIO_ | ENOSPC_, (int fd, off64_t at, off64_t n, unsigned flags), (fd, at, n, flags), int,
      off64_t, off64_t, unsigned)

ssize_t copy_file_range(int in, off_t *in_at, int fd, off_t *at, size_t n, unsigned flags)
{
	NEXT(ssize_t, "copy_file_range", int, off_t *, int, off_t *, size_t, unsigned);
	ON_NAMED(named(fd, place), EIO_ | ENOSPC_, "copy_file_range", -1, ssize_t, next(in, in_at, fd, at, n, flags));
}

/* What only asks fails, and is no point. */
#define ASKS_OF_FD(name, bad, type, params, names, ...) \
	type name params \
	{ \
		NEXT(type, #name, __VA_ARGS__); \
		char place[PATH_MAX]; \
		return state && (kind & EIO_) && named(fd, place) && fails(EIO_, #name, place) ? bad : next names; \
	}
ASKS_OF_FD(fstat, -1, int, (int fd, struct stat *st), (fd, st), int, struct stat *)
ASKS_OF_FD(fstat64, -1, int, (int fd, struct stat64 *st), (fd, st), int, struct stat64 *)
/* SQLite's -shm, libgit2's files. */
ASKS_OF_FD(mmap, MAP_FAILED, void *, (void *p, size_t n, int may, int flags, int fd, off_t at),
           (p, n, may, flags, fd, at), void *, size_t, int, int, int, off_t)
ASKS_OF_FD(mmap64, MAP_FAILED, void *, (void *p, size_t n, int may, int flags, int fd, off64_t at),
           (p, n, may, flags, fd, at), void *, size_t, int, int, int, off64_t)

#define ASKS_AT(name, type, dir, params, names, ...) \
	type name params \
	{ \
		NEXT(type, #name, __VA_ARGS__); \
		char place[PATH_MAX]; \
		bool fail = state && (kind & EIO_) && named_at(dir, path, place) && fails(EIO_, #name, place); \
		return fail ? -1 : next names; \
	}
ASKS_AT(stat, int, AT_FDCWD, (const char *path, struct stat *st), (path, st), const char *, struct stat *)
ASKS_AT(stat64, int, AT_FDCWD, (const char *path, struct stat64 *st), (path, st), const char *, struct stat64 *)
ASKS_AT(lstat, int, AT_FDCWD, (const char *path, struct stat *st), (path, st), const char *, struct stat *)
ASKS_AT(lstat64, int, AT_FDCWD, (const char *path, struct stat64 *st), (path, st), const char *, struct stat64 *)
ASKS_AT(fstatat, int, dir, (int dir, const char *path, struct stat *st, int flags), (dir, path, st, flags), int,
        const char *, struct stat *, int)
ASKS_AT(fstatat64, int, dir, (int dir, const char *path, struct stat64 *st, int flags), (dir, path, st, flags), int,
        const char *, struct stat64 *, int)
ASKS_AT(statfs64, int, AT_FDCWD, (const char *path, struct statfs64 *st), (path, st), const char *, struct statfs64 *)
ASKS_AT(statvfs64, int, AT_FDCWD, (const char *path, struct statvfs64 *st), (path, st), const char *,
        struct statvfs64 *)
ASKS_AT(access, int, AT_FDCWD, (const char *path, int may), (path, may), const char *, int)
ASKS_AT(readlink, ssize_t, AT_FDCWD, (const char *path, char *to, size_t n), (path, to, n), const char *, char *,
        size_t)
ASKS_AT(readlinkat, ssize_t, dir, (int dir, const char *path, char *to, size_t n), (dir, path, to, n), int,
        const char *, char *, size_t)

/* Locks, and a descriptor more. */
#define CONTROLS(name) \
	int name(int fd, int command, ...) \
	{ \
		NEXT(int, #name, int, int, ...); \
		char place[PATH_MAX]; \
		va_list ap; \
		va_start(ap, command); \
		void *with = va_arg(ap, void *); \
		va_end(ap); \
		bool locks = command == F_SETLK || command == F_SETLKW || command == F_GETLK || \
			     command == F_OFD_SETLK || command == F_OFD_SETLKW; \
		if (locks && state && (kind & EIO_) && named(fd, place) && fails(EIO_, "fcntl lock", place)) \
			return -1; \
		if ((command == F_DUPFD || command == F_DUPFD_CLOEXEC) && fails(EMFILE_, "fcntl dup", "")) \
			return -1; \
		return next(fd, command, with); \
	}
CONTROLS(fcntl)
CONTROLS(fcntl64)

int ioctl(int fd, unsigned long request, ...)
{
	NEXT(int, "ioctl", int, unsigned long, ...);
	va_list ap;
	va_start(ap, request);
	void *with = va_arg(ap, void *);
	va_end(ap);
	ON_NAMED(request == FICLONE && named(fd, place), EIO_ | ENOSPC_, "ioctl clone", -1, int,
	         next(fd, request, with));
}

/* What needs a descriptor and no file. */
#define DESCRIPTORS(name, params, names, ...) \
	int name params \
	{ \
		NEXT(int, #name, __VA_ARGS__); \
		return fails(EMFILE_, #name, "") ? -1 : next names; \
	}
DESCRIPTORS(pipe, (int fds[2]), (fds), int *)
DESCRIPTORS(pipe2, (int fds[2], int flags), (fds, flags), int *, int)
DESCRIPTORS(socketpair, (int domain, int type, int protocol, int fds[2]), (domain, type, protocol, fds), int, int, int,
            int *)
DESCRIPTORS(epoll_create1, (int flags), (flags), int)
DESCRIPTORS(inotify_init1, (int flags), (flags), int)
DESCRIPTORS(eventfd, (unsigned count, int flags), (count, flags), unsigned, int)
DESCRIPTORS(memfd_create, (const char *name, unsigned flags), (name, flags), const char *, unsigned)
DESCRIPTORS(dup, (int fd), (fd), int)
DESCRIPTORS(socket, (int domain, int type, int protocol), (domain, type, protocol), int, int, int)

long syscall(long number, ...)
{
	va_list ap;
	va_start(ap, number);
	long a = va_arg(ap, long), b = va_arg(ap, long), c = va_arg(ap, long), d = va_arg(ap, long),
	     e = va_arg(ap, long), f = va_arg(ap, long);
	va_end(ap);
	if (!raw)
		*(void **)&raw = dlsym(RTLD_NEXT, "syscall");
	if ((number == SYS_pidfd_open || (number == SYS_seccomp && a == SECCOMP_SET_MODE_FILTER)) &&
	    fails(EMFILE_, "syscall", ""))
		return -1;
	return raw(number, a, b, c, d, e, f);
}

/* Processes: what is said to the spawner, what it starts, and what is reaped. */
ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	NEXT(ssize_t, "sendmsg", int, const struct msghdr *, int);
	point("sendmsg", NULL, "");
	ssize_t r = next(fd, m, flags);
	point("sendmsg", NULL, "");
	return r;
}

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	NEXT(ssize_t, "send", int, const void *, size_t, int);
	point("send", "before", "");
	ssize_t r = next(fd, bytes, n, flags);
	point("send", "after", "");
	return r;
}

pid_t fork(void)
{
	NEXT(pid_t, "fork", void);
	point("fork", "before", "");
	pid_t pid = next();
	point("fork", pid ? "after" : "child", "");
	return pid;
}

int execve(const char *path, char *const argv[], char *const env[])
{
	NEXT(int, "execve", const char *, char *const *, char *const *);
	point("execve", NULL, "");
	return next(path, argv, env);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr,
                char *const argv[], char *const env[])
{
	NEXT(int, "posix_spawn", pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
	     char *const *, char *const *);
	point("posix_spawn", "before", "");
	int r = next(pid, path, fa, attr, argv, env);
	point("posix_spawn", "after", "");
	return r;
}

/* Asking again and again is no point, what is reaped is one. */
pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
	NEXT(pid_t, "wait4", pid_t, int *, int, struct rusage *);
	if (!(options & WNOHANG))
		point("wait4", "before", "");
	pid_t r = next(pid, status, options, usage);
	if (r > 0)
		point("wait4", "after", "");
	return r;
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	NEXT(pid_t, "waitpid", pid_t, int *, int);
	if (!(options & WNOHANG))
		point("waitpid", "before", "");
	pid_t r = next(pid, status, options);
	if (r > 0)
		point("waitpid", "after", "");
	return r;
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	NEXT(int, "waitid", idtype_t, id_t, siginfo_t *, int);
	int r = next(type, id, info, options);
	if (r == 0 && info && info->si_pid)
		point("waitid", "after", "");
	return r;
}
