#include "runner/trace/trace_outside.h"

#include <sys/stat.h>
#include "base/path.h"
#include "runner/code/code_list.h"
#include "runner/process/lookup.h"
#include "runner/trace/trace.h"

#define NEVER (-1) /* a size that no file has */

bool trace_is_system(const char *path)
{
	static const char *const folders[] = {
	        "/usr",       "/etc",     "/bin",       "/sbin",        "/lib",
	        "/lib32",     "/lib64",   "/libx32",    "/proc",        "/sys",
	        "/dev",       "/run",     "/boot",      "/snap",        "/nix/store",
	        "/gnu/store", "/var/lib", "/var/cache", "/var/run",     "/var/db",
	        "/selinux",   "/System",  "/Library",   "/private/etc", "/private/var/db",
	};
	/* People's data is mounted here. */
	static const char *const data[] = { "/dev/shm", "/run/media" };

	for (size_t i = 0; i < ARRAY_LEN(data); i++)
		if (path_within(path, data[i]))
			return false;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (path_within(path, folders[i]))
			return true;
	return false;
}

void trace_outside_row(const char *path, unsigned how, int64_t began, struct trace_row *ret)
{
	bool follow = how & ~(unsigned)LOOKUP_LSTAT;
	struct code_record times;
	struct stat st;

	*ret = (struct trace_row){ .kind = TRACE_OUTSIDE, .path = path };
	if (follow ? stat(path, &st) < 0 : lstat(path, &st) < 0)
		return;
	code_record_stat(&times, &st);
	ret->mode = st.st_mode & S_IFMT;
	if (S_ISDIR(st.st_mode)) {
		if (how & (LOOKUP_READ | LOOKUP_SOURCE | LOOKUP_DEEP | LOOKUP_MODULE))
			ret->mtime = times.modified_at;
		if (ret->mtime && began && times.modified_at >= began)
			ret->size = NEVER;
	} else if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) {
		ret->size = st.st_size;
		ret->mtime = times.modified_at;
	}
	if (S_ISREG(st.st_mode) && began && !(how & LOOKUP_WRITE) &&
	    (times.modified_at >= began || times.changed_at >= began))
		ret->size = NEVER;
}

bool trace_outside_same(const struct trace_row *row)
{
	/* A listed folder has its time, one that was asked about has none. */
	unsigned how = row->mode == S_IFLNK                 ? LOOKUP_LSTAT
	               : row->mode == S_IFDIR && row->mtime ? LOOKUP_READ
	                                                    : LOOKUP_STAT;
	struct trace_row now;

	trace_outside_row(row->path, how, 0, &now);
	return now.mode == row->mode && now.size == row->size && now.mtime == row->mtime;
}
