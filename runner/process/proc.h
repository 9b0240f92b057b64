/* The processes of this machine as /proc shows them. Where there is no /proc (JIG_POSIX), lists are empty and questions
 * are answered with no. */
#ifndef RUNNER_PROC_H
#define RUNNER_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct proc {
	pid_t pid, ppid, pgrp, sid;
	char state;                 /* 'R', 'S', 'Z', … */
	uint64_t start;             /* clock ticks since the machine's start */
	int64_t cpu_us, ended_us;   /* its own CPU time; that of the children it waited for */
	int64_t rss;                /* bytes */
};
struct proc_list { struct proc *v; size_t len, cap; }; /* sorted by pid; {0} is empty; free with vec_release */

/* Whether it does not merely wait to be reaped. */
static inline bool proc_runs(const struct proc *p)
{
	return p->state != 'Z' && p->state != 'X';
}
/* All processes in one pass over /proc, replacing what the list held. Those that end meanwhile are left out. */
void proc_scan(struct proc_list *l);
/* One process; false when it is gone. */
bool proc_read(pid_t pid, struct proc *ret);
const struct proc *proc_find(const struct proc_list *l, pid_t pid); /* NULL: not in the list */
/* Marks the tree: sets in[i] for every process that is `root`, has `root` as its session, or descends from one that is
 * marked (also from marks the caller set before; root -1: from these alone). in has l->len elements. Returns how many
 * are marked. */
size_t proc_mark_tree(const struct proc_list *l, pid_t root, bool *in);
/* The value of NAME in the environment the process was started with, into ret (cut at size - 1 bytes). false: it has
 * none, or it may not be seen. */
bool proc_env(pid_t pid, const char *name, char *ret, size_t size);
/* Bytes read from and written to storage. false: not to be had. */
bool proc_io(pid_t pid, int64_t *ret_read, int64_t *ret_written);
/* Whether the process is there and not merely waiting to be reaped. */
bool proc_alive(pid_t pid);

#endif
