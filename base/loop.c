#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include "base/time.h"
#include "base/vec.h"

enum kind { SOURCE_FD, SOURCE_TIMER, SOURCE_SIGNAL };

struct loop_source {
	struct loop *loop;
	enum kind kind;
	bool dead; /* removed while callbacks run; freed when they are through */
	void *arg;
	union {
		struct {
			loop_fd_fn *cb;
			int fd;
			short events;
		} fd;
		struct {
			loop_timer_fn *cb;
			int64_t at_us;
		} timer;
		struct {
			loop_signal_fn *cb;
			int signo;
			struct sigaction before;
		} signal;
	};
};

struct due {
	struct loop_source *source;
	int64_t at_us;
};

struct loop {
	VEC(struct loop_source *) fds, timers, signals, dead;
	VEC(struct pollfd) polls; /* the pipe, then one for each of fds */
	VEC(struct due) due;
	bool dispatching, polls_stale;
	int pipe[2];
};

/* What the handler needs: a loop's writing end + 1 for each signal, and whether it came. The pipe only wakes, so that a
 * full one loses nothing. */
static volatile sig_atomic_t signal_pipe[NSIG];
static volatile sig_atomic_t signal_came[NSIG];

static void wake(int fd)
{
	int errnum = errno;

	/* A full pipe wakes just as well. */
	while (write(fd, "", 1) < 0 && errno == EINTR)
		;
	errno = errnum;
}

static void handle_signal(int signo)
{
	int fd = signal_pipe[signo] - 1;

	signal_came[signo] = 1;
	if (fd >= 0)
		wake(fd);
}

struct loop *loop_new(void)
{
	struct loop *l = mem_zero(sizeof *l);

	if (pipe(l->pipe) < 0) {
		free(l);
		return NULL;
	}
	for (int i = 0; i < 2; i++) {
		fcntl(l->pipe[i], F_SETFD, FD_CLOEXEC);
		fcntl(l->pipe[i], F_SETFL, O_NONBLOCK);
	}
	l->polls_stale = true;
	return l;
}

static void restore_signal(struct loop_source *s)
{
	int signo = s->signal.signo;

	sigaction(signo, &s->signal.before, NULL);
	signal_pipe[signo] = 0;
	signal_came[signo] = 0;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->fds.len; i++)
		free(l->fds.v[i]);
	for (size_t i = 0; i < l->timers.len; i++)
		free(l->timers.v[i]);
	for (size_t i = 0; i < l->signals.len; i++) {
		restore_signal(l->signals.v[i]);
		free(l->signals.v[i]);
	}
	for (size_t i = 0; i < l->dead.len; i++)
		free(l->dead.v[i]);
	vec_release(&l->fds);
	vec_release(&l->timers);
	vec_release(&l->signals);
	vec_release(&l->dead);
	vec_release(&l->polls);
	vec_release(&l->due);
	close(l->pipe[0]);
	close(l->pipe[1]);
	free(l);
}

static struct loop_source *source_new(struct loop *l, enum kind kind, void *arg)
{
	struct loop_source *s = mem_zero(sizeof *s);

	s->loop = l;
	s->kind = kind;
	s->arg = arg;
	return s;
}

struct loop_source *loop_fd(struct loop *l, int fd, short events, loop_fd_fn *cb, void *arg)
{
	struct loop_source *s = source_new(l, SOURCE_FD, arg);

	s->fd.cb = cb;
	s->fd.fd = fd;
	s->fd.events = events;
	vec_push(&l->fds, s);
	l->polls_stale = true;
	return s;
}

void loop_fd_events(struct loop_source *s, short events)
{
	if (s->fd.events == events)
		return;
	s->fd.events = events;
	s->loop->polls_stale = true;
}

struct loop_source *loop_timer(struct loop *l, int64_t at_us, loop_timer_fn *cb, void *arg)
{
	struct loop_source *s = source_new(l, SOURCE_TIMER, arg);

	s->timer.cb = cb;
	s->timer.at_us = at_us;
	vec_push(&l->timers, s);
	return s;
}

void loop_timer_set(struct loop_source *s, int64_t at_us)
{
	s->timer.at_us = at_us;
}

struct loop_source *loop_signal(struct loop *l, int signo, loop_signal_fn *cb, void *arg)
{
	struct sigaction action = {.sa_handler = handle_signal, .sa_flags = SA_RESTART};

	if (signo <= 0 || signo >= NSIG || signal_pipe[signo])
		return NULL;
	struct loop_source *s = source_new(l, SOURCE_SIGNAL, arg);
	s->signal.cb = cb;
	s->signal.signo = signo;
	sigemptyset(&action.sa_mask);
	signal_came[signo] = 0;
	signal_pipe[signo] = l->pipe[1] + 1;
	if (sigaction(signo, &action, &s->signal.before) < 0) {
		signal_pipe[signo] = 0;
		free(s);
		return NULL;
	}
	vec_push(&l->signals, s);
	return s;
}

#define forget(list, s) \
	do { \
		size_t at_ = 0; \
		while ((list)->v[at_] != (s)) \
			at_++; \
		vec_remove(list, at_); \
	} while (0)

static void unlink_source(struct loop *l, struct loop_source *s)
{
	switch (s->kind) {
	case SOURCE_FD:
		forget(&l->fds, s);
		l->polls_stale = true;
		break;
	case SOURCE_TIMER:
		forget(&l->timers, s);
		break;
	case SOURCE_SIGNAL:
		forget(&l->signals, s);
		break;
	}
}

void loop_remove(struct loop_source *s)
{
	if (!s || s->dead)
		return;
	struct loop *l = s->loop;
	if (s->kind == SOURCE_SIGNAL)
		restore_signal(s);
	if (l->dispatching) {
		s->dead = true;
		vec_push(&l->dead, s);
		return;
	}
	unlink_source(l, s);
	free(s);
}

static void sweep(struct loop *l)
{
	for (size_t i = 0; i < l->dead.len; i++) {
		unlink_source(l, l->dead.v[i]);
		free(l->dead.v[i]);
	}
	vec_clear(&l->dead);
}

static void refresh_polls(struct loop *l)
{
	if (!l->polls_stale)
		return;
	l->polls_stale = false;
	vec_clear(&l->polls);
	vec_push(&l->polls, (struct pollfd){.fd = l->pipe[0], .events = POLLIN});
	for (size_t i = 0; i < l->fds.len; i++) {
		struct loop_source *s = l->fds.v[i];
		/* poll skips negative descriptors; with no events it would still report a hang-up without end. */
		int fd = s->fd.events ? s->fd.fd : -1;
		vec_push(&l->polls, (struct pollfd){.fd = fd, .events = s->fd.events});
	}
}

static int wait_ms(const struct loop *l, int64_t max_wait_us)
{
	int64_t first = -1, wait = max_wait_us;

	for (size_t i = 0; i < l->timers.len; i++) {
		int64_t at = l->timers.v[i]->timer.at_us;
		if (at >= 0 && (first < 0 || at < first))
			first = at;
	}
	if (first >= 0) {
		int64_t left = first - time_mono();
		left = left > 0 ? left : 0;
		if (wait < 0 || left < wait)
			wait = left;
	}
	if (wait < 0)
		return -1;
	int64_t ms = wait / 1000 + (wait % 1000 != 0);
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void drain_pipe(struct loop *l)
{
	char bytes[256];

	while (read(l->pipe[0], bytes, sizeof bytes) == sizeof bytes)
		;
}

static void dispatch_fds(struct loop *l)
{
	/* Sources that callbacks add stand behind these and wait for the next step. */
	for (size_t i = 1, n = l->polls.len; i < n; i++) {
		struct loop_source *s = l->fds.v[i - 1];
		short revents = l->polls.v[i].revents & (short)(s->fd.events | POLLERR | POLLHUP | POLLNVAL);
		if (revents && s->fd.events && !s->dead)
			s->fd.cb(s->arg, s->fd.fd, revents);
	}
}

static void dispatch_signals(struct loop *l)
{
	for (size_t i = 0, n = l->signals.len; i < n; i++) {
		struct loop_source *s = l->signals.v[i];
		if (s->dead || !signal_came[s->signal.signo])
			continue;
		signal_came[s->signal.signo] = 0;
		s->signal.cb(s->arg, s->signal.signo);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct due *x = a, *y = b;

	return (x->at_us > y->at_us) - (x->at_us < y->at_us);
}

static void dispatch_timers(struct loop *l)
{
	int64_t now = l->timers.len ? time_mono() : 0;

	vec_clear(&l->due);
	for (size_t i = 0; i < l->timers.len; i++) {
		struct loop_source *s = l->timers.v[i];
		if (s->timer.at_us >= 0 && s->timer.at_us <= now && !s->dead)
			vec_push(&l->due, (struct due){s, s->timer.at_us});
	}
	if (l->due.len > 1)
		qsort(l->due.v, l->due.len, sizeof *l->due.v, by_time);
	for (size_t i = 0; i < l->due.len; i++) {
		struct loop_source *s = l->due.v[i].source;
		/* An earlier callback may have removed it or set it anew. */
		if (s->dead || s->timer.at_us != l->due.v[i].at_us)
			continue;
		s->timer.at_us = -1;
		s->timer.cb(s->arg);
	}
}

int loop_step(struct loop *l, int64_t max_wait_us, struct err *e)
{
	if (l->dispatching)
		return err_set(e, ERR_BROKEN, "the event loop was entered from one of its own callbacks");
	refresh_polls(l);
	int n = poll(l->polls.v, l->polls.len, wait_ms(l, max_wait_us));
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		return err_errno(e, "cannot wait for events on %zu descriptors", l->polls.len);
	if (n < 0) {
		for (size_t i = 0; i < l->polls.len; i++)
			l->polls.v[i].revents = 0;
	}
	if (l->polls.v[0].revents)
		drain_pipe(l);
	l->dispatching = true;
	if (n > 0)
		dispatch_fds(l);
	dispatch_signals(l);
	dispatch_timers(l);
	l->dispatching = false;
	sweep(l);
	return 0;
}

void loop_wake(struct loop *l)
{
	wake(l->pipe[1]);
}
