/* Python interpreters of this machine: found without starting them where they were met before. */
#ifndef RUNNER_ENV_PYTHON_H
#define RUNNER_ENV_PYTHON_H

#include <stdint.h>
#include "base/err.h"

struct env_python {
	char *path;                             /* the interpreter itself, links and shims followed */
	char *implementation, *version, *soabi; /* "cpython", "3.11.7", "cpython-311-x86_64-linux-gnu" */
	char *base_prefix;                      /* where its standard library stands */
	int64_t size, mtime_ns;
};
void env_python_release(struct env_python *p);

/* The interpreter for a version: "3.11" and "3.11.7" mean that and what begins with it, "" or NULL the python3 of PATH,
 * ">=3.10,<3.13" any that fits (the python3 of PATH first). Looked for in PATH of environ (shims of pyenv, asdf and the
 * like are asked what they stand for), then among the versions that pyenv and uv keep, and in /usr/bin and
 * /usr/local/bin. A virtual environment in PATH counts as the interpreter it was made from. root: the project, whose
 * .python-version such shims read. cache: a folder in which what interpreters said of themselves is kept, by path, size
 * and time (written where it can be); NULL: nothing is kept. ERR_NOT_FOUND names what was wanted, what there is, and
 * how to get it (`uv python install 3.11`). */
int env_python_find(const char *wanted, const char *root, char *const *environ, const char *cache,
                    struct env_python *ret, struct err *e);

#endif
