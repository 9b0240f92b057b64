/* Programs that jig itself needs (git, uv): posix_spawn or vfork, which cost the same however big the caller is. */
#include "runner/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifndef JIG_POSIX
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif
#include "base/vec.h"
#include "runner/process/spawn_wire.h"

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
static int spawn_file(const char *const *argv, const char *const *envp, const char *cwd,
                      const posix_spawn_file_actions_t *fa, const posix_spawnattr_t *attr, pid_t *ret)
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

/* Where the bytes of a stream go. */
struct sink {
	int fd;
	void (*output)(void *arg, const char *bytes, size_t n);
	void *arg;
};

/* Takes in what a pipe has. False at its end. */
static bool take(const struct sink *s)
{
	char text[16384];
	ssize_t n = read(s->fd, text, sizeof text);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n > 0)
		s->output(s->arg, text, (size_t)n);
	return n > 0;
}

/* Reads both pipes (-1: none) until the child has ended and they are empty: something it left running may hold them
 * open for ever. Its status. */
static int collect(pid_t pid, const struct sink sinks[2], struct err *e)
{
	int status = 0;
	bool ended = false;
	struct pollfd p[3] = {{.fd = sinks[0].fd, .events = POLLIN},
	                      {.fd = sinks[1].fd, .events = POLLIN},
	                      {.fd = -1, .events = POLLIN}};
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
			if (n > 0 && p[i].fd >= 0 && p[i].revents && !take(&sinks[i]))
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

/* posix_spawn in a folder, with out and err as its streams. keep: a descriptor that it inherits, -1: none. */
static int spawn_plain(const char *const *argv, const char *const *envp, const char *cwd, int out, int err, int keep,
                       pid_t *ret)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, out, 1);
	posix_spawn_file_actions_adddup2(&fa, err, 2);
	if (keep >= 0)
		posix_spawn_file_actions_adddup2(&fa, keep, keep);
	if (cwd)
		posix_spawn_file_actions_addchdir_np(&fa, cwd);
	init_attr(&attr, 0);
	int error = spawn_file(argv, envp, cwd, &fa, &attr, ret);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	return error;
}

struct capture {
	struct buf *out;
	size_t max;
};
static void keep_text(void *arg, const char *bytes, size_t n)
{
	struct capture *c = arg;
	size_t room = c->out->len < c->max ? c->max - c->out->len : 0;

	buf_add(c->out, bytes, n < room ? n : room);
}

int spawn_capture(const char *const *argv, const char *const *envp, const char *cwd, size_t max, struct buf *out,
                  int *ret_status, struct err *e)
{
	int pipes[2][2] = { { -1, -1 }, { -1, -1 } };
	_buf_ struct buf complaint = BUF_INIT;
	pid_t pid;
	int r = 0;

	if (!envp)
		envp = (const char *const *)environ;
	for (int i = 0; i < 2 && r == 0; i++)
		if (pipe2(pipes[i], O_CLOEXEC) < 0)
			r = err_errno(e, "a pipe for %s", argv[0]);
	if (r == 0) {
		int error = spawn_plain(argv, envp, cwd, pipes[0][1], pipes[1][1], -1, &pid);
		if (error)
			r = spawn_failed(error, argv, cwd, e);
	}
	for (int i = 0; i < 2; i++)
		if (pipes[i][1] >= 0)
			close(pipes[i][1]);
	if (r == 0) {
		size_t most = out->len + max;
		struct capture said = { .out = out, .max = most }, complained = { .out = &complaint, .max = most };
		r = collect(pid,
		            (struct sink[2]){{pipes[0][0], keep_text, &said}, {pipes[1][0], keep_text, &complained}},
		            e);
		if (r >= 0) {
			if (r != 0)
				keep_text(&said, complaint.data, complaint.len);
			*ret_status = r;
			r = 0;
		}
	}
	for (int i = 0; i < 2; i++)
		if (pipes[i][0] >= 0)
			close(pipes[i][0]);
	return r;
}

/* A child that dies with the thread that started it. posix_spawn cannot say so. */
#ifdef JIG_POSIX

static int spawn_tied(const struct spawn_stream *s, const char *const *envp, int out, pid_t *ret)
{
	return spawn_plain(s->argv, envp, s->cwd, out, out, s->keep, ret);
}

#else

struct tied {
	const char *file, *cwd;
	const char *const *argv, *const *envp;
	const char **script;  /* argv behind /bin/sh */
	int null, out, keep;
	pid_t parent;
};

/* Between vfork and exec: memory is the parent's, everything else its own. The errno of what failed. */
static int exec_tied(const struct tied *t)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != t->parent)
		_exit(127);
	if (dup2(t->null, 0) < 0 || dup2(t->out, 1) < 0 || dup2(t->out, 2) < 0 ||
	    (t->keep >= 0 && fcntl(t->keep, F_SETFD, 0) < 0) || (t->cwd && chdir(t->cwd) < 0))
		return errno;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execve(t->file, (char *const *)t->argv, (char *const *)t->envp);
	if (errno == ENOEXEC)
		execve("/bin/sh", (char *const *)t->script, (char *const *)t->envp);
	return errno;
}

static int spawn_tied(const struct spawn_stream *s, const char *const *envp, int out, pid_t *ret)
{
	_free_ char *file = NULL;
	_close_ int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	volatile int error = null < 0 ? errno : spawn_lookup(s->argv[0], envp, s->cwd, &file);
	sigset_t all, before;

	if (error)
		return error;
	VEC(const char *) script = { 0 };
	vec_push(&script, "/bin/sh");
	vec_push(&script, file);
	for (size_t i = 1; s->argv[i]; i++)
		vec_push(&script, s->argv[i]);
	vec_push(&script, NULL);
	struct tied t = {.file = file,
	                 .cwd = s->cwd,
	                 .argv = s->argv,
	                 .envp = envp,
	                 .script = script.v,
	                 .null = null,
	                 .out = out,
	                 .keep = s->keep,
	                 .parent = getpid()};
	/* A handler of ours must not run in the child, whose memory is this one's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid_t pid = vfork();
	if (pid == 0) {
		error = exec_tied(&t);
		_exit(127);
	}
	if (pid < 0)
		error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	vec_release(&script);
	if (error && pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	*ret = pid;
	return error;
}

#endif

int spawn_stream(const struct spawn_stream *s, int *ret_status, struct err *e)
{
	const char *const *envp = s->envp ? s->envp : (const char *const *)environ;
	int p[2];
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return err_errno(e, "a pipe for %s", s->argv[0]);
	_close_ int from = p[0];
	int error = spawn_tied(s, envp, p[1], &pid);
	close(p[1]);
	if (error)
		return spawn_failed(error, s->argv, s->cwd, e);
	int r = collect(pid, (struct sink[2]){ { from, s->output, s->arg }, { .fd = -1 } }, e);
	if (r < 0)
		return r;
	*ret_status = r;
	return 0;
}

int spawn_detached(const char *const *argv, const char *const *envp, const char *cwd, int keep, pid_t *ret_pid,
                   struct err *e)
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

int spawn_foreground(const char *const *argv, const char *cwd, int *ret_status, struct err *e)
{
	struct sigaction ignored = { .sa_handler = SIG_IGN }, before[2];
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	int status = 0;
	pid_t pid;

	posix_spawn_file_actions_init(&fa);
	if (cwd)
		posix_spawn_file_actions_addchdir_np(&fa, cwd);
	init_attr(&attr, 0);
	sigaction(SIGINT, &ignored, &before[0]);
	sigaction(SIGQUIT, &ignored, &before[1]);
	int error = spawn_file(argv, (const char *const *)environ, cwd, &fa, &attr, &pid);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	if (!error)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	sigaction(SIGINT, &before[0], NULL);
	sigaction(SIGQUIT, &before[1], NULL);
	if (error)
		return spawn_failed(error, argv, cwd, e);
	*ret_status = status;
	return 0;
}

int spawn_piped(const char *const *argv, const char *const *envp, const char *cwd, pid_t *ret_pid, int *ret_out,
                int *ret_err, struct err *e)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	pid_t pid = -1;
	int r = 0;

	if (pipe2(out, O_CLOEXEC) < 0 || (ret_err && pipe2(err, O_CLOEXEC) < 0))
		r = err_errno(e, "a pipe for %s", argv[0]);
	if (r == 0) {
		int error = spawn_plain(argv, envp ? envp : (const char *const *)environ, cwd, out[1],
		                        ret_err ? err[1] : out[1], -1, &pid);
		if (error)
			r = spawn_failed(error, argv, cwd, e);
	}
	mem_closep(&out[1]);
	mem_closep(&err[1]);
	if (r < 0) {
		mem_closep(&out[0]);
		mem_closep(&err[0]);
		return r;
	}
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	*ret_out = out[0];
	if (ret_err) {
		fcntl(err[0], F_SETFL, O_NONBLOCK);
		*ret_err = err[0];
	}
	*ret_pid = pid;
	return 0;
}
