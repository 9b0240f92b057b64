/* A log of 10 GB: how soon its ends stand on the screen, how fast it is counted and searched (beside grep in the same
 * run), how long a key waits behind a slice of that work, and the memory it takes.
 *
 *   bench_log [FOLDER [GIGABYTES]]
 *
 * FOLDER (default $BENCH_DIR or /tmp) takes the log, which is deleted behind it. */
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/time.h"
#include "tests/bench/bench.h"
#include "tui/log/log_hits.h"
#include "tui/log/log_pane.h"

#define CHUNK (8 << 20)
#define SLICE_US 2000

static struct err e;
static char *dir;
static int64_t slowest; /* slice of work, µs of the processor */

static void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_log: %s\n", e.text);
	exit(1);
}

static void clean(void)
{
	file_remove_tree(dir, &e);
}

/* Lines as training writes them, with a warning now and then and a traceback in each chunk. */
static void fill(struct buf *b, int64_t chunk)
{
	uint64_t seed = (uint64_t)chunk + 1;
	int step = 0;

	buf_reset(b);
	while (b->len < CHUNK - 1000) {
		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		unsigned r = (unsigned)(seed >> 33);
		buf_addf(b,
		         "2026-11-21 14:%02d:%02d INFO  epoch %d step %d  loss 0.%06u  acc 0.%04u  lr 3.0e-04  %u "
		         "samples/s\n",
		         step / 60 % 60, step % 60, step / 500, step, r % 1000000, r / 1000 % 10000, 900 + r % 200);
		if (step++ % 5000 == 2500)
			buf_adds(b, "WARNING: the gradient was clipped\n");
	}
	buf_adds(b, "Traceback (most recent call last):\n"
	            "  File \"train.py\", line 88, in <module>\n    main()\nValueError: loss is NaN\n");
	buf_fill(b, '.', CHUNK - 1 - b->len);
	buf_addc(b, '\n');
}

static void make(const char *path, int64_t size)
{
	_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	_buf_ struct buf b = BUF_INIT;

	if (fd < 0)
		bench_die(path);
	fill(&b, 0);
	for (int64_t i = 0; i * CHUNK < size; i++) {
		if (i % 64 == 0)
			fill(&b, i);
		if (file_write_all(fd, b.data, b.len) < 0)
			bench_die(path);
	}
}

static void row(const char *name, double figure, double bar, const char *unit)
{
	printf("%-42s %10.1f %-5s  bar %8.1f   %s\n", name, figure, unit, bar, figure <= bar ? "ok" : "MISSED");
	fflush(stdout);
}

/* MB that are resident. */
static double memory(void)
{
	_buf_ struct buf b = BUF_INIT;
	long long all = 0, resident = 0;

	must(file_read("/proc/self/statm", 4096, &b, &e));
	sscanf(b.data, "%lld %lld", &all, &resident);
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

/* Of this program: what else runs on the machine does not count. */
static int64_t processor(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * US_PER_S + t.tv_nsec / 1000;
}

static void slice(int64_t *from)
{
	int64_t now = processor();

	if (now - *from > slowest)
		slowest = now - *from;
	*from = now;
}

static void ends(struct log_pane *p, struct grid *g)
{
	struct rect r = { 0, 0, g->rows, g->cols };
	int64_t t = time_mono();

	log_pane_move(p, LOG_LAST);
	log_pane_draw(p, g, r);
	row("its end", (double)(time_mono() - t) / 1000, 100, "ms");
	t = time_mono();
	for (int i = 0; i < 1000; i++) {
		log_pane_move(p, i < 500 ? LOG_PAGE_UP : LOG_PAGE_DOWN);
		log_pane_draw(p, g, r);
	}
	row("a page up or down and its drawing", (double)(time_mono() - t) / 1000 / 1000, 2, "ms");
}

static void count(struct log_pane *p, double megabytes)
{
	int64_t t = time_mono(), s = processor();
	bool redraw;

	slowest = 0;
	while (log_pane_work(p, SLICE_US, &redraw)) 
		slice(&s);
	double seconds = (double)(time_mono() - t) / 1e6;
	printf("%-42s %10.1f s      %.0f MB/s\n", "all lines, errors and warnings counted", seconds,
	       megabytes / seconds);
	row("longest slice of it", (double)slowest / 1000, 4, "ms");
}

static void search(const char *path, const char *pattern, bool any_case, double megabytes)
{
	struct log_file *f;
	struct log_pattern *p;
	/* grep that writes to /dev/null ends with the first match. */
	const char *grep[] = {
		"sh", "-c", "grep -c -E $3 -e \"$1\" \"$2\" | cat", "sh", pattern, path, any_case ? "-i" : "", NULL,
	};
	char name[80];

	must(log_file_open(path, &f, &e));
	must(log_pattern_new(pattern, &p, &e));
	double floor = bench_run_once(grep) / 1e6;
	struct log_hits *h = log_hits_new(f, p, 0);
	int64_t t = time_mono(), s = processor();
	slowest = 0;
	while (log_hits_work(h, SLICE_US)) 
		slice(&s);
	double seconds = (double)(time_mono() - t) / 1e6;
	snprintf(name, sizeof name, "search \"%s\"%s", pattern, any_case ? " in any case" : "");
	printf("%-42s %10.0f MB/s   grep %6.0f MB/s  ratio %5.2f   bar  0.50   %s   %lld hits, longest slice %.1f ms\n",
	       name, megabytes / seconds, megabytes / floor, floor / seconds, floor / seconds >= 0.5 ? "ok" : "MISSED",
	       (long long)h->total, (double)slowest / 1000);
	fflush(stdout);
	log_hits_free(h);
	log_file_free(f);
}

int main(int argc, char **argv)
{
	const char *base = argc > 1 ? argv[1] : getenv("BENCH_DIR") ? getenv("BENCH_DIR") : "/tmp";
	double gigabytes = argc > 2 ? strtod(argv[2], NULL) : 10;
	struct grid g;

	must(file_temp_dir(base, "bench-log", &dir, &e));
	atexit(clean);
	_free_ char *path = path_join(dir, "log");
	make(path, (int64_t)(gigabytes * 1e9));
	double megabytes = ((int64_t)(gigabytes * 1e9) + CHUNK - 1) / CHUNK * (double)CHUNK / 1e6;
	printf("a log of %.1f GB\n", megabytes / 1000);
	grid_init(&g, 58, 200);
	double before = memory();
	int64_t t = time_mono();
	struct log_pane *p = log_pane_new(&(struct log_pane_options){ .folder = dir });
	log_pane_draw(p, &g, (struct rect){ 0, 0, g.rows, g.cols });
	row("opened, its first screen drawn", (double)(time_mono() - t) / 1000, 50, "ms");
	ends(p, &g);
	count(p, megabytes);
	row("memory that it takes then", memory() - before, 20, "MB");
	search(path, "ValueError", false, megabytes);
	search(path, "valueerror", true, megabytes);
	search(path, "nan", true, megabytes);
	search(path, "loss 0\\.99999[0-9]", false, megabytes);
	search(path, "Error|WARNING", false, megabytes);
	search(path, "step [0-9]*777 ", false, megabytes);
	log_pane_free(p);
	grid_release(&g);
	return 0;
}
