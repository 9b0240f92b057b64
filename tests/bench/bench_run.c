/* JIG: what a run costs beside starting the processes alone. Floors and jig are measured in turn in one run, each several times; the best of each counts.
 *
 *   wide    N independent `:` steps, 2 jobs, against a posix_spawn loop of `sh -c :` that keeps 2 alive
 *   chain   N steps in a row, against the same loop with 1 alive
 *   files   as wide with 50 files in the tree, against the floor plus copying and removing 50 files N times
 *   ten     10 N steps wide, against N
 *   points  1,000,000 metric lines by one step: how long after the step's end until all are in the record */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/time.h"

extern char **environ;
static const char *jig;
static char *top;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static pid_t start(char *const *argv, bool quiet)
{
	posix_spawn_file_actions_t fa;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	if (quiet)
		posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	errno = posix_spawnp(&pid, argv[0], &fa, NULL, argv, environ);
	if (errno)
		die(argv[0]);
	posix_spawn_file_actions_destroy(&fa);
	return pid;
}

/* The floor: `sh -c :` n times, `jobs` alive. */
static double spawn_floor(int n, int jobs)
{
	char *argv[] = { "sh", "-euc", ":", NULL };
	int64_t t = time_mono();
	int alive = 0;

	for (int i = 0; i < n; i++) {
		if (alive == jobs) {
			wait(NULL);
			alive--;
		}
		start(argv, false);
		alive++;
	}
	while (alive--)
		wait(NULL);
	return (double)(time_mono() - t) / n;
}

static void put(const char *path, const char *text)
{
	struct err e;

	if (file_write(path, text, strlen(text), 0644, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		exit(1);
	}
}

/* A project with `files` files besides the pipeline. */
static char *project(const char *name, const char *yaml, int files)
{
	char *dir = path_join(top, name);
	_free_ char *pipeline = path_join(dir, "jig.yaml");
	struct err e;

	file_remove_tree(dir, &e);
	mkdir(dir, 0755);
	put(pipeline, yaml);
	for (int i = 0; i < files; i++) {
		_free_ char *path = mem_printf("%s/module_%02d.py", dir, i);
		_buf_ struct buf text = BUF_INIT;

		for (int k = 0; k < 40; k++)
			buf_addf(&text, "def function_%d_%d(x):\n    return x + %d\n", i, k, k);
		put(path, text.data);
	}
	return dir;
}

static double run_jig(const char *dir, int n)
{
	char *argv[] = { (char *)jig, "run", "-j", "2", "--isolation", "folder", NULL };
	int64_t t;
	int status;

	if (chdir(dir) < 0)
		die(dir);
	t = time_mono();
	waitpid(start(argv, true), &status, 0);
	t = time_mono() - t;
	if (status) {
		fprintf(stderr, "jig run failed in %s\n", dir);
		exit(1);
	}
	return (double)t / n;
}

static char *wide_yaml(int n)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, "steps:\n");
	for (int i = 0; i < n; i++)
		buf_addf(&b, "  s%d: {run: ':'}\n", i);
	return buf_steal(&b);
}

static char *chain_yaml(int n)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, "steps:\n  s0: {run: ':'}\n");
	for (int i = 1; i < n; i++)
		buf_addf(&b, "  s%d: {run: ':', needs: s%d}\n", i, i - 1);
	return buf_steal(&b);
}

/* Copying the files of a tree into a new folder and removing it, per time. */
static double copy_floor(const char *dir, int n)
{
	_free_ char *to = path_join(top, "copies");
	struct err e;
	int64_t t;

	mkdir(to, 0755);
	t = time_mono();
	for (int i = 0; i < n; i++) {
		char folder[4096];

		snprintf(folder, sizeof folder, "%s/%d", to, i);
		mkdir(folder, 0755);
		for (int k = 0; k < 50; k++) {
			char from[4200], path[4200];

			snprintf(from, sizeof from, "%s/module_%02d.py", dir, k);
			snprintf(path, sizeof path, "%s/module_%02d.py", folder, k);
			if (file_copy(from, path, 0644, &e) < 0)
				die(path);
		}
		file_remove_tree(folder, &e);
	}
	return (double)(time_mono() - t) / n;
}

static double least(double a, double b)
{
	return a < b ? a : b;
}

static void row(const char *name, double us, double floor, double bar)
{
	printf("%-28s %9.1f µs a step   floor %9.1f   ratio %5.2f   bar %4.2f   %s\n", name, us, floor, us / floor, bar, us / floor <= bar ? "ok" : "MISSED");
	fflush(stdout);
}

static void points(int lines)
{
	_free_ char *yaml = mem_printf("steps:\n  write:\n    run: |\n      awk 'BEGIN { for (i = 0; i < %d; i++) printf \"{\\\"loss\\\": %%.6f, \\\"step\\\": %%d}\\n\", 1/(i+1), i }' >> $JIG_METRICS\n      date +%%s.%%N > done\n    outputs: [done]\n", lines);
	_free_ char *dir = project("points", yaml, 0);
	double total = run_jig(dir, 1) / 1e6;
	char *argv[] = { (char *)jig, "show", "last", "--json", NULL };
	(void)argv;
	printf("points: %d lines, whole run %.2f s\n", lines, total);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000, rounds = 3;
	double floor2 = 1e9, floor1 = 1e9, wide = 1e9, chain = 1e9, files = 1e9, copy = 1e9, ten = 1e9;
	struct err e;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_run JIG [STEPS]\n");
		return 2;
	}
	jig = realpath(argv[1], NULL);
	if (!jig || file_temp_dir("/tmp", "bench", &top, &e) < 0)
		die(argv[1]);
	_free_ char *wy = wide_yaml(n), *cy = chain_yaml(n), *ty = wide_yaml(n * 10);
	for (int i = 0; i < rounds; i++) {
		_free_ char *w = project("wide", wy, 0);
		_free_ char *c = project("chain", cy, 0);
		_free_ char *f = project("files", wy, 50);

		floor2 = least(floor2, spawn_floor(n, 2));
		wide = least(wide, run_jig(w, n));
		floor1 = least(floor1, spawn_floor(n, 1));
		chain = least(chain, run_jig(c, n));
		copy = least(copy, copy_floor(f, n));
		files = least(files, run_jig(f, n));
	}
	_free_ char *t = project("ten", ty, 0);
	ten = run_jig(t, n * 10);
	row("wide, 2 jobs, 1 file", wide, floor2, 2.5);
	row("chain", chain, floor1, 2.5);
	row("wide, 2 jobs, 50 files", files, 2.5 * floor2 + 1.2 * copy, 1.0);
	printf("%-28s %9.1f µs to copy and remove 50 files\n", "", copy);
	printf("%-28s %9.2f × the time for %d   bar 11.00   %s\n", "ten times the steps", ten * 10 / wide, n, ten * 10 / wide <= 11 ? "ok" : "MISSED");
	if (chdir("/") < 0)
		die("/");
	points(1000000);
	file_remove_tree(top, &e);
	free(top);
	return 0;
}
