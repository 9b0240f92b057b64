#include "runner/process/spawn_filter.h"

#ifdef JIG_POSIX

int spawn_filter_install(int sock, uint64_t token)
{
	return 0;
}

void spawn_filter_refuse(int sock, uint64_t token)
{
}

pid_t spawn_filter_trial(int sock, const char *path)
{
	return -1;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "base/mem.h"
#include "runner/process/observe_calls.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARG(n) (offsetof(struct seccomp_data, args) + (n) * 8)
#else
#define ARG(n) (offsetof(struct seccomp_data, args) + (n) * 8 + 4)
#endif
#define LOAD(offset) (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define GIVE(action) (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action)
#define WHEN(test, value, yes, no) (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_##test | BPF_K, value, yes, no)

/* What programs of another kind open and execute files with: i386 and arm (open, execve, access, stat64, openat,
 * openat2), x32. One such call is enough to know. */
static const uint32_t foreign[] = {5, 11, 33, 195, 295, 322, 437},
                      foreign_x32[] = {2, 4, 6, 21, 257, 262, 437, 520, 545};

enum { MOST = 200 };
static struct sock_filter code[MOST];
static struct sock_fprog program = { .filter = code };

static void add(struct sock_filter instruction)
{
	code[program.len++] = instruction;
}

/* Where the filter's parts stand behind the list, seen from the first of them. */
enum {
	END_ALLOW, END_OPEN, END_OPEN_CHECK, END_STAT, END_STAT_CHECK, END_STAT_FLAGS, END_STAT_GO, END_STATX,
	END_EMPTY, END_DIR, END_DIR_CHECK, END_NOTIFY,
	END_PASS
};

static void add_numbers(const uint32_t *numbers, size_t n, uint32_t bit)
{
	for (size_t i = 0; i < n; i++)
		add(WHEN(JEQ, numbers[i] | bit, (uint8_t)(n - i), 0));
	add(GIVE(SECCOMP_RET_ALLOW));
	add(GIVE(SECCOMP_RET_USER_NOTIF));
}

/* fstat(2) is a stat of the empty path below a descriptor in many C libraries, and frequent: it looks nothing up, and
 * is let pass where that flag stands alone. So is what a Python asks by TRACE_AWAY: it has told. */
static void build(void)
{
	size_t n = observe_nsyscalls, other = ARRAY_LEN(foreign) + 2,
	       x32 = observe_arch_bit ? ARRAY_LEN(foreign_x32) + 2 : 0;

	add(LOAD(offsetof(struct seccomp_data, arch)));
	add(WHEN(JEQ, observe_arch, (uint8_t)(other + 1), 0));
	add(LOAD(offsetof(struct seccomp_data, nr)));
	add_numbers(foreign, ARRAY_LEN(foreign), 0);
	add(LOAD(offsetof(struct seccomp_data, nr)));
	if (x32) {
		add(WHEN(JGE, observe_arch_bit, 0, (uint8_t)x32));
		add_numbers(foreign_x32, ARRAY_LEN(foreign_x32), observe_arch_bit);
	}
	for (size_t i = 0; i < n; i++) {
		int nr = observe_syscalls[i].nr;
		int to = nr == __NR_openat       ? END_OPEN
		         : nr == __NR_newfstatat ? END_STAT
		         : nr == __NR_statx      ? END_STATX
		                                 : END_NOTIFY;
		add(WHEN(JEQ, (uint32_t)nr, (uint8_t)(n - i - 1 + (size_t)to), 0));
	}
	add(GIVE(SECCOMP_RET_ALLOW));
	add(LOAD(ARG(0)));
	add(WHEN(JEQ, (uint32_t)TRACE_AWAY, END_PASS - END_OPEN_CHECK - 1, END_NOTIFY - END_OPEN_CHECK - 1));
	add(LOAD(ARG(0)));
	add(WHEN(JEQ, (uint32_t)TRACE_AWAY, END_PASS - END_STAT_CHECK - 1, 0));
	add(LOAD(ARG(3)));
	add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, END_EMPTY - END_STAT_GO - 1, 0, 0));
	add(LOAD(ARG(2)));
	add(WHEN(JEQ, AT_EMPTY_PATH, 0, END_NOTIFY - END_EMPTY - 1));
	add(LOAD(ARG(0)));
	add(WHEN(JEQ, (uint32_t)AT_FDCWD, 0, 1));
	add(GIVE(SECCOMP_RET_USER_NOTIF));
	add(GIVE(SECCOMP_RET_ALLOW));
}

static int put(int sock, uint64_t token, int fd)
{
	union { struct cmsghdr align; char space[CMSG_SPACE(sizeof(int))]; } control = { 0 };
	struct iovec iov = { .iov_base = &token, .iov_len = sizeof token };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof control;
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	do
		n = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int spawn_filter_install(int sock, uint64_t token)
{
	if (!program.len)
		build();
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	/* The filter guards nothing: the step is not to be slowed by what older kernels do for programs behind one. */
	unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	/* With it a call that is being looked at is not begun anew by every signal. Linux 5.19. */
	long fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
	                  &program);
	if (fd < 0 && errno == EINVAL)
		fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	int r = put(sock, token, (int)fd);
	if (fd >= 0)
		close((int)fd);
	return r;
}

void spawn_filter_refuse(int sock, uint64_t token)
{
	put(sock, token, -1);
}

pid_t spawn_filter_trial(int sock, const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (spawn_filter_install(sock, 0) < 0)
			_exit(1);
		access(path, F_OK);
		_exit(0);
	}
	return pid;
}

#endif
