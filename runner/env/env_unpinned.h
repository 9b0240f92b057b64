/* What came along without being asked for: the packages in an environment that its file does not name. */
#ifndef RUNNER_ENV_UNPINNED_H
#define RUNNER_ENV_UNPINNED_H

#include "runner/env/env_build.h"
#include "runner/env/env_packages.h"

/* For a file that fixes versions and no hashes, whose tool adds what those packages need. Nothing for other choices,
 * and for what the tool itself puts there (pip, setuptools). *ret is NULL when every package is named, else a remark
 * that names some of the others. Owned. */
int env_unpinned(const struct env_build *b, const char *prefix, const struct env_packages *installed, char **ret,
                 struct err *e);

#endif
