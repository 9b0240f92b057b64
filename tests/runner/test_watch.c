/* Both witnesses of files, on the same steps: what was read and listed is known by how the steps are made. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/mount.h>
#endif
#include "base/arena.h"
#include "base/file.h"
#include "base/path.h"
#include "runner/trace/atime.h"
#include "runner/trace/watch.h"

static char *home, *work;
static struct arena arena;
static struct lookups by_events, by_times;
static bool no_times; /* the file system keeps no access times */
#if defined(__linux__) && !defined(JIG_POSIX)
enum { NO_EVENTS = false };
#else
enum { NO_EVENTS = true }; /* there is no inotify */
#endif

#define assert_ok(call) \
	do { \
		struct err e_ = {0}; \
		struct err *e = &e_; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, e_.text); \
	} while (0)

static int set_up(void **state)
{
	struct err e;
	const char *tmp = getenv("TMPDIR");

	assert_int_equal(file_temp_dir(tmp ? tmp : "/tmp", "watch", &home, &e), 0);
	work = path_join(home, "work");
	no_times = false;
	return mkdir(work, 0755);
}

static int tear_down(void **state)
{
	struct err e;
	int r = file_remove_tree(home, &e);

	lookups_release(&by_events);
	lookups_release(&by_times);
	arena_release(&arena);
	free(home);
	free(work);
	return r;
}

static char *in(const char *name)
{
	return *name ? arena_printf(&arena, "%s/%s", work, name) : work;
}

static void put(const char *name, const char *text)
{
	assert_ok(file_mkdirs_parent(in(name), 0755, e));
	assert_ok(file_write(in(name), text, strlen(text), 0755, e));
}

static bool has(const struct lookups *l, const char *name)
{
	const struct map_entry *at = map_find(&l->paths, in(name));

	if (at)
		assert_int_equal(at->num, LOOKUP_READ);
	return at;
}

static pid_t start(const char *const *argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(null, 0);
		dup2(null, 1);
		if (chdir(work) == 0)
			execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	return pid;
}

static void drain(struct watch *w, struct lookups *ret)
{
	if (w)
		watch_drain(w, ret);
}

/* Runs a step under both witnesses. */
static void witness(const char *const *argv)
{
	struct lookups own = {0};
	struct watch *w = NULL;
	struct err why;
	int status;

	if (!NO_EVENTS)
		assert_ok(watch_new(work, &w, e));
	if (atime_prepare(work, &why) < 0) {
		print_message("access times are not tested: %s\n", why.text);
		no_times = true;
	}
	/* What the other witness did to prepare itself. */
	drain(w, &own);
	lookups_release(&own);
	pid_t pid = start(argv);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd p = {w ? watch_fd(w) : -1, POLLIN, 0};
		poll(&p, 1, 5);
		drain(w, &by_events);
	}
	drain(w, &by_events);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s ended with %d", argv[0], status);
	if (!no_times)
		assert_ok(atime_collect(work, &by_times, e));
	watch_free(w);
	assert_null(by_events.untrusted);
	if (!NO_EVENTS)
		assert_int_equal(by_events.witness, WITNESS_FILES);
}

/* All of these, and of the others in the folder none. */
static void assert_seen(const struct lookups *l, const char *const *read, const char *const *unread)
{
	size_t n = 0;

	if (l == &by_times ? no_times : NO_EVENTS)
		return;
	for (; *read; read++, n++)
		if (!has(l, *read))
			fail_msg("%s: \"%s\" was not seen", l == &by_times ? "times" : "events", *read);
	for (; *unread; unread++)
		if (has(l, *unread))
			fail_msg("%s: \"%s\" was seen", l == &by_times ? "times" : "events", *unread);
	for (size_t i = 0; i < l->paths.len; i++)
		assert_true(path_within(l->paths.entries[i].key, work));
	if (l == &by_times && l->paths.len != n)
		fail_msg("%zu were seen, %zu were read", l->paths.len, n);
}

static void assert_both(const char *const *read, const char *const *unread)
{
	assert_seen(&by_events, read, unread);
	if (!no_times)
		assert_int_equal(by_times.witness, WITNESS_FILES);
	assert_seen(&by_times, read, unread);
}
#define LIST(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

static void a_python_script(void **state)
{
	put("script.py", "import os, json, pkg.a\n"
	                 "assert sorted(os.listdir('data')) == ['unread.csv', 'x.csv']\n"
	                 "open('data/x.csv').read()\n"
	                 "open('empty').read()\n"
	                 "os.path.exists('stat only')\n"
	                 "try: import pkg.none\n"
	                 "except ImportError: pass\n");
	put("pkg/__init__.py", "");
	put("pkg/a.py", "from . import b\n");
	put("pkg/b.py", "import other\n");
	put("pkg/unread.py", "");
	put("other/__init__.py", "import other.deep.c\n");
	put("other/deep/__init__.py", "1\n");
	put("other/deep/c.py", "2\n");
	put("other/unread/__init__.py", "2\n");
	put("data/x.csv", "1,2\n");
	put("data/unread.csv", "1,2\n");
	put("empty", "");
	put("stat only", "1");
	put("json/nothing.txt", "");
	witness(LIST("python3", "-B", "-s", "script.py"));
	assert_both(LIST("", "script.py", "pkg", "pkg/__init__.py", "pkg/a.py", "pkg/b.py", "other",
	                 "other/__init__.py", "other/deep", "other/deep/__init__.py", "other/deep/c.py", "data",
	                 "data/x.csv", "empty"),
	            LIST("pkg/unread.py", "other/unread", "other/unread/__init__.py", "data/unread.csv", "stat only",
	                 "json/nothing.txt"));
}

static void a_shell_script(void **state)
{
	put("run.sh", "set -e\n"
	              ". ./lib.sh\n"
	              "[ -x tool ] && [ -f tested ] && [ ! -e none ]\n"
	              "./tool >/dev/null\n"
	              "for f in listed/*; do :; done\n"
	              "cat <link >/dev/null\n"
	              "cat through/deep/file >/dev/null\n"
	              "cd entered\n");
	put("lib.sh", ":\n");
	put("tool", "#!/bin/sh\ncat fed\n");
	put("fed", "1");
	put("tested", "1");
	put("listed/a", "1");
	put("listed/b", "1");
	put("target", "1");
	put("real/deep/file", "1");
	put("real/deep/other", "1");
	put("entered/file", "1");
	assert_int_equal(symlink("target", in("link")), 0);
	assert_int_equal(symlink("real", in("through")), 0);
	witness(LIST("sh", "run.sh"));
	assert_both(LIST("run.sh", "lib.sh", "tool", "fed", "listed", "target", "real/deep/file"),
	            LIST("", "tested", "listed/a", "listed/b", "real", "real/deep", "real/deep/other", "entered",
	                 "entered/file", "link", "through"));
}

/* What a step makes is its own, and what it removes or replaces was read all the same. */
static void a_step_that_writes(void **state)
{
	put("run.sh", "set -e\n"
	              "mkdir -p new/deeper; echo 1 >new/deeper/x; cat new/deeper/x >/dev/null\n"
	              "echo 1 >out/made; cat out/made >/dev/null\n"
	              "cat gone >/dev/null; rm gone\n"
	              "cat replaced >out/tmp; mv out/tmp replaced\n"
	              "mv moved elsewhere; cat elsewhere/file >/dev/null\n"
	              "mv renamed out/renamed\n");
	put("out/kept", "");
	put("gone", "1");
	put("replaced", "1");
	put("moved/file", "1");
	put("moved/unread", "1");
	put("renamed", "1");
	witness(LIST("sh", "run.sh"));
	assert_seen(&by_events, LIST("run.sh", "gone", "replaced", "moved/file", "renamed"),
	            LIST("out/kept", "new/deeper/x", "new/deeper"));
	/* A move takes the names away: they may all have been read under the new ones. */
	assert_seen(&by_times, LIST("run.sh", "gone", "replaced", "moved", "moved/file", "moved/unread", "renamed"),
	            LIST("out/kept", "new", "out/made"));
}

static void odd_names_are_seen(void **state)
{
	put("sub/new\nline", "1");
	put("sub/\xff\xfe", "1");
	put("sub/-n", "1");
	put("sub/unread", "1");
	witness(LIST("sh", "-c", "cat -- sub/new* sub/\xff\xfe sub/-n"));
	assert_both(LIST("sub", "sub/new\nline", "sub/\xff\xfe", "sub/-n"), LIST("", "sub/unread"));
}

static void nothing_is_read(void **state)
{
	put("a/b/c", "1");
	witness(LIST("true"));
	assert_both(LIST(), LIST("", "a", "a/b", "a/b/c"));
}

static void old_files(void **state)
{
	/* As those of archives that are the same wherever they are made. */
	const struct timespec epoch[2] = {{0}, {0}};

	put("zero", "1");
	put("unread", "1");
	assert_int_equal(utimensat(AT_FDCWD, in("zero"), epoch, 0), 0);
	assert_int_equal(utimensat(AT_FDCWD, in("unread"), epoch, 0), 0);
	witness(LIST("cat", "zero"));
	assert_both(LIST("zero"), LIST("", "unread"));
}

#define need_events() \
	do { \
		if (NO_EVENTS) \
			skip(); \
	} while (0)

static void the_queue_runs_over(void **state)
{
	need_events();
	struct lookups l = {0};
	struct watch *w = NULL;

	put("a", "1");
	put("b", "1");
	assert_ok(watch_new(work, &w, e));
	/* Neighbours that are the same are one event. */
	for (int i = 0; i < 40000; i++) {
		int fd = open(in(i % 2 ? "a" : "b"), O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		close(fd);
		if (i % 1000 == 0)
			arena_release(&arena);
	}
	watch_drain(w, &l);
	if (!l.untrusted) {
		print_message("the queue holds more than 40,000 events here, so this is not tested\n");
		lookups_release(&l);
		watch_free(w);
		skip();
	}
	assert_string_equal(l.untrusted, "the queue of events ran over");
	assert_true(has(&l, "a") && has(&l, "b"));
	lookups_release(&l);
	watch_free(w);
}

#if defined(__linux__)
/* The whole text of `text` into an existing file; no file is made. */
static bool write_to(const char *path, const char *text)
{
	_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}
#endif

static void no_watches_are_left(void **state)
{
	need_events();
#if defined(__linux__)
	int status;

	for (int i = 0; i < 20; i++)
		put(arena_printf(&arena, "%d/file", i), "1");
	pid_t pid = fork();
	if (pid == 0) {
		struct watch *w = NULL;
		struct err e;
		/* A limit of this process alone. */
		if (unshare(CLONE_NEWUSER) < 0 || !write_to("/proc/sys/user/max_inotify_watches", "5"))
			_exit(2);
		if (watch_new(work, &w, &e) != ERR_BROKEN || w ||
		    !strstr(e.text, "no watches are left for the 21 folders of ") || !strstr(e.text, work) ||
		    !strstr(e.text, "max_user_watches"))
			_exit(1);
		if (!write_to("/proc/sys/user/max_inotify_watches", "100000") ||
		    !write_to("/proc/sys/user/max_inotify_instances", "0"))
			_exit(2);
		_exit(watch_new(work, &w, &e) != ERR_BROKEN || w || !strstr(e.text, "max_user_instances"));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 2) {
		print_message("no limit can be set here, so this is not tested\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
#else
	skip();
#endif
}

static void folders_that_cannot_be_watched(void **state)
{
	need_events();
	struct watch *w = NULL;
	struct lookups l = {0};
	struct err e;

	assert_int_equal(watch_new(in("none"), &w, &e), ERR_NOT_FOUND);
	put("file", "1");
	assert_int_equal(watch_new(in("file"), &w, &e), ERR_BROKEN);
	assert_null(w);
	watch_free(NULL);
	assert_int_equal(atime_prepare(in("none"), &e), ERR_NOT_FOUND);
	/* Without a beginning. */
	assert_int_equal(atime_collect(work, &l, &e), ERR_NOT_FOUND);
	lookups_release(&l);
}

static void without_access_times(void **state)
{
#if defined(__linux__)
	static const unsigned long kinds[] = {MS_NOATIME, MS_NODIRATIME, 0};
	struct err e;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (mount("none", work, "tmpfs", kinds[i], "size=1m") < 0) {
			print_message("no file system can be mounted here, so noatime is not tested\n");
			skip();
		}
		put("a/b", "1");
		int r = atime_prepare(work, &e);
		assert_int_equal(umount(work), 0);
		if (kinds[i]) {
			assert_int_equal(r, ERR_BROKEN);
			assert_non_null(strstr(e.text, "noatime"));
			assert_non_null(strstr(e.text, work));
		} else if (r < 0) {
			fail_msg("%s", e.text);
		}
	}
#else
	skip();
#endif
}

int main(void)
{
#define test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        test(a_python_script),
	        test(a_shell_script),
	        test(a_step_that_writes),
	        test(odd_names_are_seen),
	        test(nothing_is_read),
	        test(old_files),
	        test(the_queue_runs_over),
	        test(no_watches_are_left),
	        test(folders_that_cannot_be_watched),
	        test(without_access_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
