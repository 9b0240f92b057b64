/* The spawner process. It is small and single-threaded, so vfork is safe and its price does not hang on anything; all
 * signals are blocked but inside pselect. */
#include "runner/process/spawn_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifndef JIG_POSIX
#include <sys/prctl.h>
#endif
#include "base/buf.h"
#include "base/path.h"
#include "base/time.h"
#include "base/ulid.h"
#include "base/vec.h"
#include "runner/process/proc.h"
#include "runner/process/spawn.h"
#include "runner/process/spawn_filter.h"
#include "runner/process/spawn_orphans.h"
#include "runner/process/spawn_start.h"

/* A start is told when something else is told too, or after this long: a short step then wakes the supervisor once. */
#define START_DELAY_US 2000

struct child {
	struct spawn_event exit; /* token, pid, and the rest when it ended */
	int64_t began;
	char attempt[ULID_LEN + 1];
	enum spawn_wrap wrap;
	bool ended;
	int64_t ended_at;
	VEC(pid_t) killed; /* leftovers that were sent SIGKILL */
};

static struct {
	int sock, trace, exe;
	pid_t self;
	int children;          /* /proc/self/task/TID/children, -1: not to be had */
	sigset_t while_waiting;
	VEC(struct child) steps;
	size_t sandboxes;      /* of them */
	struct buf in, out;
	VEC(const char *) texts;
	int64_t flush_at;      /* -1: nothing waits */
	int64_t sweep_at;      /* -1: no step is being swept */
	struct proc_list procs;
	VEC(bool) marks;
	struct pids pids;
} sp;

static void on_child(int signo)
{
	/* Only there to end pselect. */
}

/* ---- telling ---- */

static void tell(const struct spawn_event *ev, int64_t at)
{
	buf_add(&sp.out, ev, sizeof *ev);
	if (sp.flush_at < 0 || at < sp.flush_at)
		sp.flush_at = at;
}

/* 0, or -1 when nobody listens any more. */
static int flush(void)
{
	while (sp.out.len) {
		ssize_t n = send(sp.sock, sp.out.data, sp.out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		buf_drop(&sp.out, (size_t)n);
	}
	sp.flush_at = -1;
	return 0;
}

/* ---- starting ---- */

/* Whether execve would find a program that is not searched for: inside a sandbox nobody could tell its failure from the
 * step's own. An errno, or 0. */
static int check_file(const char *argv0, const char *cwd)
{
	_free_ char *path = path_join(cwd, argv0);
	struct stat st;

	if (access(cwd, X_OK) < 0)
		return 0; /* said better when going there fails */
	if (stat(path, &st) < 0)
		return errno;
	return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? 0 : EACCES;
}

/* The file to execute: argv[0], or for a wrapped step prefix[0]. */
static int find_program(const struct spawn_wire *w, const char *const *argv, const char *const *envp, const char *cwd,
                        char **ret)
{
	if (w->wrap == SPAWN_SANDBOX) {
		const char *own = argv[w->prefixc];
		_free_ char *found = NULL;
		int error = strchr(own, '/') ? check_file(own, cwd) : spawn_lookup(own, envp, cwd, &found);

		if (error)
			return error;
	}
	return spawn_lookup(argv[0], envp, cwd, ret);
}

/* A program that is setuid would be none behind the filter. */
static bool gains_privileges(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 && (((st.st_mode & S_ISUID) && st.st_uid != geteuid()) ||
	                                ((st.st_mode & S_ISGID) && st.st_gid != getegid()));
}

static void spawn(const struct spawn_wire *w, int out, int err)
{
	struct spawn_event ev = { .kind = SPAWN_FAILED, .token = w->token };
	_free_ char *file = NULL;
	const char *p = sp.in.data, *cwd = p, *attempt;

	p += strlen(p) + 1;
	attempt = p;
	p += strlen(p) + 1;
	vec_clear(&sp.texts);
	vec_push(&sp.texts, NULL);
	for (uint32_t i = 0; i < w->argc; i++, p += strlen(p) + 1)
		vec_push(&sp.texts, p);
	vec_push(&sp.texts, NULL);
	for (uint32_t i = 0; i < w->envc; i++, p += strlen(p) + 1)
		vec_push(&sp.texts, p);
	vec_push(&sp.texts, NULL);
	const char **argv = sp.texts.v + 1, **envp = argv + w->argc + 1;

	const char *stage = "exec";
	ev.error = find_program(w, argv, envp, cwd, &file);
	if (ev.error == 0) {
		struct spawn_start s = {.file = file,
		                        .cwd = cwd,
		                        .argv = (char **)argv,
		                        .envp = (char **)envp,
		                        .out = out,
		                        .err = err,
		                        .parent = sp.self,
		                        .trace = w->trace ? sp.trace : -1,
		                        .token = w->token,
		                        .inside = w->wrap == SPAWN_SANDBOX ? sp.exe : -1};
		if (w->trace && s.inside < 0 && gains_privileges(file)) {
			spawn_filter_refuse(sp.trace, w->token);
			s.trace = -1;
		}
		ev.elapsed_us = time_mono();
		ev.pid = spawn_start_process(&s, &ev.start, &ev.error, &stage);
	}
	if (ev.error) {
		if (ev.pid > 0)
			while (waitpid(ev.pid, NULL, 0) < 0 && errno == EINTR)
				;
		ev.pid = 0;
		ev.elapsed_us = 0;
		snprintf(ev.stage, sizeof ev.stage, "%s", stage);
		tell(&ev, 0);
		return;
	}
	struct child *c = vec_add(&sp.steps);
	c->began = ev.elapsed_us;
	ev.elapsed_us = 0;
	ev.kind = SPAWN_STARTED;
	c->exit = ev;
	c->wrap = (enum spawn_wrap)w->wrap;
	sp.sandboxes += c->wrap == SPAWN_SANDBOX;
	snprintf(c->attempt, sizeof c->attempt, "%s", attempt);
	tell(&ev, c->began + START_DELAY_US);
}

/* ---- what belongs to a step ---- */

static bool is_step(pid_t pid)
{
	for (size_t i = 0; i < sp.steps.len; i++)
		if (!sp.steps.v[i].ended && sp.steps.v[i].exit.pid == pid)
			return true;
	return false;
}

/* The sandbox that a child, not reaped yet, is number 1 of; NULL: of none. */
static struct child *sandbox_of(pid_t pid)
{
	struct proc p;

	if (is_step(pid) || !proc_read(pid, &p))
		return NULL;
	for (size_t i = 0; i < sp.steps.len; i++)
		if (sp.steps.v[i].wrap == SPAWN_SANDBOX && sp.steps.v[i].exit.pid == p.sid)
			return &sp.steps.v[i];
	return NULL;
}

/* Whether a child that is no step's own process belongs to c. With no other step around, every one does. */
static bool is_orphan_of(const struct child *c, const struct proc *p)
{
	char id[ULID_LEN + 2];

	return sp.steps.len == 1 || p->sid == c->exit.pid ||
	       (*c->attempt && proc_env(p->pid, "JIG_ATTEMPT_ID", id, sizeof id) && strcmp(id, c->attempt) == 0);
}

/* Scans, and marks in sp.marks what belongs to c: its orphans, its session, its descendants. The step's own process is
 * marked too while it lives. */
static void mark(struct child *c)
{
	proc_scan(&sp.procs);
	vec_clear(&sp.marks);
	for (size_t i = 0; i < sp.procs.len; i++) {
		const struct proc *p = &sp.procs.v[i];
		bool mine = p->ppid == sp.self && !is_step(p->pid) && is_orphan_of(c, p);
		vec_push(&sp.marks, mine);
	}
	if (sp.procs.len)
		proc_mark_tree(&sp.procs, c->exit.pid, sp.marks.v);
}

/* The process that keeps a sandbox up and its child, which is number 1 in there, would take the step's clean-up with
 * them. Where there is nothing besides them, the sandbox is being made or is over. */
static void signal_sandbox(const struct child *c, int signo)
{
	bool any = false;

	for (size_t k = 0; k < sp.procs.len; k++) {
		const struct proc *p = &sp.procs.v[k];

		if (sp.marks.v[k] && proc_runs(p) && p->pid != c->exit.pid && p->ppid != c->exit.pid &&
		    kill(p->pid, signo) == 0)
			any = true;
	}
	if (!any)
		kill(c->exit.pid, signo);
}

static void signal_step(uint64_t token, int signo)
{
	for (size_t i = 0; i < sp.steps.len; i++) {
		struct child *c = &sp.steps.v[i];
		if (c->exit.token != token || c->ended)
			continue;
		/* Looked for before the group is hit: what loses its parent is harder to find. */
		mark(c);
		if (c->wrap == SPAWN_SANDBOX && signo != SIGKILL && sp.procs.len) {
			signal_sandbox(c, signo);
			return;
		}
		kill(-c->exit.pid, signo);
		for (size_t k = 0; k < sp.procs.len; k++)
			if (sp.marks.v[k] && proc_runs(&sp.procs.v[k]) && sp.procs.v[k].pgrp != c->exit.pid)
				kill(sp.procs.v[k].pid, signo);
		return;
	}
}

/* sweep kills what an ended step left running; true when nothing is left. */
#ifdef JIG_POSIX

static bool sweep(struct child *c)
{
	if (kill(-c->exit.pid, SIGKILL) == 0)
		c->exit.leftover = 1;
	return true;
}

#else

/* All children, into sp.pids. */
static void list_children(void)
{
	vec_clear(&sp.pids);
	if (sp.children >= 0 && orphans_list(sp.children, &sp.pids))
		return;
	proc_scan(&sp.procs);
	vec_clear(&sp.pids);
	for (size_t i = 0; i < sp.procs.len; i++)
		if (sp.procs.v[i].ppid == sp.self)
			vec_push(&sp.pids, sp.procs.v[i].pid);
}

/* Whether there are children other than the steps' own processes. */
static bool has_orphans(void)
{
	siginfo_t info;

	vec_clear(&sp.pids);
	if (sp.children < 0 || !orphans_list(sp.children, &sp.pids))
		return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
	for (size_t i = 0; i < sp.pids.len; i++)
		if (!is_step(sp.pids.v[i]))
			return true;
	return false;
}

static void kill_leftover(void *arg, const struct proc *p)
{
	struct child *c = arg;
	size_t k = 0;

	kill(p->pid, SIGKILL);
	if (p->pgrp == c->exit.pid)
		kill(-p->pgrp, SIGKILL);
	while (k < c->killed.len && c->killed.v[k] != p->pid)
		k++;
	if (k == c->killed.len)
		vec_push(&c->killed, p->pid);
}

/* Whether a child is an orphan of the step `arg`. */
static bool is_mine(void *arg, pid_t pid)
{
	struct proc p;

	return !is_step(pid) && !(sp.sandboxes && sandbox_of(pid)) && waitpid(pid, NULL, WNOHANG) == 0 &&
	       proc_read(pid, &p) && is_orphan_of(arg, &p);
}

/* Whether number 1 of an ended sandbox is still there. It dies with its parent and takes all in there along; it waited
 * for the step, so what the step used is known when it is reaped. */
static bool sandbox_stands(const struct child *c)
{
	list_children();
	for (size_t i = 0; i < sp.pids.len; i++)
		if (sandbox_of(sp.pids.v[i]) == c)
			return true;
	return false;
}

static bool sweep(struct child *c)
{
	bool clean = true;

	if (c->wrap == SPAWN_SANDBOX)
		return !sandbox_stands(c);
	if (!has_orphans())
		return true;
	mark(c);
	for (size_t i = 0; i < sp.procs.len; i++) {
		const struct proc *p = &sp.procs.v[i];
		if (!sp.marks.v[i] || !proc_runs(p))
			continue;
		clean = false;
		kill_leftover(c, p);
	}
	struct orphans_chase chase = { .children = sp.children, .mine = is_mine, .kill = kill_leftover, .arg = c };
	if (orphans_chase(&chase) > 0)
		clean = false;
	c->exit.leftover = (int)c->killed.len;
	return clean;
}

#endif

static void sweep_ended(int64_t now)
{
	sp.sweep_at = -1;
	for (size_t i = 0; i < sp.steps.len;) {
		struct child *c = &sp.steps.v[i];
		if (!c->ended) {
			i++;
		} else if (sweep(c) || now - c->ended_at > ORPHANS_LIMIT_US) {
			sp.sandboxes -= c->wrap == SPAWN_SANDBOX;
			tell(&c->exit, 0);
			vec_release(&c->killed);
			vec_remove(&sp.steps, i);
		} else {
			sp.sweep_at = now + ORPHANS_PAUSE_US;
			i++;
		}
	}
}

static int64_t timeval_us(const struct timeval *t)
{
	return (int64_t)t->tv_sec * US_PER_S + t->tv_usec;
}

static void add_usage(struct spawn_event *ev, const struct rusage *ru)
{
	int64_t rss = ru->ru_maxrss;

#ifndef __APPLE__
	rss *= 1024;
#endif
	if (rss > ev->max_rss)
		ev->max_rss = rss;
	ev->cpu_us += timeval_us(&ru->ru_utime) + timeval_us(&ru->ru_stime);
}

/* A wrapper hands the step's death by a signal on as shells do. */
static int unwrap_status(int status)
{
	int n = WIFEXITED(status) ? WEXITSTATUS(status) - 128 : 0;

	return n >= 1 && n <= 64 ? n : status;
}

static void reap(void)
{
	struct rusage ru;
	siginfo_t info;
	int status;
	pid_t pid;
	bool any = false;

	for (;;) {
		struct child *sandbox = NULL;

		/* Whose it was can be seen only until it is reaped. */
		if (sp.sandboxes) {
			info.si_pid = 0;
			if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
				break;
			sandbox = sandbox_of(info.si_pid);
		}
		pid = wait4(sp.sandboxes ? info.si_pid : -1, &status, WNOHANG, &ru);
		if (pid <= 0)
			break;
		if (sandbox) {
			add_usage(&sandbox->exit, &ru);
			any = true;
			continue;
		}
		for (size_t i = 0; i < sp.steps.len; i++) {
			struct child *c = &sp.steps.v[i];
			if (c->exit.pid != pid || c->ended)
				continue;
			c->ended = any = true;
			c->ended_at = time_mono();
			c->exit.kind = SPAWN_EXITED;
			c->exit.status = c->wrap == SPAWN_PLAIN ? status : unwrap_status(status);
			c->exit.elapsed_us = c->ended_at - c->began;
			add_usage(&c->exit, &ru);
			/* While a sandbox is being made, nothing in it dies with its parent yet. */
			if (c->wrap == SPAWN_SANDBOX && WIFSIGNALED(status))
				kill(-pid, SIGKILL);
		}
	}
	int64_t now = any || sp.sweep_at >= 0 ? time_mono() : 0;
	if (any || (sp.sweep_at >= 0 && now >= sp.sweep_at))
		sweep_ended(now);
}

/* ---- the end ---- */

/* Kills all that was started and what descends from it, until there are no children left. */
static void finish(void)
{
	int64_t until = time_mono() + ORPHANS_LIMIT_US;

	for (;;) {
		pid_t pid;
		for (size_t i = 0; i < sp.steps.len; i++)
			if (!sp.steps.v[i].ended)
				kill(-sp.steps.v[i].exit.pid, SIGKILL);
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			for (size_t i = 0; i < sp.steps.len; i++)
				if (sp.steps.v[i].exit.pid == pid)
					sp.steps.v[i].ended = true;
		if ((pid < 0 && errno == ECHILD) || time_mono() > until)
			_exit(0);
#ifndef JIG_POSIX
		orphans_kill(sp.children, -1, &sp.procs);
#endif
		usleep(ORPHANS_PAUSE_US);
	}
}

/* ---- requests ---- */

/* The header and the descriptors that come with it. 1, 0 when there is nothing, -1 when the supervisor is gone. */
static int receive_header(struct spawn_wire *w, int fds[2])
{
	union { struct cmsghdr align; char space[CMSG_SPACE(2 * sizeof(int))]; } control;
	struct iovec iov = { .iov_base = w, .iov_len = sizeof *w };
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t n;

	fds[0] = fds[1] = -1;
#ifdef MSG_CMSG_CLOEXEC
	n = recvmsg(sp.sock, &m, MSG_WAITALL | MSG_CMSG_CLOEXEC);
#else
	n = recvmsg(sp.sock, &m, MSG_WAITALL);
#endif
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n != (ssize_t)sizeof *w)
		return -1;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(2 * sizeof(int)))
		memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
#ifndef MSG_CMSG_CLOEXEC
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			fcntl(fds[i], F_SETFD, FD_CLOEXEC);
#endif
	return 1;
}

static int take_request(void)
{
	struct spawn_wire w;
	int fds[2], r = receive_header(&w, fds);

	if (r <= 0)
		return r;
	buf_reset(&sp.in);
	buf_reserve(&sp.in, w.size);
	if (w.size && recv(sp.sock, sp.in.data, w.size, MSG_WAITALL) != (ssize_t)w.size)
		return -1;
	if (w.kind == WIRE_SIGNAL)
		signal_step(w.token, w.signo);
	else if (fds[0] >= 0)
		spawn(&w, fds[0], fds[1]);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return 0;
}

/* ---- life ---- */

static void close_others(int from)
{
#ifdef JIG_POSIX
	struct rlimit l;
	int end = getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < 65536 ? (int)l.rlim_cur : 65536;

	for (int fd = from; fd < end; fd++)
		close(fd);
#else
	close_range((unsigned)from, ~0u, 0);
#endif
}

/* fd, which may be any, becomes `as`. Where that fails the exit status tells why. */
static int place(int fd, int as)
{
	if (dup2(fd, as) < 0 || fcntl(as, F_SETFD, FD_CLOEXEC) < 0)
		_exit(errno);
	return as;
}

static void set_up(int sock, int trace)
{
	struct rlimit l;

	sp.self = getpid();
	setsid();
	if (trace >= 0 && (trace = fcntl(trace, F_DUPFD, 5)) < 0)
		_exit(errno);
	sp.sock = place(sock, 3);
	sp.trace = trace < 0 ? -1 : place(trace, 4);
	close_others(trace < 0 ? 4 : 5);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			_exit(errno);
	close(null);
	sp.exe = trace < 0 ? -1 : open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL); /* refused for SIGKILL and SIGSTOP, which is fine */
	struct sigaction sa = { .sa_handler = on_child };
	sigemptyset(&sa.sa_mask);
	sigaction(SIGCHLD, &sa, NULL);
	sigfillset(&sp.while_waiting);
	sigprocmask(SIG_SETMASK, &sp.while_waiting, NULL);
	sigdelset(&sp.while_waiting, SIGCHLD);

	if (getrlimit(RLIMIT_NOFILE, &l) == 0) {
		l.rlim_cur = l.rlim_max;
		setrlimit(RLIMIT_NOFILE, &l);
	}
	l.rlim_cur = l.rlim_max = 0;
	setrlimit(RLIMIT_CORE, &l);

	sp.children = -1;
#ifndef JIG_POSIX
	prctl(PR_SET_NAME, "jig-spawner");
	orphans_take(true);
	sp.children = orphans_open();
#endif
	buf_init(&sp.in);
	buf_init(&sp.out);
	sp.flush_at = sp.sweep_at = -1;
}

static struct timespec *next_timeout(struct timespec *ts)
{
	int64_t at = sp.flush_at;

	if (sp.sweep_at >= 0 && (at < 0 || sp.sweep_at < at))
		at = sp.sweep_at;
	if (at < 0)
		return NULL;
	int64_t wait = at - time_mono();
	if (wait < 0)
		wait = 0;
	*ts = (struct timespec){ .tv_sec = wait / US_PER_S, .tv_nsec = wait % US_PER_S * 1000 };
	return ts;
}

void spawn_child_run(int sock, int trace)
{
	set_up(sock, trace);
	for (;;) {
		bool blocked = false;
		if (sp.flush_at >= 0 && (sp.flush_at == 0 || time_mono() >= sp.flush_at)) {
			if (flush() < 0)
				finish();
			blocked = sp.out.len > 0;
		}
		fd_set r, w;
		struct timespec ts;
		FD_ZERO(&r);
		FD_ZERO(&w);
		FD_SET(sp.sock, &r);
		if (blocked)
			FD_SET(sp.sock, &w);
		/* A full socket is waited for, not asked again and again. */
		int64_t flush_at = sp.flush_at;
		if (blocked)
			sp.flush_at = -1;
		int n = pselect(sp.sock + 1, &r, &w, NULL, next_timeout(&ts), &sp.while_waiting);
		sp.flush_at = flush_at;
		if (n > 0 && FD_ISSET(sp.sock, &r) && take_request() < 0)
			finish();
		if (sp.steps.len)
			reap();
	}
}
