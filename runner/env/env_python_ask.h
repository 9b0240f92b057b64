/* What an interpreter says of itself, asked once and kept. Used by env_python.c. */
#ifndef RUNNER_ENV_PYTHON_ASK_H
#define RUNNER_ENV_PYTHON_ASK_H

#include "runner/env/env_python.h"

/* Asks the file at path: an interpreter, a virtual environment's, or a shim that starts one (from root, whose version
 * files it reads). What was said before counts while the interpreter's size and time, and for a shim all that decides
 * what it starts, are the same. ERR_NOT_FOUND: it is no Python 3 that answers. */
int env_python_ask(const char *path, const char *root, char *const *environ, const char *cache, struct env_python *ret,
                   struct err *e);

#endif
