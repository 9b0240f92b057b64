/* `jig lock`: what a loose file asks for, resolved and written as a lock with hashes. */
#ifndef RUNNER_ENV_PIN_H
#define RUNNER_ENV_PIN_H

#include <stdbool.h>
#include "runner/env/env_build.h"

struct env_pin {
	const char *root;
	/* below the root; NULL: requirements.in, requirements.txt or pyproject.toml, the first that is there and
	 * loose or without hashes */
	const char *from;
	/* below the root; NULL: the name of `from` with .lock ("requirements-dev.txt" → "requirements-dev.lock";
	 * pyproject.toml → requirements.lock) */
	const char *to;
	const char *python;            /* version; NULL: as the project asks for, else the python3 of PATH */
	bool universal;                /* for every system and every Python from this one on, by markers; uv only */
	bool upgrade;                  /* versions that the lock has now do not count */
	char *const *environ;
	const struct env_watch *watch;
};
struct env_pinned { char *from, *to, *tool, *python; size_t packages; bool changed; };
void env_pinned_release(struct env_pinned *p);
/* By `uv pip compile --generate-hashes`, without uv by pip's resolver (`install --dry-run --report`) in a throw-away
 * virtual environment. The lock is replaced at once or not at all. ERR_NOT_FOUND: nothing to pin; ERR_USAGE: `from` is
 * a lock already that no tool here can make anew; ERR_BROKEN: the resolver's own telling lines. */
int env_pin(const struct env_pin *o, struct env_pinned *ret, struct err *e);

#endif
