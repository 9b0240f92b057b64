/* The environment of steps: which one, and what is known of it. This jig knows `env: system`, the machine's own tools. */
#ifndef RUNNER_ENV_H
#define RUNNER_ENV_H

#include "runner/pipeline.h"
#include "tracker/step.h"

struct env { char key[DIGEST_HEX + 1]; json_t *detail; struct env_facts facts; };
void env_release(struct env *env);
/* The environment of the selected steps (NULL: all). ERR_BROKEN names the step whose `env:` asks for what this jig cannot make. */
int env_system(const struct pipeline *p, const bool *selected, struct env *ret, struct err *e);

#endif
