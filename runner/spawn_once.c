/* Programs that jig itself needs (git, uv): posix_spawn, which costs the same however big the caller is. */
#include "runner/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifndef JIG_POSIX
#include <sys/syscall.h>
#endif
#include "base/vec.h"
#include "runner/spawn_wire.h"

extern char **environ;

#define CHILD_POLL_MS 20 /* where a child's end cannot be waited for together with a pipe */

static int init_attr(posix_spawnattr_t *attr, short flags)
{
	sigset_t all, none;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(attr);
	posix_spawnattr_setsigmask(attr, &none);
	posix_spawnattr_setsigdefault(attr, &all);
	return posix_spawnattr_setflags(attr, (short)(flags | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
}

/* posix_spawn with PATH of envp and the way scripts without #! go. An errno, or 0. */
static int spawn_file(const char *const *argv, const char *const *envp, const char *cwd, const posix_spawn_file_actions_t *fa,
		      const posix_spawnattr_t *attr, pid_t *ret)
{
	_free_ char *file = NULL;
	int r = spawn_lookup(argv[0], envp, cwd, &file);

	if (r)
		return r;
	r = posix_spawn(ret, file, fa, attr, (char *const *)argv, (char *const *)envp);
	if (r != ENOEXEC)
		return r;
	VEC(const char *) sh = { 0 };
	vec_push(&sh, "/bin/sh");
	vec_push(&sh, file);
	for (size_t i = 1; argv[i]; i++)
		vec_push(&sh, argv[i]);
	vec_push(&sh, NULL);
	r = posix_spawn(ret, "/bin/sh", fa, attr, (char *const *)sh.v, (char *const *)envp);
	vec_release(&sh);
	return r;
}

static int spawn_failed(int error, const char *const *argv, const char *cwd, struct err *e)
{
	errno = error;
	/* An errno of the folder looks like one of the program. */
	if (cwd && access(cwd, X_OK) < 0)
		return err_errno(e, "%s: cannot start it in %s", argv[0], cwd);
	errno = error;
	if (error == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "%s: command not found", argv[0]);
	return err_errno(e, "%s: cannot start it", argv[0]);
}

/* Takes in what a pipe has. False at its end. */
static bool take(int fd, struct buf *out, size_t max)
{
	char text[16384];
	ssize_t n = read(fd, text, sizeof text);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	size_t room = out->len < max ? max - out->len : 0;
	buf_add(out, text, (size_t)n < room ? (size_t)n : room);
	return n > 0;
}

/* Reads both pipes until the child has ended and they are empty: something it left running may hold them open for ever. */
static int collect(pid_t pid, int fds[2], struct buf *texts[2], size_t max, struct err *e)
{
	int status = 0;
	bool ended = false;
	struct pollfd p[3] = { { .fd = fds[0], .events = POLLIN }, { .fd = fds[1], .events = POLLIN }, { .fd = -1, .events = POLLIN } };
#ifndef JIG_POSIX
	p[2].fd = (int)syscall(SYS_pidfd_open, pid, 0);
#endif
	_close_ int pidfd = p[2].fd;

	while (!ended || p[0].fd >= 0 || p[1].fd >= 0) {
		if (!ended && p[0].fd < 0 && p[1].fd < 0) {
			while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
				;
			break;
		}
		int n = poll(p, 3, ended ? 0 : pidfd >= 0 ? -1 : CHILD_POLL_MS);
		if (n < 0 && errno != EINTR)
			return err_errno(e, "waiting for a program");
		for (int i = 0; i < 2; i++)
			if (n > 0 && p[i].fd >= 0 && p[i].revents && !take(p[i].fd, texts[i], max))
				p[i].fd = -1;
		bool readable = n > 0 && ((p[0].fd >= 0 && p[0].revents) || (p[1].fd >= 0 && p[1].revents));
		if (ended && !readable)
			break;
		if (!ended && waitpid(pid, &status, WNOHANG) == pid) {
			ended = true;
			p[2].fd = -1;
		}
	}
	return status;
}

int spawn_capture(const char *const *argv, const char *const *envp, const char *cwd, size_t max, struct buf *out, int *ret_status, struct err *e)
{
	int pipes[2][2] = { { -1, -1 }, { -1, -1 } };
	_buf_ struct buf complaint = BUF_INIT;
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	pid_t pid;
	int r = 0;

	if (!envp)
		envp = (const char *const *)environ;
	for (int i = 0; i < 2 && r == 0; i++)
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			r = err_errno(e, "a pipe for %s", argv[0]);
	if (r == 0) {
		posix_spawn_file_actions_init(&fa);
		posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
		posix_spawn_file_actions_adddup2(&fa, pipes[0][1], 1);
		posix_spawn_file_actions_adddup2(&fa, pipes[1][1], 2);
		if (cwd)
			posix_spawn_file_actions_addchdir_np(&fa, cwd);
		init_attr(&attr, 0);
		int error = spawn_file(argv, envp, cwd, &fa, &attr, &pid);
		posix_spawn_file_actions_destroy(&fa);
		posix_spawnattr_destroy(&attr);
		if (error)
			r = spawn_failed(error, argv, cwd, e);
	}
	for (int i = 0; i < 2; i++)
		if (pipes[i][1] >= 0)
			close(pipes[i][1]);
	if (r == 0) {
		size_t before = out->len;
		r = collect(pid, (int[]){ pipes[0][0], pipes[1][0] }, (struct buf *[]){ out, &complaint }, before + max, e);
		if (r >= 0) {
			if (r != 0)
				buf_add(out, complaint.data, complaint.len < before + max - out->len ? complaint.len : before + max - out->len);
			*ret_status = r;
			r = 0;
		}
	}
	for (int i = 0; i < 2; i++)
		if (pipes[i][0] >= 0)
			close(pipes[i][0]);
	return r;
}

int spawn_detached(const char *const *argv, const char *const *envp, const char *cwd, int keep, pid_t *ret_pid, struct err *e)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	short flags = POSIX_SPAWN_SETSID;

	if (!envp)
		envp = (const char *const *)environ;
	posix_spawn_file_actions_init(&fa);
	if (keep >= 0)
		posix_spawn_file_actions_adddup2(&fa, keep, 3);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(&fa, fd, "/dev/null", O_RDWR, 0);
#ifdef __APPLE__
	flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#else
	posix_spawn_file_actions_addclosefrom_np(&fa, keep >= 0 ? 4 : 3);
#endif
	if (cwd)
		posix_spawn_file_actions_addchdir_np(&fa, cwd);
	init_attr(&attr, flags);
	int error = spawn_file(argv, envp, cwd, &fa, &attr, ret_pid);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	return error ? spawn_failed(error, argv, cwd, e) : 0;
}
