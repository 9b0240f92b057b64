/* What the benchmarks share: starting programs, the least of several timings, rows of the report. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/time.h"

extern char **environ;

static inline void bench_die(const char *what)
{
	perror(what);
	exit(1);
}

/* Standard input is /dev/null; quiet: standard output too. */
static inline pid_t bench_start(const char *const *argv, bool quiet)
{
	posix_spawn_file_actions_t fa;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	if (quiet)
		posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	errno = posix_spawnp(&pid, argv[0], &fa, NULL, (char *const *)argv, environ);
	if (errno)
		bench_die(argv[0]);
	posix_spawn_file_actions_destroy(&fa);
	return pid;
}

/* µs from start to end; ends the bench when the program fails. */
static inline double bench_run_once(const char *const *argv)
{
	int64_t t = time_mono();
	int status;

	waitpid(bench_start(argv, true), &status, 0);
	t = time_mono() - t;
	if (status) {
		fprintf(stderr, "%s %s failed (%d)\n", argv[0], argv[1] ? argv[1] : "", status);
		exit(1);
	}
	return (double)t;
}

static inline double bench_least(double a, double b)
{
	return a < b ? a : b;
}

static inline void bench_row(const char *name, double us, double floor, double bar)
{
	printf("%-34s %10.1f µs   floor %10.1f µs   ratio %6.2f   bar %5.2f   %s\n", name, us, floor, us / floor, bar,
	       us / floor <= bar ? "ok" : "MISSED");
	fflush(stdout);
}

#endif
