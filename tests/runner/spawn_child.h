/* What the tests of starting programs start, and how they wait for it: this program itself, which tells of itself. */
#ifndef TESTS_RUNNER_SPAWN_CHILD_H
#define TESTS_RUNNER_SPAWN_CHILD_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/runner/self_path.h"

/* What this process was given by whom started it, in a line. */
__attribute__((unused)) static int tell_facts(void)
{
	struct rlimit core, files;
	struct sigaction sa;
	sigset_t mask;
	int deaf = 0, death = 0;

	getrlimit(RLIMIT_CORE, &core);
	getrlimit(RLIMIT_NOFILE, &files);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int s = 1; s < NSIG; s++)
		if (s == SIGSEGV || s == SIGBUS || s == SIGFPE) /* the sanitizers' own */
			continue;
		else if (sigismember(&mask, s) == 1 || (sigaction(s, NULL, &sa) == 0 && sa.sa_handler != SIG_DFL))
			deaf++;
	prctl(PR_GET_PDEATHSIG, &death);
	int open_fds = 0;
	for (int fd = 3; fd < 1000; fd++)
		open_fds += fcntl(fd, F_GETFD) >= 0;
	char in[2];
	printf("sid=%d pgrp=%d core=%d files=%d deaf=%d death=%d fds=%d stdin=%d\n", getsid(0) == getpid(),
	       getpgrp() == getpid(), (int)core.rlim_max, files.rlim_cur == files.rlim_max, deaf, death, open_fds,
	       (int)read(0, in, 1));
	return 0;
}

/* Until the file has so many lines. */
__attribute__((unused)) static void wait_pid_file(const char *file, int lines)
{
	for (;;) {
		_buf_ struct buf b = BUF_INIT;
		struct err e;
		int n = 0;
		if (file_read(file, 1 << 20, &b, &e) == 0)
			for (size_t i = 0; i < b.len; i++)
				n += b.data[i] == '\n';
		if (n >= lines)
			return;
		usleep(1000);
	}
}

#endif
