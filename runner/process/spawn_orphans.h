/* What comes to a subreaper when its parent has ended: processes that a step left behind come to the spawner, and when
 * that is killed, with the steps themselves, to the supervisor. Where there is no /proc nothing is found. */
#ifndef RUNNER_SPAWN_ORPHANS_H
#define RUNNER_SPAWN_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "runner/process/proc.h"

#define ORPHANS_PAUSE_US 1000 /* between two looks for what is left */
/* Processes that do not die of SIGKILL hang in the kernel; nobody can end them. */
#define ORPHANS_LIMIT_US (5 * US_PER_S)

struct pids { pid_t *v; size_t len, cap; };

/* From now on they come to this process, or go past it. */
void orphans_take(bool on);
/* The file that names the children of this process, closed by exec. -1: not to be had. */
int orphans_open(void);
/* Appends the pids that such a file names. False when they cannot be had. */
bool orphans_list(int fd, struct pids *ret);

struct orphans_chase {
	int children;                             /* orphans_open */
	bool (*mine)(void *arg, pid_t child);     /* whether a child is to be killed with all below it */
	void (*kill)(void *arg, const struct proc *p);
	void *arg;
};
/* Kills orphans and all below them, going down from parent to child: a chain of processes that fork on and on moves
 * slower than that, and faster than a scan of all processes. Goes on until it finds none. Returns how many it met. */
size_t orphans_chase(const struct orphans_chase *c);
/* Kills all children and what descends from them, those aside whose session is `spared`. Returns how many of them it
 * found, those that wait to be reaped included; *ret is what it has looked at. */
size_t orphans_kill(int children, pid_t spared, struct proc_list *ret);
/* The same until none is left, and reaps them. For a process with children of its own, which are in its session: what
 * a step has begun never is. */
void orphans_end(void);

#endif
