#include "runner/work/run_folders.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/process/tmpdir.h"
#include "tracker/folder.h"
#include "tracker/query.h"

static char *folder_of(const struct project *p, int64_t run)
{
	return mem_printf("%s/runs/%lld", p->jig, (long long)run);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static bool among(const int64_t *numbers, size_t n, int64_t number)
{
	return n && bsearch(&number, numbers, n, sizeof *numbers, by_number);
}

static int is_dead(
	const struct project *p, struct tracker *t, int64_t run, const int64_t *removed, size_t nremoved, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct run_row row;
	if (!among(removed, nremoved, run)) {
		int r = query_run(t, run, &a, &row, e);
		if (r >= 0)
			return 0;
		if (r != ERR_NOT_FOUND)
			return r;
		/* Runs stay in the record for ever: one that it does not know, and which had begun, it has lost. */
		if (folder_has_steps(p->jig, run))
			return 0;
	}
	return !lease_held(p, run);
}

int run_folders_dead(
	const struct project *p, struct tracker *t, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e)
{
	_free_ char *path = mem_printf("%s/runs", p->jig);
	VEC(int64_t) dead = {0};
	int64_t *removed;
	size_t nremoved;
	int r = query_dead_runs(t, a, &removed, &nremoved, e);
	if (r < 0)
		return r;
	_closedir_ DIR *dir = opendir(path);
	if (!dir && errno != ENOENT)
		return err_errno(e, "%s", path);
	for (struct dirent *d; r >= 0 && dir && (d = readdir(dir));) {
		int64_t run;
		if (!integer_parse(d->d_name, 1, INT64_MAX, &run))
			continue;
		r = is_dead(p, t, run, removed, nremoved, e);
		if (r > 0)
			vec_push(&dead, run);
	}
	if (r >= 0) {
		if (dead.len)
			qsort(dead.v, dead.len, sizeof *dead.v, by_number);
		*ret = arena_dup(a, dead.v, dead.len * sizeof *dead.v);
		*ret_len = dead.len;
		r = 0;
	}
	vec_release(&dead);
	return r;
}

struct sum {
	int64_t bytes;
	bool open;
};

static int add_size(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct sum *sum = arg;
	if (S_ISREG(st->st_mode))
		sum->bytes += st->st_size;
	if (!S_ISDIR(st->st_mode) || access(abs, R_OK | X_OK) == 0)
		return 0;
	return sum->open && fchmodat(AT_FDCWD, abs, 0700, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : FILE_WALK_SKIP;
}

int run_folder_size(const struct project *p, int64_t run, bool open, int64_t *ret, struct err *e)
{
	_free_ char *path = folder_of(p, run);
	struct sum sum = { .open = open };
	int r = file_walk(path, add_size, &sum, e);
	/* Another gc is removing it. */
	if (r < 0 && r != ERR_NOT_FOUND)
		return r;
	*ret = sum.bytes;
	return 0;
}

int run_folder_remove(const struct project *p, int64_t run, struct err *e)
{
	_free_ char *path = folder_of(p, run);
	if (lease_of_here(p, run))
		tmpdir_remove(path);
	return file_remove_tree(path, e);
}
