#include "runner/process/observe_calls.h"

#include "runner/process/lookup.h"

#ifndef JIG_POSIX
#include <linux/audit.h>
#include <sys/syscall.h>

#if defined(__x86_64__) && defined(__LP64__)
const uint32_t observe_arch = AUDIT_ARCH_X86_64, observe_arch_bit = 0x40000000;
#define KNOWN_CALLS
#elif defined(__aarch64__) && defined(__LP64__)
const uint32_t observe_arch = AUDIT_ARCH_AARCH64, observe_arch_bit = 0;
#define KNOWN_CALLS
#elif defined(__riscv) && __riscv_xlen == 64
const uint32_t observe_arch = AUDIT_ARCH_RISCV64, observe_arch_bit = 0;
#define KNOWN_CALLS
#endif
#endif

#ifdef KNOWN_CALLS

/* From 424 on numbers are the same everywhere; headers may be older than the kernel. */
enum {
	NR_OPEN_TREE = 428, NR_MOVE_MOUNT = 429, NR_IO_URING_SETUP = 425, NR_FSPICK = 433, NR_OPENAT2 = 437,
	NR_FACCESSAT2 = 439, NR_MOUNT_SETATTR = 442, NR_FCHMODAT2 = 452, NR_SETXATTRAT = 463, NR_GETXATTRAT = 464,
	NR_LISTXATTRAT = 465, NR_REMOVEXATTRAT = 466, NR_OPEN_TREE_ATTR = 467, NR_FILE_GETATTR = 468,
	NR_FILE_SETATTR = 469,
};

#define PLAIN(n, h) { .nr = n, .shape = CALL_PLAIN, .dir = -1, .path = 0, .flags = -1, .how = h }
#define AT(n, h, f) { .nr = n, .shape = CALL_PLAIN, .dir = 0, .path = 1, .flags = f, .how = h }
#define BLIND(n, text) { .nr = n, .shape = CALL_BLIND, .why = text }

static const char handles[] = "it opened files by their handles", rings[] = "it used io_uring",
                  roots[] = "it changed its root folder", mounts[] = "it changed what is mounted";

const struct observe_syscall observe_syscalls[] = {
	AT(__NR_newfstatat, LOOKUP_STAT, 3),
	AT(__NR_statx, LOOKUP_STAT, 2),
	{ .nr = __NR_openat, .shape = CALL_OPEN, .dir = 0, .path = 1, .flags = 2 },
	AT(__NR_readlinkat, LOOKUP_LSTAT, -1),
	AT(__NR_faccessat, LOOKUP_STAT, -1),
	AT(NR_FACCESSAT2, LOOKUP_STAT, 3),
	{ .nr = __NR_execve, .shape = CALL_EXEC, .dir = -1, .path = 0, .flags = -1 },
#ifdef __NR_stat
	PLAIN(__NR_stat, LOOKUP_STAT),
	PLAIN(__NR_lstat, LOOKUP_LSTAT),
	PLAIN(__NR_access, LOOKUP_STAT),
	PLAIN(__NR_readlink, LOOKUP_LSTAT),
	{ .nr = __NR_open, .shape = CALL_OPEN, .dir = -1, .path = 0, .flags = 1 },
	{ .nr = __NR_creat, .shape = CALL_PLAIN, .dir = -1, .path = 0, .flags = -1, .how = LOOKUP_WRITE },
	PLAIN(__NR_mkdir, LOOKUP_LSTAT),
	PLAIN(__NR_rmdir, LOOKUP_LSTAT),
	PLAIN(__NR_unlink, LOOKUP_LSTAT),
	PLAIN(__NR_mknod, LOOKUP_LSTAT),
	PLAIN(__NR_chmod, LOOKUP_STAT),
	PLAIN(__NR_chown, LOOKUP_STAT),
	PLAIN(__NR_lchown, LOOKUP_LSTAT),
	PLAIN(__NR_utime, LOOKUP_STAT),
	PLAIN(__NR_utimes, LOOKUP_STAT),
	AT(__NR_futimesat, LOOKUP_STAT, -1),
	{ .nr = __NR_rename, .shape = CALL_MOVE, .dir = -1, .path = 0, .flags = -1, .dir2 = -1, .path2 = 1 },
	{ .nr = __NR_link, .shape = CALL_MOVE, .dir = -1, .path = 0, .flags = -1, .dir2 = -1, .path2 = 1 },
	{ .nr = __NR_symlink, .shape = CALL_SYMLINK, .path = 0, .dir2 = -1, .path2 = 1 },
#endif
	{ .nr = NR_OPENAT2, .shape = CALL_OPENAT2, .dir = 0, .path = 1, .flags = 2 },
	{ .nr = __NR_execveat, .shape = CALL_EXEC, .dir = 0, .path = 1, .flags = 4 },
	PLAIN(__NR_chdir, LOOKUP_STAT),
	PLAIN(__NR_statfs, LOOKUP_STAT),
	PLAIN(__NR_truncate, LOOKUP_STAT),
	AT(__NR_mkdirat, LOOKUP_LSTAT, -1),
	AT(__NR_unlinkat, LOOKUP_LSTAT, -1),
	AT(__NR_mknodat, LOOKUP_LSTAT, -1),
	AT(__NR_fchmodat, LOOKUP_STAT, -1),
	AT(NR_FCHMODAT2, LOOKUP_STAT, 3),
	AT(__NR_fchownat, LOOKUP_STAT, 4),
	AT(__NR_utimensat, LOOKUP_STAT, 3),
	AT(__NR_name_to_handle_at, LOOKUP_LSTAT, 4),
	AT(__NR_inotify_add_watch, LOOKUP_STAT, -1),
#ifdef __NR_renameat
	{ .nr = __NR_renameat, .shape = CALL_MOVE, .dir = 0, .path = 1, .flags = -1, .dir2 = 2, .path2 = 3 },
#endif
	{ .nr = __NR_renameat2, .shape = CALL_MOVE, .dir = 0, .path = 1, .flags = 4, .dir2 = 2, .path2 = 3 },
	{ .nr = __NR_linkat, .shape = CALL_MOVE, .dir = 0, .path = 1, .flags = 4, .dir2 = 2, .path2 = 3 },
	{ .nr = __NR_symlinkat, .shape = CALL_SYMLINK, .path = 0, .dir2 = 1, .path2 = 2 },
	PLAIN(__NR_getxattr, LOOKUP_STAT),
	PLAIN(__NR_lgetxattr, LOOKUP_LSTAT),
	PLAIN(__NR_listxattr, LOOKUP_STAT),
	PLAIN(__NR_llistxattr, LOOKUP_LSTAT),
	PLAIN(__NR_setxattr, LOOKUP_STAT),
	PLAIN(__NR_lsetxattr, LOOKUP_LSTAT),
	PLAIN(__NR_removexattr, LOOKUP_STAT),
	PLAIN(__NR_lremovexattr, LOOKUP_LSTAT),
	AT(NR_GETXATTRAT, LOOKUP_STAT, 2),
	AT(NR_SETXATTRAT, LOOKUP_STAT, 2),
	AT(NR_LISTXATTRAT, LOOKUP_STAT, 2),
	AT(NR_REMOVEXATTRAT, LOOKUP_STAT, 2),
	AT(NR_FILE_GETATTR, LOOKUP_STAT, 4),
	AT(NR_FILE_SETATTR, LOOKUP_STAT, 4),
	BLIND(__NR_open_by_handle_at, handles),
	BLIND(NR_IO_URING_SETUP, rings),
	BLIND(__NR_chroot, roots),
	BLIND(__NR_pivot_root, roots),
	BLIND(__NR_setns, "it entered another namespace"),
	BLIND(__NR_mount, mounts),
	BLIND(__NR_umount2, mounts),
	BLIND(NR_MOVE_MOUNT, mounts),
	BLIND(NR_OPEN_TREE, mounts),
	BLIND(NR_OPEN_TREE_ATTR, mounts),
	BLIND(NR_FSPICK, mounts),
	BLIND(NR_MOUNT_SETATTR, mounts),
};
const size_t observe_nsyscalls = sizeof observe_syscalls / sizeof *observe_syscalls;

#else

const uint32_t observe_arch = 0, observe_arch_bit = 0;
const struct observe_syscall observe_syscalls[1] = { 0 };
const size_t observe_nsyscalls = 0;

#endif
