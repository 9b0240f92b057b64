/* The second witness: inotify on every folder of a work folder. It sees which files were opened or got another name,
 * and which folders were listed, by whatever process; not names that were looked for and are not there, and nothing
 * outside. For steps whose calls cannot be witnessed, and as a cross-check in the tests. Linux only: elsewhere
 * watch_new gives ERR_BROKEN and atime.h is left. */
#ifndef RUNNER_WATCH_H
#define RUNNER_WATCH_H

#include "base/err.h"
#include "runner/process/lookup.h"

struct watch;
/* Arms it on all folders of `work` (absolute). ERR_BROKEN: there are no watches left, or none can be had here. */
int watch_new(const char *work, struct watch **ret, struct err *e);
void watch_free(struct watch *w); /* NULL is fine; closing many watches takes milliseconds: not on the loop's thread */
int watch_fd(const struct watch *w); /* readable when there is something; to be drained every few ms */
/* Takes what came so far, as absolute paths with LOOKUP_READ; an overflow makes them untrusted. Files in folders made
 * since are the step's own and are passed over. */
void watch_drain(struct watch *w, struct lookups *l);

#endif
