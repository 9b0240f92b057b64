/* One event loop: descriptors, timers, signals. Built on poll(2) and a self-pipe, so it is the same on every system.
 * Single-threaded: all calls from the thread that runs it, except loop_wake(). Callbacks may add and remove sources. */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

struct loop;
struct loop_source; /* a descriptor, timer or signal; owned by the loop, removed by loop_remove */

typedef void loop_fd_fn(void *arg, int fd, short revents);
typedef void loop_timer_fn(void *arg);
typedef void loop_signal_fn(void *arg, int signo);

struct loop *loop_new(void); /* NULL with errno when there are no descriptors left */
void loop_free(struct loop *l); /* restores the signal dispositions it changed; NULL is fine */

/* events: POLLIN | POLLOUT; with 0 the descriptor is not watched at all. The loop does not own fd. */
struct loop_source *loop_fd(struct loop *l, int fd, short events, loop_fd_fn *cb, void *arg);
void loop_fd_events(struct loop_source *s, short events);
/* One shot at time_mono() >= at_us; the source stays and can be armed again by loop_timer_set (at_us < 0 disarms). */
struct loop_source *loop_timer(struct loop *l, int64_t at_us, loop_timer_fn *cb, void *arg);
void loop_timer_set(struct loop_source *s, int64_t at_us);
/* Delivered inside the loop, not in signal context; signals that come together are one call. One source a signal and
 * process: NULL for a second one. */
struct loop_source *loop_signal(struct loop *l, int signo, loop_signal_fn *cb, void *arg);
void loop_remove(struct loop_source *s); /* NULL is fine */

/* Waits for events (at most max_wait_us; < 0: without end) and calls their callbacks once; from within a callback
 * it is an error. 0, or negative on failure. */
int loop_step(struct loop *l, int64_t max_wait_us, struct err *e);
/* Makes a waiting loop_step return; safe from other threads and signal handlers. */
void loop_wake(struct loop *l);

#endif
