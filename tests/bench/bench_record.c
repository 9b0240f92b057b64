/* What the record costs, each figure beside what is wanted.
 *
 *   bench_record [FOLDER]
 *
 * FOLDER (default $TMPDIR or /tmp) is where the record is made. A line a figure: name, figure, what is wanted. */
#include <inttypes.h>
#include <math.h>
#include <unistd.h>
#include "base/file.h"
#include "base/time.h"
#include "tracker/run.h"
#include "tracker/series.h"
#include "tracker/step.h"
#include "tracker/verify.h"

enum { POINTS = 1000000, BATCH = 1000, ATTEMPTS = 2000, STEPS = 1000, REUSED = 10000, OPENS = 200 };

static struct err e;
static struct tracker *t;
static char *dir;

static void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_record: %s\n", e.text);
	exit(1);
}

static void line(const char *name, double figure, const char *unit, bool more_is_better, double want)
{
	bool ok = more_is_better ? figure >= want : figure <= want;

	printf("%-34s %12.1f %-9s want %s %.1f  %s\n", name, figure, unit, more_is_better ? ">=" : "<=", want,
	       ok ? "ok" : "MISSED");
	fflush(stdout);
}

static int64_t make_run(void)
{
	struct run_new n = {.pipeline = "bench", .pipeline_text = "version: 1\n", .code = {.dirty = -1}};
	char uid[ULID_LEN + 1];
	int64_t run;

	must(run_create(t, &n, &run, uid, &e));
	must(run_start(t, run, &e));
	return run;
}

static int64_t make_step(int64_t run, int rank)
{
	struct step_new n = {.base = "train", .state = STEP_PENDING, .rank = rank};
	char name[32];
	int64_t id;

	snprintf(name, sizeof name, "train[%d]", rank);
	n.name = name;
	must(step_add(t, run, &n, 1, &id, &e));
	return id;
}

static int64_t begin_attempt(int64_t run, int64_t step)
{
	char uid[ULID_LEN + 1];
	int64_t id;

	ulid_make(time_now(), uid);
	must(attempt_begin(t,
	                   &(struct attempt_new){.run = run,
	                                         .step = step,
	                                         .uid = uid,
	                                         .n = 1,
	                                         .command = "[\"true\"]",
	                                         .folder = "runs/1/train@1",
	                                         .isolation = "folder",
	                                         .host = "host",
	                                         .reason = "run: never finished",
	                                         .started = time_now(),
	                                         .pid = 100,
	                                         .pid_start = 1000},
	                   &id, &e));
	return id;
}

static void end_attempt(int64_t run, int64_t step, int64_t attempt)
{
	must(attempt_end(t, run, step, attempt,
	                 &(struct attempt_result){.state = ATTEMPT_SUCCESS,
	                                          .ended = time_now(),
	                                          .elapsed_us = 1000,
	                                          .usage = {-1, -1, -1, -1, -1},
	                                          .step_state = STEP_SUCCESS},
	                 &e));
}

static double seconds_since(int64_t us)
{
	return (double)(time_mono() - us) / 1e6;
}

static void bench_points(void)
{
	static struct point points[BATCH];
	int64_t run, step, attempt, series, start;
	double wrote, sealed;

	must(tracker_begin(t, &e));
	run = make_run();
	step = make_step(run, 0);
	attempt = begin_attempt(run, step);
	must(series_open(t, run, step, attempt, "loss", &series, &e));
	must(tracker_commit(t, &e));
	start = time_mono();
	for (int i = 0; i < POINTS; i += BATCH) {
		for (int k = 0; k < BATCH; k++)
			points[k] = (struct point){i + k, 1000000 + i + k, exp(-(i + k) / 1e5)};
		if (i % (10 * BATCH) == 0)
			must(tracker_begin(t, &e));
		must(series_add(t, series, points, BATCH, &e));
		if (i % (10 * BATCH) == 9 * BATCH)
			must(tracker_commit(t, &e));
	}
	wrote = seconds_since(start);
	line("points, batches of 1,000", POINTS / wrote / 1000, "thousand/s", true, 500);
	must(tracker_begin(t, &e));
	end_attempt(run, step, attempt);
	start = time_mono();
	must(run_end(t, run, RUN_SUCCESS, 0, 1000, &e));
	sealed = seconds_since(start);
	must(tracker_commit(t, &e));
	line("seal of 1,000,000 points", sealed * 1000, "ms", false, 400);
}

static void bench_attempts(void)
{
	int64_t run, start, steps[ATTEMPTS];

	must(tracker_begin(t, &e));
	run = make_run();
	for (int i = 0; i < ATTEMPTS; i++)
		steps[i] = make_step(run, i);
	start = time_mono();
	for (int i = 0; i < ATTEMPTS; i++)
		end_attempt(run, steps[i], begin_attempt(run, steps[i]));
	line("attempt begun and ended", seconds_since(start) * 1e6 / ATTEMPTS, "us", false, 100);
	must(tracker_commit(t, &e));
}

static void bench_steps(void)
{
	int64_t run, start;
	double sealed;

	must(tracker_begin(t, &e));
	run = make_run();
	for (int i = 0; i < STEPS; i++) {
		int64_t step = make_step(run, i);

		end_attempt(run, step, begin_attempt(run, step));
	}
	start = time_mono();
	must(run_end(t, run, RUN_SUCCESS, 0, 1000, &e));
	sealed = seconds_since(start);
	must(tracker_commit(t, &e));
	line("seal of 1,000 steps", sealed * 1000, "ms", false, 15);
}

/* A run in which nothing is left to do. */
static void bench_reused(void)
{
	static struct step_new steps[REUSED];
	static struct step_need_new needs[REUSED];
	static char names[REUSED][32];
	static int64_t ids[REUSED], attempts[REUSED];
	int64_t run, start;
	double added, ended;

	must(tracker_begin(t, &e));
	run = make_run();
	for (int i = 0; i < REUSED; i++) {
		int64_t step = make_step(run, i);

		end_attempt(run, step, attempts[i] = begin_attempt(run, step));
	}
	must(run_end(t, run, RUN_SUCCESS, 0, 1000, &e));
	must(tracker_commit(t, &e));
	for (int i = 0; i < REUSED; i++) {
		snprintf(names[i], sizeof names[i], "train[%d]", i);
		needs[i] = (struct step_need_new){i - 1, true};
		steps[i] = (struct step_new){.name = names[i],
		                             .base = "train",
		                             .state = STEP_REUSED,
		                             .rank = i,
		                             .needs = &needs[i],
		                             .nneeds = i > 0,
		                             .reused_attempt = attempts[i],
		                             .reason = "reuse: same as train[1]@1 of run 4"};
	}
	must(tracker_begin(t, &e));
	start = time_mono();
	run = make_run();
	must(step_add(t, run, steps, REUSED, ids, &e));
	added = seconds_since(start);
	must(run_end(t, run, RUN_SUCCESS, 0, 1000, &e));
	ended = seconds_since(start);
	must(tracker_commit(t, &e));
	line("10,000 reused steps added", added * 1000, "ms", false, 40);
	line("added, ended and committed", seconds_since(start) * 1000, "ms", false, 60);
	line("of that, run_end", (ended - added) * 1000, "ms", false, 20);
}

static void bench_open(void)
{
	int64_t start = time_mono();

	for (int i = 0; i < OPENS; i++) {
		struct tracker *other;

		must(tracker_open(dir, TRACKER_READ, &other, &e));
		tracker_close(other);
	}
	line("open and close", seconds_since(start) * 1e6 / OPENS, "us", false, 500);
}

static void bench_verify(void)
{
	struct verify_report v;
	int64_t start = time_mono();

	must(verify_all(t, NULL, &v, &e));
	if (!v.ok)
		must(err_set(&e, ERR_FAILED, "%s", v.fault));
	line("verify", (double)(v.rows + v.events) / seconds_since(start) / 1000, "rows/ms", true, 1000);
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");

	must(file_temp_dir(argc > 1 ? argv[1] : tmp ? tmp : "/tmp", "bench", &dir, &e));
	must(tracker_open(dir, TRACKER_WRITE, &t, &e));
	bench_points();
	bench_attempts();
	bench_steps();
	bench_reused();
	bench_open();
	bench_verify();
	tracker_close(t);
	must(file_remove_tree(dir, &e));
	free(dir);
	return 0;
}
