/* What differs between the environment of an earlier attempt and the one a step would get now. */
#ifndef RUNNER_PLAN_ENV_H
#define RUNNER_PLAN_ENV_H

#include "runner/env/env.h"
#include "tracker/tracker.h"

/* One line, in the arena: "run: env numpy 1.26.4 → 2.1.0" for the first package that differs, else the interpreter, the
 * kind, or the lock. The packages of an environment that is not ready are those that its lock names (root: where the
 * lock file is), so that a plan says the same before and after it is built. */
int plan_env_reason(struct tracker *t, int64_t attempt, const struct env *now, const char *root, struct arena *a,
                    const char **ret, struct err *e);

#endif
