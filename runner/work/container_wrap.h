/* What stands around a step that runs in a container image, by podman or docker: the same folders at the same paths,
 * the same variables, the image's own file system for all else.
 *
 * How variables go in: the client (podman or docker) is started with the environment of container_variables(), which
 * holds the step's variables with their values and what the client finds its own things by. Its command line says only
 * `--env NAME`, so no value, and no secret, stands where `ps` shows it. HOME and TMPDIR mean something else to the
 * client than to the step; they alone are given by value, as paths. A container's variables can be read with `podman
 * inspect` while it lives, by this user (docker: by whoever may talk to its daemon). */
#ifndef RUNNER_CONTAINER_WRAP_H
#define RUNNER_CONTAINER_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "runner/env/env_tool.h"
#include "runner/pipeline/variables.h"
#include "runner/work/sandbox.h"

/* Of vars, those that mean the host's files stay out: PATH, SHELL, LD_LIBRARY_PATH, VIRTUAL_ENV and CONDA_PREFIX
 * always, those like SSL_CERT_FILE and HF_HOME unless the place they name is bound; proxies at this machine's loopback
 * too. */
struct container_attempt {
	/* Bound at their own paths; work is the current folder, tmp is HOME and TMPDIR. */
	const struct sandbox_attempt *folders;
	const char *name;             /* of the container: "jig-<attempt id>" */
	const char *image;
	const struct variables *vars; /* of the step */
	const char *const *links;     /* linked inputs: readable */
	size_t nlinks;
	bool gpus; /* NVIDIA's: podman needs a CDI specification of them, docker NVIDIA's container toolkit */
};
/* What stands before the step's own command: NULL-ended, in the arena. The image's entry point is not used. */
const char *const *container_wrap(const struct env_tool *t, const struct container_attempt *a, struct arena *arena);
/* The environment of the client: the step's variables, and in the place of its PATH, HOME and TMPDIR the caller's, with
 * what the client needs of the caller's (XDG_*, DOCKER_*, CONTAINERS_*, …). variables_release() ends it. */
void container_variables(const struct variables *step, char *const *env, struct variables *ret);

#endif
