/* The thread that answers the kernel's notifications about lookups (seccomp_unotify(2)): it reads each path, notes it,
 * and lets the call go on. It only watches; nothing is decided by it. It never waits for the disk or for the record.
 *
 * A step that is spawned with `trace` (spawn.h) installs the filter itself and hands the listener over by the spawner's
 * trace socket, together with its token. Calls that cannot be read this way (io_uring, another architecture,
 * open_by_handle_at, chroot) make the lookups untrusted.
 *
 * Python's importer tells by names that can never exist (python_hook.h): a call about "/.jig-trace/WORD/…" is a
 * message, not a lookup. */
#ifndef RUNNER_OBSERVE_H
#define RUNNER_OBSERVE_H

#include <stdint.h>
#include "base/err.h"
#include "runner/process/lookup.h"

struct observer;
/* Whether notifications can be had here at all (kernel, no listener around us already). NULL: yes; else why not, for a
 * sentence (static text). Cheap unless a filter is in force already; then it is tried once in a child. */
const char *observe_impossible(void);
/* Starts the thread. sock: spawner_trace_fd. Start it after the spawner was forked. */
int observer_start(int sock, struct observer **ret, struct err *e);
/* Ends the thread; what still runs gets ENOSYS for its lookups. NULL is fine. */
void observer_free(struct observer *o);
/* After the step's exit was told: waits until every notification was taken (all its processes are gone), and gives all
 * of it. Without a listener (the step never began, the filter was refused) the lookups are WITNESS_NONE, untrusted. */
void observer_end(struct observer *o, uint64_t token, struct lookups *ret);

#endif
