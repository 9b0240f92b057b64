/* Files and folders: whole reads, durable writes, copies, removal. Every descriptor is O_CLOEXEC. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include "base/buf.h"
#include "base/err.h"

/* A descriptor to read from, and what stands there. ERR_USAGE for a FIFO, whose writer is not waited for; a pipe that
 * path names by a descriptor (/dev/fd/N, /dev/stdin) is opened. */
int file_open(const char *path, struct stat *ret, struct err *e);
/* The whole file into b (appended). ERR_USAGE when larger than max, else as file_open(). */
int file_read(const char *path, size_t max, struct buf *b, struct err *e);
/* All bytes, restarting after short writes and EINTR. -1 with errno. */
int file_write_all(int fd, const void *bytes, size_t n);
/* temp in the same folder → write → fsync → rename → fsync of the folder. The file is either the old or the new one. */
int file_write_atomic(const char *path, const void *bytes, size_t n, mode_t mode, struct err *e);
/* Plain create-or-truncate and write; for files that a crash may take. */
int file_write(const char *path, const void *bytes, size_t n, mode_t mode, struct err *e);
int file_sync_dir(const char *path, struct err *e);
/* mkdir -p; existing folders are fine. */
int file_mkdirs(const char *path, mode_t mode, struct err *e);
/* Makes the parent folders of a path. */
int file_mkdirs_parent(const char *path, mode_t mode, struct err *e);
/* rm -rf without following links, by descriptors (openat, unlinkat); unwritable folders are made writable. Absent is
 * fine. */
int file_remove_tree(const char *path, struct err *e);
/* Content and permission bits, by reflink where the file system can, else copy_file_range, else read/write. dst must
 * not exist. */
int file_copy(const char *src, const char *dst, mode_t mode, struct err *e);
/* A whole tree: files and folders with their modes and times of last change, holes as holes, symlinks as links; FIFOs,
 * sockets and devices are left out. link (may be NULL) is asked for each symlink, by its path below src and its target;
 * where it says no the link is left out. dst must not exist; after a failure some of it may. */
typedef bool file_copy_link_fn(void *arg, const char *rel, const char *target);
int file_copy_tree(const char *src, const char *dst, file_copy_link_fn *link, void *arg, struct err *e);
/* Whether files of this folder can share their content until one of them is written; found out by a trial. */
bool file_reflinks(const char *folder);
/* Renames what is open as fd and stands at path. False: it could not be, or something else stands at path by now, which
 * is put back. */
bool file_rename_open(const char *path, int fd, const char *to);
/* Whether there is something of that name. Where the machine does not tell (a disk that fails), so that who uses it
 * meets the cause: true. */
bool file_exists(const char *path);
/* The same of a folder; follows links. */
bool file_is_dir(const char *path);
/* A new folder with mode 0700 and a short name below dir: dir/prefix.XXXXXX. Owned path. */
int file_temp_dir(const char *dir, const char *prefix, char **ret, struct err *e);
/* Non-blocking exclusive flock; ret_fd holds it until closed. ERR_BUSY when another holds it. The file is made if need
 * be. */
int file_lock(const char *path, bool wait, int *ret_fd, struct err *e);
/* Whether someone holds the lock on path (false too when there is no file). */
bool file_locked(const char *path);

/* Folder walk in byte order of names. cb gets the path below root ("a/b"), its lstat, and the absolute path; it returns
 * 0, a negative error that ends the walk, or FILE_WALK_SKIP for a folder not to be entered. Links are not followed. */
#define FILE_WALK_SKIP 1
typedef int file_walk_fn(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e);
int file_walk(const char *root, file_walk_fn *cb, void *arg, struct err *e);

/* Whether path stands on a network file system (NFS, SMB, 9p, FUSE.sshfs); ret_name (static) is its name. */
bool file_on_network(const char *path, const char **ret_name);

#endif
