/* The third witness, where neither calls nor inotify can be had: access times. Before the start every file's and
 * folder's access time is set older than its modification time, so that the first read moves it also under relatime;
 * afterwards they are looked at. */
#ifndef RUNNER_ATIME_H
#define RUNNER_ATIME_H

#include "base/err.h"
#include "runner/process/lookup.h"

/* Sets the access times below `work` (absolute), and notes in WORK.atimes beside it what there is. ERR_BROKEN: the file
 * system keeps none (noatime, nodiratime; found out by a trial), is a network file system, or lets files be copied
 * without a read (reflinks); or a file is someone else's. */
int atime_prepare(const char *work, struct err *e);
/* What of it was read or listed since, or is gone or replaced: absolute paths with LOOKUP_READ; WORK.atimes goes. Links
 * are not seen, nor reads with O_NOATIME. What is read on the way, by a walk of ours too, counts: call it first. */
int atime_collect(const char *work, struct lookups *l, struct err *e);

#endif
