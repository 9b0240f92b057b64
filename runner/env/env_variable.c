#include "runner/env/env_variable.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"

const char *env_variable(char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; env && *env; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return (*env)[n + 1] ? *env + n + 1 : NULL;
	return NULL;
}

char *env_variable_path(char *const *env, const char *name, int from)
{
	const char *path = env_variable(env, "PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		/* Relative folders of PATH mean another program in each folder. */
		if (n > 0 && *path == '/') {
			_free_ char *file = mem_printf("%.*s/%s", (int)n, path, name);
			struct stat st;
			if (access(file, X_OK) == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode) && from-- == 0)
				return mem_take(file);
		}
		path += n + (path[n] == ':');
	}
	return NULL;
}
