#include "runner/process/spawn_start.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#ifndef JIG_POSIX
#include <sys/prctl.h>
#endif
#include "runner/process/proc.h"
#include "runner/process/spawn_filter.h"
#include "runner/process/spawn_inside.h"

/* Written by the child while the parent waits in vfork: they share memory. */
static volatile int start_error;
static const char *volatile start_stage;

static void child_fail(const char *stage)
{
	start_error = errno;
	start_stage = stage;
	_exit(127);
}

/* Everything a step needs before its first instruction. Core files, open files and standard input are set in the
 * spawner and inherited. */
static void child_exec(const struct spawn_start *s)
{
	sigset_t none;

	setsid();
#ifndef JIG_POSIX
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != s->parent)
		_exit(127);
#endif
	if (dup2(s->out, STDOUT_FILENO) < 0 || dup2(s->err, STDERR_FILENO) < 0)
		child_fail("dup");
	if (chdir(s->cwd) < 0)
		child_fail("chdir");
	if (s->trace >= 0 && s->inside >= 0 &&
	    (dup2(s->trace, SPAWN_INSIDE_SOCK) < 0 || dup2(s->inside, SPAWN_INSIDE_EXE) < 0))
		child_fail("dup");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Behind this its calls are answered by another process than the spawner, which sleeps until execve is over. */
	if (s->trace >= 0 && s->inside < 0 && spawn_filter_install(s->trace, s->token) < 0)
		child_fail("trace");
	execve(s->file, s->argv, s->envp);
	if (errno == ENOEXEC) {
		/* A script without #!, which execvp gives to the shell. */
		s->argv[-1] = (char *)"/bin/sh";
		s->argv[0] = (char *)s->file;
		execve("/bin/sh", s->argv - 1, s->envp);
	}
	child_fail("exec");
}

/* The machine's clock in the unit of a process's start time; 0 where there is none. */
static uint64_t boot_ticks(void)
{
#ifdef JIG_POSIX
	return 0;
#else
	static long hz;
	struct timespec ts;

	if (!hz)
		hz = sysconf(_SC_CLK_TCK);
	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * (uint64_t)hz + (uint64_t)ts.tv_nsec / (1000000000u / (uint64_t)hz);
#endif
}

pid_t spawn_start_process(const struct spawn_start *s, uint64_t *ret_start, int *ret_error, const char **ret_stage)
{
	uint64_t before = boot_ticks();
	struct proc p;

	start_error = 0;
	pid_t pid = vfork();
	if (pid == 0)
		child_exec(s);
	if (pid < 0) {
		start_error = errno;
		start_stage = "fork";
	}
	/* The kernel notes the start by the same clock: known without a look at /proc unless it ticked meanwhile. */
	*ret_start = before;
	if (pid > 0 && !start_error && boot_ticks() != before && proc_read(pid, &p))
		*ret_start = p.start;
	*ret_error = start_error;
	*ret_stage = start_stage;
	return pid;
}
