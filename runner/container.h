/* Steps in container images, by podman or docker: the same folders at the same paths, the same variables, the image's
 * own file system for all else.
 *
 * How variables go in: the client (podman or docker) is started with the environment of container_variables(), which
 * holds the step's variables with their values and what the client finds its own things by. Its command line says only
 * `--env NAME`, so no value, and no secret, stands where `ps` shows it. HOME and TMPDIR mean something else to the
 * client than to the step; they alone are given by value, as paths. A container's variables can be read with `podman
 * inspect` while it lives, by this user (docker: by whoever may talk to its daemon).
 *
 * How it ends: the client passes on the command's status, above 128 for a signal. Of its own are 125 (no such image, a
 * folder that cannot be bound), 126 (the command cannot be executed) and 127 (the image does not have it; both are 1
 * where podman's init program starts it); its words are then in the step's stderr. Signals sent to the client reach the
 * command; SIGKILL does not, nor does one that comes before the client takes them on (some 10 ms after the command's
 * start): call container_kill behind every client that was sent a signal. Where podman has no init program (catatonit)
 * the command is process 1 itself, and SIGTERM ends it only where it has a handler. */
#ifndef RUNNER_CONTAINER_H
#define RUNNER_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"
#include "runner/env_build.h"
#include "runner/sandbox.h"
#include "runner/variables.h"

/* podman, else docker, whichever answers; env_tool_release() ends it. ERR_BROKEN: neither is there or works, with their
 * own words. Costs what `podman info` costs (20 to 300 ms). */
int container_tool(char *const *env, struct env_tool *ret, struct err *e);
/* Whether the image is on this machine. image: NAME@sha256:…, also NAME:TAG@sha256:…, whose tag says nothing. */
bool container_has_image(const struct env_tool *t, const char *image, char *const *env);
/* Fetches it, telling the watcher; nothing when it is there. ERR_USAGE: it names no digest. ERR_BROKEN: it cannot be
 * fetched (the client's own words). */
int container_pull(const struct env_tool *t, const char *image, char *const *env, const struct env_watch *w,
		   struct err *e);

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
/* Ends and removes a container that outlived its client; best effort, nothing is said where it is gone already. */
void container_kill(const struct env_tool *t, const char *name, char *const *env);

#endif
