/* Steps in container images, by podman or docker: the same folders at the same paths, the same variables, the image's own file system for all else. */
#ifndef RUNNER_CONTAINER_H
#define RUNNER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"
#include "runner/env_build.h"
#include "runner/sandbox.h"
#include "runner/variables.h"

/* podman, else docker, whichever answers. ERR_BROKEN: neither is there, or it does not work (its own words). */
int container_tool(char *const *environ, struct env_tool *ret, struct err *e);
/* Whether the image is on this machine. */
bool container_has_image(const struct env_tool *t, const char *image, char *const *environ);
/* Fetches it, telling the watcher; nothing when it is there. image: NAME@sha256:… */
int container_pull(const struct env_tool *t, const char *image, char *const *environ, const struct env_watch *w, struct err *e);

struct container_attempt {
	const struct sandbox_attempt *folders;
	const char *name;                          /* of the container: "jig-<attempt id>" */
	const char *image;
	const struct variables *vars;              /* handed in by name (their values stand in the client's environment, not on its command line); PATH, HOME and what only the host has stay out */
	const char *const *links; size_t nlinks;   /* linked inputs: readable */
	bool gpus;
};
/* What stands before the step's own command: NULL-ended, in the arena. */
const char *const *container_wrap(const struct env_tool *t, const struct container_attempt *a, struct arena *arena);
/* Ends a container that outlived its client; best effort, nothing is said where it is gone already. */
void container_kill(const struct env_tool *t, const char *name, char *const *environ);

#endif
