/* What stands in a sandbox just before the step's own command: jig itself, which begins a session and puts the filter
 * around the step (spawn_filter.h), so that neither bubblewrap's own lookups nor their cost are the step's. It is
 * executed by a descriptor, for its file may be hidden in there. */
#ifndef RUNNER_SPAWN_INSIDE_H
#define RUNNER_SPAWN_INSIDE_H

#include <stdbool.h>

/* Descriptors that the spawner leaves open for it. */
#define SPAWN_INSIDE_SOCK 8            /* where the listener goes */
#define SPAWN_INSIDE_EXE 9             /* jig */
#define SPAWN_INSIDE_FILE "/proc/self/fd/9"
#define SPAWN_INSIDE_TOKEN "JIG_INSIDE" /* the variable with the token; the step does not see it */

/* Whether this process was started as that. */
bool spawn_inside_asked(const char *argv0);
/* argv: SPAWN_INSIDE_FILE, "--", the command. Becomes the command; on return the exit status, as setsid(1) has it, and
 * errno. */
int spawn_inside_run(char **argv);

#endif
