/* JIG PROJECT FOLDER [LOG_GB]: the whole workbench under a pseudo-terminal of 120×40. PROJECT has a record of many runs
 * (gen_record) and is looked at only, but for runs that are started there as load; in FOLDER projects are made, and a
 * log of LOG_GB (10). Each figure stands beside its bar in 6-workbench.md; the times are from a key's byte written to
 * the last byte of the frame that answers it. The floors are /bin/echo, and a key to `cat` and back. */
#include <math.h>
#include <sys/stat.h>
#include "tests/bench/bench.h"
#include "tests/lib/vt.h"

#define ROWS 40
#define COLS 120
#define QUIET_US 60000
#define KEYS 400

static const char *jig;

static void row(const char *name, double value, const char *unit, double bar)
{
	printf("%-52s %9.2f %-3s   bar %7.2f   %s\n", name, value, unit, bar, value <= bar ? "ok" : "MISSED");
	fflush(stdout);
}

/* Waits for a first byte, then until none has come for a while: when the first came and when the last burst of `least`
 * bytes and more ended, µs since `from`. n: bytes written before the key. */
static void answer(struct vt *v, int64_t from, size_t n, size_t least, double *first, double *last)
{
	int64_t until = from + 20 * US_PER_S, seen = 0;

	*first = *last = NAN;
	while (time_mono() < until) {
		struct pollfd p = { .fd = v->master, .events = POLLIN };
		int64_t left = seen ? seen + QUIET_US - time_mono() : 1000000;

		if (left <= 0)
			return;
		if (vt_bytes(v) == n) {
			poll(&p, 1, (int)(left / 1000) + 1);
			vt_take(v);
		}
		if (vt_bytes(v) == n)
			continue;
		seen = time_mono();
		if (isnan(*first))
			*first = (double)(seen - from);
		if (vt_bytes(v) - n >= least)
			*last = (double)(seen - from);
		n = vt_bytes(v);
	}
}

static double key(struct vt *v, const char *name)
{
	double first, last;
	size_t n = vt_bytes(v);
	int64_t from = time_mono();

	vt_keys(v, name);
	answer(v, from, n, 1, &first, &last);
	return first;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void keys(struct vt *v, const char *name, const char *const *what, double median_bar, double p99_bar)
{
	static double t[KEYS];
	char label[80];

	for (int i = 0; i < KEYS; i++)
		t[i] = key(v, what[i % 4]) / 1000;
	qsort(t, KEYS, sizeof *t, by_value);
	snprintf(label, sizeof label, "%s: key to frame, median", name);
	row(label, t[KEYS / 2], "ms", median_bar);
	snprintf(label, sizeof label, "%s: key to frame, p99", name);
	row(label, t[KEYS * 99 / 100], "ms", p99_bar);
}

static struct vt *start(const char *project)
{
	return vt_start(&(struct vt_options){.rows = ROWS, .cols = COLS, .cwd = project, .wait_ms = 60000},
	                (const char *const[]){jig, NULL});
}

static void stop(struct vt *v)
{
	int status;

	vt_keys(v, "q");
	vt_wait_end(v, &status);
	vt_free(v);
}

static double paint(const char *project, const char *newest)
{
	int64_t from = time_mono();
	struct vt *v = start(project);
	double took;

	if (!vt_wait_text(v, newest))
		exit(1);
	took = (double)(time_mono() - from) / 1000;
	stop(v);
	return took;
}

/* Out of the page cache: what is not dirty of a file. */
static void forget(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd >= 0) {
		fsync(fd);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
}

static void first_paint(const char *project, const char *newest)
{
	double warm = 1e9, cold = 1e9;
	_free_ char *db = mem_printf("%s/.jig/jig.db", project);

	for (int i = 0; i < 10; i++)
		warm = bench_least(warm, paint(project, newest));
	for (int i = 0; i < 3; i++) {
		forget(db);
		forget(jig);
		cold = bench_least(cold, paint(project, newest));
	}
	row("exec to the newest run's row, warm", warm, "ms", 50);
	row("exec to the newest run's row, cold", cold, "ms", 100);
}

/* What nobody can beat here: a program that only writes a line, and one that only sends back what is typed. */
static void floors(void)
{
	static double t[KEYS];
	double echo = 1e9;
	struct vt *v;

	for (int i = 0; i < 10; i++) {
		int64_t from = time_mono();

		v = vt_start(&(struct vt_options){.rows = ROWS, .cols = COLS},
		             (const char *const[]){"/bin/echo", "here", NULL});
		if (!vt_wait_text(v, "here"))
			exit(1);
		echo = bench_least(echo, (double)(time_mono() - from) / 1000);
		vt_free(v);
	}
	printf("%-52s %9.2f ms\n", "floor: exec of /bin/echo to its text", echo);
	v = vt_start(&(struct vt_options){.rows = ROWS, .cols = COLS},
	             (const char *const[]){"/bin/sh", "-c", "stty raw -echo; echo ready; cat", NULL});
	vt_wait_text(v, "ready");
	for (int i = 0; i < KEYS; i++)
		t[i] = key(v, "x") / 1000;
	qsort(t, KEYS, sizeof *t, by_value);
	printf("%-52s %9.2f ms, p99 %.2f ms\n", "floor: a key to cat and back", t[KEYS / 2], t[KEYS * 99 / 100]);
	vt_free(v);
}

static int64_t from_proc(pid_t pid, const char *file, const char *field)
{
	_free_ char *path = mem_printf("/proc/%d/%s", (int)pid, file);
	char text[4096] = "";
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
	char *at = n > 0 && *field ? strstr(text, field) : text;

	if (fd >= 0)
		close(fd);
	return at ? strtoll(at + strlen(field), NULL, 10) : -1;
}

/* The count of all that fit comes when it is known; a screenful of runs is more than 1,000 bytes. */
static void filter(struct vt *v)
{
	static const char text[] = "metrics.acc > 0.95";
	double echo = 0, all = 0, first, last;

	key(v, "/");
	for (const char *c = text; *c; c++) {
		char one[2] = { *c, 0 };
		size_t n = vt_bytes(v);
		int64_t from = time_mono();

		vt_type(v, one);
		answer(v, from, n, 1000, &first, &last);
		echo = fmax(echo, first / 1000);
		if (c >= text + strlen("metrics.acc > "))
			all = fmax(all, last / 1000);
	}
	row("a filter on a metric: slowest key echoed", echo, "ms", 50);
	row("a filter on a metric: slowest screenful of a key", all, "ms", 50);
	vt_keys(v, "Esc");
	vt_wait_quiet(v, 60);
}

static void idle(struct vt *v)
{
	size_t bytes;
	int64_t before;

	vt_wait_quiet(v, 1000);
	bytes = vt_bytes(v);
	before = from_proc(vt_pid(v), "schedstat", "");
	vt_wait_quiet(v, 10000);
	row("idle for 10 s: bytes written", (double)(vt_bytes(v) - bytes), "B", 0);
	row("idle for 10 s: CPU", (double)(from_proc(vt_pid(v), "schedstat", "") - before) / 1e8, "%", 0.1);
}

static void load(struct vt *v, const char *project)
{
	static const char *const moves[] = { "Down", "Down", "Up", "Down" };
	_free_ char *file = mem_printf("%s/load.yaml", project);
	FILE *f = fopen(file, "w");

	fprintf(f, "steps:\n  train:\n    run: [python3, -c, \"import os,time\\nwith "
	           "open(os.environ['JIG_METRICS'],'a',buffering=1) as f:\\n  for i in range(1200): "
	           "f.write('{\\\"acc\\\": %%f, \\\"step\\\": %%d}\\\\n' %% (i/1200,i)); time.sleep(0.05)\"]\n");
	fclose(f);
	for (int i = 0; i < 20; i++) {
		_free_ char *line = mem_printf(
		        "cd '%s' && '%s' run -f load.yaml -d --fresh --isolation folder >/dev/null", project, jig);

		bench_run_once((const char *const[]){ "sh", "-c", line, NULL });
	}
	if (!vt_wait_text(v, "20 live"))
		exit(1);
	keys(v, "20 runs log", moves, 16, 16);
	_free_ char *line = mem_printf("cd '%s' && for i in $('%s' ls --filter \"state = 'running'\" -n 50 --columns "
	                               "number | tail -n +2); do '%s' stop $i --now; done >/dev/null",
	                               project, jig, jig);
	bench_run_once((const char *const[]){ "sh", "-c", line, NULL });
}

static char *made(const char *folder, const char *name, const char *yaml)
{
	char *dir = mem_printf("%s/%s", folder, name);
	_free_ char *file = mem_printf("%s/jig.yaml", dir),
	            *line = mem_printf("cd '%s' && '%s' run --isolation folder >/dev/null", dir, jig);
	FILE *f;

	mkdir(dir, 0755);
	f = fopen(file, "w");
	fputs(yaml, f);
	fclose(f);
	bench_run_once((const char *const[]){ "sh", "-c", line, NULL });
	return dir;
}

static void open_run(const char *folder, const char *name, const char *yaml, const char *wanted)
{
	_free_ char *dir = made(folder, name, yaml), *label = mem_printf("%s: Enter to frame", name);
	struct vt *v = start(dir);

	if (!vt_wait_text(v, "success"))
		exit(1);
	vt_wait_quiet(v, 100);
	row(label, key(v, "Enter") / 1000, "ms", 50);
	if (!vt_wait_text(v, wanted))
		exit(1);
	keys(v, name, (const char *const[]){ "Down", "Up", "Down", "Up" }, 2, 8);
	stop(v);
}

/* Lines as a training writes them. */
static void fill_log(const char *path, double gb)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	int64_t left = (int64_t)(gb * 1e9);
	_buf_ struct buf block = BUF_INIT;

	for (int i = 0; block.len < 8 << 20; i++)
		buf_addf(&block, "epoch %d  batch %d  loss %.6f  acc %.4f  lr 0.0003\n", i / 1000, i % 1000,
		         1.0 / (i + 1), i % 997 / 997.0);
	while (left > 0) {
		size_t n = left < (int64_t)block.len ? (size_t)left : block.len;
		ssize_t done = write(fd, block.data, n);

		if (done <= 0)
			bench_die(path);
		left -= done;
	}
	(void)!write(fd, "\nthe last line of all\n", 22);
	close(fd);
}

static void big_log(const char *folder, double gb)
{
	_free_ char *dir = made(folder, "log", "steps:\n  a: {run: echo hello}\n"),
	            *log = mem_printf("%s/.jig/runs/1/a@1/log", dir);
	struct vt *v;
	int64_t from;

	fill_log(log, gb);
	v = start(dir);
	vt_wait_text(v, "success");
	vt_wait_quiet(v, 100);
	vt_keys(v, "Enter");
	vt_wait_quiet(v, 100);
	from = time_mono();
	vt_keys(v, "1");
	if (!vt_wait_text(v, "epoch 0  batch 1 "))
		exit(1);
	row("log: first screen", (double)(time_mono() - from) / 1000, "ms", 50);
	from = time_mono();
	vt_keys(v, "G");
	if (!vt_wait_text(v, "the last line of all"))
		exit(1);
	row("log: its end", (double)(time_mono() - from) / 1000, "ms", 100);
	vt_keys(v, "g");
	vt_wait_gone(v, "the last line of all");
	from = time_mono();
	vt_keys(v, "/");
	vt_type(v, "the last line");
	if (!vt_wait_text(v, "the last line of all"))
		exit(1);
	printf("%-52s %9.2f GB/s\n", "log: a search through all of it", gb / ((double)(time_mono() - from) / US_PER_S));
	row("log: memory", (double)from_proc(vt_pid(v), "status", "VmRSS:") / 1024, "MB", 100);
	vt_keys(v, "Enter");
	stop(v);
	unlink(log);
}

int main(int argc, char **argv)
{
	static const char *const moves[] = { "Down", "PgDn", "Up", "Down" };
	struct vt *v;
	char newest[16];
	_buf_ struct buf wide = BUF_INIT, deep = BUF_INIT;

	if (argc < 4) {
		fprintf(stderr, "usage: bench_workbench JIG PROJECT FOLDER [LOG_GB]\n");
		return 2;
	}
	jig = argv[1];
	_free_ char *count = mem_printf("cd '%s' && '%s' ls -n 1 --columns number | tail -1 | tr -d ' ' >'%s/newest'",
	                                argv[2], jig, argv[3]);
	_free_ char *file = mem_printf("%s/newest", argv[3]);
	bench_run_once((const char *const[]){ "sh", "-c", count, NULL });
	FILE *f = fopen(file, "r");
	if (!f || !fgets(newest, sizeof newest, f))
		bench_die(file);
	fclose(f);
	newest[strcspn(newest, "\n")] = 0;
	floors();
	first_paint(argv[2], newest);
	v = start(argv[2]);
	vt_wait_text(v, newest);
	vt_wait_quiet(v, 300);
	keys(v, "runs", moves, 2, 8);
	row("runs: G to the last run", key(v, "G") / 1000, "ms", 16);
	row("runs: g to the first", key(v, "g") / 1000, "ms", 16);
	filter(v);
	idle(v);
	row("runs: memory", (double)from_proc(vt_pid(v), "status", "VmRSS:") / 1024, "MB", 100);
	load(v, argv[2]);
	stop(v);
	buf_adds(&wide,
	         "steps:\n  fetch: {run: \":\", outputs: []}\n  train: {run: \": ${matrix.item}\", matrix: {item: [");
	for (int i = 0; i < 200; i++)
		buf_addf(&wide, "%s%d", i ? ", " : "", i);
	buf_adds(&wide, "]}, needs: [fetch]}\n  evaluate: {run: \":\", needs: [train]}\n");
	open_run(argv[3], "a 200-way fan-out", wide.data, "evaluate");
	buf_adds(&deep, "steps:\n");
	for (int i = 0; i < 1000; i++) {
		buf_addf(&deep, "  s%04d: {run: \":\"", i);
		if (i >= 10)
			buf_addf(&deep, ", needs: [s%04d, s%04d]", i - 10, i - 7);
		buf_adds(&deep, "}\n");
	}
	open_run(argv[3], "a graph of 1,000 steps", deep.data, "s0000");
	big_log(argv[3], argc > 4 ? atof(argv[4]) : 10);
	return 0;
}
