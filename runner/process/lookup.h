/* What a step and all it started looked up in the file system, as it was witnessed; trace.h makes of it what decides.
 *
 * Who can witness: the calls themselves, by the kernel's notifications (observe.h: every name, found or not, inside and
 * outside the work folder); else the files, by inotify (watch.h) or access times (atime.h), which see what was read and
 * listed in the work folder, and no more. */
#ifndef RUNNER_LOOKUP_H
#define RUNNER_LOOKUP_H

#include <stdbool.h>
#include "base/map.h"

/* SYMBOL, text, meaning */
#define WITNESSES(X)                                                                         \
	X(WITNESS_NONE, "none", "nobody looked: the whole tree decides")                     \
	X(WITNESS_CALLS, "calls", "every lookup, found or not")                              \
	X(WITNESS_FILES, "files", "files read and folders listed in the work folder; names decide as a whole")
#define LOOKUP_SYMBOL_(s, ...) s,
enum witness { WITNESSES(LOOKUP_SYMBOL_) };

enum lookup_how {
	LOOKUP_STAT = 1,    /* asked about, links followed: stat, access, chdir, mkdir, … */
	LOOKUP_LSTAT = 2,   /* asked about, the last part not followed when it is a link: lstat, readlink, O_NOFOLLOW */
	LOOKUP_READ = 4,    /* opened so that it can be read (a folder: listed), or executed */
	/* opened by Python's importer, or by its start as the script; then this opening is no LOOKUP_READ */
	LOOKUP_SOURCE = 8,
	LOOKUP_WRITE = 16,  /* opened only to be written */
	LOOKUP_DEEP = 32,   /* moved, or the target of a new link: all that is below can be read under another name */
	/* executed, with LOOKUP_READ: of a script, the kernel also opens what its first line names, without a call
	 * that could be seen */
	LOOKUP_EXEC = 128,
	LOOKUP_MODULE = 64, /* Python's importer looked for a module: the path is FOLDER/NAME, NAME without a suffix */
};

struct lookups {
	/* absolute path, in order of arrival, "." and ".." not yet resolved → enum lookup_how bits (num) */
	struct map paths;
	size_t bytes;            /* of the paths */
	enum witness witness;
	/* why it cannot be trusted, for a sentence ("the watches ran out"); static text; NULL: it can */
	const char *untrusted;
};
#define LOOKUPS_MAX (64u << 20) /* bytes of paths; beyond that the lookups are untrusted */
#define _lookups_ _cleanup_(lookups_release)
void lookups_release(struct lookups *l);
void lookups_add(struct lookups *l, const char *path, unsigned how);

#endif
