/* The filter that has the calls that take a path notified (seccomp_unotify(2)), and the handing over of its
 * listener. */
#ifndef RUNNER_SPAWN_FILTER_H
#define RUNNER_SPAWN_FILTER_H

#include <stdint.h>
#include <sys/types.h>

/* A descriptor that is none: openings and looks that give it are not notified. The kernel looks at none where a path is
 * absolute, and looks nothing up where it is not; who asks so has told what it asks for (python_hook.h). */
#define TRACE_AWAY (-0x6a6967)

/* Puts the filter around the calling process, for it and all it starts, and sends the token and the listener over sock
 * (a message of 8 bytes with a descriptor). From then on its calls wait for who reads the listener. Where the filter is
 * refused, the token goes alone. Only system calls: for the child of a vfork. 0; -1 with errno when the message could
 * not be sent: the calling process is of no use any more. */
int spawn_filter_install(int sock, uint64_t token);
/* Sends the token alone. */
void spawn_filter_refuse(int sock, uint64_t token);

/* A child that installs the filter, sends its listener with token 0 over sock, asks about `path` and ends with 0. Its
 * pid, to be waited for, or -1. */
pid_t spawn_filter_trial(int sock, const char *path);

#endif
