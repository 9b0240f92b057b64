#include "runner/work/leftovers.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"

/* Whether it is `prefix` and what mkstemp makes of XXXXXX. Lower case alone is more likely somebody's code.backup. */
static bool is_temp(const char *name, const char *prefix)
{
	bool random = false;
	size_t i;

	if (!text_starts(name, prefix))
		return false;
	for (name += strlen(prefix), i = 0; isalnum((unsigned char)name[i]); i++)
		random |= !islower((unsigned char)name[i]);
	return random && i == 6 && !name[i];
}

/* Whether it is `prefix` and the number of the process that was writing it. */
static bool is_of_process(const char *name, const char *prefix)
{
	int64_t pid;

	return text_starts(name, prefix) && integer_parse(name + strlen(prefix), 1, INT32_MAX, &pid);
}

static int add_size(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	if (S_ISREG(st->st_mode))
		*(int64_t *)arg += st->st_size;
	return 0;
}

static int sweep_one(const char *path, const struct stat *st, bool dry_run, int64_t *sum, struct err *e)
{
	int64_t bytes = 0;
	int r = 0;

	if (S_ISDIR(st->st_mode)) {
		r = file_walk(path, add_size, &bytes, e);
		if (r >= 0 && !dry_run)
			r = file_remove_tree(path, e);
	} else {
		bytes = st->st_size;
		if (!dry_run && unlink(path) < 0)
			r = err_errno(e, "%s: cannot remove", path);
	}
	if (r == ERR_NOT_FOUND)
		return 0;
	if (r >= 0)
		*sum += bytes;
	return r;
}

int leftovers_sweep(const char *jig, int64_t age_us, bool folders, bool dry_run, int64_t *ret_bytes, struct err *e)
{
	_closedir_ DIR *dir = opendir(jig);
	int64_t older = (time_now() - age_us) * 1000;
	int r = 0;

	*ret_bytes = 0;
	if (!dir)
		return errno == ENOENT ? 0 : err_errno(e, "%s: cannot list", jig);
	for (struct dirent *d; (d = readdir(dir));) {
		_free_ char *path = path_join(jig, d->d_name);
		bool file = is_temp(d->d_name, ".tmp-") || is_of_process(d->d_name, "plan.cache.") ||
			    is_of_process(d->d_name, "inputs.cache.");
		struct err failed;
		struct stat st;

		if (!file && !is_temp(d->d_name, "code.") && !is_temp(d->d_name, "code.new."))
			continue;
		if (lstat(path, &st) < 0 || time_ns(&st.st_mtim) > older)
			continue;
		if (file ? !S_ISREG(st.st_mode) : !folders || !S_ISDIR(st.st_mode))
			continue;
		if (sweep_one(path, &st, dry_run, ret_bytes, &failed) < 0 && r >= 0) {
			*e = failed;
			r = e->code;
		}
	}
	return r;
}
