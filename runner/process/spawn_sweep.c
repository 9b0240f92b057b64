#include "runner/process/spawn.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/time.h"
#include "base/ulid.h"
#include "base/vec.h"
#include "runner/process/proc.h"

#define SWEEP_LIMIT_US (2 * US_PER_S)

/* This process and those above it: whoever asks from inside an attempt's environment does not end himself. */
static bool is_self(const struct proc_list *l, pid_t pid)
{
	for (pid_t p = getpid(); p > 1;) {
		if (p == pid)
			return true;
		const struct proc *up = proc_find(l, p);
		p = up ? up->ppid : 0;
	}
	return false;
}

/* Kills those that are there; returns how many were alive, and counts new ones in seen. */
static size_t kill_round(struct proc_list *l, const char *const *ids, size_t n, struct proc_list *seen)
{
	size_t alive = 0;

	proc_scan(l);
	for (size_t i = 0; i < l->len; i++) {
		const struct proc *p = &l->v[i];
		char id[ULID_LEN + 2];
		size_t k = 0;
		if (!proc_runs(p) || !proc_env(p->pid, "JIG_ATTEMPT_ID", id, sizeof id))
			continue;
		while (k < n && strcmp(ids[k], id) != 0)
			k++;
		if (k == n || is_self(l, p->pid) || kill(p->pid, SIGKILL) < 0)
			continue;
		alive++;
		for (k = 0; k < seen->len; k++)
			if (seen->v[k].pid == p->pid && seen->v[k].start == p->start)
				break;
		if (k == seen->len)
			vec_push(seen, *p);
	}
	return alive;
}

int spawn_sweep(const char *const *ids, size_t n, struct err *e)
{
	struct proc_list l = { 0 }, seen = { 0 };
	int64_t until = time_mono() + SWEEP_LIMIT_US;

	if (n == 0)
		return 0;
	while (kill_round(&l, ids, n, &seen) > 0 && time_mono() < until)
		usleep(2000);
	int count = (int)seen.len;
	vec_release(&l);
	vec_release(&seen);
	return count;
}
