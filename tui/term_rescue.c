#include "tui/term_rescue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>
#include "base/err.h"
#include "base/mem.h"

#define ALTERNATE_STACK 65536

static const int endings[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static struct {
	volatile sig_atomic_t armed;
	int in, out;
	size_t n;
	char bytes[RESCUE_MOST];
	struct termios modes;
	struct sigaction before[ARRAY_LEN(endings)];
	stack_t stack_before;
} rescue;

bool rescue_put(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);
		if (done < 0 && errno == EAGAIN)
			poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
		else if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			bytes += done;
			n -= (size_t)done;
		}
	}
	return true;
}

void rescue_arm(void)
{
	rescue.armed = 1;
}

void rescue_now(void)
{
	sigset_t quiet, before;

	if (!rescue.armed)
		return;
	rescue.armed = 0;
	/* In the background a change of modes would stop us. */
	sigemptyset(&quiet);
	sigaddset(&quiet, SIGTTOU);
	pthread_sigmask(SIG_BLOCK, &quiet, &before);
	if (rescue_put(rescue.out, rescue.bytes, rescue.n))
		tcsetattr(rescue.in, TCSANOW, &rescue.modes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void on_ending(int signo)
{
	sigset_t one;

	rescue_now();
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (endings[i] == signo)
			sigaction(signo, &rescue.before[i], NULL);
	sigemptyset(&one);
	sigaddset(&one, signo);
	raise(signo);
	pthread_sigmask(SIG_UNBLOCK, &one, NULL);
}

void rescue_take(int in, int out, const struct termios *modes, const char *bytes, size_t n)
{
	static char stack[ALTERNATE_STACK];
	struct sigaction action = {.sa_handler = on_ending, .sa_flags = SA_ONSTACK};

	rescue.in = in;
	rescue.out = out;
	rescue.modes = *modes;
	rescue.n = n < sizeof rescue.bytes ? n : sizeof rescue.bytes;
	memcpy(rescue.bytes, bytes, rescue.n);
	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof stack}, &rescue.stack_before);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		sigaction(endings[i], NULL, &rescue.before[i]);
		/* What the parent wants ignored (nohup) stays so. */
		if (rescue.before[i].sa_handler != SIG_IGN)
			sigaction(endings[i], &action, NULL);
	}
	err_oom_hook = rescue_now;
}

void rescue_drop(void)
{
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		sigaction(endings[i], &rescue.before[i], NULL);
	sigaltstack(&rescue.stack_before, NULL);
	err_oom_hook = NULL;
}
