/* Programs that are started without a spawner: heard, let go, piped or in the foreground. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/process/spawn.h"
#include "tests/runner/spawn_child.h"
#include "tests/runner/spawn_scratch.h"

static void test_capture(void **state)
{
	struct fixture *f = *state;
	_buf_ struct buf out = BUF_INIT;
	const char *envp[] = { "PATH=/usr/bin:/bin", "WORD=hello", NULL };
	struct err e;
	int status = -1;
#define CAPTURE(cwd, max, ...) \
	spawn_capture((const char *const[]){__VA_ARGS__, NULL}, envp, cwd, max, &out, &status, &e)

	assert_int_equal(CAPTURE(NULL, 100, "sh", "-c", "echo $WORD; echo noise >&2"), 0);
	assert_int_equal(status, 0);
	assert_string_equal(out.data, "hello\n");
	assert_int_equal(CAPTURE(f->dir, 1000, "pwd"), 0);
	assert_true(text_ends(out.data, "\n") && strstr(out.data, path_base(f->dir)));

	buf_reset(&out);
	assert_int_equal(CAPTURE(NULL, 100, "sh", "-c", "echo said; echo why >&2; exit 3"), 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	assert_string_equal(out.data, "said\nwhy\n");

	buf_reset(&out);
	assert_int_equal(
	        CAPTURE(NULL, 10, "sh", "-c", "i=0; while [ $i -lt 20000 ]; do echo 123456789; i=$((i+1)); done"), 0);
	assert_int_equal(status, 0);
	assert_int_equal(out.len, 10);

	/* What it leaves running with the pipe open is not waited for. */
	buf_reset(&out);
	assert_int_equal(CAPTURE(NULL, 100, "sh", "-c", "sleep 1000 & echo $!"), 0);
	pid_t left = (pid_t)strtol(out.data, NULL, 10);
	assert_true(left > 1);
	kill(left, SIGKILL);

	assert_int_equal(CAPTURE(NULL, 100, "no-such-program"), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "no-such-program: command not found"));
	assert_int_equal(CAPTURE("/no/such/folder", 100, "true"), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "/no/such/folder"));
	assert_int_equal(CAPTURE(NULL, 100, "sh", "-c", "kill -9 $$"), 0);
	assert_true(WIFSIGNALED(status));
}

static void test_detached(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = { self_path(), "--facts", NULL };
	const char *sh[] = {"sh", "-c", "echo kept >&3; [ \"$(ps -o sid= -p $$ | tr -d ' ')\" = $$ ] && exit 5", NULL};
	struct err e;
	char text[16];
	int p[2], status;
	pid_t pid;

	int stray = fcntl(f->null, F_DUPFD, 100);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(spawn_detached(sh, NULL, f->dir, p[1], &pid, &e), 0);
	close(p[1]);
	assert_int_equal(read(p[0], text, sizeof text), 5);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 5);
	assert_int_equal(read(p[0], text, sizeof text), 0);
	close(p[0]);
	assert_int_equal(spawn_detached(argv, NULL, NULL, -1, &pid, &e), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	const char *none[] = { "no-such-program", NULL };
	assert_int_equal(spawn_detached(none, NULL, NULL, -1, &pid, &e), ERR_NOT_FOUND);
	close(stray);
}

static void note_output(void *arg, const char *bytes, size_t n)
{
	buf_add(arg, bytes, n);
}

static void test_stream(void **state)
{
	struct fixture *f = *state;
	_buf_ struct buf out = BUF_INIT;
	const char *const envp[] = { "PATH=/usr/bin:/bin", "NAME=value", NULL };
	int status = -1;
	struct err e;
#define STREAM(dir, ...) \
	spawn_stream(&(struct spawn_stream){ .argv = (const char *const[]){ __VA_ARGS__, NULL }, .envp = envp, \
					     .cwd = dir, .keep = -1, .output = note_output, .arg = &out }, \
		     &status, &e)

	/* Both streams, in the order in which they were written; nothing to read; signals as they were at the start. */
	assert_int_equal(STREAM(f->dir, "sh", "-c", "echo $NAME; echo two >&2; echo three; cat; pwd; exit 3"), 0);
	_free_ char *wanted = mem_printf("value\ntwo\nthree\n%s\n", f->dir);
	assert_string_equal(out.data, wanted);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	assert_int_equal(STREAM(NULL, "sh", "-c", "kill -9 $$"), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

	/* More than a pipe holds. */
	buf_reset(&out);
	assert_int_equal(STREAM(NULL, "sh", "-c", "head -c 1000000 /dev/zero"), 0);
	assert_int_equal(out.len, 1000000);

	/* A script that the kernel does not know goes to the shell, with its arguments. */
	_free_ char *script = path_join(f->dir, "script");
	buf_reset(&out);
	assert_int_equal(file_write(script, "echo $1\n", 8, 0755, &e), 0);
	assert_int_equal(STREAM(NULL, script, "a b"), 0);
	assert_string_equal(out.data, "a b\n");

	assert_int_equal(STREAM(NULL, "no-such-program"), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "no-such-program: command not found"));
	assert_int_equal(STREAM("/no/such/folder", "sh"), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "/no/such/folder"));
#undef STREAM
}

/* What it leaves running is not waited for, and holds the lock that was handed on; other descriptors are not. */
static void test_stream_keeps(void **state)
{
	struct fixture *f = *state;
	_buf_ struct buf out = BUF_INIT;
	_free_ char *lock = path_join(f->dir, "lock"), *fifo = path_join(f->dir, "fifo");
	_close_ int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd, status;
	struct err e;

	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(file_lock(lock, false, &fd, &e), 0);
	_free_ char *script =
	        mem_printf("(read x <%s) & test -e /proc/$$/fd/%d && ! test -e /proc/$$/fd/%d", fifo, fd, other);
	struct spawn_stream s = {.argv = (const char *const[]){"sh", "-c", script, NULL},
	                         .keep = fd,
	                         .output = note_output,
	                         .arg = &out};
	assert_int_equal(spawn_stream(&s, &status, &e), 0);
	assert_int_equal(status, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_true(file_locked(lock));
	fd = open(fifo, O_WRONLY);
	assert_true(fd >= 0);
	close(fd);
	while (file_locked(lock))
		usleep(1000);
}

static void test_stream_dies_with_its_caller(void **state)
{
#ifdef JIG_POSIX
	skip(); /* POSIX has no PR_SET_PDEATHSIG */
#endif
	struct fixture *f = *state;
	_free_ char *pids = path_join(f->dir, "pids"), *lock = path_join(f->dir, "lock");
	_free_ char *script = mem_printf("echo $$ >%s.new; mv %s.new %s; exec sleep 1000", pids, pids, pids);
	struct err e;

	pid_t caller = fork();
	if (caller == 0) {
		int fd, status;
		if (file_lock(lock, false, &fd, &e) < 0)
			_exit(1);
		struct spawn_stream s = {
		        .argv = (const char *const[]){"sh", "-c", script, NULL}, .keep = fd, .output = note_output};
		spawn_stream(&s, &status, &e);
		_exit(1);
	}
	wait_pid_file(pids, 1);
	assert_true(file_locked(lock));
	assert_int_equal(kill(caller, SIGKILL), 0);
	assert_int_equal(waitpid(caller, NULL, 0), caller);
	while (file_locked(lock))
		usleep(1000);
}

/* What a descriptor that does not block gives until its end. */
static void read_all(int fd, struct buf *out)
{
	for (ssize_t n = 1; n != 0;) {
		poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, -1);
		n = buf_read(out, fd, 4096);
		assert_true(n >= 0 || errno == EAGAIN || errno == EINTR);
	}
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

static void test_piped(void **state)
{
	struct fixture *f = *state;
	_buf_ struct buf out = BUF_INIT, complaint = BUF_INIT;
	const char *const envp[] = { "PATH=/usr/bin:/bin", "NAME=value", NULL };
	const char *const sh[] = {"sh", "-c", "echo $NAME; echo two >&2; cat; pwd; exit 3", NULL},
	                  *const none[] = {"no-such-program", NULL};
	_close_ int other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fds[2], status;
	struct err e;
	pid_t pid;

	assert_int_equal(spawn_piped(sh, envp, f->dir, &pid, &fds[0], &fds[1], &e), 0);
	read_all(fds[0], &out);
	read_all(fds[1], &complaint);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	_free_ char *wanted = mem_printf("value\n%s\n", f->dir);
	assert_string_equal(out.data, wanted);
	assert_string_equal(complaint.data, "two\n");

	/* Both streams in one, and nothing of ours is handed on. */
	_free_ char *script = mem_printf("echo one; echo two >&2; test ! -e /proc/self/fd/%d && echo three", other);
	const char *const one[] = { "sh", "-c", script, NULL };
	buf_reset(&out);
	assert_int_equal(spawn_piped(one, NULL, NULL, &pid, &fds[0], NULL, &e), 0);
	read_all(fds[0], &out);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_string_equal(out.data, "one\ntwo\nthree\n");

	int before = dup(0);
	close(before);
	assert_int_equal(spawn_piped(none, NULL, NULL, &pid, &fds[0], &fds[1], &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "no-such-program: command not found"));
	assert_int_equal(spawn_piped(sh, NULL, "/no/such/folder", &pid, &fds[0], &fds[1], &e), ERR_NOT_FOUND);
	int after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

/* Ctrl-C is the program's alone: we go on, and the disposition is back afterwards. */
static void test_foreground(void **state)
{
	struct fixture *f = *state;
	_free_ char *wanted = path_join(f->dir, "made");
	const char *const sh[] = {"sh", "-c", "kill -INT $PPID; kill -QUIT $PPID; touch made; kill -INT $$; sleep 1000",
	                          NULL},
	                  *const none[] = {"no-such-program", NULL};
	struct sigaction now;
	struct err e;
	int status;

	assert_int_equal(spawn_foreground(sh, f->dir, &status, &e), 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	assert_int_equal(access(wanted, F_OK), 0);
	for (int i = 0; i < 2; i++) {
		sigaction(i ? SIGQUIT : SIGINT, NULL, &now);
		assert_ptr_equal(now.sa_handler, SIG_DFL);
	}
	assert_int_equal(spawn_foreground(none, NULL, &status, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "no-such-program: command not found"));
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--facts") == 0)
		return tell_facts();
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        CASE(test_capture),
	        CASE(test_detached),
	        CASE(test_stream),
	        CASE(test_stream_keeps),
	        CASE(test_stream_dies_with_its_caller),
	        CASE(test_piped),
	        CASE(test_foreground),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
