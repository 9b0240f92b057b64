#include "runner/process/tmpdir.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"

#define PREFIX "/tmp/jig."

int tmpdir_make(char **ret, struct err *e)
{
	return file_temp_dir("/tmp", "jig", ret, e);
}

bool tmpdir_is_ours(const char *path)
{
	struct stat st;
	size_t n = strlen(PREFIX);

	return strncmp(path, PREFIX, n) == 0 && path[n] && !strchr(path + n, '/') && !strchr(path + n, '.') &&
	       lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == getuid();
}

void tmpdir_remove(const char *run_folder)
{
	_free_ char *link = path_join(run_folder, "tmp");
	char target[PATH_MAX];
	struct err ignored;
	ssize_t n = readlink(link, target, sizeof target - 1);

	if (n <= 0)
		return;
	target[n] = 0;
	if (tmpdir_is_ours(target))
		file_remove_tree(target, &ignored);
}
