/* JIG LOCK [BUILDS [STARTS]]: what an environment costs a run, end to end, by the lock of a real one; uv must be in
 * PATH and have its packages in its cache, UV_CACHE_DIR. All is made in a new folder beside LOCK. jig and its floor
 * take turns, each in folders of its own; the median of the differences counts, or of the ratios.
 *
 *   build   BUILDS times `jig run` of one `:` step for which it must be made, less the same run without it, against `uv
 *           venv` and `uv pip sync` with the same flags
 *   start   STARTS times the same where it is ready, less the run without one: choice, key, drift check and record */
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_reflink.h"
#include "tests/bench/bench.h"

enum { BUILDS = 5, STARTS = 60, MOST = 1000 };

static const char *jig;
static char *top;

static void must(int r, const struct err *e)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_ready: %s\n", e->text);
	exit(1);
}

static char *project(const char *name, const char *lock)
{
	char *dir = path_join(top, name);
	_free_ char *pipeline = path_join(dir, "jig.yaml"), *copy = path_join(dir, "requirements.lock");
	_free_ char *yaml =
	        mem_printf("env: %s\nsteps:\n  a: {run: ':', cache: false}\n", lock ? "requirements.lock" : "system");
	struct err e;

	must(file_mkdirs(dir, 0755, &e), &e);
	must(file_write(pipeline, yaml, strlen(yaml), 0644, &e), &e);
	if (lock)
		must(file_copy(lock, copy, 0644, &e), &e);
	return dir;
}

static double run_jig(const char *dir)
{
	const char *argv[] = { jig, "run", "--isolation", "folder", NULL };

	if (chdir(dir) < 0)
		bench_die(dir);
	return bench_run_once(argv);
}

static double run_uv(const char *lock, int i)
{
	_free_ char *env = mem_printf("%s/bare%d", top, i), *python = path_join(env, "bin/python");
	const char *venv[] = { "uv", "-q", "venv", "--no-project", env, NULL };
	const char *sync[] = { "uv", "-q", "pip", "sync", "--require-hashes", "--python", python, lock, NULL };

	return bench_run_once(venv) + bench_run_once(sync);
}

/* A cache of environments that holds nothing yet. What was deleted lately would slow down the making of files, so
 * nothing is. */
static void new_cache(int i)
{
	_free_ char *cache = mem_printf("%s/cache%d", top, i);
	struct err e;

	must(file_mkdirs(cache, 0700, &e), &e);
	setenv("XDG_CACHE_HOME", cache, 1);
	sync();
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, by_value);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static int number(const char *text, int fallback)
{
	long n = text ? strtol(text, NULL, 10) : fallback;

	return n < 1 ? 1 : n > MOST ? MOST : (int)n;
}

int main(int argc, char **argv)
{
	double made[MOST], bare[MOST], ratio[MOST], ready[MOST];
	struct err e;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_ready JIG LOCK [BUILDS [STARTS]]\n");
		return 2;
	}
	int builds = number(argc > 3 ? argv[3] : NULL, BUILDS), starts = number(argc > 4 ? argv[4] : NULL, STARTS);
	_free_ char *lock = realpath(argv[2], NULL);
	jig = realpath(argv[1], NULL);
	if (!jig || !lock)
		bench_die(jig ? argv[2] : argv[1]);
	if (!getenv("UV_CACHE_DIR")) {
		fprintf(stderr, "bench_ready: UV_CACHE_DIR is not set\n");
		return 2;
	}
	_free_ char *beside = path_parent(lock);
	must(file_temp_dir(beside, "ready", &top, &e), &e);
	_free_ char *with = project("with", lock), *without = project("without", NULL);
	setenv("UV_COMPILE_BYTECODE", "1", 1);
	setenv("UV_LINK_MODE", env_reflink_works(top, environ) ? "clone" : "copy", 1);
	run_jig(without);
	for (int i = 0; i < builds; i++) {
		/* Who comes second finds uv's cache in memory, so that each comes first in turn. */
		for (int k = 0; k < 2; k++) {
			new_cache(i);
			if ((i + k) % 2)
				bare[i] = run_uv(lock, i);
			else
				made[i] = run_jig(with) - run_jig(without);
		}
		ratio[i] = made[i] / bare[i];
	}
	for (int i = 0; i < starts; i++) {
		double a = i % 2 ? run_jig(with) : 0, b = run_jig(without);

		ready[i] = (i % 2 ? a : run_jig(with)) - b;
	}
	double uv = median(bare, builds);
	bench_row("building one (beside uv alone)", median(ratio, builds) * uv, uv, 1.1);
	bench_row("a ready one (a run), of 50 ms", median(ready, starts), 50000, 1);
	if (chdir("/") < 0)
		bench_die("/");
	must(file_remove_tree(top, &e), &e);
	free(top);
	return 0;
}
