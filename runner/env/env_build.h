/* Makes an environment: finds the tool that can, runs it at the final path under the lock, and says last that it is
 * whole. */
#ifndef RUNNER_ENV_BUILD_H
#define RUNNER_ENV_BUILD_H

#include "runner/env/env_tool.h"

/* What is told while it builds; all from the caller's thread. */
struct env_watch {
	void *arg;
	void (*begun)(void *arg, const char *source, const char *tool); /* it is not there yet, and is built now */
	void (*waits)(void *arg, const char *source);                   /* another process builds it */
	void (*says)(void *arg, const char *line);                      /* the tool's newest line */
	void (*done)(void *arg, const char *source, int64_t elapsed_us);
};

struct env_build {
	const char *root; /* the project: locks and local projects are read there */
	const char *cache, *key;
	const struct env_choice *choice;
	const struct env_python *python; /* NULL where the kind needs none */
	const struct env_tool *tool;
	char *const *environ;
	/* goes into KEY.ok, to which are added: "prefix" (absolute: where bin/ stands, which for some tools is below
	 * KEY), "packages", "grade", "notes" (a list of texts: what building it brought to light), "source", "tool",
	 * "built" (UTC) */
	const json_t *facts;
	const struct env_watch *watch; /* NULL: nobody */
	bool rebuild;                  /* also when it is ready */
};
/* After it the environment is ready and *ret_lock holds it for use (shared). One that is ready is only locked. Two
 * processes build it once. ERR_BROKEN: the tool failed; the text has its telling lines (a wrong hash, a package that
 * does not exist, no space, no network) and names KEY.log. What it left is removed. A tool that finds no network is
 * asked once more for what it keeps itself. */
int env_build(const struct env_build *b, int *ret_lock, struct err *e);

#endif
