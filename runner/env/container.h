/* The clients of container images, podman and docker: finding one, fetching images, ending containers.
 *
 * How a container ends: the client passes on the command's status, above 128 for a signal. Of its own are 125 (no such
 * image, a folder that cannot be bound), 126 (the command cannot be executed) and 127 (the image does not have it; both
 * are 1 where podman's init program starts it); its words are then in the step's stderr. Signals sent to the client
 * reach the command; SIGKILL does not, nor does one that comes before the client takes them on (some 10 ms after the
 * command's start): call container_kill behind every client that was sent a signal. Where podman has no init program
 * (catatonit) the command is process 1 itself, and SIGTERM ends it only where it has a handler. */
#ifndef RUNNER_CONTAINER_H
#define RUNNER_CONTAINER_H

#include <stdbool.h>
#include "base/err.h"
#include "runner/env/env_build.h"

/* podman, else docker, whichever answers; env_tool_release() ends it. ERR_BROKEN: neither is there or works, with their
 * own words. Costs what `podman info` costs (20 to 300 ms). */
int container_tool(char *const *env, struct env_tool *ret, struct err *e);
/* Whether the image is on this machine. image: NAME@sha256:…, also NAME:TAG@sha256:…, whose tag says nothing. */
bool container_has_image(const struct env_tool *t, const char *image, char *const *env);
/* Fetches it, telling the watcher; nothing when it is there. ERR_USAGE: it names no digest. ERR_BROKEN: it cannot be
 * fetched (the client's own words). */
int container_pull(const struct env_tool *t, const char *image, char *const *env, const struct env_watch *w,
		   struct err *e);

/* Ends and removes a container that outlived its client; best effort, nothing is said where it is gone already. */
void container_kill(const struct env_tool *t, const char *name, char *const *env);

#endif
