#include "runner/trace/observe.h"

#include "base/mem.h"

static const char untaken[] = "its lookups could not be watched";

#ifdef JIG_POSIX

const char *observe_impossible(void)
{
	return "this system does not tell of the calls of others";
}

int observer_start(int sock, struct observer **ret, struct err *e)
{
	return err_set(e, ERR_BROKEN, "%s", observe_impossible());
}

void observer_free(struct observer *o)
{
}

void observer_end(struct observer *o, uint64_t token, struct lookups *ret)
{
	*ret = (struct lookups){ .untrusted = untaken };
}

#else

#include <errno.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/time.h"
#include "base/vec.h"
#include "runner/process/observe_calls.h"
#include "runner/process/spawn_filter.h"
#include "runner/trace/observe_note.h"
#include "runner/trace/python_hook.h"

/* Newer than the oldest headers that we build with. */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

#define END_LIMIT_US (2 * US_PER_S)

/* Room for what the kernel tells and is told, which may be more than our headers know of. */
struct talk {
	struct seccomp_notif_sizes sizes;
	struct seccomp_notif *ask;
	struct seccomp_notif_resp *answer;
	struct observe_call call;
};

/* A step whose listener came. Only the thread knows of it. */
struct watched {
	uint64_t token;
	int fd;
	int64_t until; /* when it is given up; -1: nobody waits for its end */
	struct observe_notes notes;
};
struct outcome { uint64_t token; struct lookups lookups; };

struct observer {
	pthread_t thread;
	int event, sock;
	VEC(struct pollfd) polled; /* of the thread: event, sock, and the listeners of watched, in its order */
	struct talk talk;
	VEC(struct watched *) watched;
	pthread_mutex_t lock; /* for what follows; held only for moments */
	pthread_cond_t over;
	VEC(uint64_t) wanted;        /* somebody waits for their outcome */
	VEC(struct outcome) outcomes;
	bool stop;
};

/* ---- one notification ---- */

static int talk_init(struct talk *t)
{
	if (syscall(__NR_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &t->sizes) < 0)
		return -1;
	size_t ask = t->sizes.seccomp_notif, answer = t->sizes.seccomp_notif_resp;
	t->ask = mem_zero(ask > sizeof *t->ask ? ask : sizeof *t->ask);
	t->answer = mem_zero(answer > sizeof *t->answer ? answer : sizeof *t->answer);
	return 0;
}

static void talk_release(struct talk *t)
{
	free(t->ask);
	free(t->answer);
	observe_call_release(&t->call);
}

/* Takes a call, reads it and lets it go on. True: t->call is what the thread t->ask->pid looks up. An answer is refused
 * when the call does not wait any more, so that what was read may be of another process; accepted, it waited all the
 * while. A board that is taken is answered with "it is there". */
static bool talk_once(struct talk *t, int listener, struct observe_notes *n)
{
	memset(t->ask, 0, t->sizes.seccomp_notif);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, t->ask) < 0)
		return false;
	observe_call_read(&t->call, (pid_t)t->ask->pid, &t->ask->data);
	bool taken = n && observe_note_board(n, (pid_t)t->ask->pid, &t->call);
	*t->answer =
	        (struct seccomp_notif_resp){.id = t->ask->id, .flags = taken ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, t->answer) == 0;
}

/* ---- what the thread tells ---- */

/* Hands the lookups over. o->lock is held. */
static void settle(struct observer *o, uint64_t token, const struct lookups *l)
{
	for (size_t i = 0; i < o->wanted.len; i++)
		if (o->wanted.v[i] == token) {
			vec_remove(&o->wanted, i);
			break;
		}
	vec_push(&o->outcomes, (struct outcome){ .token = token, .lookups = *l });
	pthread_cond_broadcast(&o->over);
}

static void settle_untaken(struct observer *o, uint64_t token)
{
	settle(o, token, &(struct lookups){ .untrusted = untaken });
}

static void end_watched(struct observer *o, struct watched *w, const char *why)
{
	for (size_t i = 0; i < o->watched.len; i++)
		if (o->watched.v[i] == w)
			vec_remove(&o->watched, i--);
	close(w->fd);
	observe_notes_end(&w->notes);
	w->notes.lookups.witness = WITNESS_CALLS;
	if (!w->notes.lookups.untrusted)
		w->notes.lookups.untrusted = why;
	pthread_mutex_lock(&o->lock);
	settle(o, w->token, &w->notes.lookups);
	pthread_mutex_unlock(&o->lock);
	w->notes.lookups = (struct lookups){ 0 };
	observe_notes_release(&w->notes);
	free(w);
}

/* ---- what the thread is told ---- */

/* One message of the spawner's trace socket: 1, 0 when there is none, -1 when none will come any more. *ret_fd -1: the
 * filter was refused. */
static int receive_listener(int sock, uint64_t *ret_token, int *ret_fd)
{
	union { struct cmsghdr align; char space[CMSG_SPACE(sizeof(int))]; } control;
	struct iovec iov = { .iov_base = ret_token, .iov_len = sizeof *ret_token };
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	ssize_t n;

	do
		n = recvmsg(sock, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n != (ssize_t)sizeof *ret_token)
		return -1;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	*ret_fd = -1;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof *ret_fd);
	return 1;
}

static void take_listeners(struct observer *o)
{
	uint64_t token;
	int fd, r;

	while (o->sock >= 0 && (r = receive_listener(o->sock, &token, &fd)) != 0) {
		if (r < 0) {
			/* The spawner is gone, and with it all steps. */
			o->sock = -1;
			return;
		}
		if (fd < 0) {
			pthread_mutex_lock(&o->lock);
			settle_untaken(o, token);
			pthread_mutex_unlock(&o->lock);
			continue;
		}
		struct watched *w = mem_zero(sizeof *w);
		w->token = token;
		w->fd = fd;
		w->until = -1;
		vec_push(&o->watched, w);
		/* Who asks sleeps until the answer: the thread takes over its core. Where it would be woken on another,
		 * that one may be busy for long. Linux 6.6. */
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	}
}

static struct watched *find_watched(const struct observer *o, uint64_t token)
{
	for (size_t i = 0; i < o->watched.len; i++)
		if (o->watched.v[i]->token == token)
			return o->watched.v[i];
	return NULL;
}

static bool has_outcome(const struct observer *o, uint64_t token)
{
	for (size_t i = 0; i < o->outcomes.len; i++)
		if (o->outcomes.v[i].token == token)
			return true;
	return false;
}

/* For those that are waited for: the listener came before their exit was told, or never will. */
static void take_wanted(struct observer *o)
{
	uint64_t count;

	while (read(o->event, &count, sizeof count) < 0 && errno == EINTR)
		;
	take_listeners(o);
	pthread_mutex_lock(&o->lock);
	for (size_t i = o->wanted.len; i-- > 0;) {
		uint64_t token = o->wanted.v[i];
		struct watched *w = find_watched(o, token);

		if (w && w->until < 0)
			w->until = time_mono() + END_LIMIT_US;
		else if (!w && !has_outcome(o, token))
			settle_untaken(o, token);
	}
	pthread_mutex_unlock(&o->lock);
}

/* ---- the thread ---- */

/* Gives up what is late. Milliseconds until the next will be, -1: nobody waits. */
static int end_late(struct observer *o)
{
	int64_t next = -1, now = -1;

	for (size_t i = o->watched.len; i-- > 0;) {
		struct watched *w = o->watched.v[i];

		if (w->until < 0)
			continue;
		if (now < 0)
			now = time_mono();
		if (now >= w->until)
			end_watched(o, w, "processes that it left behind went on");
		else if (next < 0 || w->until < next)
			next = w->until;
	}
	return next < 0 ? -1 : (int)((next - now) / 1000) + 1;
}

static bool stopped(struct observer *o)
{
	pthread_mutex_lock(&o->lock);
	bool stop = o->stop;
	pthread_mutex_unlock(&o->lock);
	return stop;
}

static void take_notification(struct observer *o, struct watched *w, short events)
{
	if (events & POLLIN) {
		if (talk_once(&o->talk, w->fd, &w->notes))
			observe_note(&w->notes, (pid_t)o->talk.ask->pid, &o->talk.call);
	} else if (events & (POLLHUP | POLLERR | POLLNVAL)) {
		end_watched(o, w, NULL);
	}
}

/* Not epoll: it passes the wake-up on to any core. A run has few steps at once. */
static void set_polled(struct observer *o)
{
	vec_clear(&o->polled);
	vec_push(&o->polled, (struct pollfd){ .fd = o->event, .events = POLLIN });
	vec_push(&o->polled, (struct pollfd){ .fd = o->sock, .events = POLLIN });
	for (size_t i = 0; i < o->watched.len; i++)
		vec_push(&o->polled, (struct pollfd){ .fd = o->watched.v[i]->fd, .events = POLLIN });
}

static void *observe(void *arg)
{
	struct observer *o = arg;

	prctl(PR_SET_NAME, "jig-observer");
	for (int wait = -1;;) {
		set_polled(o);
		if (poll(o->polled.v, o->polled.len, wait) < 0)
			continue;
		/* From the last on, for one that ends goes from the list. */
		for (size_t i = o->watched.len; i-- > 0;)
			take_notification(o, o->watched.v[i], o->polled.v[i + 2].revents);
		if (o->polled.v[1].revents)
			take_listeners(o);
		if (o->polled.v[0].revents) {
			take_wanted(o);
			if (stopped(o))
				return NULL;
			wait = 0;
		}
		if (wait >= 0)
			wait = end_late(o);
	}
}

/* ---- for the others ---- */

static void wake(struct observer *o)
{
	uint64_t one = 1;

	while (write(o->event, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void free_rest(struct observer *o)
{
	for (size_t i = 0; i < o->watched.len; i++) {
		close(o->watched.v[i]->fd);
		observe_notes_release(&o->watched.v[i]->notes);
		free(o->watched.v[i]);
	}
	for (size_t i = 0; i < o->outcomes.len; i++)
		lookups_release(&o->outcomes.v[i].lookups);
	vec_release(&o->watched);
	vec_release(&o->polled);
	vec_release(&o->wanted);
	vec_release(&o->outcomes);
	talk_release(&o->talk);
	if (o->event >= 0)
		close(o->event);
	pthread_cond_destroy(&o->over);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

int observer_start(int sock, struct observer **ret, struct err *e)
{
	struct observer *o = mem_zero(sizeof *o);
	sigset_t all, old;

	pthread_mutex_init(&o->lock, NULL);
	pthread_cond_init(&o->over, NULL);
	o->sock = sock;
	o->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (o->event < 0 || talk_init(&o->talk) < 0) {
		err_errno(e, "watching what steps look up");
		free_rest(o);
		return e->code;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = pthread_create(&o->thread, NULL, observe, o);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error) {
		errno = error;
		err_errno(e, "the thread that watches what steps look up");
		free_rest(o);
		return e->code;
	}
	*ret = o;
	return 0;
}

void observer_free(struct observer *o)
{
	if (!o)
		return;
	pthread_mutex_lock(&o->lock);
	o->stop = true;
	pthread_mutex_unlock(&o->lock);
	wake(o);
	pthread_join(o->thread, NULL);
	free_rest(o);
}

void observer_end(struct observer *o, uint64_t token, struct lookups *ret)
{
	bool asked = false;

	pthread_mutex_lock(&o->lock);
	for (;;) {
		for (size_t i = 0; i < o->outcomes.len; i++)
			if (o->outcomes.v[i].token == token) {
				*ret = o->outcomes.v[i].lookups;
				vec_remove(&o->outcomes, i);
				pthread_mutex_unlock(&o->lock);
				return;
			}
		if (!asked) {
			vec_push(&o->wanted, token);
			wake(o);
			asked = true;
		}
		pthread_cond_wait(&o->over, &o->lock);
	}
}

/* ---- whether it can be had ---- */

/* A number that stands behind `name` in a small file of /proc; -1: none. */
static long read_number(const char *path, const char *name)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	if (file_read(path, 1 << 16, &b, &e) < 0)
		return -1;
	const char *p = strstr(b.data, name);
	return p ? strtol(p + strlen(name), NULL, 10) : -1;
}

/* Whether a child of ours can be watched: with its listener one call of it is answered. */
static bool try_once(void)
{
	static const char asked[] = TRACE_SAYS "trial";
	struct talk t = { 0 };
	uint64_t token;
	int pair[2], listener = -1, status;
	bool seen = false;

	if (talk_init(&t) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		talk_release(&t);
		return false;
	}
	pid_t pid = spawn_filter_trial(pair[1], asked);
	close(pair[1]);
	struct pollfd p = { .fd = pair[0], .events = POLLIN };
	if (pid > 0 && poll(&p, 1, 1000) == 1 && receive_listener(pair[0], &token, &listener) == 1 && listener >= 0) {
		p.fd = listener;
		seen = poll(&p, 1, 1000) == 1 && (p.revents & POLLIN) && talk_once(&t, listener, NULL) &&
		       t.call.n == 1 && !strcmp(t.call.looks[0].path.data, asked);
		close(listener);
	}
	close(pair[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	talk_release(&t);
	return seen;
}

const char *observe_impossible(void)
{
	uint32_t action = SECCOMP_RET_USER_NOTIF;
	struct seccomp_notif_sizes sizes;
	struct utsname u;
	int major = 0, minor = 0;

	if (!observe_nsyscalls)
		return "the calls of this kind of machine are not known";
	if (uname(&u) == 0)
		sscanf(u.release, "%d.%d", &major, &minor);
	if (major * 1000 + minor < 5005 || syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ||
	    syscall(__NR_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return "the kernel does not tell of calls (Linux 5.5 and later can)";
	/* Someone may listen to us already, or keep processes from reading each other. */
	if ((read_number("/proc/self/status", "\nSeccomp:") == 2 ||
	     read_number("/proc/sys/kernel/yama/ptrace_scope", "") > 1) &&
	    !try_once())
		return "another program watches jig's own calls, or keeps it from reading those of its steps";
	return NULL;
}

#endif
