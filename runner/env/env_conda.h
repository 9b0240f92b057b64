/* conda's files: conda-lock.yml and environment.yml. */
#ifndef RUNNER_ENV_CONDA_H
#define RUNNER_ENV_CONDA_H

#include "base/buf.h"
#include "base/err.h"
#include "base/map.h"

/* This machine in conda's words: "linux-64", "osx-arm64". Static. */
const char *env_conda_platform(void);
/* What a conda-lock.yml has for this machine: an explicit list for conda, and requirements with hashes for pip (empty:
 * none). name is for messages. ERR_USAGE: it cannot be read, or has nothing for this machine. */
int env_conda_explicit(const char *path, const char *name, struct buf *conda, struct buf *pip, struct err *e);
/* Adds the names of packages that an environment.yml asks for, those of its pip section too, as keys. */
int env_conda_names(const char *path, const char *name, struct map *ret, struct err *e);

#endif
