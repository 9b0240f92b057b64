/* Programs that make environments, and which of them is here. */
#ifndef RUNNER_ENV_TOOL_H
#define RUNNER_ENV_TOOL_H

#include "runner/env/env_choose.h"
#include "runner/env/env_python.h"

/* "uv", "pip", "micromamba", "mamba", "conda", "pixi", "renv", "julia"; and where it stands ("pip": the interpreter,
 * "renv": Rscript). */
struct env_tool {
	const char *name;
	char *path;
	bool rootless; /* podman and docker (container.h): it works as this user, not as root */
};
void env_tool_release(struct env_tool *t);
/* The tool for a choice: uv where it is there, else what else can. Looked for in PATH of environ (behind shims, the
 * installed program itself), beside the interpreter, in
 * ~/.local/bin, ~/.cargo/bin and ~/.pixi/bin, and where $CONDA_EXE and $MAMBA_EXE point. Nothing is started.
 * ERR_BROKEN says what is missing and the way out (for uv.lock without uv: how to export a lock that pip can use). */
int env_tool_find(const struct env_choice *c, const struct env_python *python, char *const *environ,
                  struct env_tool *ret, struct err *e);

#endif
