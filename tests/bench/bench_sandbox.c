/* JIG [N]: what a sandboxed step costs beside bubblewrap alone with the very same arguments, started by a plain
 * posix_spawn loop; and what a plain step costs by the same spawner. Floor and jig are measured in turn in one run; the
 * best of each counts.
 *
 *   one     a step after the other
 *   two     2 alive
 *   making  what is done once a run, and what is added to each attempt's arguments
 *   runs    what the sandbox adds to a step of `jig run`, beside what bubblewrap adds to a step of the loop */
#include <poll.h>
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"
#include "runner/process/spawn.h"
#include "runner/process/tmpdir.h"
#include "runner/work/sandbox.h"
#include "tests/bench/bench.h"

enum { ROUNDS = 20, RUNS = 5, STEPS = 200, MADE = 1000 };

static struct err e;
static struct spawner *spawner;
static struct sandbox_attempt attempt;
static int null;

static void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_sandbox: %s\n", e.text);
	exit(1);
}

static const char *const step[] = { "sh", "-euc", ":", NULL };

static void wait_one(void)
{
	int status;

	wait(&status);
	if (status) {
		fprintf(stderr, "bench_sandbox: a step of the loop failed (%d)\n", status);
		exit(1);
	}
}

/* µs a command: n of them, `jobs` alive. */
static double loop_floor(const char *const *argv, int n, int jobs)
{
	int64_t t = time_mono();
	int alive = 0;

	for (int i = 0; i < n; i++) {
		if (alive == jobs) {
			wait_one();
			alive--;
		}
		bench_start(argv, false);
		alive++;
	}
	while (alive--)
		wait_one();
	return (double)(time_mono() - t) / n;
}

static void request(const struct sandbox *s, uint64_t token)
{
	struct arena a = ARENA_INIT;
	struct spawn_request r = {.token = token,
	                          .argv = step,
	                          .envp = (const char *const *)environ,
	                          .cwd = attempt.work,
	                          .out = null,
	                          .err = null,
	                          .attempt_id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"};

	if (s) {
		r.wrap = SPAWN_SANDBOX;
		r.prefix = sandbox_wrap(s, &attempt, &a);
	}
	must(spawner_spawn(spawner, &r, &e));
	arena_release(&a);
}

static void await_end(void)
{
	for (;;) {
		struct pollfd p = { .fd = spawner_fd(spawner), .events = POLLIN };
		struct spawn_event ev;
		int r = spawner_read(spawner, &ev, &e);

		must(r);
		if (r == 0) {
			poll(&p, 1, -1);
		} else if (ev.kind == SPAWN_EXITED || ev.kind == SPAWN_FAILED) {
			if (ev.kind == SPAWN_FAILED || ev.status) {
				fprintf(stderr, "bench_sandbox: a step failed (%d)\n", ev.status);
				exit(1);
			}
			return;
		}
	}
}

static double by_spawner(const struct sandbox *s, int n, int jobs)
{
	int64_t t = time_mono();
	int alive = 0;

	for (int i = 0; i < n; i++) {
		if (alive == jobs) {
			await_end();
			alive--;
		}
		request(s, (uint64_t)i);
		alive++;
	}
	while (alive--)
		await_end();
	return (double)(time_mono() - t) / n;
}

static char *folder(const char *parent, const char *name)
{
	char *path = path_join(parent, name);

	must(file_mkdirs(path, 0755, &e));
	return path;
}

static const char *home(void)
{
	const char *h = getenv("HOME");

	return h ? h : "/";
}

static void once_and_each(const struct sandbox_options *o)
{
	double make = 1e9, wrap = 1e9;

	for (int i = 0; i < ROUNDS; i++) {
		struct sandbox *s;
		int64_t t = time_mono();

		must(sandbox_new(o, &s, &e));
		make = bench_least(make, (double)(time_mono() - t));
		t = time_mono();
		for (int k = 0; k < MADE; k++) {
			struct arena a = ARENA_INIT;

			sandbox_wrap(s, &attempt, &a);
			arena_release(&a);
		}
		wrap = bench_least(wrap, (double)(time_mono() - t) / MADE);
		sandbox_free(s);
	}
	printf("%-34s %10.1f µs\n%-34s %10.1f µs\n", "arguments, once a run", make, "arguments, an attempt", wrap);
}

/* µs a step of a run in one tier. */
static double by_jig(const char *jig, const char *tier)
{
	const char *argv[] = { jig, "run", "-j", "2", "--isolation", tier, NULL };

	return bench_run_once(argv) / STEPS;
}

static void in_runs(const char *jig, const char *top, const char *const *alone, int n)
{
	double plain = 1e9, wrapped = 1e9, in_folders = 1e9, in_sandboxes = 1e9;
	_free_ char *dir = folder(top, "wide"), *pipeline = path_join(dir, "jig.yaml");
	_buf_ struct buf text = BUF_INIT;

	buf_adds(&text, "env: system\nsteps:\n");
	for (int i = 0; i < STEPS; i++)
		buf_addf(&text, "  s%d: {run: ':', cache: false}\n", i);
	must(file_write(pipeline, text.data, text.len, 0644, &e));
	if (chdir(dir) < 0)
		bench_die(dir);
	for (int i = 0; i < RUNS; i++) {
		plain = bench_least(plain, loop_floor(step, n, 2));
		wrapped = bench_least(wrapped, loop_floor(alone, n, 2));
		in_folders = bench_least(in_folders, by_jig(jig, "folder"));
		in_sandboxes = bench_least(in_sandboxes, by_jig(jig, "sandbox"));
	}
	if (chdir("/") < 0)
		bench_die("/");
	bench_row("added to a run, 2 jobs (a step)", in_sandboxes - in_folders, wrapped - plain, 1.3);
	printf("%-34s %10.1f µs a step in the folder tier, %.1f µs in the sandbox tier (%d steps)\n", "", in_folders,
	       in_sandboxes, STEPS);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 40;
	double floor[3] = { 0, 1e9, 1e9 }, sandboxed[3] = { 0, 1e9, 1e9 }, plain[3] = { 0, 1e9, 1e9 };
	bool network;
	char *top, *tmps;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_sandbox JIG [N]\n");
		return 2;
	}
	_free_ char *program = realpath(argv[1], NULL);
	if (!program)
		bench_die(argv[1]);
	if (sandbox_probe(environ, &network, &e) < 0) {
		printf("skipped: %s\n", e.text);
		return 0;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	must(spawner_start(&spawner, &e));
	must(file_temp_dir("/tmp", "bench", &top, &e));
	must(tmpdir_make(&tmps, &e));
	_free_ char *root = folder(top, "project"), *jig = folder(root, ".jig"), *of = folder(jig, "runs/1/train@1"),
	            *work = folder(of, "work");
	_free_ char *checkpoints = folder(jig, "runs/1/train.ckpt"), *tmp = folder(tmps, "0"),
	            *metrics = path_join(of, "metrics.jsonl");
	_free_ char *params = path_join(jig, "runs/1/params.json");
	must(file_write(metrics, "", 0, 0644, &e));
	must(file_write(params, "{}\n", 3, 0644, &e));
	attempt = (struct sandbox_attempt){.folder = of,
	                                   .work = work,
	                                   .tmp = tmp,
	                                   .checkpoints = checkpoints,
	                                   .files = {metrics},
	                                   .params = params,
	                                   .network = true};

	struct sandbox_options o = { .root = root, .jig = jig, .environ = environ };
	struct arena a = ARENA_INIT;
	struct sandbox *s;
	int words = 0;
	must(sandbox_new(&o, &s, &e));
	const char *const *prefix = sandbox_wrap(s, &attempt, &a);
	while (prefix[words])
		words++;
	const char **alone = arena_array(&a, const char *, (size_t)words + ARRAY_LEN(step));
	memcpy(alone, prefix, (size_t)words * sizeof *alone);
	memcpy(alone + words, step, sizeof step);

	for (int i = 0; i < ROUNDS; i++)
		for (int jobs = 1; jobs <= 2; jobs++) {
			floor[jobs] = bench_least(floor[jobs], loop_floor(alone, n, jobs));
			sandboxed[jobs] = bench_least(sandboxed[jobs], by_spawner(s, n, jobs));
			plain[jobs] = bench_least(plain[jobs], by_spawner(NULL, n, jobs));
		}
	bench_row("sandboxed, one at a time (a step)", sandboxed[1], floor[1], 1.3);
	bench_row("sandboxed, 2 jobs (a step)", sandboxed[2], floor[2], 1.3);
	printf("%-34s %10.1f µs more than a plain step (%.1f µs), with %d words below %s\n", "",
	       sandboxed[1] - plain[1], plain[1], words, home());
	once_and_each(&o);
	in_runs(program, top, alone, n);

	sandbox_free(s);
	arena_release(&a);
	spawner_free(spawner);
	must(file_remove_tree(top, &e));
	must(file_remove_tree(tmps, &e));
	free(top);
	free(tmps);
	return 0;
}
