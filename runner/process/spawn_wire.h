/* What runs over the spawner's socket: a stream of requests one way, of spawn_events the other. Both ends are the same
 * program, so structs go as they are. */
#ifndef RUNNER_SPAWN_WIRE_H
#define RUNNER_SPAWN_WIRE_H

#include <stddef.h>
#include <stdint.h>

enum spawn_wire_kind { WIRE_SPAWN, WIRE_SIGNAL };

/* Followed by `size` bytes of NUL-ended texts: cwd, attempt id, argc arguments (the first prefixc of them stand before
 * the step's own), envc variables. The descriptors for 1 and 2 come with the first byte. */
struct spawn_wire {
	uint64_t token;
	uint32_t kind;
	int32_t signo;
	uint32_t size, wrap /* enum spawn_wrap */, trace, prefixc, argc, envc;
};

#define SPAWN_WIRE_MAX (1 << 20) /* bytes of texts */

/* The spawner's whole life; never returns. trace: where listeners go (spawner_trace_fd), -1: nowhere. */
void spawn_child_run(int sock, int trace) __attribute__((noreturn));

/* The file that argv0 names, as execvp would find it with PATH of envp: argv0 itself when it holds a "/", else the
 * first executable file on PATH (places that are relative count from cwd). 0 and the owned path, or an errno: ENOENT,
 * EACCES. */
int spawn_lookup(const char *argv0, const char *const *envp, const char *cwd, char **ret);

#endif
