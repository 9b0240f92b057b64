/* The packages that a lock names, whether or not they are installed. */
#ifndef RUNNER_ENV_LOCK_PACKAGES_H
#define RUNNER_ENV_LOCK_PACKAGES_H

#include "runner/env/env_choose.h"
#include "runner/env/env_packages.h"

/* Names and versions of requirements files, pylock.toml and uv.lock; of other kinds none. root: where the lock
 * stands. */
int env_lock_packages(const struct env_choice *c, const char *root, struct env_packages *ret, struct err *e);

#endif
