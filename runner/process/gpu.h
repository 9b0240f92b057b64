/* NVIDIA GPUs through NVML (libnvidia-ml.so.1), loaded at run time where it is there; without it every call says
 * "none". */
#ifndef RUNNER_GPU_H
#define RUNNER_GPU_H

#include <stdint.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/buf.h"

int gpu_count(void);
/* How many may be used: those that CUDA_VISIBLE_DEVICES names where it is set, else all. */
int gpu_visible(void);
/* Appends the i-th of them (0, 1, …) as CUDA_VISIBLE_DEVICES is to name it: "5", "GPU-8932f937". Beyond the last one
 * they are shared, from the first one on. */
void gpu_device(int i, struct buf *out);
const char *gpu_name(int index); /* NULL when there is none; static */
/* The driver's version ("535.183.01") and the CUDA it offers ("12.2"); NULL when not known. Static. */
const char *gpu_driver(void);
const char *gpu_cuda(void);
/* Memory in bytes that the processes use on all GPUs, and the mean utilisation (0–1) of the GPUs they use; -1 and NaN
 * when unknown. */
void gpu_usage(const pid_t *pids, size_t n, int64_t *ret_memory, double *ret_utilisation);

#endif
