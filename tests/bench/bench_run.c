/* JIG: what a run costs beside starting the processes alone. Floors and jig are measured in turn in one run, each
 * several times; the best of each counts.
 *
 *   wide    N independent `:` steps, 2 jobs, against a posix_spawn loop of `sh -c :` that keeps 2 alive
 *   chain   N steps in a row, against the same loop with 1 alive
 *   files   as wide with 50 files in the tree, against the floor plus copying and removing 50 files N times
 *   ten     10 N steps wide, against N
 *   points  1,000,000 metric lines by one step: how long after the step's end until all are in the record */
#include <sys/stat.h>
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "tests/bench/bench.h"

static const char *jig;
static char *top;

/* The floor: `sh -c :` n times, `jobs` alive. */
static double spawn_floor(int n, int jobs)
{
	const char *argv[] = { "sh", "-euc", ":", NULL };
	int64_t t = time_mono();
	int alive = 0;

	for (int i = 0; i < n; i++) {
		if (alive == jobs) {
			wait(NULL);
			alive--;
		}
		bench_start(argv, false);
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
	const char *argv[] = { jig, "run", "-j", "2", "--isolation", "folder", NULL };

	if (chdir(dir) < 0)
		bench_die(dir);
	return bench_run_once(argv) / n;
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
				bench_die(path);
		}
		file_remove_tree(folder, &e);
	}
	return (double)(time_mono() - t) / n;
}

/* The step writes and says when it was done; the run ends when all is in the record. */
static void points(int lines)
{
	_free_ char *yaml = mem_printf("steps:\n  write:\n    run: |\n      awk 'BEGIN { for (i = 0; i < %d; i++) "
	                               "printf \"{\\\"loss\\\": %%.6f, \\\"step\\\": %%d}\\n\", "
	                               "1 / (i + 1), i }' >> $JIG_METRICS\n      date +%%s%%6N > "
	                               "%s/done\n",
	                               lines, top);
	_free_ char *dir = project("points", yaml, 0);
	_free_ char *done = path_join(top, "done");
	_buf_ struct buf text = BUF_INIT;
	struct err e;
	double after;

	run_jig(dir, 1);
	after = (double)time_now();
	if (file_read(done, 100, &text, &e) < 0)
		bench_die(done);
	after = (after - strtod(text.data, NULL)) / 1e6;
	printf("%-34s %10.2f s after the step's end   bar  2.00   %s   (%.0f points/s)\n", "1,000,000 metric lines",
	       after, after <= 2 ? "ok" : "MISSED", lines / after);
}

static const char *round_name(const char *what, int i)
{
	static char name[64];

	snprintf(name, sizeof name, "%s%d", what, i);
	return name;
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
	if (!jig || file_temp_dir(getenv("BENCH_DIR") ? getenv("BENCH_DIR") : "/tmp", "bench", &top, &e) < 0)
		bench_die(argv[1]);
	_free_ char *wy = wide_yaml(n), *cy = chain_yaml(n), *ty = wide_yaml(n * 10);
	/* New folders each round, and what deletes many files comes last: ext4 passes over the inodes that were deleted
	 * lately whenever it makes one, so that copying and removing 50 files a thousand times would slow down whatever
	 * is measured in the minutes after. */
	for (int i = 0; i < rounds; i++) {
		_free_ char *w = project(round_name("wide", i), wy, 0);
		_free_ char *c = project(round_name("chain", i), cy, 0);
		_free_ char *t = project(round_name("ten", i), ty, 0);

		floor2 = bench_least(floor2, spawn_floor(n, 2));
		wide = bench_least(wide, run_jig(w, n));
		floor1 = bench_least(floor1, spawn_floor(n, 1));
		chain = bench_least(chain, run_jig(c, n));
		ten = bench_least(ten, run_jig(t, n * 10));
	}
	for (int i = 0; i < rounds; i++) {
		_free_ char *f = project(round_name("files", i), wy, 50);

		files = bench_least(files, run_jig(f, n));
		copy = bench_least(copy, copy_floor(f, n));
	}
	bench_row("wide, 2 jobs, 1 file (a step)", wide, floor2, 3);
	bench_row("chain (a step)", chain, floor1, 3);
	bench_row("wide, 2 jobs, 50 files (a step)", files, 2.5 * floor2 + 1.2 * copy, 1.0);
	printf("%-34s %10.1f µs to copy and remove 50 files\n", "", copy);
	printf("%-34s %10.2f × the time for %d   bar 11.00   %s\n", "ten times the steps", ten * 10 / wide, n,
	       ten * 10 / wide <= 11 ? "ok" : "MISSED");
	if (chdir("/") < 0)
		bench_die("/");
	points(1000000);
	file_remove_tree(top, &e);
	free(top);
	return 0;
}
