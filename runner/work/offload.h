/* Work that waits for the disk (hashing, copying) on a thread of its own, so that the loop goes on. */
#ifndef RUNNER_OFFLOAD_H
#define RUNNER_OFFLOAD_H

#include "base/loop.h"

struct offload; /* the threads of one loop */
struct offload *offload_new(struct loop *l);
void offload_free(struct offload *o); /* waits for what runs; its done calls are not made */
/* work(arg) on another thread, then done(arg) from the loop's thread by offload_poll. */
void offload_start(struct offload *o, void (*work)(void *arg), void (*done)(void *arg), void *arg);
/* Calls done for what has finished. To be called after each loop_step; the loop is woken when there is something. */
void offload_poll(struct offload *o);

#endif
