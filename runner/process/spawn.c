#include "runner/process/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/mem.h"
#include "runner/process/spawn_inside.h"
#include "runner/process/spawn_orphans.h"
#include "runner/process/spawn_wire.h"

struct spawner {
	int fd, trace;
	pid_t pid;
	size_t under_way; /* steps whose end was not read */
	struct buf texts;
	struct spawn_event events[64];
	size_t have, pos; /* bytes in events; how far they were given out */
};

static void close_pair(const int pair[2])
{
	for (int i = 0; i < 2; i++)
		if (pair[i] >= 0)
			close(pair[i]);
}

int spawner_start(struct spawner **ret, struct err *e)
{
	int pair[2], trace[2] = { -1, -1 };
	sigset_t all, old;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(e, "the socket to the process that starts steps");
#ifndef JIG_POSIX
	/* A message of it stays whole, whoever sends: steps that begin share it. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, trace) < 0) {
		int error = errno;
		close_pair(pair);
		errno = error;
		return err_errno(e, "the socket for what steps look up");
	}
#endif
	fflush(NULL);
	/* Blocked over the fork, so that no handler of ours runs in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid_t pid = fork();
	if (pid == 0)
		spawn_child_run(pair[1], trace[1]);
	int error = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0) {
		close_pair(pair);
		close_pair(trace);
		errno = error;
		return err_errno(e, "the process that starts steps");
	}
	close(pair[1]);
	if (trace[1] >= 0)
		close(trace[1]);
	struct spawner *s = mem_zero(sizeof *s);
	s->fd = pair[0];
	s->trace = trace[0];
	s->pid = pid;
	buf_init(&s->texts);
	*ret = s;
	return 0;
}

/* What its steps have left when it was killed; what it has ended itself is gone by then. */
static void end_orphans(const struct spawner *s)
{
	if (s->under_way)
		orphans_end();
}

void spawner_free(struct spawner *s)
{
	if (!s)
		return;
	close(s->fd);
	if (s->trace >= 0)
		close(s->trace);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	end_orphans(s);
	orphans_take(false);
	buf_release(&s->texts);
	free(s);
}

int spawner_fd(const struct spawner *s)
{
	return s->fd;
}

int spawner_trace_fd(const struct spawner *s)
{
	return s->trace;
}

static int gone(const struct spawner *s, struct err *e)
{
	int status = 0;
	pid_t reaped = waitpid(s->pid, &status, 0);

	end_orphans(s);
	/* One that could not begin ends with its errno. */
	if (reaped == s->pid && WIFEXITED(status) && WEXITSTATUS(status)) {
		errno = WEXITSTATUS(status);
		return err_errno(e, "the process that starts steps");
	}
	return err_set(e, ERR_BROKEN, "the process that starts steps (pid %d) has ended", (int)s->pid);
}

/* fds NULL: none go along. */
static int send_request(struct spawner *s, struct spawn_wire *w, const int fds[2], struct err *e)
{
	union { struct cmsghdr align; char space[CMSG_SPACE(2 * sizeof(int))]; } control = { 0 };
	struct iovec iov[2] = {{.iov_base = w, .iov_len = sizeof *w}, {.iov_base = s->texts.data, .iov_len = w->size}};
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (fds) {
		m.msg_control = &control;
		m.msg_controllen = sizeof control;
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	}
	while (iov[0].iov_len + iov[1].iov_len > 0) {
		ssize_t n = sendmsg(s->fd, &m, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return gone(s, e);
		if (n < 0)
			return err_errno(e, "asking for a process");
		m.msg_control = NULL;
		m.msg_controllen = 0;
		for (int i = 0; i < 2; i++) {
			size_t part = (size_t)n < iov[i].iov_len ? (size_t)n : iov[i].iov_len;
			iov[i].iov_base = (char *)iov[i].iov_base + part;
			iov[i].iov_len -= part;
			n -= (ssize_t)part;
		}
	}
	return 0;
}

static uint32_t add_texts(struct buf *b, const char *const *texts)
{
	uint32_t n = 0;

	for (; texts[n]; n++)
		buf_add(b, texts[n], strlen(texts[n]) + 1);
	return n;
}

static uint32_t add_prefix(struct buf *b, const char *const *texts, bool inside)
{
	uint32_t n = 0;

	for (; texts[n]; n++) {
		const char *text = inside && texts[n + 1] && !texts[n + 2] ? SPAWN_INSIDE_FILE : texts[n];

		buf_add(b, text, strlen(text) + 1);
	}
	return n;
}

int spawner_spawn(struct spawner *s, const struct spawn_request *r, struct err *e)
{
	struct spawn_wire w = { .kind = WIRE_SPAWN, .token = r->token, .wrap = r->wrap, .trace = r->trace };
	const char *attempt = r->attempt_id ? r->attempt_id : "";
	bool inside = r->trace && r->wrap == SPAWN_SANDBOX;

	if (!r->argv[0])
		return err_set(e, ERR_USAGE, "a command without a program");
	buf_reset(&s->texts);
	buf_add(&s->texts, r->cwd, strlen(r->cwd) + 1);
	buf_add(&s->texts, attempt, strlen(attempt) + 1);
	w.prefixc = r->wrap == SPAWN_PLAIN ? 0 : add_prefix(&s->texts, r->prefix, inside);
	w.argc = w.prefixc + add_texts(&s->texts, r->argv);
	w.envc = add_texts(&s->texts, r->envp);
	if (inside) {
		buf_addf(&s->texts, SPAWN_INSIDE_TOKEN "=%llx", (unsigned long long)r->token);
		buf_addc(&s->texts, 0);
		w.envc++;
	}
	if (s->texts.len > SPAWN_WIRE_MAX)
		return err_set(e, ERR_USAGE,
		               "%s: arguments and variables come to %zu bytes, more than %d; hand data over in a file",
		               r->argv[0], s->texts.len, SPAWN_WIRE_MAX);
	w.size = (uint32_t)s->texts.len;
	/* With no step under way, what the programs leave running that jig itself has started is not jig's. */
	if (s->under_way == 0)
		orphans_take(true);
	int sent = send_request(s, &w, (int[]){ r->out, r->err }, e);
	if (sent >= 0)
		s->under_way++;
	return sent;
}

int spawner_signal(struct spawner *s, uint64_t token, int signo, struct err *e)
{
	struct spawn_wire w = { .kind = WIRE_SIGNAL, .token = token, .signo = signo };

	return send_request(s, &w, NULL, e);
}

int spawner_read(struct spawner *s, struct spawn_event *ret, struct err *e)
{
	char *bytes = (char *)s->events;

	if (s->have - s->pos < sizeof *ret) {
		memmove(bytes, bytes + s->pos, s->have - s->pos);
		s->have -= s->pos;
		s->pos = 0;
		ssize_t n;
		do
			n = recv(s->fd, bytes + s->have, sizeof s->events - s->have, MSG_DONTWAIT);
		while (n < 0 && errno == EINTR);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n <= 0)
			return gone(s, e);
		s->have += (size_t)n;
		if (s->have < sizeof *ret)
			return 0;
	}
	memcpy(ret, bytes + s->pos, sizeof *ret);
	s->pos += sizeof *ret;
	if (ret->kind != SPAWN_STARTED && --s->under_way == 0)
		orphans_take(false);
	return 1;
}
