/* JIG [STEPS [ROUNDS]]: what a run costs that finds nothing to do, beside ninja's on the same graph: STEPS times `cp
 * in/N out/N`. Both are finished once, which takes minutes, and then take turns; the medians of what they took count,
 * and of the ratios of the pairs. The files are small, and .gitignore leaves them out, as it does data.
 *
 *   matrix    the steps are one entry with a matrix
 *   written   each stands in jig.yaml */
#include <sys/stat.h>
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "tests/bench/bench.h"

enum { STEPS = 10000, ROUNDS = 15, MOST = 1000 };

static const char *jig;
static char *top;

static void must(int r, const struct err *e)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_noop: %s\n", e->text);
	exit(1);
}

static void put(const char *dir, const char *name, const char *text, size_t len)
{
	_free_ char *path = path_join(dir, name);
	struct err e;

	must(file_write(path, text, len, 0644, &e), &e);
}

/* A folder with in/0 … and the file that says what is made of them. */
static char *folder(const char *name, const char *file, const struct buf *text, int n)
{
	static const char ignored[] = "in/\nout/\n";
	char *dir = path_join(top, name);
	_free_ char *in = path_join(dir, "in"), *out = path_join(dir, "out");
	struct err e;

	must(file_mkdirs(in, 0755, &e), &e);
	must(file_mkdirs(out, 0755, &e), &e);
	put(dir, file, text->data, text->len);
	put(dir, ".gitignore", ignored, strlen(ignored));
	for (int i = 0; i < n; i++) {
		char at[16], number[16];

		snprintf(number, sizeof number, "%d\n", i);
		snprintf(at, sizeof at, "%d", i);
		put(in, at, number, strlen(number));
	}
	return dir;
}

static char *with_matrix(int n)
{
	_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "steps:\n  r:\n    matrix: {i: [");
	for (int i = 0; i < n; i++)
		buf_addf(&b, "%s%d", i ? "," : "", i);
	buf_adds(&b, "]}\n    inputs: [\"in/${matrix.i}\"]\n    run: cp in/${matrix.i} out/${matrix.i}\n    outputs: "
	             "[\"out/${matrix.i}\"]\n");
	return folder("matrix", "jig.yaml", &b, n);
}

static char *written_out(int n)
{
	_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "steps:\n");
	for (int i = 0; i < n; i++)
		buf_addf(&b, "  r%d: {inputs: [in/%d], run: cp in/%d out/%d, outputs: [out/%d]}\n", i, i, i, i, i);
	return folder("written", "jig.yaml", &b, n);
}

static char *for_ninja(int n)
{
	_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "rule r\n  command = cp $in $out\n");
	for (int i = 0; i < n; i++)
		buf_addf(&b, "build out/%d: r in/%d\n", i, i);
	return folder("ninja", "build.ninja", &b, n);
}

static double in_folder(const char *dir, const char *const *argv)
{
	if (chdir(dir) < 0)
		bench_die(dir);
	return bench_run_once(argv);
}

static double run_jig(const char *dir)
{
	const char *argv[] = { jig, "run", "--isolation", "folder", NULL };

	return in_folder(dir, argv);
}

static double run_ninja(const char *dir)
{
	const char *argv[] = { "ninja", NULL };

	return in_folder(dir, argv);
}

/* The second run; where it ran a step again it measures something else. */
static void run_again(const char *dir, const char *first_step)
{
	_free_ char *attempt = mem_printf("%s/.jig/runs/2/%s@1", dir, first_step);

	run_jig(dir);
	if (!file_exists(attempt))
		return;
	fprintf(stderr, "bench_noop: a second run in %s ran steps again\n", dir);
	exit(1);
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

static void compare(const char *what, const char *dir, const char *ninja, int rounds, double bar)
{
	double ours[MOST], theirs[MOST], ratio[MOST], r;

	for (int i = 0; i < rounds; i++) {
		/* Each comes first in turn. */
		if (i % 2)
			ours[i] = run_jig(dir);
		theirs[i] = run_ninja(ninja);
		if (i % 2 == 0)
			ours[i] = run_jig(dir);
		ratio[i] = ours[i] / theirs[i];
	}
	r = median(ratio, rounds);
	printf("%-34s %10.1f ms   ninja %9.1f ms   ratio %6.2f   bar %5.2f   %s\n", what, median(ours, rounds) / 1000,
	       median(theirs, rounds) / 1000, r, bar, r <= bar ? "ok" : "MISSED");
	fflush(stdout);
}

static int number(const char *text, int fallback, int most)
{
	long n = text ? strtol(text, NULL, 10) : fallback;

	return n < 1 ? 1 : n > most ? most : (int)n;
}

int main(int argc, char **argv)
{
	const char *version[] = { "sh", "-c", "command -v ninja", NULL };
	int steps = number(argc > 2 ? argv[2] : NULL, STEPS, 100000),
	    rounds = number(argc > 3 ? argv[3] : NULL, ROUNDS, MOST), status;
	const char *beside = getenv("BENCH_DIR");
	struct err e;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_noop JIG [STEPS [ROUNDS]]\n");
		return 2;
	}
	waitpid(bench_start(version, true), &status, 0);
	if (status) {
		printf("skipped: ninja is not here\n");
		return 0;
	}
	jig = realpath(argv[1], NULL);
	if (!jig)
		bench_die(argv[1]);
	must(file_temp_dir(beside ? beside : "/tmp", "noop", &top, &e), &e);
	_free_ char *matrix = with_matrix(steps), *written = written_out(steps), *ninja = for_ninja(steps);
	printf("%-34s %10.1f s    ninja %9.1f s\n", "the first time, a matrix", run_jig(matrix) / 1e6,
	       run_ninja(ninja) / 1e6);
	printf("%-34s %10.1f s\n", "the first time, written out", run_jig(written) / 1e6);
	run_again(matrix, "r+0");
	run_again(written, "r0");
	compare("nothing to do, a matrix", matrix, ninja, rounds, 3);
	compare("nothing to do, written out", written, ninja, rounds, 5);
	if (chdir("/") < 0)
		bench_die("/");
	file_remove_tree(top, &e);
	free(top);
	return 0;
}
