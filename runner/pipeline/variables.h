/* The environment variables of a step: an allow-list of the caller's, what the step names, and what jig sets.
 * Which of them decide reuse, and which are secrets, stands in the same table. */
#ifndef RUNNER_VARIABLES_H
#define RUNNER_VARIABLES_H

#include <stdbool.h>
#include <stddef.h>
#include "runner/pipeline/pipeline.h"

struct variables { char **v; size_t len, cap; }; /* "NAME=value", NULL-ended; owned */

void variables_release(struct variables *v);
/* The caller's variables that pass: the allow-list and the step's pass_env and secrets. environ: as of main. */
void variables_pass(struct variables *v, char *const *env, const struct step *s);
/* Sets or replaces one. */
void variables_set(struct variables *v, const char *name, const char *value);
const char *variables_get(const struct variables *v, const char *name);
/* Whether the value of a variable, of a name of n bytes, can change what a step (NULL: any) gives and so decides its
 * reuse: what its pass_env names does too, its secrets never. */
bool variable_decides_for(const struct step *s, const char *name, size_t n);
/* The allow-list by index: a name (a trailing "*" stands for any ending) and whether it decides; NULL behind the
 * last. */
const char *variable_allowed(size_t i, bool *ret_decides);
/* Whether its name says that its value must not be shown: TOKEN, KEY, SECRET, PASSWORD in it. */
bool variable_secret(const char *name);

#endif
