#include "runner/work/run_folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/process/tmpdir.h"
#include "tracker/folder.h"
#include "tracker/query.h"

#define ASIDE ".gone." /* and the number of the run */

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

struct look {
	const struct project *project;
	struct tracker *tracker;
	int64_t *removed;
	size_t nremoved;
	VEC(int64_t) dead;
	int64_t lost;
};

static int look_at(void *arg, int64_t run, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct look *l = arg;
	struct run_row row;
	if (!among(l->removed, l->nremoved, run)) {
		int r = query_run(l->tracker, run, &a, &row, e);
		if (r >= 0 || r != ERR_NOT_FOUND)
			return r;
		/* Runs stay in the record for ever: one that it does not know, and which had begun, it has lost. */
		if (folder_has_steps(l->project->jig, run)) {
			if (!l->lost || run < l->lost)
				l->lost = run;
			return 0;
		}
	}
	if (!lease_held(l->project, run))
		vec_push(&l->dead, run);
	return 0;
}

int run_folders_dead(const struct project *p, struct tracker *t, struct arena *a, int64_t **ret, size_t *ret_len,
	int64_t *ret_lost, struct err *e)
{
	struct look l = { .project = p, .tracker = t };
	int r = query_dead_runs(t, a, &l.removed, &l.nremoved, e);
	if (r < 0 || (r = folder_each_run(p->jig, look_at, &l, e)) < 0)
		goto out;
	if (l.dead.len)
		qsort(l.dead.v, l.dead.len, sizeof *l.dead.v, by_number);
	*ret = arena_dup(a, l.dead.v, l.dead.len * sizeof *l.dead.v);
	*ret_len = l.dead.len;
	*ret_lost = l.lost;
out:
	vec_release(&l.dead);
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

/* Bytes of the regular files in one. What a step has locked away counts nothing; with `open` it is made accessible
 * first, as far as it is ours. */
static int measure(const char *path, bool open, int64_t *ret, struct err *e)
{
	struct sum sum = { .open = open };
	int r = file_walk(path, add_size, &sum, e);
	/* Another gc is removing it. */
	if (r < 0 && r != ERR_NOT_FOUND)
		return r;
	*ret = sum.bytes;
	return 0;
}

int run_folder_size(const struct project *p, int64_t run, int64_t *ret, struct err *e)
{
	_free_ char *path = folder_of(p, run);
	return measure(path, false, ret, e);
}

int run_folder_set_aside(const struct project *p, int64_t run, struct err *e)
{
	_free_ char *from = folder_of(p, run);
	for (int i = 0;; i++) {
		_free_ char *to = mem_printf("%s/runs/" ASIDE "%lld.%d", p->jig, (long long)run, i);
		if (file_exists(to))
			continue;
		return rename(from, to) < 0 && errno != ENOENT ? err_errno(e, "%s: cannot be removed", from) : 0;
	}
}

static int remove_aside(const char *path, bool dry_run, int64_t *ret_bytes, struct err *e)
{
	int r = measure(path, !dry_run, ret_bytes, e);
	if (r < 0 || dry_run)
		return r;
	if (lease_of_here(path))
		tmpdir_remove(path);
	fault_point("folder-aside");
	return file_remove_tree(path, e);
}

int run_folders_sweep(const struct project *p, bool dry_run, int64_t *ret_count, int64_t *ret_bytes, struct err *e)
{
	_free_ char *runs = path_join(p->jig, "runs");
	_closedir_ DIR *dir = opendir(runs);
	int r = 0;

	*ret_count = *ret_bytes = 0;
	if (!dir)
		return errno == ENOENT ? 0 : err_errno(e, "%s: cannot be listed", runs);
	for (struct dirent *d; (errno = 0, d = readdir(dir));) {
		_free_ char *path = path_join(runs, d->d_name);
		struct err failed;
		int64_t bytes;

		if (!text_starts(d->d_name, ASIDE))
			continue;
		if (remove_aside(path, dry_run, &bytes, &failed) >= 0) {
			++*ret_count;
			*ret_bytes += bytes;
		} else if (r >= 0) {
			*e = failed;
			r = e->code;
		}
	}
	return r >= 0 && errno ? err_errno(e, "%s: cannot be listed", runs) : r;
}
