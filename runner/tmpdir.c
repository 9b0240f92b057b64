#include "runner/tmpdir.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

#define PREFIX "/tmp/jig."

int tmpdir_make(char **ret, struct err *e)
{
	return file_temp_dir("/tmp", "jig", ret, e);
}

bool tmpdir_is_ours(const char *path)
{
	struct stat st;
	size_t n = strlen(PREFIX);

	return strncmp(path, PREFIX, n) == 0 && path[n] && !strchr(path + n, '/') && !strchr(path + n, '.') && lstat(path, &st) == 0 &&
	       S_ISDIR(st.st_mode) && st.st_uid == getuid();
}
