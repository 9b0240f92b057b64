/* What is seen of the kernel's calls by which programs look for files, and which of them nobody can see. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/path.h"
#include "runner/trace/observe.h"

#ifdef JIG_POSIX
int main(void)
{
	return observe_impossible() ? 0 : 1;
}
#else

#include "tests/runner/observe_case.h"

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

static int look(const char *what, const char *arg)
{
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
	if (strcmp(what, "blind") == 0)
		return look_blind(arg);
	if (strcmp(what, "thread") == 0)
		return pthread_create(&t, NULL, look_in_own_folder, (void *)what) || pthread_join(t, &r) || !r;
	return 99;
}

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

int main(int argc, char **argv)
{
	int status = observe_case_begin(argc, argv, look);
	if (status >= 0)
		return status;
	const struct CMUnitTest tests[] = {
	        CASE(test_shell),
	        CASE(test_shell_in_sandbox),
	        CASE(test_opens),
	        CASE(test_changes),
	        CASE(test_proc),
	        CASE(test_memory),
	        CASE(test_execs),
	        CASE(test_thread_with_own_folder),
	        CASE(test_blind),
	        CASE(test_static_program),
	        cmocka_unit_test(test_as_ordinary_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
