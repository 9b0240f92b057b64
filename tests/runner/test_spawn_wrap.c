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
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "base/time.h"
#include "base/vec.h"
#include "runner/process/proc.h"
#include "runner/process/spawn.h"
#include "runner/work/sandbox.h"
#include "tests/runner/self_path.h"
#include "tests/runner/spawn_scratch.h"

#define ID_A attempt_id(0)
#define ID_B attempt_id(1)
#define BURN_BYTES (200 << 20)
#define BURN_US 300000

static bool have_sandbox;

/* What the tests start: 200 MB that are written to, and CPU. */
static int burn(void)
{
	char *p = mmap(NULL, BURN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct timespec ts;

	if (p == MAP_FAILED)
		return 9;
	for (size_t i = 0; i < BURN_BYTES; i += 4096)
		p[i] = 1;
	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	while (ts.tv_sec == 0 && ts.tv_nsec < BURN_US * 1000L);
	return 0;
}

static void start(struct fixture *f, uint64_t token, enum spawn_wrap wrap, const char *id, const char *const *argv)
{
	const char *sandbox[] = {"bwrap",
	                         "--die-with-parent", "--unshare-pid", "--ro-bind", "/", "/", "--dev", "/dev", "--proc",
	                         "/proc", "--bind", f->dir, f->dir, "--", NULL};
	const char *container[] = { "sh", "-c", "shift; \"$@\"", "client", "run", NULL };
	_free_ char *attempt = mem_printf("JIG_ATTEMPT_ID=%s", id);
	const char *envp[] = { "PATH=/usr/bin:/bin", attempt, "ASAN_OPTIONS=detect_leaks=0", NULL };
	struct spawn_request r = {.token = token,
	                          .argv = argv,
	                          .envp = envp,
	                          .cwd = f->dir,
	                          .out = f->null,
	                          .err = f->null,
	                          .attempt_id = id,
	                          .wrap = wrap,
	                          .prefix = wrap == SPAWN_SANDBOX     ? sandbox
	                                    : wrap == SPAWN_CONTAINER ? container
	                                                              : NULL};
	struct err e;

	assert_int_equal(spawner_spawn(f->s, &r, &e), 0);
}
#define START(f, token, wrap, id, ...) start(f, token, wrap, id, (const char *const[]){ __VA_ARGS__, NULL })

static struct spawn_event end_of(struct fixture *f, uint64_t token)
{
	for (;;) {
		struct spawn_event ev = next_event(f->s);
		assert_int_not_equal(ev.kind, SPAWN_FAILED);
		if (ev.kind == SPAWN_EXITED && ev.token == token)
			return ev;
	}
}

static struct spawn_event run(struct fixture *f, enum spawn_wrap wrap, const char *script)
{
	START(f, 1, wrap, ID_A, "sh", "-c", script);
	return end_of(f, 1);
}

static void wait_said(struct fixture *f, const char *text)
{
	for (;;) {
		_buf_ struct buf b = BUF_INIT;
		struct err e;

		if (file_read(f->file, 1 << 20, &b, &e) == 0 && strcmp(b.data, text) == 0)
			return;
		usleep(1000);
	}
}

/* No process of an attempt is left. */
static void assert_none_left(const char *id)
{
	struct proc_list l = { 0 };
	char value[32];

	proc_scan(&l);
	for (size_t i = 0; i < l.len; i++)
		if (l.v[i].state != 'Z' && proc_env(l.v[i].pid, "JIG_ATTEMPT_ID", value, sizeof value))
			assert_string_not_equal(value, id);
	vec_release(&l);
}

#define NEEDS_SANDBOX \
	do { \
		if (!have_sandbox) \
			skip(); \
	} while (0)

/* ---- tests ---- */

static void status_cases(struct fixture *f, enum spawn_wrap wrap)
{
	struct spawn_event ev = run(f, wrap, "exit 0");
	assert_int_equal(ev.status, 0);
	assert_int_equal(ev.leftover, 0);
	ev = run(f, wrap, "exit 3");
	assert_true(WIFEXITED(ev.status) && WEXITSTATUS(ev.status) == 3);
	ev = run(f, wrap, "exit 128");
	assert_true(WIFEXITED(ev.status) && WEXITSTATUS(ev.status) == 128);
	ev = run(f, wrap, "exit 255");
	assert_true(WIFEXITED(ev.status) && WEXITSTATUS(ev.status) == 255);
	ev = run(f, wrap, "kill -9 $$");
	assert_true(WIFSIGNALED(ev.status) && WTERMSIG(ev.status) == SIGKILL);
	ev = run(f, wrap, "kill -SEGV $$");
	assert_true(WIFSIGNALED(ev.status) && WTERMSIG(ev.status) == SIGSEGV);
	ev = run(f, wrap, "kill -TERM $$");
	assert_true(WIFSIGNALED(ev.status) && WTERMSIG(ev.status) == SIGTERM);
}

static void test_status_in_sandbox(void **state)
{
	NEEDS_SANDBOX;
	status_cases(*state, SPAWN_SANDBOX);
}

static void test_status_of_client(void **state)
{
	status_cases(*state, SPAWN_CONTAINER);
}

/* What is not there is told before anything is started, as without a sandbox. */
static void test_failures(void **state)
{
	struct fixture *f = *state;
	static const struct { const char *program; int error;
	} cases[] = {
	        {"no-such-program", ENOENT}, {"./no-such-program", ENOENT}, {"./plain", EACCES},
	        {"./folder", EACCES},        {"/no/such/program", ENOENT},  {"", ENOENT},
	};
	struct err e;

	NEEDS_SANDBOX;
	_free_ char *plain = path_join(f->dir, "plain"), *folder = path_join(f->dir, "folder"),
	            *script = path_join(f->dir, "script");
	assert_int_equal(file_write(plain, "x", 1, 0600, &e), 0);
	assert_int_equal(file_mkdirs(folder, 0700, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		for (enum spawn_wrap wrap = SPAWN_PLAIN; wrap <= SPAWN_SANDBOX; wrap++) {
			START(f, i, wrap, ID_A, cases[i].program);
			struct spawn_event ev = next_event(f->s);
			assert_int_equal(ev.kind, SPAWN_FAILED);
			assert_int_equal(ev.token, i);
			assert_int_equal(ev.error, cases[i].error);
			assert_string_equal(ev.stage, "exec");
		}
	assert_int_equal(file_write(script, "exit 4\n", 7, 0700, &e), 0);
	START(f, 50, SPAWN_SANDBOX, ID_A, "./script");
	assert_int_equal(WEXITSTATUS(end_of(f, 50).status), 4);

	const char *argv[] = {"./script", NULL}, *prefix[] = {"no-such-wrapper", NULL},
	           *envp[] = {"PATH=/usr/bin:/bin", NULL};
	_free_ char *gone = path_join(f->dir, "gone");
	struct spawn_request r = {.token = 60,
	                          .argv = argv,
	                          .envp = envp,
	                          .cwd = f->dir,
	                          .out = f->null,
	                          .err = f->null,
	                          .wrap = SPAWN_SANDBOX,
	                          .prefix = prefix};
	assert_int_equal(spawner_spawn(f->s, &r, &e), 0);
	struct spawn_event ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_FAILED);
	assert_int_equal(ev.error, ENOENT);
	r.cwd = gone;
	prefix[0] = "bwrap";
	assert_int_equal(spawner_spawn(f->s, &r, &e), 0);
	ev = next_event(f->s);
	assert_int_equal(ev.kind, SPAWN_FAILED);
	assert_string_equal(ev.stage, "chdir");

	/* A sandbox that cannot be made is a step that failed. */
	const char *wrong[] = { "bwrap", "--ro-bind", "/no/such/folder", "/x", "--", NULL };
	r.cwd = f->dir;
	r.prefix = wrong;
	assert_int_equal(spawner_spawn(f->s, &r, &e), 0);
	assert_int_equal(WEXITSTATUS(end_of(f, 60).status), 1);
}

static void test_container_program_is_the_images(void **state)
{
	struct fixture *f = *state;

	START(f, 1, SPAWN_CONTAINER, ID_A, "no-such-program");
	assert_int_equal(WEXITSTATUS(end_of(f, 1).status), 127);
}

static void usage_of(struct fixture *f, enum spawn_wrap wrap, struct spawn_event *ret)
{
	START(f, 1, wrap, ID_A, self_path(), "--burn");
	*ret = end_of(f, 1);
	assert_int_equal(ret->status, 0);
	assert_true(ret->max_rss >= BURN_BYTES && ret->max_rss < 3LL * BURN_BYTES);
	assert_true(ret->cpu_us >= BURN_US && ret->cpu_us < 20LL * BURN_US);
}

static void test_usage(void **state)
{
	struct fixture *f = *state;
	struct spawn_event plain, wrapped;

	NEEDS_SANDBOX;
	usage_of(f, SPAWN_PLAIN, &plain);
	usage_of(f, SPAWN_SANDBOX, &wrapped);
	assert_true(llabs(wrapped.max_rss - plain.max_rss) < 32 << 20);

	/* Each gets its own, with others around. */
	for (uint64_t t = 0; t < 8; t++)
		if (t % 2)
			START(f, t, t % 4 == 1 ? SPAWN_SANDBOX : SPAWN_PLAIN, ID_A, "true");
		else
			START(f, t, t % 4 == 0 ? SPAWN_SANDBOX : SPAWN_PLAIN, ID_B, self_path(), "--burn");
	for (int left = 8; left;) {
		struct spawn_event ev = next_event(f->s);
		if (ev.kind != SPAWN_EXITED)
			continue;
		assert_int_equal(ev.status, 0);
		assert_int_equal(ev.max_rss >= BURN_BYTES, ev.token % 2 == 0);
		assert_int_equal(ev.cpu_us >= BURN_US, ev.token % 2 == 0);
		left--;
	}
}

static void test_term_spares_the_clean_up(void **state)
{
	struct fixture *f = *state;
	static const char script[] = "trap 'sleep 0.2; echo saved > pids; exit 7' TERM; echo ready > pids; while :; do "
	                             "sleep 1000 & wait $!; done";
	struct err e;

	NEEDS_SANDBOX;
	START(f, 1, SPAWN_SANDBOX, ID_A, "sh", "-c", script);
	wait_said(f, "ready\n");
	assert_int_equal(spawner_signal(f->s, 1, SIGTERM, &e), 0);
	struct spawn_event ev = end_of(f, 1);
	assert_true(WIFEXITED(ev.status) && WEXITSTATUS(ev.status) == 7);
	wait_said(f, "saved\n");

	/* Without a trap it dies of it, and the record says so. */
	START(f, 2, SPAWN_SANDBOX, ID_A, "sh", "-c", "echo on > pids; sleep 1000 & wait");
	wait_said(f, "on\n");
	assert_int_equal(spawner_signal(f->s, 2, SIGTERM, &e), 0);
	ev = end_of(f, 2);
	assert_true(WIFSIGNALED(ev.status) && WTERMSIG(ev.status) == SIGTERM);
	assert_none_left(ID_A);
}

/* At any moment of the making of a sandbox. */
static void test_term_at_once(void **state)
{
	struct fixture *f = *state;
	struct err e;

	NEEDS_SANDBOX;
	for (uint64_t i = 0; i < 20; i++) {
		START(f, i, SPAWN_SANDBOX, ID_A, "sleep", "1000");
		usleep((useconds_t)(i * 300));
		assert_int_equal(spawner_signal(f->s, i, SIGTERM, &e), 0);
		struct spawn_event ev = end_of(f, i);
		assert_true(WIFSIGNALED(ev.status));
		assert_none_left(ID_A);
	}
}

static void test_kill_ends_all(void **state)
{
	struct fixture *f = *state;
	struct err e;

	NEEDS_SANDBOX;
	START(f, 1, SPAWN_SANDBOX, ID_A, "sh", "-c",
	      "trap '' TERM; setsid sleep 1000 & echo deaf > pids; while :; do sleep 1; done");
	wait_said(f, "deaf\n");
	assert_int_equal(spawner_signal(f->s, 1, SIGTERM, &e), 0);
	assert_int_equal(spawner_signal(f->s, 1, SIGKILL, &e), 0);
	struct spawn_event ev = end_of(f, 1);
	assert_true(WIFSIGNALED(ev.status) && WTERMSIG(ev.status) == SIGKILL);
	assert_int_equal(ev.leftover, 0);
	assert_none_left(ID_A);
}

static void test_leftovers_end(void **state)
{
	struct fixture *f = *state;

	NEEDS_SANDBOX;
	for (int i = 0; i < 10; i++) {
		struct spawn_event ev = run(f, SPAWN_SANDBOX,
					    "setsid sh -c 'echo $$ > pids; exec sleep 1000' & while [ ! -s pids ]; do "
					    "sleep 0.01; done; exit 5");
		assert_int_equal(WEXITSTATUS(ev.status), 5);
		assert_int_equal(ev.leftover, 0);
		assert_none_left(ID_A);
		unlink(f->file);
	}
}

/* kill -9 of the spawner, and of what started it. */
static void test_end_of_spawner_ends_all(void **state)
{
	struct fixture *f = *state;

	NEEDS_SANDBOX;
	for (int whom = 0; whom < 2; whom++) {
		pid_t supervisor = fork();
		if (supervisor == 0) {
			struct err e;
			struct fixture g = *f;
			struct proc p;
			if (spawner_start(&g.s, &e) < 0)
				_exit(1);
			START(&g, 1, SPAWN_SANDBOX, ID_B, "sh", "-c", "setsid sleep 1000 & echo up > pids; sleep 1000");
			wait_said(f, "up\n");
			struct spawn_event ev = next_event(g.s);
			if (whom == 0)
				raise(SIGKILL);
			if (!proc_read(ev.pid, &p))
				_exit(2);
			kill(p.ppid, SIGKILL);
			_exit(0);
		}
		waitpid(supervisor, NULL, 0);
		for (bool left = true; left;) {
			struct proc_list l = { 0 };
			char value[32];
			left = false;
			proc_scan(&l);
			for (size_t i = 0; i < l.len; i++)
				left = left || (proc_alive(l.v[i].pid) &&
				                proc_env(l.v[i].pid, "JIG_ATTEMPT_ID", value, sizeof value) &&
				                strcmp(value, ID_B) == 0);
			vec_release(&l);
			usleep(1000);
		}
		unlink(f->file);
	}
}

static void test_many_at_once(void **state)
{
	struct fixture *f = *state;
	int ended = 0;

	NEEDS_SANDBOX;
	for (uint64_t i = 0; i < 60; i++)
		START(f, i, i % 3 ? SPAWN_SANDBOX : SPAWN_PLAIN, i % 2 ? ID_A : ID_B, "sh", "-c", "exit 1");
	while (ended < 60) {
		struct spawn_event ev = next_event(f->s);
		assert_int_not_equal(ev.kind, SPAWN_FAILED);
		if (ev.kind == SPAWN_EXITED) {
			assert_int_equal(WEXITSTATUS(ev.status), 1);
			ended++;
		}
	}
	assert_none_left(ID_A);
	assert_none_left(ID_B);
}

int main(int argc, char **argv)
{
	extern char **environ;
	struct err e;
	bool network;

	if (argc > 1 && strcmp(argv[1], "--burn") == 0)
		return burn();
	have_sandbox = sandbox_probe(environ, &network, &e) == 0;
	if (!have_sandbox)
		print_message("skipping what needs a sandbox: %s\n", e.text);
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        CASE(test_status_in_sandbox),
	        CASE(test_status_of_client),
	        CASE(test_failures),
	        CASE(test_container_program_is_the_images),
	        CASE(test_usage),
	        CASE(test_term_spares_the_clean_up), CASE(test_term_at_once), CASE(test_kill_ends_all),
	        CASE(test_leftovers_end), CASE(test_end_of_spawner_ends_all), CASE(test_many_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
