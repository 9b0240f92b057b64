#include "runner/process/spawn_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "runner/process/spawn_filter.h"

bool spawn_inside_asked(const char *argv0)
{
	return argv0 && strcmp(argv0, SPAWN_INSIDE_FILE) == 0 && getenv(SPAWN_INSIDE_TOKEN);
}

int spawn_inside_run(char **argv)
{
	uint64_t token = strtoull(getenv(SPAWN_INSIDE_TOKEN), NULL, 16);

	unsetenv(SPAWN_INSIDE_TOKEN);
	fcntl(SPAWN_INSIDE_SOCK, F_SETFD, FD_CLOEXEC);
	fcntl(SPAWN_INSIDE_EXE, F_SETFD, FD_CLOEXEC);
	setsid();
	if (!argv[1] || !argv[2] || spawn_filter_install(SPAWN_INSIDE_SOCK, token) < 0)
		return 126;
	execvp(argv[2], argv + 2);
	return errno == ENOENT ? 127 : 126;
}
