/* Versions of Python that a project asks for, as people and pyproject.toml write them. */
#ifndef RUNNER_ENV_VERSION_H
#define RUNNER_ENV_VERSION_H

#include <stdbool.h>

/* "3.11", "3.11.7", or PEP 440's clauses with commas between them (">=3.10,<3.13", "==3.11.*", "~=3.10", "!=3.12.1").
 * "" is any. */
bool env_version_valid(const char *wanted);
/* Whether a version fits. One with fewer parts than `wanted` asks for ("3.11" of python3.11, whose last part is not
 * known yet) fits when some version that begins with it may. */
bool env_version_fits(const char *wanted, const char *version);
/* Newer above 0, as strcmp. */
int env_version_compare(const char *a, const char *b);

#endif
