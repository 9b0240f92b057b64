/* What a step and all that descends from it uses, from /proc (elsewhere: unknown), and what the machine has. */
#ifndef RUNNER_USAGE_H
#define RUNNER_USAGE_H

#include <stdint.h>
#include <sys/types.h>
#include "tracker/step.h"

struct usage; /* remembers the peaks and what ended processes had used, per tree */
struct usage *usage_new(void);
void usage_free(struct usage *u);
/* Looks at all processes once (one pass over /proc); call before usage_sample of several trees. */
void usage_scan(struct usage *u);
/* The tree of a root process (its descendants and its session): a sample, CPU and IO cumulative with what ended
 * children had (never falling). false: it is gone. */
bool usage_sample(struct usage *u, pid_t root, struct sample *ret);
/* Drops what is remembered of a tree. ret_peak (may be NULL): peak RSS seen. */
void usage_forget(struct usage *u, pid_t root, int64_t *ret_peak);

struct machine { int cpus; int64_t memory; int gpus; char gpu_name[96]; char host[256]; char user[64]; };
/* cpus by affinity and cgroup quota, memory by cgroup limit where lower; GPUs through NVML. */
void machine_read(struct machine *ret);

#endif
