/* Whether files can share their content until one of them is written. */
#ifndef RUNNER_ENV_REFLINK_H
#define RUNNER_ENV_REFLINK_H

#include <stdbool.h>

/* Whether uv's cache and this folder stand on one file system that can. */
bool env_reflink_works(const char *folder, char *const *environ);

#endif
