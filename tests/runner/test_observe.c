/* The lives of steps that are watched: killed, left behind, many at once, never begun. What is seen of their lookups:
 * test_observe_calls.c; what they tell themselves: test_observe_python.c. */
#include <fcntl.h>
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

#include "base/path.h"
#include "runner/process/spawn.h"
#include "runner/trace/observe.h"

#ifdef JIG_POSIX
int main(void)
{
	return observe_impossible() ? 0 : 1;
}
#else

#include "tests/runner/observe_case.h"

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

	if (strcmp(what, "nested") == 0)
		return look_nested();
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

int main(int argc, char **argv)
{
	int status = observe_case_begin(argc, argv, look);
	if (status >= 0)
		return status;
	const struct CMUnitTest tests[] = {
	        CASE(test_daemon_and_shot), CASE(test_many_at_once), CASE(test_nested), CASE(test_never_began),
	        CASE(test_untraced), CASE(test_free_while_they_run), CASE(test_end_that_does_not_come),
	        cmocka_unit_test(test_as_ordinary_user),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#endif
