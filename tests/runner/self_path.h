/* The program that runs, for tests that start themselves again with a word to be what is started. */
#ifndef TESTS_RUNNER_SELF_PATH_H
#define TESTS_RUNNER_SELF_PATH_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

__attribute__((unused)) static const char *self_path(void)
{
	static char path[PATH_MAX];

	if (!*path) {
		ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
		assert_true(n > 0);
	}
	return path;
}

#endif
