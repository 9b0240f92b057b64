/* The system calls that take a path, and where each has it: one table for the filter that has them notified
 * (spawn_filter.h) and for the reader of notifications (observe_call.h). */
#ifndef RUNNER_OBSERVE_CALLS_H
#define RUNNER_OBSERVE_CALLS_H

#include <stddef.h>
#include <stdint.h>

enum observe_shape {
	CALL_PLAIN,   /* one path, asked about as `how` says */
	CALL_OPEN,    /* how by the flags in the argument `flags` */
	CALL_OPENAT2, /* how by the struct that the argument `flags` points to */
	CALL_EXEC,
	CALL_MOVE,    /* two paths: the first is moved or linked to, the second is the new name */
	CALL_SYMLINK, /* a text, then the link's own path */
	CALL_BLIND,   /* it makes lookups that nobody is told of: `why` */
};
struct observe_syscall {
	int nr;
	uint8_t shape;           /* enum observe_shape */
	int8_t dir, path, flags; /* numbers of arguments; -1: none (dir: the working folder) */
	int8_t dir2, path2;      /* CALL_MOVE's second, CALL_SYMLINK's link */
	/* enum lookup_how; AT_SYMLINK_NOFOLLOW and AT_SYMLINK_FOLLOW in `flags` change between LOOKUP_STAT and
	 * LOOKUP_LSTAT */
	uint8_t how;
	const char *why;
};
/* Frequent ones first. */
extern const struct observe_syscall observe_syscalls[];
extern const size_t observe_nsyscalls; /* 0: this machine's calls are not known */

/* The architecture that seccomp reports for this program (AUDIT_ARCH_…); 0: not known. */
extern const uint32_t observe_arch;
/* Set in the number of a call of x32, the other kind of program on x86-64; 0: there is none. */
extern const uint32_t observe_arch_bit;

#endif
