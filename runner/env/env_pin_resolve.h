/* The resolvers behind `jig lock`: uv's, and pip's. Used by env_pin.c. */
#ifndef RUNNER_ENV_PIN_RESOLVE_H
#define RUNNER_ENV_PIN_RESOLVE_H

#include "runner/env/env_pin.h"
#include "runner/env/env_tool.h"
#include "runner/pipeline/requirements.h"

struct pin_job {
	const struct env_pin *o;
	const char *from, *to;            /* below the root */
	const char *command;              /* what the lock's first lines say that makes it anew */
	const struct requirements *asked; /* of `from`; NULL: it is a pyproject.toml */
	const struct requirements *old;   /* of the lock that is there; NULL: its versions do not count */
	const struct env_python *python;
	const struct env_tool *tool;
	const char *temp; /* a folder of its own, removed by the caller */
	const char *lock; /* where the result is to stand: TEMP/NAME */
};
/* ERR_BROKEN: the tool failed; the text has its telling lines. ERR_INTERRUPTED: by Ctrl-C. */
int pin_resolve(const struct pin_job *j, struct err *e);

/* "cpython" → "CPython", for people. */
const char *pin_implementation(const char *name);

#endif
