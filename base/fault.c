#include "base/fault.h"

#ifdef JIG_FAULTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/mem.h"

static void note(const char *file, const char *name)
{
	_close_ int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	_free_ char *line = mem_printf("%s\n", name);

	if (fd >= 0)
		file_write_all(fd, line, strlen(line));
}

/* Whether this is where `wanted`, NAME[:N], says that something is to happen. */
static bool is_meant(const char *wanted, const char *name, atomic_int *seen)
{
	size_t n = strlen(name);

	if (!wanted || strncmp(wanted, name, n) || (wanted[n] && wanted[n] != ':'))
		return false;
	return atomic_fetch_add(seen, 1) + 1 == (wanted[n] ? strtol(wanted + n + 1, NULL, 10) : 1);
}

void fault_point(const char *name)
{
	static atomic_int kills, stops;
	const char *log = getenv("JIG_FAULT_LOG");

	if (log)
		note(log, name);
	if (is_meant(getenv("JIG_FAULT"), name, &kills))
		kill(getpid(), SIGKILL);
	if (is_meant(getenv("JIG_FAULT_STOP"), name, &stops))
		kill(getpid(), SIGSTOP);
}

#endif
