/* The list of runs of the workbench on a record of any size, each figure beside what is wanted.
 *
 *   bench_runs FOLDER      the .jig folder of a record (tests/lib/gen_record makes one)
 *
 * A line a figure: name, median and the slowest of them, what is wanted of the median. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include "base/time.h"
#include "tui/runs/runs_list.h"

enum { ROWS = 50, MOST = 4096 };

static struct err e;
static struct loop *loop;
static struct asker *asker;
static struct tracker *t;
static struct runs_list *l;
static struct runs_columns columns;
static double taken[MOST];
static int ntaken;
static bool came;

static void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_runs: %s\n", e.text);
	exit(1);
}

static void changed(void *arg)
{
	came = true;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void line(const char *name, double want_ms)
{
	double median;

	qsort(taken, (size_t)ntaken, sizeof *taken, by_size);
	median = taken[ntaken / 2];
	printf("%-44s %9.2f ms   slowest %9.2f ms   want <= %.1f  %s\n", name, median, taken[ntaken - 1], want_ms,
	       median <= want_ms ? "ok" : "MISSED");
	fflush(stdout);
	ntaken = 0;
}

static void took(int64_t since)
{
	taken[ntaken++] = (double)(time_mono() - since) / 1000;
}

static void show(size_t from)
{
	must(runs_list_load(l, from, ROWS, -1, &e));
}

static void until_first(void)
{
	while (runs_list_pending(l))
		must(loop_step(loop, -1, &e));
}

static void until_all(void)
{
	while (asker_busy(asker))
		must(loop_step(loop, -1, &e));
}

static void opens(const char *dir)
{
	for (int i = 0; i < 11; i++) {
		int64_t at;

		if (l)
			until_all();
		at = time_mono();
		runs_list_free(l);
		tracker_close(t);
		must(tracker_open(dir, TRACKER_READ, &t, &e));
		l = runs_list_new(t, asker, changed, NULL);
		must(runs_list_ask(l, &(struct runs_asked){0}, ROWS, &e));
		show(0);
		took(at);
	}
	line("open and first screenful", 25);
	int64_t at = time_mono();
	until_all();
	took(at);
	line("the whole list behind it", 1000);
	printf("%-44s %9zu rows\n", "", runs_list_len(l));
}

static void moves(void)
{
	size_t len = runs_list_len(l);
	int64_t at;

	for (size_t i = 0; i < 40; i++) {
		at = time_mono();
		must(runs_list_load(l, ROWS + i, ROWS, -1, &e));
		took(at);
	}
	line("a row down", 2);
	for (size_t i = 2; i < 40 && (i + 1) * ROWS < len; i++) {
		at = time_mono();
		show(i * ROWS);
		took(at);
	}
	line("a page down", 8);
	at = time_mono();
	show(len > ROWS ? len - ROWS : 0);
	took(at);
	line("the end", 8);
	for (size_t i = 0; i < 40; i++) {
		at = time_mono();
		show(len / 41 * i);
		took(at);
	}
	line("anywhere", 8);
	for (size_t i = 0; i < 20; i++) {
		runs_list_unspark(l);
		show(len / 41 * i);
		at = time_mono();
		must(runs_list_spark(l, &columns, len / 41 * i, ROWS, INT64_MAX / 2, &e));
		took(at);
	}
	line("shapes of the metrics of a screenful", 8);
	for (int i = 0; i < 20; i++) {
		at = time_mono();
		must(runs_list_refresh(l, ROWS, &e));
		show(0);
		took(at);
	}
	line("somebody committed", 8);
	until_all();
}

static void asks(const char *name, const struct runs_asked *q, double want)
{
	int64_t at = time_mono();

	must(runs_list_ask(l, q, ROWS, &e));
	until_first();
	show(0);
	took(at);
	if (want > 0)
		line(name, want);
}

static void counted(const char *name)
{
	int64_t at = time_mono();

	until_all();
	took(at);
	printf("%-44s %9.2f ms   %" PRId64 " runs\n", name, taken[--ntaken], runs_list_matching(l));
}

static void types(const char *text, double want)
{
	char typed[128] = "", name[200];

	for (size_t i = 0; text[i]; i++) {
		_arena_ struct arena a = ARENA_INIT;
		struct filter *f;

		snprintf(typed, sizeof typed, "%.*s", (int)i + 1, text);
		if (filter_parse(typed, &a, &f, &e) >= 0)
			asks("", &(struct runs_asked){.filter = typed}, 0);
	}
	snprintf(name, sizeof name, "each key of %s", text);
	line(name, want);
	counted("  count behind it");
}

static void finds(const char *text)
{
	char typed[64], name[120];

	for (size_t i = 0; text[i]; i++) {
		snprintf(typed, sizeof typed, "%.*s", (int)i + 1, text);
		asks("", &(struct runs_asked){.fuzzy = typed}, 0);
	}
	snprintf(name, sizeof name, "each key of the letters %s", text);
	line(name, 50);
	counted("  found");
}

int main(int argc, char **argv)
{
	struct rusage usage;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_runs FOLDER\n");
		return 2;
	}
	loop = loop_new();
	must(asker_new(loop, argv[1], &asker, &e));
	must(runs_columns_parse(&columns, "number,name,metrics.acc,metrics.loss,metrics.metric.02,metrics.metric.03",
	                        &e));
	opens(argv[1]);
	moves();
	types("metrics.acc > 0.5", 50);
	types("metrics.acc > 0.995", 50);
	types("metrics.loss > 5.25", 50);
	types("metrics.acc > 0.9 and metrics.metric.07 < 20", 50);
	types("params.train.lr = 0.1 and state = 'failed'", 50);
	for (int i = 0; i < 2; i++)
		asks("sorted by a metric", &(struct runs_asked){.sort = i ? "metrics.acc" : "metrics.acc DESC"}, 50);
	counted("  whole list behind it");
	asks("letters for the first time", &(struct runs_asked){.fuzzy = "r"}, 2000);
	finds("r12 blue");
	finds("run99");
	getrusage(RUSAGE_SELF, &usage);
	printf("%-44s %9.1f MB   want <= 90.0  %s\n", "memory at most", (double)usage.ru_maxrss / 1024,
	       usage.ru_maxrss <= 90 * 1024 ? "ok" : "MISSED");
	runs_list_free(l);
	asker_free(asker);
	tracker_close(t);
	runs_columns_release(&columns);
	loop_free(loop);
	return 0;
}
