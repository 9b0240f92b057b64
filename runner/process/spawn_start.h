/* The start of one process in the spawner. */
#ifndef RUNNER_SPAWN_START_H
#define RUNNER_SPAWN_START_H

#include <stdint.h>
#include <sys/types.h>

struct spawn_start {
	const char *file, *cwd;
	char **argv;    /* argv[-1] is free for /bin/sh */
	char **envp;
	int out, err;
	pid_t parent;   /* the spawner */
	int trace;      /* where its listener goes (spawn_filter.h); -1: it is not traced */
	uint64_t token; /* that goes with it */
	int inside;     /* jig, to be executed in the sandbox, where the filter is put; -1: it is put at once */
};
/* By vfork. Its pid, or -1. *ret_start: as in spawn_event. *ret_error: 0, or the errno of what failed in the stage
 * *ret_stage ("fork", "dup", "chdir", "trace", "exec"); there may be a pid then, to be reaped. Not for two threads at
 * once. */
pid_t spawn_start_process(const struct spawn_start *s, uint64_t *ret_start, int *ret_error, const char **ret_stage);

#endif
