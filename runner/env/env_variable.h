/* Variables of an environment that is not this process's own. */
#ifndef RUNNER_ENV_VARIABLE_H
#define RUNNER_ENV_VARIABLE_H

/* The value of NAME in "NAME=value" texts, borrowed; NULL when it is not set or empty. */
const char *env_variable(char *const *environ, const char *name);
/* The first executable file NAME in the folders of PATH, with links as they are; `from` counts the hits to pass over
 * (0: the first). Owned; NULL: none. */
char *env_variable_path(char *const *environ, const char *name, int from);

#endif
