/* Steps that a spawner starts: what they find, how they end and what they leave behind. Programs that are no steps:
 * test_spawn_program.c. */
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
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "runner/process/proc.h"
#include "runner/process/spawn.h"
#include "tests/runner/spawn_child.h"
#include "tests/runner/spawn_scratch.h"

static void note_pid(const char *file)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char line[32];
	int n = snprintf(line, sizeof line, "%d\n", (int)getpid());

	if (write(fd, line, (size_t)n) != n)
		_exit(9);
	close(fd);
}

/* What steps do badly: this program with "--misbehave WHAT". */
static int misbehave(const char *what, const char *file)
{
	if (strcmp(what, "daemon") == 0 || strcmp(what, "wait-daemon") == 0 || strcmp(what, "nameless") == 0 ||
	    strcmp(what, "wait-nameless") == 0) {
		pid_t between = fork();
		if (between == 0) {
			setsid();
			if (fork() != 0)
				_exit(0);
			if (strstr(what, "nameless")) {
				note_pid(file);
				char *argv[] = { "sleep", "1000", NULL }, *envp[] = { NULL };
				execve("/bin/sleep", argv, envp);
			}
			note_pid(file);
			for (;;)
				pause();
		}
		wait_pid_file(file, 1);
		waitpid(between, NULL, 0);
		while (strstr(what, "wait"))
			pause();
		return 0;
	}
	if (strcmp(what, "deaf") == 0) {
		signal(SIGTERM, SIG_IGN);
		note_pid(file);
		for (;;)
			pause();
	}
	if (strcmp(what, "many") == 0 || strcmp(what, "wait-many") == 0) {
		for (int i = 0; i < 20; i++)
			if (fork() == 0) {
				if (i % 2)
					setsid();
				signal(SIGTERM, SIG_IGN);
				note_pid(file);
				for (;;)
					pause();
			}
		while (strcmp(what, "wait-many") == 0)
			pause();
		wait_pid_file(file, 20);
		return 3;
	}
	if (strcmp(what, "bomb") == 0 || strcmp(what, "wait-bomb") == 0) {
		/* A chain that forks on for ever, each in a session of its own. */
		note_pid(file);
		if (fork() == 0)
			for (;;) {
				setsid();
				if (fork() != 0) {
					usleep(2000);
					_exit(0);
				}
			}
		while (strcmp(what, "wait-bomb") == 0)
			pause();
		usleep(20000);
		return 0;
	}
	if (strcmp(what, "facts") == 0)
		return tell_facts();
	return 99;
}

#define ID_A attempt_id(0)
#define ID_B attempt_id(1)
#define ID_C attempt_id(2)

static void start_with(struct fixture *f, uint64_t token, const char *const *argv, const char *id, int out)
{
	_free_ char *attempt = mem_printf("JIG_ATTEMPT_ID=%s", id);
	const char *envp[] = { "PATH=/usr/bin:/bin", attempt, "ASAN_OPTIONS=detect_leaks=0", NULL };
	struct spawn_request r = {
	        .token = token, .argv = argv, .envp = envp, .cwd = f->dir, .out = out, .err = out, .attempt_id = id};
	struct err e;

	assert_int_equal(spawner_spawn(f->s, &r, &e), 0);
}
#define START(f, token, id, ...) start_with(f, token, (const char *const[]){ __VA_ARGS__, NULL }, id, (f)->null)

static void misbehaving(struct fixture *f, uint64_t token, const char *id, const char *what)
{
	START(f, token, id, self_path(), "--misbehave", what, f->file);
}

#ifndef JIG_POSIX
/* The pids that were noted. */
static size_t noted(struct fixture *f, pid_t *pids, size_t max)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;
	size_t n = 0;

	assert_int_equal(file_read(f->file, 1 << 20, &b, &e), 0);
	for (char *p = b.data; *p && n < max; p++)
		pids[n++] = (pid_t)strtol(p, &p, 10);
	return n;
}

static void assert_all_gone(struct fixture *f, size_t expected)
{
	pid_t pids[64];
	size_t n = noted(f, pids, 64);

	assert_int_equal(n, expected);
	for (size_t i = 0; i < n; i++)
		assert_false(proc_alive(pids[i]));
}
#endif

static void test_exit_status(void **state)
{
	struct fixture *f = *state;

	START(f, 7, ID_A, "sh", "-c", "exit 3");
	struct spawn_event ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_STARTED);
	assert_int_equal(ev.token, 7);
	assert_true(ev.pid > 0);
	pid_t pid = ev.pid;
#ifndef JIG_POSIX
	assert_true(ev.start > 0);
#endif
	ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_EXITED);
	assert_int_equal(ev.token, 7);
	assert_int_equal(ev.pid, pid);
	assert_true(WIFEXITED(ev.status));
	assert_int_equal(WEXITSTATUS(ev.status), 3);
	assert_int_equal(ev.leftover, 0);
	assert_true(ev.max_rss > 100000);
	assert_true(ev.elapsed_us > 0 && ev.cpu_us >= 0);
}

static void test_start_time(void **state)
{
#ifdef JIG_POSIX
	skip();
#else
	struct fixture *f = *state;
	struct err e;

	for (int i = 0; i < 20; i++) {
		struct proc p;
		START(f, (uint64_t)i, ID_A, "sleep", "1000");
		struct spawn_event ev = next_event(f->s);
		assert_true(proc_read(ev.pid, &p));
		assert_int_equal(p.start, ev.start);
		assert_int_equal(spawner_signal(f->s, (uint64_t)i, SIGKILL, &e), 0);
		ev = next_event(f->s);
		assert_true(WIFSIGNALED(ev.status) && WTERMSIG(ev.status) == SIGKILL);
	}
#endif
}

static void test_step_finds_clean_house(void **state)
{
	struct fixture *f = *state;
	int p[2];
	char text[256];

	/* What the supervisor has open without O_CLOEXEC is not the step's; its SIGINT is not either. */
	int stray = fcntl(f->null, F_DUPFD, 100);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	start_with(f, 1, (const char *const[]){ self_path(), "--misbehave", "facts", f->file, NULL }, ID_A, p[1]);
	close(p[1]);
	assert_int_equal(next_event(f->s).kind, SPAWN_STARTED);
	assert_int_equal(next_event(f->s).kind, SPAWN_EXITED);
	ssize_t n = read(p[0], text, sizeof text - 1);
	assert_true(n > 0);
	text[n] = '\0';
#ifdef JIG_POSIX
	assert_string_equal(text, "sid=1 pgrp=1 core=0 files=1 deaf=0 death=0 fds=0 stdin=0\n");
#else
	assert_string_equal(text, "sid=1 pgrp=1 core=0 files=1 deaf=0 death=9 fds=0 stdin=0\n");
#endif
	assert_int_equal(read(p[0], text, 1), 0); /* nobody holds the other end */
	close(p[0]);
	close(stray);
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	struct err e;

	START(f, 1, ID_A, "no-such-program");
	struct spawn_event ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_FAILED);
	assert_int_equal(ev.error, ENOENT);
	assert_string_equal(ev.stage, "exec");

	START(f, 2, ID_A, "./no-such-program");
	ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_FAILED);
	assert_int_equal(ev.error, ENOENT);

	_free_ char *plain = path_join(f->dir, "plain");
	assert_int_equal(file_write(plain, "x", 1, 0600, &e), 0);
	START(f, 3, ID_A, "./plain");
	ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_FAILED);
	assert_int_equal(ev.error, EACCES);

	_free_ char *gone = path_join(f->dir, "gone");
	const char *argv[] = { "sh", "-c", ":", NULL }, *envp[] = { NULL };
	struct spawn_request r = {.token = 4,
	                          .argv = argv,
	                          .envp = envp,
	                          .cwd = gone,
	                          .out = f->null,
	                          .err = f->null,
	                          .attempt_id = ID_A};
	assert_int_equal(spawner_spawn(f->s, &r, &e), 0);
	ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_FAILED);
	assert_int_equal(ev.error, ENOENT);
	assert_string_equal(ev.stage, "chdir");

	const char *none[] = { NULL };
	r.argv = none;
	assert_int_equal(spawner_spawn(f->s, &r, &e), ERR_USAGE);

	_free_ char *big = malloc((1 << 20) + 1);
	memset(big, 'x', 1 << 20);
	big[1 << 20] = '\0';
	const char *large[] = { "sh", big, NULL };
	r.argv = large;
	assert_int_equal(spawner_spawn(f->s, &r, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "1048"));

	/* Nothing of that has harmed it. */
	START(f, 5, ID_A, "true");
	assert_int_equal(next_event(f->s).token, 5);
	assert_int_equal(next_event(f->s).kind, SPAWN_EXITED);
}

static void test_script_without_interpreter(void **state)
{
	struct fixture *f = *state;
	static const char text[] = "echo \"$0 $1\" > said\nexit 4\n";
	_free_ char *path = path_join(f->dir, "script"), *said = path_join(f->dir, "said");
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	assert_int_equal(file_write(path, text, sizeof text - 1, 0700, &e), 0);
	START(f, 1, ID_A, "./script", "word");
	assert_int_equal(next_event(f->s).kind, SPAWN_STARTED);
	assert_int_equal(WEXITSTATUS(next_event(f->s).status), 4);
	assert_int_equal(file_read(said, 100, &b, &e), 0);
	assert_string_equal(b.data, "./script word\n");
}

static void test_long_texts(void **state)
{
	struct fixture *f = *state;
	char *words[12];
	const char *argv[16] = { "sh", "-c", "exit $#", "name" };

	for (int i = 0; i < 8; i++) {
		words[i] = malloc(100001);
		memset(words[i], 'a' + i, 100000);
		words[i][100000] = '\0';
		argv[4 + i] = words[i];
	}
	for (uint64_t t = 0; t < 20; t++)
		start_with(f, t, argv, ID_A, f->null);
	for (int i = 0; i < 40; i++) {
		struct spawn_event ev = next_event(f->s);
		assert_int_not_equal(ev.kind, SPAWN_FAILED);
		if (ev.kind == SPAWN_EXITED)
			assert_int_equal(WEXITSTATUS(ev.status), 8);
	}
	for (int i = 0; i < 8; i++)
		free(words[i]);
}

static void test_many_at_once(void **state)
{
	struct fixture *f = *state;
	int ended = 0;

	for (uint64_t i = 0; i < 300; i++)
		START(f, i, ID_A, "sh", "-c", "exit 1");
	while (ended < 300) {
		struct spawn_event ev = next_event(f->s);
		assert_int_not_equal(ev.kind, SPAWN_FAILED);
		ended += ev.kind == SPAWN_EXITED;
	}
}

#ifndef JIG_POSIX

static void leftover_case(struct fixture *f, const char *what, size_t pids, int leftover)
{
	misbehaving(f, 1, ID_A, what);
	assert_int_equal(next_event(f->s).kind, SPAWN_STARTED);
	struct spawn_event ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_EXITED);
	assert_int_equal(ev.leftover, leftover);
	assert_all_gone(f, pids);
}

static void test_daemon_dies_with_its_step(void **state)
{
	leftover_case(*state, "daemon", 1, 1);
}

static void test_many_leftovers(void **state)
{
	leftover_case(*state, "many", 20, 20);
}

static void test_nameless_daemon(void **state)
{
	leftover_case(*state, "nameless", 1, 1);
}

static void assert_none_of(const char *attempt)
{
	struct proc_list l = { 0 };

	proc_scan(&l);
	for (size_t i = 0; i < l.len; i++) {
		char id[32];
		if (proc_runs(&l.v[i]) && proc_env(l.v[i].pid, "JIG_ATTEMPT_ID", id, sizeof id))
			assert_string_not_equal(id, attempt);
	}
	free(l.v);
}

static void test_fork_bomb(void **state)
{
	struct fixture *f = *state;

	misbehaving(f, 1, ID_C, "bomb");
	assert_int_equal(next_event(f->s).kind, SPAWN_STARTED);
	struct spawn_event ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_EXITED);
	assert_true(ev.leftover > 0);
	assert_none_of(ID_C);
}

/* A daemon of one step outlives the end of another. */
static void test_others_are_left_alone(void **state)
{
	struct fixture *f = *state;
	struct err e;
	pid_t pid;

	misbehaving(f, 1, ID_A, "wait-daemon");
	wait_pid_file(f->file, 1);
	assert_int_equal(noted(f, &pid, 1), 1);
	START(f, 2, ID_B, "sh", "-c", "sleep 1000 & exit 0");
	int left = -1;
	while (left < 0) {
		struct spawn_event ev = next_event(f->s);
		if (ev.kind == SPAWN_EXITED && ev.token == 2)
			left = ev.leftover;
	}
	assert_int_equal(left, 1);
	assert_true(proc_alive(pid));
	assert_int_equal(spawner_signal(f->s, 1, SIGTERM, &e), 0);
	struct spawn_event ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_EXITED);
	assert_int_equal(WTERMSIG(ev.status), SIGTERM);
	assert_false(proc_alive(pid));
}

static void test_end_of_supervisor_ends_all(void **state)
{
	struct fixture *f = *state;

	misbehaving(f, 1, ID_A, "wait-daemon");
	wait_pid_file(f->file, 1);
	START(f, 2, ID_A, self_path(), "--misbehave", "deaf", f->file);
	wait_pid_file(f->file, 2);
	pid_t supervisor = fork();
	if (supervisor == 0) {
		/* One of its own, killed with -9 while its steps run. */
		struct spawner *s;
		struct err e;
		struct fixture g = *f;
		if (spawner_start(&s, &e) < 0)
			_exit(1);
		g.s = s;
		misbehaving(&g, 1, ID_B, "wait-many");
		wait_pid_file(f->file, 22);
		raise(SIGKILL);
	}
	waitpid(supervisor, NULL, 0);
	pid_t pids[22];
	assert_int_equal(noted(f, pids, 22), 22);
	for (int i = 2; i < 22; i++)
		while (proc_alive(pids[i]))
			usleep(1000);
	spawner_free(f->s);
	f->s = NULL;
	assert_all_gone(f, 22);
}

/* What a step has left behind comes to the supervisor then, which has children of its own. */
static void test_end_of_spawner_ends_all(void **state)
{
	struct fixture *f = *state;
	struct spawn_event ev;
	struct proc p;
	struct err e;
	int status, r;

	pid_t own = fork();
	if (own == 0)
		for (;;)
			pause();
	misbehaving(f, 1, ID_A, "wait-nameless");
	wait_pid_file(f->file, 1);
	misbehaving(f, 2, ID_B, "wait-many");
	wait_pid_file(f->file, 21);
	misbehaving(f, 3, ID_C, "wait-bomb");
	wait_pid_file(f->file, 22);
	ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_STARTED);
	assert_true(proc_read(ev.pid, &p));
	assert_int_equal(kill(p.ppid, SIGKILL), 0);
	while ((r = spawner_read(f->s, &ev, &e)) >= 0)
		if (r == 0)
			poll(&(struct pollfd){ .fd = spawner_fd(f->s), .events = POLLIN }, 1, 20000);
	assert_int_equal(r, ERR_BROKEN);
	assert_all_gone(f, 22);
	assert_none_of(ID_C);
	assert_int_equal(waitpid(own, NULL, WNOHANG), 0);
	kill(own, SIGTERM);
	assert_int_equal(waitpid(-1, &status, 0), own);
	assert_int_equal(WTERMSIG(status), SIGTERM);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
}

/* What this process itself has started, and nobody waits for, is none of its steps'. */
static void test_orphans_of_others(void **state)
{
	struct fixture *f = *state;
	pid_t pid;

	START(f, 1, ID_A, "true");
	assert_int_equal(next_event(f->s).kind, SPAWN_STARTED);
	assert_int_equal(next_event(f->s).kind, SPAWN_EXITED);
	pid_t between = fork();
	if (between == 0) {
		if (fork() == 0) {
			setsid();
			close(spawner_fd(f->s));
			note_pid(f->file);
			for (;;)
				pause();
		}
		_exit(0);
	}
	waitpid(between, NULL, 0);
	wait_pid_file(f->file, 1);
	assert_int_equal(noted(f, &pid, 1), 1);
	spawner_free(f->s);
	f->s = NULL;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_true(proc_alive(pid));
	kill(pid, SIGKILL);
}

static void test_sweep(void **state)
{
	struct fixture *f = *state;
	const char *const ids[] = { ID_B, ID_A }, *const other[] = { ID_B };
	struct err e;

	misbehaving(f, 1, ID_A, "deaf");
	wait_pid_file(f->file, 1);
	assert_int_equal(spawn_sweep(NULL, 0, &e), 0);
	assert_int_equal(spawn_sweep(other, 1, &e), 0);
	assert_int_equal(spawn_sweep(ids, 2, &e), 1);
	assert_all_gone(f, 1);
	assert_int_equal(spawn_sweep(ids, 2, &e), 0);
}

static void test_environment_of_process(void **state)
{
	struct fixture *f = *state;
	_free_ char *big = malloc(100001), *exact = malloc(16384);
	const char *argv[] = { "sleep", "1000", NULL };
	char value[64];
	struct err e;

	memset(big, 'x', 100000);
	big[100000] = '\0';
	memset(exact, 'y', 16383);
	exact[16383] = '\0';
	memcpy(big, "BIG=", 4);
	memcpy(exact, "E=", 2);
	const char *envp[] = {exact, "XJIG=1", big, "JIG_ATTEMPT_IDX=no", "JIG_ATTEMPT_ID=yes", "PATH=/usr/bin:/bin",
	                      NULL};
	struct spawn_request r = { .token = 1, .argv = argv, .envp = envp, .cwd = "/", .out = f->null, .err = f->null };
	assert_int_equal(spawner_spawn(f->s, &r, &e), 0);
	struct spawn_event ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_STARTED);
	assert_true(proc_env(ev.pid, "JIG_ATTEMPT_ID", value, sizeof value));
	assert_string_equal(value, "yes");
	assert_true(proc_env(ev.pid, "BIG", value, sizeof value));
	assert_int_equal(strlen(value), sizeof value - 1);
	assert_true(proc_env(ev.pid, "PATH", value, sizeof value));
	assert_false(proc_env(ev.pid, "JIG", value, sizeof value));
	assert_false(proc_env(ev.pid, "xxxx", value, sizeof value));
}

#endif

static void test_signal_to_group(void **state)
{
	struct fixture *f = *state;
	struct err e;

	START(f, 1, ID_A, "sh", "-c", "sleep 1000 & sleep 1000");
	assert_int_equal(next_event(f->s).kind, SPAWN_STARTED);
	assert_int_equal(spawner_signal(f->s, 99, SIGTERM, &e), 0); /* unknown: nothing happens */
	assert_int_equal(spawner_signal(f->s, 1, SIGTERM, &e), 0);
	struct spawn_event ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_EXITED);
	assert_int_equal(WTERMSIG(ev.status), SIGTERM);

	misbehaving(f, 2, ID_A, "deaf");
	wait_pid_file(f->file, 1);
	assert_int_equal(spawner_signal(f->s, 2, SIGTERM, &e), 0);
	assert_int_equal(spawner_signal(f->s, 2, SIGKILL, &e), 0);
	assert_int_equal(next_event(f->s).kind, SPAWN_STARTED);
	assert_int_equal(WTERMSIG(next_event(f->s).status), SIGKILL);
}

static void test_spawner_gone(void **state)
{
	struct fixture *f = *state;
	struct spawn_event ev;
	struct err e;
	int r;

	/* Killed by someone: said, not hung. */
	START(f, 1, ID_A, "sh", "-c", "kill -9 $PPID; exec sleep 1000");
	while ((r = spawner_read(f->s, &ev, &e)) >= 0)
		if (r == 0)
			poll(&(struct pollfd){ .fd = spawner_fd(f->s), .events = POLLIN }, 1, 20000);
	assert_int_equal(r, ERR_BROKEN);
	assert_non_null(strstr(e.text, "has ended"));
	const char *argv[] = { "true", NULL }, *envp[] = { NULL };
	struct spawn_request req = {.token = 1, .argv = argv, .envp = envp, .cwd = "/", .out = f->null, .err = f->null};
	assert_int_equal(spawner_spawn(f->s, &req, &e), ERR_BROKEN);
	assert_int_equal(spawner_signal(f->s, 1, SIGTERM, &e), ERR_BROKEN);
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "--misbehave") == 0)
		return misbehave(argv[2], argc > 3 ? argv[3] : "");
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        CASE(test_exit_status), CASE(test_start_time), CASE(test_step_finds_clean_house), CASE(test_failures),
	        CASE(test_script_without_interpreter), CASE(test_long_texts), CASE(test_many_at_once),
#ifndef JIG_POSIX
	        CASE(test_daemon_dies_with_its_step), CASE(test_many_leftovers), CASE(test_nameless_daemon),
	        CASE(test_fork_bomb), CASE(test_others_are_left_alone), CASE(test_end_of_supervisor_ends_all),
	        CASE(test_end_of_spawner_ends_all), CASE(test_orphans_of_others), CASE(test_sweep),
	        CASE(test_environment_of_process),
#endif
	        CASE(test_signal_to_group),
	        CASE(test_spawner_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
