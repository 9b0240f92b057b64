/* A spawner whose steps' lookups are watched, and what the tests start: this program with "--look WHAT", in the test's
 * folder. */
#ifndef TESTS_RUNNER_OBSERVE_CASE_H
#define TESTS_RUNNER_OBSERVE_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "runner/process/spawn.h"
#include "runner/process/spawn_inside.h"
#include "runner/trace/observe.h"
#include "runner/work/sandbox.h"
#include "tests/runner/self_path.h"
#include "tests/runner/spawn_scratch.h"

#define CASE_UNUSED __attribute__((unused)) static
#define ID "01ARZ3NDEKTSV4RRFFQ69G5FAV"

extern char **environ;
CASE_UNUSED bool have_sandbox;

struct watching {
	struct fixture *f;
	struct observer *o;
};

CASE_UNUSED int begin(void **state)
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

CASE_UNUSED int end(void **state)
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

CASE_UNUSED void start(struct watching *w, uint64_t token, bool sandboxed, const char *const *argv)
{
	const char *sandbox[] = {"bwrap",
	                         "--die-with-parent", "--unshare-pid", "--ro-bind", "/", "/", "--dev", "/dev", "--proc",
	                         "/proc", "--bind", w->f->dir, w->f->dir, "--", "setsid", "--", NULL};
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

CASE_UNUSED struct spawn_event end_of(struct watching *w, uint64_t token)
{
	for (;;) {
		struct spawn_event ev = next_event(w->f->s);
		if (ev.kind != SPAWN_STARTED && ev.token == token)
			return ev;
	}
}

CASE_UNUSED void run(struct watching *w, bool sandboxed, const char *const *argv, struct lookups *ret)
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
CASE_UNUSED int how(const struct watching *w, const struct lookups *l, const char *path)
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

CASE_UNUSED void put(struct watching *w, const char *name, const char *text, mode_t mode)
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

/* All of a program's tests once more by somebody without rights. */
CASE_UNUSED void test_as_ordinary_user(void **state)
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
		execl(self_path(), self_path(), (char *)NULL);
		_exit(77);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("an ordinary user may not start this program where it stands\n");
		skip();
	}
	assert_int_equal(status, 0);
}

#define CASE(t) cmocka_unit_test_setup_teardown(t, begin, end)

/* What such a program does before its tests: an exit status; -1: on with the tests. */
CASE_UNUSED int observe_case_begin(int argc, char **argv, int (*look)(const char *what, const char *arg))
{
	bool network;
	struct err e;

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
	return -1;
}

#endif
