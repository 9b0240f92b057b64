#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "runner/trace/observe.h"
#include "runner/trace/observe_board.h"
#include "runner/trace/python_hook.h"
#include "runner/work/sandbox.h"
#include "runner/process/spawn_inside.h"
#include "runner/process/spawn.h"
#include "runner/process/spawn_filter.h"

#ifdef JIG_POSIX
int main(void)
{
	return observe_impossible() ? 0 : 1;
}
#else

#include "tests/runner/spawn_scratch.h"

#define ID "01ARZ3NDEKTSV4RRFFQ69G5FAV"

static bool have_sandbox;

static const char *self_path(void)
{
	static char path[PATH_MAX];

	if (!*path) {
		ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
		assert_true(n > 0);
	}
	return path;
}

/* ---- what the tests start: this program with "--look WHAT", in the test's folder ---- */

static void *look_in_own_folder(void *arg)
{
	struct stat st;

	/* A thread may have a working folder of its own. */
	if (unshare(CLONE_FS) < 0 || chdir("sub") < 0)
		return NULL;
	stat("of-thread", &st);
	return arg;
}

static int look_opens(void)
{
	static const struct { const char *name; int flags;
	} opens[] = {
	        {"o-read", O_RDONLY},
	        {"o-write", O_WRONLY},
	        {"o-make", O_WRONLY | O_CREAT | O_TRUNC},
	        {"o-new", O_WRONLY | O_CREAT | O_EXCL},
	        {"o-both", O_RDWR},
	        {"o-path", O_PATH},
	        {"o-path-link", O_PATH | O_NOFOLLOW},
	        {"o-link", O_RDONLY | O_NOFOLLOW},
	};
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(opens); i++)
		open(opens[i].name, opens[i].flags, 0600);
	creat("o-creat", 0600);
	uint64_t how[3] = { O_RDONLY };
	syscall(437, AT_FDCWD, "o-openat2", how, sizeof how);
	int d = open("sub", O_RDONLY | O_DIRECTORY);
	fstatat(d, "below", &st, 0);
	fstatat(d, "below-link", &st, AT_SYMLINK_NOFOLLOW);
	fstatat(AT_FDCWD, "here-with-flag", &st, AT_EMPTY_PATH);
	openat(d, "/absolute-name", O_RDONLY);
	openat(d, "below-open", O_RDONLY);
	fstat(d, &st);
	openat(999, "no-such-descriptor", O_RDONLY);
	int p[2];
	return pipe(p) == 0 && openat(p[0], "in-a-pipe", O_RDONLY) < 0 ? 0 : 1;
}

static int look_changes(void)
{
	int d = open("sub", O_PATH | O_DIRECTORY);
	struct stat st;
	char text[16];

	rename("r-from", "r-to");
	renameat(d, "r2-from", AT_FDCWD, "r2-to");
	syscall(SYS_renameat2, AT_FDCWD, "r3-from", AT_FDCWD, "r3-to", 2);
	link("l-from", "l-to");
	symlink("target", "sub/s-link");
	symlinkat("../target2", d, "s2-link");
	symlink("/target3", "s3-link");
	link("s3-link", "s3-other");
	mkdir("c-mkdir", 0700);
	unlink("c-unlink");
	rmdir("c-rmdir");
	lstat("c-lstat", &st);
	readlink("c-readlink", text, sizeof text);
	access("c-access", R_OK);
	chdir("c-chdir");
	truncate("c-truncate", 0);
	chmod("c-chmod", 0600);
	lchown("c-lchown", 0, 0);
	syscall(SYS_utimensat, d, NULL, NULL, 0);
	utimensat(d, "c-times", NULL, AT_SYMLINK_NOFOLLOW);
	return 0;
}

static int look_proc(void)
{
	struct stat st;
	char path[64];
	int fd = open("sub", O_PATH), pipes[2];

	stat("/proc/self/cwd/p-cwd", &st);
	stat("/proc/thread-self/cwd/p-thread", &st);
	stat("/proc/self/root/p-root", &st);
	snprintf(path, sizeof path, "/proc/self/fd/%d/p-fd", fd);
	stat(path, &st);
	snprintf(path, sizeof path, "/dev/fd/%d/p-dev", fd);
	stat(path, &st);
	snprintf(path, sizeof path, "/proc/%d/cwd/p-pid", (int)getpid());
	stat(path, &st);
	if (pipe(pipes) < 0)
		return 1;
	snprintf(path, sizeof path, "/proc/self/fd/%d", pipes[0]);
	stat(path, &st);
	stat("/proc/self/status", &st);
	return 0;
}

static int look_memory(void)
{
	struct stat st;
	long page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, (size_t)page * 3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *large = mmap(NULL, (size_t)page * 3, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || large == MAP_FAILED || mprotect(p + page * 2, (size_t)page, PROT_NONE) < 0)
		return 1;
	memcpy(p + page - 4, "m-across", 9);
	stat(p + page - 4, &st);
	memcpy(p + page * 2 - 6, "m-end", 6);
	stat(p + page * 2 - 6, &st);
	memset(p + page * 2 - 4, 'x', 4);
	syscall(SYS_newfstatat, AT_FDCWD, p + page * 2 - 4, &st, 0);
	syscall(SYS_newfstatat, AT_FDCWD, 1, &st, 0);
	syscall(SYS_newfstatat, AT_FDCWD, "", &st, 0);
	memset(large, 'y', 4094);
	large[0] = '/';
	for (int i = 200; i < 4000; i += 200)
		large[i] = '/';
	stat(large, &st);
	memset(large, 'z', 5000);
	stat(large, &st);
	return 0;
}

static int look_execs(void)
{
	char *argv[] = { "true", NULL }, *envp[] = { NULL };
	int status;

	execve("x-not-there", argv, envp);
	int fd = open("x-true", O_PATH | O_CLOEXEC);
	pid_t pid = fork();
	if (pid == 0) {
		syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
		_exit(1);
	}
	return waitpid(pid, &status, 0) == pid ? status : 1;
}

static int look_says(const char *dir)
{
	char path[PATH_MAX];
	struct stat st;
#define SAY(...) (snprintf(path, sizeof path, TRACE_SAYS __VA_ARGS__), access(path, F_OK))

	open("sub", O_RDONLY);
	SAY("list%s/./listed", dir);
	open("listed", O_RDONLY);
	SAY("list%s/twice", dir);
	open("twice", O_RDONLY);
	open("twice", O_RDONLY);
	SAY("source%s/source.py", dir);
	stat("source.py", &st);
	open("source.py", O_RDONLY);
	SAY("source%s/again.py", dir);
	open("again.py", O_RDONLY);
	open("again.py", O_RDONLY);
	SAY("script%s/script.py", dir);
	open("script.py", O_RDONLY);
	open("script.py", O_RDONLY);
	SAY("module/wanted%s", dir);
	SAY("script%s/later.py", dir);
	SAY("module/one%s/sub", dir);
	open("later.py", O_RDONLY);
	SAY("module/nonsense");
	SAY("module/%s/sub", dir);
	SAY("module");
	SAY("unknown/word");
	SAY("list%s/by-child", dir);
	if (fork() == 0) {
		open("by-child", O_RDONLY);
		_exit(0);
	}
	return wait(NULL) > 0 ? 0 : 1;
}

/* ---- boards ---- */

static int make_board(unsigned flags, size_t size, char **ret)
{
	int fd = (int)syscall(SYS_memfd_create, "test", flags);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return -1;
	*ret = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return *ret == MAP_FAILED ? -1 : fd;
}

static bool board_taken(int fd)
{
	char path[64];

	snprintf(path, sizeof path, TRACE_SAYS "board/%d", fd);
	return access(path, F_OK) == 0;
}

/* A board of its own, taken; NULL: not. */
static char *new_board(void)
{
	char *text;
	int fd = make_board(MFD_ALLOW_SEALING, OBSERVE_BOARD, &text);
	bool taken = fd >= 0 && board_taken(fd);

	close(fd);
	return taken ? text : NULL;
}

/* One note behind the other; what stands before `at` stays. */
static size_t write_note(char *board, size_t at, char letter, const char *dir, const char *name, int number)
{
	return at + (size_t)snprintf(board + at, OBSERVE_BOARD - at, "%c%s/%s%d", letter, dir, name, number) + 1;
}

static int look_boards(const char *dir)
{
	char *text, path[PATH_MAX];
	struct stat st;
	size_t n = 0;
	int live = 0, file = open("sub", O_RDONLY), plain = open("b-file", O_RDWR | O_CREAT, 0600);

	if (!(text = new_board()))
		return 1;
	for (size_t i = 0; i < 4; i++)
		n = write_note(text, n, "MSRP"[i], dir, "b-", (int)i);
	/* Longer than what is read at once. */
	for (int i = 0; n < 300000; i++)
		n = write_note(text, n, 'S', dir, "b-many-", i);
	write_note(text, n, 'S', dir, "b-last-", 0);
	/* Who writes may be killed. Boards that nobody can write to make room. */
	for (int i = 0; i < 2 * OBSERVE_BOARDS; i++) {
		if (fork() == 0) {
			text = new_board();
			if (text)
				write_note(text, 0, 'S', dir, "b-child-", i);
			raise(SIGKILL);
		}
		wait(NULL);
	}
	while (live <= OBSERVE_BOARDS && new_board())
		live++;
	/* The first is in use. */
	if (live != OBSERVE_BOARDS - 1)
		return 2;
	if (board_taken(999) || board_taken(file) || board_taken(plain))
		return 3;
	snprintf(path, sizeof path, "%s/away", dir);
	if (syscall(SYS_openat, TRACE_AWAY, path, O_RDONLY) >= 0 || errno != ENOENT ||
	    syscall(SYS_newfstatat, TRACE_AWAY, path, &st, 0) == 0 || errno != ENOENT)
		return 4;
	/* As it is no descriptor, it leads nowhere. */
	if (syscall(SYS_openat, TRACE_AWAY, "sub", O_RDONLY) >= 0 || errno != EBADF ||
	    syscall(SYS_newfstatat, TRACE_AWAY, "", &st, AT_EMPTY_PATH) == 0 || errno != EBADF)
		return 5;
	snprintf(path, sizeof path, "%s/near", dir);
	syscall(SYS_faccessat, TRACE_AWAY, path, F_OK);
	return 0;
}

static int look_odd_boards(void)
{
	char *text;

	int fixed = make_board(0, OBSERVE_BOARD, &text), small = make_board(MFD_ALLOW_SEALING, 4096, &text);
	return fixed < 0 || small < 0 || board_taken(fixed) || board_taken(small);
}

static int look_damaged_board(const char *said)
{
	char *text = new_board();

	if (!text)
		return 1;
	if (strcmp(said, "endless") == 0)
		memset(text, 'S', OBSERVE_BOARD);
	else
		memcpy(text, said, strlen(said));
	return 0;
}

/* What cannot be seen, by its system call. */
static int look_blind(const char *what)
{
	if (strcmp(what, "ring") == 0)
		syscall(425, 1, NULL);
	else if (strcmp(what, "handle") == 0)
		syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, O_RDONLY);
	else if (strcmp(what, "chroot") == 0)
		syscall(SYS_chroot, "/no-such-folder");
	else if (strcmp(what, "mount") == 0)
		syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
	else if (strcmp(what, "other") == 0)
		open("/proc/1/cwd/there", O_RDONLY);
#ifdef __x86_64__
	else if (strcmp(what, "x32") == 0)
		syscall(0x40000000 | 257, AT_FDCWD, NULL, 0);
	else if (strcmp(what, "i386") == 0) {
		long r;
		__asm__ volatile("int $0x80"
		                 : "=a"(r)
		                 : "a"(5), "b"(0), "c"(0), "d"(0)
		                 : "memory", "r8", "r9", "r10", "r11");
	}
#endif
	return 0;
}

/* Inside a step that is watched, jig itself runs, and cannot watch. */
static int look_nested(void)
{
	void *state;

	if (!observe_impossible())
		return 1;
	set_up(&state);
	struct fixture *f = state;
	struct observer *o;
	struct err e;
	struct lookups l;
	const char *argv[] = { "true", NULL }, *envp[] = { "PATH=/usr/bin:/bin", NULL };
	struct spawn_request r = {.token = 5,
	                          .argv = argv,
	                          .envp = envp,
	                          .cwd = f->dir,
	                          .out = f->null,
	                          .err = f->null,
	                          .attempt_id = ID,
	                          .trace = true};
	if (observer_start(spawner_trace_fd(f->s), &o, &e) < 0)
		return 2;
	if (spawner_spawn(f->s, &r, &e) < 0)
		return 3;
	for (struct spawn_event ev = { 0 }; ev.kind != SPAWN_EXITED;)
		if ((ev = next_event(f->s)).kind == SPAWN_FAILED || (ev.kind == SPAWN_EXITED && ev.status))
			return 4;
	observer_end(o, 5, &l);
	if (l.witness != WITNESS_NONE || !l.untrusted || l.paths.len)
		return 5;
	observer_free(o);
	tear_down(&state);
	return 0;
}

static int look(const char *what, const char *arg)
{
	struct stat st;
	pthread_t t;
	void *r;

	if (strcmp(what, "opens") == 0)
		return look_opens();
	if (strcmp(what, "changes") == 0)
		return look_changes();
	if (strcmp(what, "proc") == 0)
		return look_proc();
	if (strcmp(what, "memory") == 0)
		return look_memory();
	if (strcmp(what, "execs") == 0)
		return look_execs();
	if (strcmp(what, "says") == 0)
		return look_says(arg);
	if (strcmp(what, "boards") == 0)
		return look_boards(arg);
	if (strcmp(what, "odd-boards") == 0)
		return look_odd_boards();
	if (strcmp(what, "damaged-board") == 0)
		return look_damaged_board(arg);
	if (strcmp(what, "blind") == 0)
		return look_blind(arg);
	if (strcmp(what, "nested") == 0)
		return look_nested();
	if (strcmp(what, "thread") == 0)
		return pthread_create(&t, NULL, look_in_own_folder, (void *)what) || pthread_join(t, &r) || !r;
	if (strcmp(what, "daemon") == 0) {
		if (fork() == 0) {
			setsid();
			if (fork())
				_exit(0);
			stat("of-daemon", &st);
			open("said", O_WRONLY | O_CREAT, 0600);
			for (;;)
				stat("of-daemon", &st);
		}
		while (stat("said", &st) < 0)
			usleep(1000);
		return 0;
	}
	if (strcmp(what, "shot") == 0) {
		/* Processes that are killed while they are looked at. */
		for (int i = 0; i < 100; i++) {
			pid_t pid = fork();
			if (pid == 0)
				for (;;)
					stat("of-target", &st);
			usleep((useconds_t)(i * 20));
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
		return 0;
	}
	return 99;
}

/* ---- what the tests share ---- */

struct watching {
	struct fixture *f;
	struct observer *o;
};

static int begin(void **state)
{
	struct watching *w = calloc(1, sizeof *w);
	void *f;
	struct err e;

	set_up(&f);
	w->f = f;
	assert_int_equal(observer_start(spawner_trace_fd(w->f->s), &w->o, &e), 0);
	_free_ char *sub = path_join(w->f->dir, "sub");
	assert_int_equal(mkdir(sub, 0755), 0);
	*state = w;
	return 0;
}

static int end(void **state)
{
	struct watching *w = *state;
	void *f = w->f;

	spawner_free(w->f->s);
	w->f->s = NULL;
	observer_free(w->o);
	assert_int_equal(spawner_start(&w->f->s, &(struct err){ 0 }), 0);
	tear_down(&f);
	free(w);
	return 0;
}

static void start(struct watching *w, uint64_t token, bool sandboxed, const char *const *argv)
{
	const char *sandbox[] = {"bwrap",
	                         "--die-with-parent",
	                         "--unshare-pid",
	                         "--ro-bind",
	                         "/",
	                         "/",
	                         "--dev",
	                         "/dev",
	                         "--proc",
	                         "/proc",
	                         "--bind",
	                         w->f->dir,
	                         w->f->dir,
	                         "--",
	                         "setsid",
	                         "--",
	                         NULL};
	const char *envp[] = { "PATH=/usr/bin:/bin", "JIG_ATTEMPT_ID=" ID, "ASAN_OPTIONS=detect_leaks=0", NULL };
	struct spawn_request r = {.token = token,
	                          .argv = argv,
	                          .envp = envp,
	                          .cwd = w->f->dir,
	                          .out = w->f->null,
	                          .err = w->f->null,
	                          .attempt_id = ID,
	                          .wrap = sandboxed ? SPAWN_SANDBOX : SPAWN_PLAIN,
	                          .prefix = sandboxed ? sandbox : NULL,
	                          .trace = true};
	struct err e;

	assert_int_equal(spawner_spawn(w->f->s, &r, &e), 0);
}

static struct spawn_event end_of(struct watching *w, uint64_t token)
{
	for (;;) {
		struct spawn_event ev = next_event(w->f->s);
		if (ev.kind != SPAWN_STARTED && ev.token == token)
			return ev;
	}
}

static void run(struct watching *w, bool sandboxed, const char *const *argv, struct lookups *ret)
{
	start(w, 1, sandboxed, argv);
	struct spawn_event ev = end_of(w, 1);
	assert_int_equal(ev.kind, SPAWN_EXITED);
	observer_end(w->o, 1, ret);
	assert_int_equal(ev.status, 0);
	assert_int_equal(ret->witness, WITNESS_CALLS);
}
#define RUN(w, ret, ...) run(w, false, (const char *const[]){ __VA_ARGS__, NULL }, ret)

/* The bits of a path, which is below the test's folder unless it is absolute; -1: it was not looked up. */
static int how(const struct watching *w, const struct lookups *l, const char *path)
{
	_free_ char *full = *path == '/' ? mem_strdup(path) : path_join(w->f->dir, path);
	const struct map_entry *entry = map_find(&l->paths, full);

	return entry ? (int)entry->num : -1;
}
#define HOW(path, bits) assert_int_equal(how(w, &l, path), bits)
#define TRUSTED(l) \
	do { \
		if ((l).untrusted) \
			fail_msg("%s", (l).untrusted); \
	} while (0)

static void put(struct watching *w, const char *name, const char *text, mode_t mode)
{
	_free_ char *path = path_join(w->f->dir, name);
	struct err e;

	assert_int_equal(file_write(path, text, strlen(text), mode, &e), 0);
}

#define NEEDS_SANDBOX \
	do { \
		if (!have_sandbox) \
			skip(); \
	} while (0)

/* ---- tests ---- */

static void shell(struct watching *w, bool sandboxed)
{
	_lookups_ struct lookups l = { 0 };

	put(w, "a", "text", 0644);
	put(w, "tool", "#!/bin/sh\n:\n", 0755);
	run(w, sandboxed,
	    (const char *const[]){"sh", "-c",
	                          "[ -x tool ] && ! [ -e nothing ] && cd sub && cat ../a && cd .. && ./tool && (cat "
	                          "sub/../a) >made || exit 1; ls sub",
	                          NULL},
	    &l);
	TRUSTED(l);
	assert_true(how(w, &l, "tool") >= 0);
	HOW("nothing", LOOKUP_STAT);
	HOW("sub/../a", LOOKUP_READ);
	HOW("./tool", LOOKUP_READ | LOOKUP_EXEC);
	HOW("made", LOOKUP_WRITE);
	assert_true(how(w, &l, "sub") & LOOKUP_READ);
	assert_true(how(w, &l, "sub") & LOOKUP_STAT);
	/* The program itself, and nothing of what bubblewrap does. */
	bool program = false;
	for (size_t i = 0; i < l.paths.len; i++) {
		const char *path = l.paths.entries[i].key;
		assert_int_equal(*path, '/');
		program = program || (!strcmp(path_base(path), "sh") && (l.paths.entries[i].num & LOOKUP_EXEC));
		assert_null(strstr(path, "bwrap"));
		assert_null(strstr(path, "newroot"));
	}
	assert_true(program);
}

static void test_shell(void **state)
{
	shell(*state, false);
}

static void test_shell_in_sandbox(void **state)
{
	NEEDS_SANDBOX;
	shell(*state, true);
}

static void test_opens(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 };

	RUN(w, &l, self_path(), "--look", "opens");
	TRUSTED(l);
	HOW("o-read", LOOKUP_READ);
	HOW("o-write", LOOKUP_WRITE | LOOKUP_STAT);
	HOW("o-make", LOOKUP_WRITE);
	HOW("o-new", LOOKUP_WRITE | LOOKUP_LSTAT);
	HOW("o-both", LOOKUP_READ | LOOKUP_WRITE);
	HOW("o-path", LOOKUP_STAT);
	HOW("o-path-link", LOOKUP_LSTAT);
	HOW("o-link", LOOKUP_READ | LOOKUP_LSTAT);
	HOW("o-creat", LOOKUP_WRITE);
	HOW("o-openat2", LOOKUP_READ);
	HOW("sub", LOOKUP_READ);
	HOW("sub/below", LOOKUP_STAT);
	HOW("sub/below-link", LOOKUP_LSTAT);
	HOW("here-with-flag", LOOKUP_STAT);
	HOW("/absolute-name", LOOKUP_READ);
	HOW("sub/below-open", LOOKUP_READ);
	for (size_t i = 0; i < l.paths.len; i++) {
		assert_null(strstr(l.paths.entries[i].key, "no-such-descriptor"));
		assert_null(strstr(l.paths.entries[i].key, "in-a-pipe"));
	}
}

static void test_changes(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 };

	RUN(w, &l, self_path(), "--look", "changes");
	TRUSTED(l);
	HOW("r-from", LOOKUP_DEEP);
	HOW("r-to", LOOKUP_LSTAT);
	HOW("sub/r2-from", LOOKUP_DEEP);
	HOW("r2-to", LOOKUP_LSTAT);
	HOW("r3-from", LOOKUP_DEEP);
	HOW("r3-to", LOOKUP_DEEP);
	HOW("l-from", LOOKUP_READ);
	HOW("l-to", LOOKUP_LSTAT);
	HOW("sub/s-link", LOOKUP_LSTAT);
	HOW("sub/target", LOOKUP_DEEP);
	HOW("sub/s2-link", LOOKUP_LSTAT);
	HOW("sub/../target2", LOOKUP_DEEP);
	HOW("s3-link", LOOKUP_LSTAT | LOOKUP_DEEP);
	HOW("s3-other", LOOKUP_LSTAT);
	HOW("/target3", LOOKUP_DEEP);
	HOW("c-mkdir", LOOKUP_LSTAT);
	HOW("c-unlink", LOOKUP_LSTAT);
	HOW("c-rmdir", LOOKUP_LSTAT);
	HOW("c-lstat", LOOKUP_LSTAT);
	HOW("c-readlink", LOOKUP_LSTAT);
	HOW("c-access", LOOKUP_STAT);
	HOW("c-chdir", LOOKUP_STAT);
	HOW("c-truncate", LOOKUP_STAT);
	HOW("c-chmod", LOOKUP_STAT);
	HOW("c-lchown", LOOKUP_LSTAT);
	HOW("sub/c-times", LOOKUP_LSTAT);
}

static void test_proc(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 };

	RUN(w, &l, self_path(), "--look", "proc");
	TRUSTED(l);
	HOW("p-cwd", LOOKUP_STAT);
	HOW("p-thread", LOOKUP_STAT);
	HOW("/p-root", LOOKUP_STAT);
	HOW("sub/p-fd", LOOKUP_STAT);
	HOW("sub/p-dev", LOOKUP_STAT);
	HOW("p-pid", LOOKUP_STAT);
	HOW("/proc/self/status", LOOKUP_STAT);
}

static void test_memory(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 };
	size_t longest = 0;

	RUN(w, &l, self_path(), "--look", "memory");
	TRUSTED(l);
	HOW("m-across", LOOKUP_STAT);
	HOW("m-end", LOOKUP_STAT);
	for (size_t i = 0; i < l.paths.len; i++) {
		const char *path = l.paths.entries[i].key;
		assert_null(strstr(path, "xxxx"));
		assert_null(strstr(path, "zzzz"));
		longest = strlen(path) > longest ? strlen(path) : longest;
	}
	assert_int_equal(longest, 4094);
}

static void test_execs(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 };
	_free_ char *link = path_join(w->f->dir, "x-true"), *real = realpath("/bin/true", NULL);

	assert_int_equal(symlink("/bin/true", link), 0);
	RUN(w, &l, self_path(), "--look", "execs");
	TRUSTED(l);
	HOW("x-not-there", LOOKUP_READ | LOOKUP_EXEC);
	HOW("x-true", LOOKUP_STAT);
	HOW(real, LOOKUP_READ | LOOKUP_EXEC);
}

static void test_thread_with_own_folder(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 };

	RUN(w, &l, self_path(), "--look", "thread");
	HOW("sub/of-thread", LOOKUP_STAT);
}

static void says(struct watching *w, bool sandboxed)
{
	_lookups_ struct lookups l = { 0 };

	run(w, sandboxed, (const char *const[]){ self_path(), "--look", "says", w->f->dir, NULL }, &l);
	TRUSTED(l);
	HOW("sub", LOOKUP_READ);
	HOW("listed", LOOKUP_STAT);
	HOW("twice", LOOKUP_STAT | LOOKUP_READ);
	HOW("source.py", LOOKUP_STAT | LOOKUP_SOURCE);
	HOW("again.py", LOOKUP_SOURCE | LOOKUP_READ);
	HOW("script.py", LOOKUP_SOURCE);
	HOW("later.py", LOOKUP_READ);
	HOW("wanted", LOOKUP_MODULE);
	HOW("sub/one", LOOKUP_MODULE);
	HOW("by-child", LOOKUP_READ);
	for (size_t i = 0; i < l.paths.len; i++)
		assert_null(strstr(l.paths.entries[i].key, "jig-trace"));
}

static void test_says(void **state)
{
	says(*state, false);
}

static void test_says_in_sandbox(void **state)
{
	NEEDS_SANDBOX;
	says(*state, true);
}

static void boards(struct watching *w, bool sandboxed)
{
	_lookups_ struct lookups l = { 0 };

	run(w, sandboxed, (const char *const[]){ self_path(), "--look", "boards", w->f->dir, NULL }, &l);
	TRUSTED(l);
	HOW("b-0", LOOKUP_MODULE);
	HOW("b-1", LOOKUP_STAT);
	HOW("b-2", LOOKUP_READ);
	HOW("b-3", LOOKUP_SOURCE);
	HOW("b-many-1000", LOOKUP_STAT);
	HOW("b-last-0", LOOKUP_STAT);
	HOW("near", LOOKUP_STAT);
	HOW("away", -1);
	for (int i = 0; i < 2 * OBSERVE_BOARDS; i++) {
		_free_ char *name = mem_printf("b-child-%d", i);

		HOW(name, LOOKUP_STAT);
	}
}

static void test_boards(void **state)
{
	boards(*state, false);
}

static void test_boards_in_sandbox(void **state)
{
	NEEDS_SANDBOX;
	boards(*state, true);
}

static void test_odd_boards(void **state)
{
	static const char *const damages[] = { "no-letter", "Qabsent", "Srelative", "S", "endless" };
	struct watching *w = *state;
	_lookups_ struct lookups odd = { 0 };

	RUN(w, &odd, self_path(), "--look", "odd-boards");
	TRUSTED(odd);
	for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
		_lookups_ struct lookups l = { 0 };

		RUN(w, &l, self_path(), "--look", "damaged-board", damages[i]);
		assert_non_null(l.untrusted);
		assert_non_null(strstr(l.untrusted, "imports"));
	}
}

/* A Python with the hook, run as a step's is. One that may not make files of that size has no board, and asks about all
 * that it looks for. */
static void run_python(struct watching *w, const char *script, bool board, bool compiled, int status,
                       struct lookups *ret)
{
	_free_ char *cache = path_join(w->f->dir, "cache"), *hook = NULL, *path = NULL,
	            *trace = mem_printf("JIG_TRACE=%s", w->f->dir);
	struct err e;

	assert_int_equal(python_hook_folder(cache, &hook, &e), 0);
	path = mem_printf("PYTHONPATH=%s", hook);
	put(w, "main.py", script, 0644);
	const char *argv[] = { "sh", "-c", board ? "exec python3 main.py" : "ulimit -f 1; exec python3 main.py", NULL };
	const char *envp[] = {"PATH=/usr/local/bin:/usr/bin:/bin",           path, trace, "JIG_TRACE_SOURCE=1",
	                      compiled ? NULL : "PYTHONDONTWRITEBYTECODE=1", NULL};
	struct spawn_request r = {.token = 1,
	                          .argv = argv,
	                          .envp = envp,
	                          .cwd = w->f->dir,
	                          .out = w->f->null,
	                          .err = w->f->null,
	                          .attempt_id = ID,
	                          .trace = true};
	assert_int_equal(spawner_spawn(w->f->s, &r, &e), 0);
	struct spawn_event ev = end_of(w, 1);
	observer_end(w->o, 1, ret);
	if (ev.kind == SPAWN_FAILED)
		skip();
	assert_int_equal(ev.status, status);
	TRUSTED(*ret);
}

/* The folder counts by the modules that were looked for, whatever the end. */
static void test_python(void **state)
{
	static const struct { const char *script; int status;
	} cases[] = {
	        {"import local\ntry:\n    import absent\nexcept ImportError: pass\n", 0},
	        {"import local, absent\n", 1 << 8},
	        {"import local, os\nos._exit(0)\n", 0},
	        {"import local, os\nos.execv('/bin/true', ['true'])\n", 0},
	        {"import local, os\nif os.fork():\n    os.wait()\nelse:\n    import absent\n", 0},
	        {"import local, os\nif os.fork():\n    os.wait()\nelse:\n    os.kill(os.getpid(), 9)\n", 0},
	        {"import os\nif os.fork():\n    os.wait()\nelse:\n    import local\n    try:\n        import absent\n  "
	         "  except ImportError: os.kill(os.getpid(), 9)\n",
	         0},
	        {"import os, threading\nt = threading.Thread(target=__import__, "
	         "args=('local',))\nt.start()\nt.join()\n",
	         0},
	        {"import local, os\nos.kill(os.getpid(), 9)\n", 9},
	        {"import local, os, posix\nposix._exit(0)\n", 0},
	        {"import os\nos.closerange(3, 256)\nf = open('made', 'w')\nimport local\nf.write('all')\n", 0},
	};
	struct watching *w = *state;

	put(w, "local.py", "", 0644);
	for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
		const char *script = cases[i / 2].script;
		_lookups_ struct lookups l = { 0 };

		run_python(w, script, i % 2, false, cases[i / 2].status, &l);
		int folder = how(w, &l, w->f->dir), module = how(w, &l, "local"), absent = how(w, &l, "absent"),
		    source = how(w, &l, "local.py");
		if (folder < 0 || folder & LOOKUP_READ || module != LOOKUP_MODULE ||
		    source != (LOOKUP_STAT | LOOKUP_SOURCE))
			fail_msg("%sthe folder %d, the module %d, the source %d", script, folder, module, source);
		if (strstr(script, "absent"))
			assert_int_equal(absent, LOOKUP_MODULE);
	}
	_buf_ struct buf made = BUF_INIT;
	_free_ char *file = path_join(w->f->dir, "made");
	struct err e;
	assert_int_equal(file_read(file, 16, &made, &e), 0);
	assert_string_equal(made.data, "all");
}

/* Whether a path is looked up only to make a board. */
static bool is_of_board(const char *path)
{
	return strstr(path, "mmap") || strstr(path, "lib-dynload");
}

/* With a board and without one the same is looked up in the same ways: read and compiled, found and not, by links, in
 * packages, in a folder that is not there. */
static void test_python_board_hides_nothing(void **state)
{
	static const char script[] =
		"import sys, os, shutil, importlib.util\n"
		"sys.path[1:1] = [os.path.abspath('later'), 'lib', os.path.abspath('linked')]\n"
		"import local, pkg.inner, in_lib, by_link, decimal, xml.dom.minidom\n"
		"for name in 'absent', 'pkg.absent', 'space.absent':\n"
		"    try: __import__(name)\n"
		"    except ImportError: pass\n"
		"assert importlib.util.find_spec('only_found') and importlib.util.find_spec('folder') and not "
		"importlib.util.find_spec('to_nowhere')\n"
		"os.mkdir('later'); open('later/late.py', 'w').close(); importlib.invalidate_caches()\n"
		/* 3.6 remembers that there was no folder. */
		"sys.path_importer_cache.clear()\n"
		"sys.dont_write_bytecode = True\nimport late\n"
		"shutil.rmtree('later')\n";
	static const char *const files[] = {"local.py",       "pkg/__init__.py", "pkg/inner.py",
	                                    "space/there.py", "lib/in_lib.py",   "real/by_link.py",
	                                    "only_found.py",  "folder/x.txt",    "folder.txt"};
	struct watching *w = *state;
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		_free_ char *path = path_join(w->f->dir, files[i]);

		assert_int_equal(file_mkdirs_parent(path, 0755, &e), 0);
		put(w, files[i], "", 0644);
	}
	_free_ char *linked = path_join(w->f->dir, "linked"), *nowhere = path_join(w->f->dir, "to_nowhere.py");
	assert_int_equal(symlink("real", linked), 0);
	assert_int_equal(symlink("no-such-file", nowhere), 0);
	for (int compiled = 0; compiled < 2; compiled++) {
		_lookups_ struct lookups first = { 0 }, asked = { 0 }, told = { 0 };

		run_python(w, script, true, compiled, 0, &first);
		run_python(w, script, false, compiled, 0, &asked);
		run_python(w, script, true, compiled, 0, &told);
		assert_true(how(w, &asked, "local.py") == (LOOKUP_STAT | LOOKUP_SOURCE) &&
		            how(w, &asked, "later") >= 0);
		for (size_t i = 0; i < asked.paths.len; i++) {
			const struct map_entry *was = &asked.paths.entries[i], *is = map_find(&told.paths, was->key);

			if (!is || is->num != was->num)
				fail_msg("%s%s: %d, %d with a board", was->key, compiled ? ", compiled" : "",
				         (int)was->num, is ? (int)is->num : -1);
		}
		for (size_t i = 0; i < told.paths.len; i++) {
			const char *path = told.paths.entries[i].key;

			if (!is_of_board(path) && !map_find(&asked.paths, path))
				fail_msg("%s%s: only with a board", path, compiled ? ", compiled" : "");
		}
	}
}

static void test_blind(void **state)
{
	static const char *const whats[][2] = {
	        {"ring", "io_uring"},    {"handle", "handles"},        {"chroot", "root folder"},
	        {"mount", "mounted"},    {"other", "another process"},
#ifdef __x86_64__
	        {"x32", "another kind"}, {"i386", "another kind"},
#endif
	};
	struct watching *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(whats); i++) {
		_lookups_ struct lookups l = { 0 };

		start(w, 1, false, (const char *const[]){ self_path(), "--look", "blind", whats[i][0], NULL });
		end_of(w, 1);
		observer_end(w->o, 1, &l);
		assert_int_equal(l.witness, WITNESS_CALLS);
		if (!l.untrusted || !strstr(l.untrusted, whats[i][1]))
			fail_msg("%s: %s", whats[i][0], l.untrusted ? l.untrusted : "trusted");
	}
}

static void test_static_program(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 }, built = { 0 };

	put(w, "s.c",
	    "#include <sys/stat.h>\nint main(void) { struct stat st; return stat(\"seen-by-static\", &st) == 0; }\n",
	    0644);
	start(w, 1, false, (const char *const[]){ "cc", "-static", "-o", "static", "s.c", NULL });
	struct spawn_event ev = end_of(w, 1);
	observer_end(w->o, 1, &built);
	if (ev.kind != SPAWN_EXITED || ev.status) {
		print_message("no static program can be made here\n");
		skip();
	}
	TRUSTED(built);
	assert_int_equal(how(w, &built, "s.c") & LOOKUP_READ, LOOKUP_READ);
	RUN(w, &l, "./static");
	TRUSTED(l);
	HOW("seen-by-static", LOOKUP_STAT);
	HOW("/etc/ld.so.cache", -1);
}

static void test_daemon_and_shot(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 }, shot = { 0 };

	RUN(w, &l, self_path(), "--look", "daemon");
	TRUSTED(l);
	HOW("of-daemon", LOOKUP_STAT);
	RUN(w, &shot, self_path(), "--look", "shot");
	TRUSTED(shot);
	assert_int_equal(how(w, &shot, "of-target"), LOOKUP_STAT);
}

static void test_many_at_once(void **state)
{
	struct watching *w = *state;
	enum { MANY = 20 };
	int ended = 0;

	for (uint64_t i = 0; i < MANY; i++) {
		char script[64];
		snprintf(script, sizeof script, "for i in 1 2 3 4 5; do [ -e only-%d ]; done; exit 0", (int)i);
		start(w, i, false, (const char *const[]){ "sh", "-c", script, NULL });
	}
	while (ended < MANY) {
		struct spawn_event ev = next_event(w->f->s);
		assert_int_not_equal(ev.kind, SPAWN_FAILED);
		ended += ev.kind == SPAWN_EXITED;
	}
	for (uint64_t i = 0; i < MANY; i++) {
		_lookups_ struct lookups l = { 0 };
		int seen = 0;

		observer_end(w->o, i, &l);
		TRUSTED(l);
		for (int k = 0; k < MANY; k++) {
			char name[32];
			snprintf(name, sizeof name, "only-%d", k);
			if (how(w, &l, name) >= 0) {
				assert_int_equal(k, (int)i);
				seen++;
			}
		}
		assert_int_equal(seen, 1);
	}
}

static void test_nested(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 };

	RUN(w, &l, self_path(), "--look", "nested");
	TRUSTED(l);
}

static void test_never_began(void **state)
{
	struct watching *w = *state;
	const char *cwds[] = { w->f->dir, "/no/such/folder" };

	for (int i = 0; i < 2; i++) {
		_lookups_ struct lookups l = { 0 };
		const char *argv[] = {i ? "true" : "./no-such-program", NULL}, *envp[] = {"PATH=/usr/bin:/bin", NULL};
		struct spawn_request r = {.token = 9,
		                          .argv = argv,
		                          .envp = envp,
		                          .cwd = cwds[i],
		                          .out = w->f->null,
		                          .err = w->f->null,
		                          .attempt_id = ID,
		                          .trace = true};
		struct err e;

		assert_int_equal(spawner_spawn(w->f->s, &r, &e), 0);
		assert_int_equal(end_of(w, 9).kind, SPAWN_FAILED);
		observer_end(w->o, 9, &l);
		/* A program that is not there was looked for. */
		assert_int_equal(l.witness, i ? WITNESS_NONE : WITNESS_CALLS);
		assert_int_equal(l.untrusted != NULL, i);
		HOW("./no-such-program", i ? -1 : LOOKUP_READ | LOOKUP_EXEC);
	}
	_lookups_ struct lookups l = { 0 };
	observer_end(w->o, 10, &l);
	assert_int_equal(l.witness, WITNESS_NONE);
	assert_non_null(l.untrusted);
}

static void test_untraced(void **state)
{
	struct watching *w = *state;
	const char *argv[] = {"sh", "-c", "[ \"$(grep -c 'Seccomp:.2' /proc/self/status)\" = 0 ]", NULL},
	           *envp[] = {"PATH=/usr/bin:/bin", NULL};
	struct spawn_request r = {.token = 3,
	                          .argv = argv,
	                          .envp = envp,
	                          .cwd = w->f->dir,
	                          .out = w->f->null,
	                          .err = w->f->null,
	                          .attempt_id = ID};
	struct err e;

	assert_int_equal(spawner_spawn(w->f->s, &r, &e), 0);
	assert_int_equal(end_of(w, 3).status, 0);
}

static void test_end_that_does_not_come(void **state)
{
	struct watching *w = *state;
	_lookups_ struct lookups l = { 0 };

	start(w, 1, false, (const char *const[]){ "sleep", "1000", NULL });
	while (next_event(w->f->s).kind != SPAWN_STARTED)
		;
	observer_end(w->o, 1, &l);
	assert_non_null(l.untrusted);
	assert_non_null(strstr(l.untrusted, "went on"));
}

static void test_free_while_they_run(void **state)
{
	struct watching *w = *state;
	struct err e;

	start(w, 1, false, (const char *const[]){ "sh", "-c", ": >said; while :; do [ -e said ]; done", NULL });
	_free_ char *said = path_join(w->f->dir, "said");
	while (access(said, F_OK) < 0)
		usleep(1000);
	observer_free(w->o);
	assert_int_equal(spawner_signal(w->f->s, 1, SIGKILL, &e), 0);
	assert_int_equal(end_of(w, 1).kind, SPAWN_EXITED);
	assert_int_equal(observer_start(spawner_trace_fd(w->f->s), &w->o, &e), 0);
}

/* All of it once more by somebody without rights. */
static void test_as_ordinary_user(void **state)
{
	int status;

	if (geteuid() != 0) {
		print_message("these tests run as an ordinary user\n");
		skip();
	}
	pid_t pid = fork();
	if (pid == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
			_exit(1);
		extern char **environ;
		bool network;
		struct err e;
		have_sandbox = have_sandbox && sandbox_probe(environ, &network, &e) == 0;
		_exit(execl(self_path(), self_path(), "--ordinary", have_sandbox ? "sandbox" : NULL, (char *)NULL) ? 77
		                                                                                                   : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("an ordinary user may not start this program where it stands\n");
		skip();
	}
	assert_int_equal(status, 0);
}

#define CASE(t) cmocka_unit_test_setup_teardown(t, begin, end)
#define CASES \
	CASE(test_shell), CASE(test_shell_in_sandbox), CASE(test_opens), CASE(test_changes), CASE(test_proc), \
	        CASE(test_memory), CASE(test_execs), CASE(test_thread_with_own_folder), CASE(test_says), \
	        CASE(test_says_in_sandbox), CASE(test_boards), CASE(test_boards_in_sandbox), CASE(test_odd_boards), \
	        CASE(test_python), CASE(test_python_board_hides_nothing), CASE(test_blind), CASE(test_static_program), \
	        CASE(test_daemon_and_shot), CASE(test_many_at_once), CASE(test_nested), CASE(test_never_began), \
	        CASE(test_untraced), CASE(test_free_while_they_run)

int main(int argc, char **argv)
{
	extern char **environ;
	struct err e;
	bool network;

	if (spawn_inside_asked(argv[0]))
		return spawn_inside_run(argv);
	if (argc > 2 && strcmp(argv[1], "--look") == 0)
		return look(argv[2], argc > 3 ? argv[3] : "");
	const char *why = observe_impossible();
	if (why) {
		print_message("skipped: %s\n", why);
		return 0;
	}
	have_sandbox = sandbox_probe(environ, &network, &e) == 0;
	if (!have_sandbox)
		print_message("skipping what needs a sandbox: %s\n", e.text);
	const struct CMUnitTest tests[] = {CASES, CASE(test_end_that_does_not_come),
	                                   cmocka_unit_test(test_as_ordinary_user)};
	const struct CMUnitTest ordinary[] = { CASES };
	if (argc > 1 && strcmp(argv[1], "--ordinary") == 0)
		return cmocka_run_group_tests_name("ordinary", ordinary, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
