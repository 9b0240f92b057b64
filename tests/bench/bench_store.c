/* What taking outputs into the store costs, each figure beside its floor, measured in the same run on the same disk.
 *
 *   bench_store [FOLDER [PERCENT]]
 *
 * FOLDER (default $TMPDIR or /tmp) is where the files are made, on the disk that is to be measured; PERCENT (default
 * 100) scales the large files down on a small disk. A line a figure: name, figure, floor, ratio, the ratio that is
 * wanted. */
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/time.h"
#include "store/pool.h"
#include "store/tree.h"

#define MIB (1 << 20)
enum { SMALL_FILES = 4000, SMALL_BYTES = 4096, LARGE_FILES = 16 };

static struct err e;
static char *dir;
static char *chunk; /* 1 MiB of noise */

static void must(int r)
{
	if (r >= 0)
		return;
	fprintf(stderr, "bench_store: %s\n", e.text);
	exit(1);
}

static void must_errno(int r, const char *what)
{
	if (r < 0)
		must(err_errno(&e, "%s", what));
}

static double seconds_since(int64_t us)
{
	return (double)(time_mono() - us) / 1e6;
}

static void line(const char *name, double figure, double floor, const char *unit, bool more_is_better, double want)
{
	double ratio = more_is_better ? figure / floor : floor / figure;
	printf("%-34s %9.1f %-7s floor %9.1f  ratio %5.2f  want >= %.2f  %s\n", name, figure, unit, floor, ratio, want,
	       ratio >= want ? "ok" : "MISSED");
	fflush(stdout);
}

/* A file of n bytes, different for each seed; not fsynced, as a program's output is when it ends. */
static void make(const char *path, int64_t n, uint64_t seed, bool sync)
{
	_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must_errno(fd, path);
	for (int64_t at = 0; at < n; at += MIB) {
		memcpy(chunk, &seed, sizeof seed);
		memcpy(chunk + 8, &at, sizeof at);
		must_errno(file_write_all(fd, chunk, (size_t)(n - at < MIB ? n - at : MIB)), path);
	}
	if (sync)
		must_errno(fsync(fd), path);
}

/* Nothing dirty may be left of what came before a measurement. */
static void settle(void)
{
	_close_ int fd = open(dir, O_RDONLY | O_CLOEXEC);
	must_errno(fd, dir);
#if defined(__linux__) && !defined(JIG_POSIX)
	must_errno(syncfs(fd), dir);
#else
	sync();
#endif
}

static int hash_item(void *arg, void *own, size_t item, struct err *err)
{
	struct sha256 *h = sha256_new();
	struct digest d;
	for (int i = 0; i < 1000; i++)
		sha256_update(h, arg, MIB);
	sha256_final(h, &d);
	sha256_free(h);
	return 0;
}

/* MB/s of SHA-256 by so many threads at once, over memory. */
static double hash_rate(unsigned threads)
{
	char own[POOL_MAX];
	int64_t t = time_mono();
	must(pool_run(threads, threads, hash_item, chunk, own, 1, &e));
	return threads * 1000.0 * MIB / 1e6 / seconds_since(t);
}

/* MB/s of write and fsync, files one after the other. */
static double disk_rate(int64_t bytes, int files)
{
	settle();
	int64_t t = time_mono();
	for (int i = 0; i < files; i++) {
		_free_ char *path = mem_printf("%s/floor-%d", dir, i);
		make(path, bytes / files, (uint64_t)i, true);
	}
	double rate = (double)bytes / 1e6 / seconds_since(t);
	for (int i = 0; i < files; i++) {
		_free_ char *path = mem_printf("%s/floor-%d", dir, i);
		unlink(path);
	}
	return rate;
}

static struct store *fresh(const char *name)
{
	_free_ char *path = path_join(dir, name);
	must(file_remove_tree(path, &e));
	must(file_mkdirs(path, 0700, &e));
	return store_new(path);
}

static void bench_large(int64_t total, unsigned cores)
{
	struct digest d;
	double hash = hash_rate(cores), disk = disk_rate(total, LARGE_FILES), floor = hash < disk ? hash : disk;
	printf("floors: sha256 on %u cores %.0f MB/s, on one %.0f MB/s, write+fsync %.0f MB/s\n", cores, hash,
			hash_rate(1),
	       disk);
	_free_ char *in = path_join(dir, "in");
	must(file_mkdirs(in, 0755, &e));
	for (int i = 0; i < LARGE_FILES; i++) {
		_free_ char *path = mem_printf("%s/%d", in, i);
		make(path, total / LARGE_FILES, (uint64_t)i + 1000, false);
	}
	struct store *s = fresh("large");
	int64_t t = time_mono(), size;
	must(tree_put(s, in, STORE_MOVE, &d, &size, &e));
	line("folder of 16 large files, moved", (double)size / 1e6 / seconds_since(t), floor, "MB/s", true, 0.8);
	store_free(s);

	_free_ char *large = path_join(dir, "large"), *one = path_join(dir, "one");
	must(file_remove_tree(large, &e));
	double single = hash_rate(1), disk_one = disk_rate(total, 1), floor_one = single < disk_one ? single : disk_one;
	make(one, total, 1, false);
	s = fresh("large");
	t = time_mono();
	must(store_put_file(s, one, STORE_MOVE, &d, &size, &e));
	line("one large file, moved", (double)size / 1e6 / seconds_since(t), floor_one, "MB/s", true, 0.8);
	t = time_mono();
	must(store_check(s, &d, &e));
	line("one large object, checked", (double)size / 1e6 / seconds_since(t), single, "MB/s", true, 0.8);
	store_free(s);
	must(file_remove_tree(large, &e));
}

static void small_path(char *out, size_t n, const char *root, int i)
{
	snprintf(out, n, "%s/%s/d%d/f%d", dir, root, i % 20, i);
}

static void make_small(const char *root)
{
	char path[4096];
	for (int i = 0; i < 20; i++) {
		snprintf(path, sizeof path, "%s/%s/d%d", dir, root, i);
		must(file_mkdirs(path, 0755, &e));
	}
	for (int i = 0; i < SMALL_FILES; i++) {
		small_path(path, sizeof path, root, i);
		make(path, SMALL_BYTES, (uint64_t)i + 5000, false);
	}
}

/* The calls that no durable move of a file can do without, by all threads. */
static int floor_item(void *arg, void *own, size_t item, struct err *err)
{
	char path[4096], to[4096], bytes[SMALL_BYTES];
	struct digest d;
	small_path(path, sizeof path, "floor", (int)item);
	sha256_bytes(path, strlen(path), &d); /* spread over as many folders as objects are */
	snprintf(to, sizeof to, "%s/floor-objects/%02x/%zu", dir, d.b[0], item);
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, bytes, sizeof bytes) < 0 || fsync(fd) < 0 || rename(path, to) < 0)
		return err_errno(err, "%s", path);
	sha256_bytes(bytes, sizeof bytes, &d);
	return 0;
}

static void bench_small(unsigned cores)
{
	struct digest d;
	char own[POOL_MAX], path[4096];
	for (int i = 0; i < 256; i++) {
		snprintf(path, sizeof path, "%s/floor-objects/%02x", dir, i);
		must(file_mkdirs(path, 0755, &e));
	}
	settle();
	make_small("floor");
	int64_t t = time_mono();
	must(pool_run(cores, SMALL_FILES, floor_item, NULL, own, 1, &e));
	for (int i = 0; i < 256; i++) {
		snprintf(path, sizeof path, "%s/floor-objects/%02x", dir, i);
		must(file_sync_dir(path, &e));
	}
	double floor = seconds_since(t) * 1e6 / SMALL_FILES;
	settle();
	make_small("in-small");
	_free_ char *in = path_join(dir, "in-small");
	struct store *s = fresh("small");
	t = time_mono();
	must(tree_put(s, in, STORE_MOVE, &d, NULL, &e));
	line("4,000 files of 4 KiB, moved", seconds_since(t) * 1e6 / SMALL_FILES, floor, "us/file", false, 0.7);
	_free_ char *out = path_join(dir, "out-small");
	must(tree_get(s, &d, out, &e));
	t = time_mono();
	must(tree_digest(out, &d, NULL, &e));
	double digest = seconds_since(t) * 1e6 / SMALL_FILES;
	t = time_mono();
	must(tree_put(s, out, STORE_COPY, &d, NULL, &e));
	/* Objects this young have their 256 folders fsynced once more, which the digest alone has not. */
	line("the same again, there already", seconds_since(t) * 1e6 / SMALL_FILES, digest, "us/file", false, 0.4);
	store_free(s);
}

int main(int argc, char **argv)
{
	const char *base = argc > 1 ? argv[1] : getenv("TMPDIR");
	int percent = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 100;
	unsigned cores = pool_cores();
	must(file_temp_dir(base ? base : "/tmp", "bench", &dir, &e));
	chunk = mem_alloc(MIB);
	uint64_t x = 88172645463325252u;
	for (size_t i = 0; i < MIB; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(chunk + i, &x, 8);
	}
	bench_small(cores);
	bench_large((int64_t)LARGE_FILES * 256 * MIB / 100 * percent, cores);
	must(file_remove_tree(dir, &e));
	free(dir);
	free(chunk);
	return 0;
}
