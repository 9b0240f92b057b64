/* What a step executes. */
#ifndef RUNNER_COMMAND_H
#define RUNNER_COMMAND_H

#include "base/arena.h"
#include "runner/pipeline/pipeline.h"
#include "runner/pipeline/subst.h"

/* The step's command with its references replaced, NULL-ended: "sh", "-euc" and the text for a shell command. The array
 * lives in the arena, its texts there or in the pipeline. */
int command_argv(const struct step *s, const struct subst *sub, struct arena *a, const char ***ret, struct err *e);

#endif
