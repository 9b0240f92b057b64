/* How each tool is told to make an environment. Used by env_build.c. */
#ifndef RUNNER_ENV_RECIPE_H
#define RUNNER_ENV_RECIPE_H

#include "base/arena.h"
#include "runner/env/env_build.h"

/* All texts live in the arena given. */
struct env_recipe {
	const char *prefix;                /* where bin/, lib/ or the libraries will stand: CACHE/KEY or below it */
	const char *made;                  /* a file or folder that is there when the tool did its work */
	VEC(const char *const *) commands; /* NULL-ended argument lists, one after the other */
	VEC(const char *) set;             /* "NAME=value": variables */
	VEC(const char *) offline;         /* more of them, for a try without network; none: the tool cannot */
	const char *cwd;
};
void env_recipe_release(struct env_recipe *r); /* the arrays */
/* Writes below CACHE/KEY, which is not there yet, what the tool reads there. ERR_USAGE: a lock that has nothing for
 * this machine, or cannot be read. */
int env_recipe(const struct env_build *b, struct arena *a, struct env_recipe *ret, struct err *e);
/* The variables a tool gets: the caller's, without those that speak of an active environment or would send packages
 * elsewhere, and the recipe's. NULL-ended; the array is owned (free), texts are borrowed. */
const char **env_recipe_environ(const struct env_build *b, const struct env_recipe *r, bool offline, struct arena *a);

#endif
