#include "base/fault.h"

#ifdef JIG_FAULTS

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
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

void fault_point(const char *name)
{
	static atomic_int seen;
	const char *log = getenv("JIG_FAULT_LOG"), *wanted = getenv("JIG_FAULT");
	size_t n = strlen(name);

	if (log)
		note(log, name);
	if (!wanted || strncmp(wanted, name, n) || (wanted[n] && wanted[n] != ':'))
		return;
	if (atomic_fetch_add(&seen, 1) + 1 == (wanted[n] ? strtol(wanted + n + 1, NULL, 10) : 1))
		kill(getpid(), SIGKILL);
}

#endif
