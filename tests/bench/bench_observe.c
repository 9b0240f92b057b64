/* What it costs that a step's lookups are watched: the same program by the same spawner, without and with, in turn. The
 * medians of several rounds count: of the times without, and of how much longer it took right after.
 *
 *   lookup   a program that asks for one name again and again: the difference, a call
 *   imports  Python importing 400 modules that do nothing, watched with its hook, from a folder without what it
 *            compiled before, as an attempt's is; and with it. Python itself: what version managers put in PATH under
 *            its name is a script that looks up a multiple
 *   busy     a program that computes for about two seconds
 *   start    `sh -euc :`, a step after the other */
#include <poll.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "runner/process/spawn.h"
#include "runner/trace/observe.h"
#include "runner/trace/python_hook.h"
#include "tests/bench/bench.h"

enum { ROUNDS = 15, LOOKUPS = 20000, MODULES = 400, STEPS = 101 };

static struct err e;
static struct spawner *spawner;
static struct observer *observer;
static int null;
static char *dir;

static void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_observe: %s\n", e.text);
	exit(1);
}

/* µs from the request until its end and, watched, its lookups are known. */
static double once(const char *const *argv, bool watched, size_t *ret_paths)
{
	int64_t t = time_mono();
	static uint64_t token;
	struct spawn_request r = { .token = ++token, .argv = argv, .cwd = dir, .out = null, .err = null,
				   .attempt_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV", .trace = watched };

	/* Without JIG_TRACE the hook tells nothing. */
	if (watched)
		setenv("JIG_TRACE", dir, 1);
	else
		unsetenv("JIG_TRACE");
	r.envp = (const char *const *)environ;
	must(spawner_spawn(spawner, &r, &e));
	for (;;) {
		struct pollfd p = { .fd = spawner_fd(spawner), .events = POLLIN };
		struct spawn_event ev;
		int got = spawner_read(spawner, &ev, &e);

		must(got);
		if (got == 0) {
			poll(&p, 1, -1);
			continue;
		}
		if (ev.kind == SPAWN_STARTED)
			continue;
		if (ev.kind == SPAWN_FAILED || ev.status) {
			fprintf(stderr, "bench_observe: %s failed\n", argv[0]);
			exit(1);
		}
		break;
	}
	if (watched) {
		_lookups_ struct lookups l = { 0 };

		observer_end(observer, token, &l);
		if (l.untrusted) {
			fprintf(stderr, "bench_observe: %s\n", l.untrusted);
			exit(1);
		}
		*ret_paths = l.paths.len;
	}
	return (double)(time_mono() - t);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* rounds: odd, STEPS at most. The paths that were looked up. */
static size_t both(const char *const *argv, int rounds, double ret[2])
{
	double plain[STEPS], longer[STEPS];
	size_t paths = 0;

	once(argv, false, &paths);
	for (int i = 0; i < rounds; i++) {
		plain[i] = once(argv, false, &paths);
		longer[i] = once(argv, true, &paths) - plain[i];
	}
	qsort(plain, (size_t)rounds, sizeof *plain, by_size);
	qsort(longer, (size_t)rounds, sizeof *longer, by_size);
	ret[0] = plain[rounds / 2];
	ret[1] = ret[0] + longer[rounds / 2];
	return paths;
}

/* µs that a byte takes to another process and back: what two changes of context cost here. */
static double round_trip(void)
{
	int there[2], back[2];
	double least = 1e12;
	char c = 1;

	if (pipe(there) < 0 || pipe(back) < 0)
		bench_die("pipe");
	pid_t pid = fork();
	if (pid == 0) {
		while (read(there[0], &c, 1) == 1 && c && write(back[1], &c, 1) == 1)
			;
		_exit(0);
	}
	for (int round = 0; round < ROUNDS; round++) {
		int64_t t = time_mono();
		for (int i = 0; i < LOOKUPS / 10; i++)
			if (write(there[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
				bench_die("a byte and back");
		least = bench_least(least, (double)(time_mono() - t) / (LOOKUPS / 10));
	}
	c = 0;
	if (write(there[1], &c, 1) != 1)
		bench_die("pipe");
	waitpid(pid, NULL, 0);
	return least;
}

static int look(int n, const char *path)
{
	struct stat st;

	for (int i = 0; i < n; i++)
		stat(path, &st);
	return 0;
}

static int compute(void)
{
	volatile unsigned long x = 1;

	for (long i = 0; i < 2000000000L; i++)
		x = x * 6364136223846793005u + 1;
	return x == 0;
}

/* Of 50 lines each. */
static void make_modules(void)
{
	_buf_ struct buf all = BUF_INIT;
	_buf_ struct buf text = BUF_INIT;

	for (int i = 0; i < 10; i++)
		buf_addf(&text,
		         "\ndef part_%d(rows, scale=%d):\n    \"\"\"The rows, scaled.\"\"\"\n    return [row * scale "
		         "for row in rows if row]\n\n",
		         i, i);
	for (int i = 0; i < MODULES; i++) {
		_free_ char *path = mem_printf("%s/mod_%d.py", dir, i);

		must(file_write(path, text.data, text.len, 0644, &e));
		buf_addf(&all, "import mod_%d\n", i);
	}
	_free_ char *path = path_join(dir, "all.py");
	must(file_write(path, all.data, all.len, 0644, &e));
}

/* The program that stands behind a name. */
static char *real_python(const char *name)
{
	_buf_ struct buf out = BUF_INIT;
	int status;

	must(spawn_capture((const char *const[]){name, "-c", "import sys; print(sys.executable, end='')", NULL},
	                   (const char *const *)environ, "/", 4096, &out, &status, &e));
	if (status || !out.len) {
		fprintf(stderr, "bench_observe: %s does not run\n", name);
		exit(1);
	}
	return buf_steal(&out);
}

int main(int argc, char **argv)
{
	double us[2];
	_free_ char *self = realpath("/proc/self/exe", NULL);
	const char *names[] = { "/no-such-name", "sub/no-such-name" };

	if (argc > 3 && strcmp(argv[1], "--look") == 0)
		return look((int)strtol(argv[2], NULL, 10), argv[3]);
	if (argc > 1 && strcmp(argv[1], "--compute") == 0)
		return compute();
	const char *why = observe_impossible();
	if (why) {
		printf("skipped: %s\n", why);
		return 0;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	must(spawner_start(&spawner, &e));
	must(observer_start(spawner_trace_fd(spawner), &observer, &e));
	must(file_temp_dir("/tmp", "bench", &dir, &e));

	for (int i = 0; i < 2; i++) {
		char n[16], name[40];
		snprintf(n, sizeof n, "%d", LOOKUPS);
		snprintf(name, sizeof name, "%s name (µs a lookup)", i ? "relative" : "absolute");
		both((const char *const[]){ self, "--look", n, names[i], NULL }, ROUNDS, us);
		double each = (us[1] - us[0]) / LOOKUPS;
		printf("%-34s %10.2f µs   a byte to a process and back %.2f µs\n", name, each, round_trip());
	}
	make_modules();
	_free_ char *python = real_python(argc > 1 ? argv[1] : "python3");
	const char *const imports[] = { python, "all.py", NULL };
	_free_ char *cache = path_join(dir, "cache"), *hook = NULL;
	must(python_hook_folder(cache, &hook, &e));
	setenv("PYTHONPATH", hook, 1);
	setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
	for (int compiled = 0; compiled < 2; compiled++) {
		size_t paths = both(imports, ROUNDS, us);
		double each = (us[1] - us[0]) / (double)paths;
		bench_row(compiled ? "400 modules, compiled" : "400 modules, none compiled", us[1], us[0], 1.2);
		printf("%-34s %10.2f µs   bar %5.2f µs   %s   (%zu names)\n", "each name that this looks up", each, 5.0,
		       each <= 5 ? "ok" : "MISSED", paths);
		unsetenv("PYTHONDONTWRITEBYTECODE");
	}
	setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
	both((const char *const[]){ python, "-c", "", NULL }, STEPS, us);
	printf("%-34s %10.1f µs        %10.1f µs\n", "python3 -c (a step)", us[1], us[0]);
	both((const char *const[]){ "sh", "-euc", ":", NULL }, STEPS, us);
	printf("%-34s %10.1f µs        %10.1f µs\n", "sh -euc (a step)", us[1], us[0]);
	both((const char *const[]){ self, "--compute", NULL }, 3, us);
	bench_row("two seconds of computing", us[1], us[0], 1.01);

	spawner_free(spawner);
	observer_free(observer);
	must(file_remove_tree(dir, &e));
	free(dir);
	return 0;
}
