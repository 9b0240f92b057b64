#include "runner/process/spawn_orphans.h"

#ifdef JIG_POSIX

void orphans_take(bool on)
{
}

void orphans_end(void)
{
}

#else

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/time.h"
#include "base/vec.h"

void orphans_take(bool on)
{
	prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)on, 0, 0, 0);
}

static int open_children(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int orphans_open(void)
{
	return open_children(getpid());
}

bool orphans_list(int fd, struct pids *ret)
{
	char text[4096];
	off_t at = 0;
	size_t keep = 0;
	ssize_t n;

	while ((n = pread(fd, text + keep, sizeof text - 1 - keep, at)) > 0) {
		at += n;
		n += (ssize_t)keep;
		text[n] = '\0';
		char *p = text, *end;
		for (; (end = strchr(p, ' ')); p = end + 1)
			vec_push(ret, (pid_t)strtol(p, NULL, 10));
		keep = (size_t)(text + n - p);
		memmove(text, p, keep);
	}
	return n == 0;
}

static size_t chase_once(const struct orphans_chase *c, struct pids *pids)
{
	size_t met = 0;
	struct proc p;

	vec_clear(pids);
	if (c->children < 0 || !orphans_list(c->children, pids))
		return 0;
	for (size_t i = 0; i < pids->len;)
		if (c->mine(c->arg, pids->v[i]))
			i++;
		else
			vec_remove(pids, i);
	while (pids->len) {
		pid_t pid = vec_pop(pids);
		if (!proc_read(pid, &p) || !proc_runs(&p))
			continue;
		_close_ int fd = open_children(pid);
		if (fd >= 0)
			orphans_list(fd, pids);
		c->kill(c->arg, &p);
		met++;
	}
	return met;
}

size_t orphans_chase(const struct orphans_chase *c)
{
	struct pids pids = { 0 };
	size_t met = 0;

	/* Of a chain whose links live shorter than a scan or a look takes, one alone may meet none. */
	for (int round = 0, missed = 0; round < 100 && missed < 3; round++) {
		size_t n = chase_once(c, &pids);
		met += n;
		missed = n > 0 ? 0 : missed + 1;
	}
	vec_release(&pids);
	return met;
}

static bool is_mine(void *arg, pid_t child)
{
	const pid_t *spared = arg;
	struct proc p;

	return proc_read(child, &p) && p.sid != *spared;
}

static void kill_it(void *arg, const struct proc *p)
{
	kill(p->pid, SIGKILL);
}

size_t orphans_kill(int children, pid_t spared, struct proc_list *ret)
{
	struct orphans_chase chase = { .children = children, .mine = is_mine, .kill = kill_it, .arg = &spared };
	VEC(bool) in = { 0 };
	pid_t self = getpid();
	size_t n = 0;

	/* Of each tree that is there when it begins, the scan meets the top: nobody else reaps that. */
	proc_scan(ret);
	for (size_t i = 0; i < ret->len; i++)
		vec_push(&in, ret->v[i].ppid == self && ret->v[i].sid != spared);
	if (ret->len)
		n = proc_mark_tree(ret, -1, in.v);
	for (size_t i = 0; i < ret->len; i++)
		if (in.v[i])
			kill(ret->v[i].pid, SIGKILL);
	vec_release(&in);
	if (n)
		orphans_chase(&chase);
	return n;
}

void orphans_end(void)
{
	_close_ int children = orphans_open();
	struct proc_list l = { 0 };
	pid_t self = getpid(), own = getsid(0);
	int64_t until = time_mono() + ORPHANS_LIMIT_US;

	while (orphans_kill(children, own, &l) > 0 && time_mono() < until) {
		for (size_t i = 0; i < l.len; i++)
			if (l.v[i].ppid == self && l.v[i].sid != own)
				waitpid(l.v[i].pid, NULL, WNOHANG);
		usleep(ORPHANS_PAUSE_US);
	}
	vec_release(&l);
}

#endif
