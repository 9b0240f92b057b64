/* A temporary folder for each test of environments, and short forms for making, changing and looking at files there. */
#ifndef TESTS_RUNNER_ENV_SCRATCH_H
#define TESTS_RUNNER_ENV_SCRATCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/vec.h"

#define UNUSED __attribute__((unused))

static char *scratch;

#define assert_ok(call) \
	do { \
		struct err e_ = {0}; \
		struct err *e = &e_; \
		if ((call) < 0) \
			fail_msg("%s: %s", #call, e_.text); \
	} while (0)

/* The call fails with this code and its text says this. */
#define assert_fails(want, part, call) \
	do { \
		struct err e_ = {0}; \
		struct err *e = &e_; \
		assert_int_equal((call), (want)); \
		assert_int_equal(e_.code, (want)); \
		if (!strstr(e_.text, (part))) \
			fail_msg("\"%s\" does not say \"%s\"", e_.text, (part)); \
	} while (0)

/* A path in the scratch folder, good for the next few calls. */
UNUSED __attribute__((format(printf, 1, 2))) static const char *at(const char *fmt, ...)
{
	static char paths[8][4096];
	static unsigned next;
	char *out = paths[next++ % 8];
	int n = snprintf(out, sizeof paths[0], "%s/", scratch);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out + n, sizeof paths[0] - (size_t)n, fmt, ap);
	va_end(ap);
	return out;
}

static int scratch_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct err e;
	char *made;

	if (file_temp_dir(tmp ? tmp : "/tmp", "env", &made, &e) < 0)
		return -1;
	scratch = realpath(made, NULL);
	free(made);
	return scratch && chmod(scratch, 0755) == 0 ? 0 : -1;
}

static int scratch_teardown(void **state)
{
	struct err e;
	int r = file_remove_tree(scratch, &e);

	free(scratch);
	return r;
}

#define scratch_test(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

UNUSED static void put_bytes(const char *path, const void *bytes, size_t n)
{
	assert_ok(file_mkdirs_parent(path, 0755, e));
	assert_ok(file_write(path, bytes, n, 0644, e));
}

UNUSED static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

/* Runs f in a process that is nobody's (permissions bind it); true: it returned true. */
UNUSED static bool as_nobody(bool (*f)(const void *arg), const void *arg)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit((geteuid() == 0 && (setegid(65534) < 0 || seteuid(65534) < 0)) || !f(arg));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

#endif
