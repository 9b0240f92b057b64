#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include "tracker/db.h"

static _Thread_local int lock_refused;

/* SQLite opens a file for reading when it cannot be opened for writing, and says later that it is read-only. That is
 * right where it may not be written, and hides the cause where the machine refused. */
static int open_file(const char *path, int flags, int mode)
{
	static _Thread_local int refused;
	int fd;

	if ((flags & O_ACCMODE) == O_RDONLY && refused) {
		errno = refused;
		refused = 0;
		return -1;
	}
	fd = open(path, flags, mode);
	refused = fd < 0 && (flags & O_ACCMODE) == O_RDWR && err_is_machine(errno) ? errno : 0;
	return fd;
}

/* A lock that the disk refused is for SQLite one that someone else has. One that could not be given back it asks for
 * again and again, and never gets. */
static int control_file(int fd, int command, ...)
{
	va_list ap;
	va_start(ap, command);
	void *with = va_arg(ap, void *);
	va_end(ap);
	int r = fcntl(fd, command, with);

	if (r < 0 && err_is_machine(errno))
		lock_refused = errno;
	return r;
}

void db_calls_set(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	if (!vfs || vfs->iVersion < 3 || !vfs->xSetSystemCall)
		return;
	vfs->xSetSystemCall(vfs, "open", (sqlite3_syscall_ptr)open_file);
	vfs->xSetSystemCall(vfs, "fcntl", (sqlite3_syscall_ptr)control_file);
}

int db_lock_refused(void)
{
	return lock_refused;
}
