/* bench_env PREFIX: what a ready environment costs at the start of a run, for a real one that stands in PREFIX: is it
 * still what was built, and what is installed in it. */
#include <sys/stat.h>
#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/env/env_files.h"
#include "runner/env/env_packages.h"
#include "tests/bench/bench.h"

enum { TIMES = 15 };

struct names {
	VEC(char *) list; /* "-path" leads into a folder, "+name" is a name in it */
	size_t files;
};

static void fail(const struct err *e)
{
	fprintf(stderr, "bench_env: %s\n", e->text);
	exit(1);
}

static int add_name(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct names *n = arg;

	if (S_ISDIR(st->st_mode))
		return 0;
	const char *slash = strrchr(rel, '/');
	_free_ char *folder = mem_printf("-%.*s", slash ? (int)(slash - rel) : 1, slash ? rel : ".");
	size_t i = n->list.len;
	while (i > 0 && n->list.v[i - 1][0] != '-')
		i--;
	if (i == 0 || strcmp(n->list.v[i - 1], folder))
		vec_push(&n->list, mem_take(folder));
	vec_push(&n->list, mem_printf("+%s", slash ? slash + 1 : rel));
	n->files++;
	return 0;
}

/* The same system calls in a plain loop: each folder opened, each name looked at. */
static double look_plainly(const char *prefix, const struct names *n)
{
	int64_t t = time_mono();
	int root = open(prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	struct stat st;

	for (size_t i = 0; i < n->list.len; i++) {
		const char *name = n->list.v[i] + 1;
		if (n->list.v[i][0] != '-') {
			if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
				bench_die(name);
			continue;
		}
		if (fd >= 0)
			close(fd);
		fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &st) < 0)
			bench_die(name);
	}
	close(fd);
	close(root);
	return (double)(time_mono() - t);
}

static double check(const char *prefix, const char *manifest, bool thorough)
{
	struct env_drift d = {0};
	struct err e;
	int64_t t = time_mono();

	if (env_files_check(prefix, manifest, thorough, &d, &e) < 0)
		fail(&e);
	t = time_mono() - t;
	if (d.total) {
		_free_ char *text = env_drift_text(&d);
		fprintf(stderr, "bench_env: %s\n", text);
		exit(1);
	}
	env_drift_release(&d);
	return (double)t;
}

int main(int argc, char **argv)
{
	struct env_packages packages;
	struct names names = {0};
	double floor_us = 1e12, check_us = 1e12, packages_us = 1e12, write_us = 1e12, thorough_us = 1e12;
	char count[32];
	struct err e;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_env PREFIX\n");
		return 2;
	}
	_free_ char *manifest = mem_printf("%s.files", argv[1]);
	if (file_walk(argv[1], add_name, &names, &e) < 0)
		fail(&e);
	for (int i = 0; i < TIMES; i++) {
		int64_t t = time_mono();
		if (i < 3 && env_files_write(argv[1], manifest, &e) < 0)
			fail(&e);
		write_us = i < 3 ? bench_least(write_us, (double)(time_mono() - t)) : write_us;
		floor_us = bench_least(floor_us, look_plainly(argv[1], &names));
		check_us = bench_least(check_us, check(argv[1], manifest, false));
		t = time_mono();
		if (env_packages_read(argv[1], &packages, &e) < 0)
			fail(&e);
		packages_us = bench_least(packages_us, (double)(time_mono() - t));
		if (i < TIMES - 1)
			env_packages_release(&packages);
	}
	for (int i = 0; i < 2; i++)
		thorough_us = bench_least(thorough_us, check(argv[1], manifest, true));
	count_text((int64_t)names.files, count);
	printf("%zu packages, %s files\n", packages.list.len, count);
	bench_row("drift check", check_us, floor_us, 1.2);
	printf("%-34s %10.1f µs\n%-34s %10.1f µs\n%-34s %10.1f µs\n", "every file's content", thorough_us,
	       "writing down how they look", write_us, "reading what is installed", packages_us);
	env_packages_release(&packages);
	for (size_t i = 0; i < names.list.len; i++)
		free(names.list.v[i]);
	vec_release(&names.list);
	return 0;
}
