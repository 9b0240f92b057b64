/* What is installed in an environment, read from its files; nothing is started. */
#ifndef RUNNER_ENV_PACKAGES_H
#define RUNNER_ENV_PACKAGES_H

#include <jansson.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "tracker/step.h"

/* Sorted by name (normal form of PEP 503 for Python's), one row a name. Texts live in the arena. */
struct env_packages { struct arena arena; VEC(struct env_package) list; };
void env_packages_release(struct env_packages *p);
/* From the .dist-info and .egg-info of lib/pythonX.Y/site-packages (METADATA's headers, direct_url.json as source), the
 * JSON files of conda-meta, the DESCRIPTIONs of R's library. A prefix that has none of them gives an empty list. */
int env_packages_read(const char *prefix, struct env_packages *ret, struct err *e);
/* As [["name", "version", "source" or null], …] and back. */
json_t *env_packages_json(const struct env_packages *p);
int env_packages_from_json(const json_t *v, struct env_packages *ret, struct err *e);

#endif
