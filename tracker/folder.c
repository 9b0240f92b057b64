#include "tracker/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "tracker/anchor.h"

/* 1: there, 0: there is nothing of that name. */
static int look(const char *path, struct stat *ret, struct err *e)
{
	if (stat(path, ret) == 0)
		return 1;
	if (errno != ENOENT)
		return err_errno(e, "%s", path);
	if (lstat(path, ret) == 0)
		return err_set(e, ERR_BROKEN, "%s is a link to something that is not there", path);
	return 0;
}

int folder_each_run(const char *dir, int (*each)(void *arg, int64_t run, struct err *e), void *arg, struct err *e)
{
	_free_ char *path = path_join(dir, "runs");
	_closedir_ DIR *d = opendir(path);
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_errno(e, "%s", path);
	for (struct dirent *x; r >= 0 && (errno = 0, x = readdir(d));) {
		int64_t run;

		/* SQLite's numbers of rows have no end; those that people and jig make are far below this. */
		if (integer_parse(x->d_name, 1, (int64_t)1 << 53, &run))
			r = each(arg, run, e);
	}
	if (r >= 0 && errno)
		return err_errno(e, "%s", path);
	return r < 0 ? r : 0;
}

bool folder_has_steps(const char *dir, int64_t run)
{
	_free_ char *path = mem_printf("%s/runs/%lld", dir, (long long)run);
	_closedir_ DIR *d = opendir(path);

	if (!d)
		return errno != ENOENT;
	for (struct dirent *x; (errno = 0, x = readdir(d));) {
		struct stat st;

		if (x->d_name[0] != '.' && fstatat(dirfd(d), x->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISDIR(st.st_mode))
			return true;
	}
	return errno;
}

static int note_run(void *arg, int64_t run, struct err *e)
{
	*(int64_t *)arg = run;
	return 0;
}

/* The database is never empty before one of these is made. */
static int find_sign(const char *dir, char sign[32], struct err *e)
{
	_free_ char *chain = path_join(dir, "chain");
	int64_t run = 0;
	struct stat st;
	int r = lstat(chain, &st) == 0 ? 0 : folder_each_run(dir, note_run, &run, e);

	if (r < 0)
		return r;
	if (run)
		snprintf(sign, 32, "runs/%lld", (long long)run);
	else
		snprintf(sign, 32, "%s", lstat(chain, &st) == 0 ? "chain" : "");
	return sign[0] != 0;
}

static int tell_gone(const char *dir, const char *is, const char *sign, struct err *e)
{
	return err_set(e, ERR_BROKEN,
	               "%s/jig.db is %s, but %s/%s tells of runs: put jig.db back from a backup (without a jig.db-wal "
	               "that is not of it), or move %s away to begin anew",
	               dir, is, dir, sign, dir);
}

int folder_has_record(const char *dir, struct err *e)
{
	_free_ char *path = path_join(dir, "jig.db");
	char sign[32];
	struct stat st;
	int r = look(dir, &st, e);

	if (r <= 0)
		return r < 0 ? err_prefix(e, "the record's folder") : 0;
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_BROKEN, "%s is no folder, so no record can be in it: move it away%s", dir,
		               getenv("JIG_DIR") ? ", or set JIG_DIR to a folder" : "");
	r = look(path, &st, e);
	if (r < 0 || (r > 0 && (st.st_size || !S_ISREG(st.st_mode))))
		return r;
	r = find_sign(dir, sign, e);
	if (r < 0)
		return r;
	/* The first run may be making all of this just now: the database first. */
	int there = look(path, &st, e);
	if (there < 0 || r == 0 || (there > 0 && st.st_size))
		return there;
	return tell_gone(dir, there ? "empty" : "missing", sign, e);
}

int folder_is_new(const char *dir, struct err *e)
{
	struct anchor file = {0};
	int64_t run = 0;
	char sign[32] = "chain";
	int r = anchor_read(dir, &file, e);

	/* One that tells of no event was made with a database whose making was cut off. */
	if (r == ERR_FAILED || file.id)
		return tell_gone(dir, "without tables", sign, e);
	if (r < 0 || (r = folder_each_run(dir, note_run, &run, e)) < 0 || !run)
		return r;
	snprintf(sign, sizeof sign, "runs/%lld", (long long)run);
	return tell_gone(dir, "without tables", sign, e);
}
