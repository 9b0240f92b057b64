/* The third witness, where neither calls nor inotify can be had: access times. Before the start every file's and folder's access time is set older than its
 * modification time, so that the first read moves it also under relatime; afterwards they are looked at. */
#ifndef RUNNER_ATIME_H
#define RUNNER_ATIME_H

#include "base/err.h"
#include "runner/lookup.h"

/* Sets the access times below `work` (absolute). ERR_BROKEN: the file system keeps none (noatime; found out by a trial), or is a network file system. */
int atime_prepare(const char *work, struct err *e);
/* What was read or listed since: absolute paths with LOOKUP_READ. Links are not seen. */
int atime_collect(const char *work, struct lookups *l, struct err *e);

#endif
