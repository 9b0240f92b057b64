#include "runner/work/project.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "tracker/folder.h"

void project_release(struct project *p)
{
	free(p->root);
	free(p->jig);
	free(p->name);
	*p = (struct project){ 0 };
}

static int here(char **ret, struct err *e)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof cwd))
		return err_errno(e, "the current folder");
	*ret = mem_strdup(cwd);
	return 0;
}

static void fill(struct project *p, const char *root, const char *cwd)
{
	const char *jig = getenv("JIG_DIR");

	p->root = mem_strdup(root);
	p->jig = jig && *jig ? path_join(cwd, jig) : path_join(root, ".jig");
	p->name = mem_strdup(strcmp(root, "/") == 0 ? "root" : path_base(root));
}

int project_here(struct project *ret, struct err *e)
{
	_free_ char *cwd = NULL;
	int r = here(&cwd, e);

	if (r < 0)
		return r;
	fill(ret, cwd, cwd);
	return 0;
}

int project_find(struct project *ret, struct err *e)
{
	_free_ char *cwd = NULL;
	int r = here(&cwd, e);

	if (r < 0)
		return r;
	for (_free_ char *dir = mem_strdup(cwd);;) {
		_free_ char *yaml = path_join(dir, "jig.yaml");
		_free_ char *jig = path_join(dir, ".jig");

		if (file_exists(yaml) || file_is_dir(jig)) {
			fill(ret, dir, cwd);
			return 0;
		}
		if (strcmp(dir, "/") == 0)
			break;
		char *parent = path_parent(dir);
		free(dir);
		dir = parent;
	}
	return err_set(e, ERR_USAGE, "no jig.yaml here or in any folder above (%s); `jig init` makes one", cwd);
}

int project_prepare(const struct project *p, struct err *e)
{
	const char *fs = NULL;
	_free_ char *runs = path_join(p->jig, "runs");
	_free_ char *ignore = path_join(p->jig, ".gitignore");
	int r;

	if (file_exists(ignore) && file_is_dir(runs))
		return 0;
	r = file_mkdirs(p->jig, 0700, e);
	if (r < 0)
		return err_prefix(e, "the record's folder");
	if (file_on_network(p->jig, &fs))
		return err_set(e, ERR_BROKEN,
			       "%s is on a network file system (%s), where locks and databases are not safe; set "
			       "JIG_DIR to a folder on a local disk",
			       p->jig, fs);
	r = file_mkdirs(runs, 0700, e);
	if (r < 0)
		return r;
	return file_write(ignore, "*\n", 2, 0644, e);
}

int project_has_record(const struct project *p, struct err *e)
{
	return folder_has_record(p->jig, e);
}

static char *lease_path(const struct project *p, int64_t run)
{
	return mem_printf("%s/runs/%lld/lease", p->jig, (long long)run);
}

int lease_take(const struct project *p, int64_t run, int *ret_fd, struct err *e)
{
	_free_ char *path = lease_path(p, run);
	int r = file_mkdirs_parent(path, 0700, e);

	if (r < 0)
		return r;
	r = file_lock(path, false, ret_fd, e);
	return r < 0 ? err_prefix(e, "the lease of run %lld", (long long)run) : 0;
}

bool lease_held(const struct project *p, int64_t run)
{
	_free_ char *path = lease_path(p, run);

	return file_locked(path);
}

static void sign(const struct stat *st, char out[64])
{
	snprintf(out, 64, "%llu:%llu\n", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
}

int lease_sign(int fd, struct err *e)
{
	struct stat st;
	char text[64];

	if (fstat(fd, &st) < 0)
		return err_errno(e, "the lease");
	sign(&st, text);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, strlen(text), 0) != (ssize_t)strlen(text))
		return err_errno(e, "the lease");
	return 0;
}

bool lease_of_here(const char *run_folder)
{
	_free_ char *path = path_join(run_folder, "lease");
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char text[64], is[64] = { 0 };

	if (fd < 0 || fstat(fd, &st) < 0 || pread(fd, is, sizeof is - 1, 0) <= 0)
		return true;
	sign(&st, text);
	return strcmp(text, is) == 0;
}
