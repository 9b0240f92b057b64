/* Makes an environment: finds the tool that can, runs it at the final path under the lock, and says last that it is whole. */
#ifndef RUNNER_ENV_BUILD_H
#define RUNNER_ENV_BUILD_H

#include "runner/env_choose.h"
#include "runner/env_python.h"

/* A program that makes environments. */
struct env_tool { const char *name; char *path; };    /* "uv", "pip", "micromamba", "mamba", "conda", "pixi", "renv", "julia"; where it stands ("pip": the interpreter) */
void env_tool_release(struct env_tool *t);
/* The tool for a choice: uv where it is there, else what else can. Looked for in PATH of environ, then in ~/.local/bin and ~/.cargo/bin.
 * ERR_BROKEN says what is missing and the way out (for uv.lock without uv: how to export a lock that pip can use). */
int env_tool_find(const struct env_choice *c, const struct env_python *python, char *const *environ, struct env_tool *ret, struct err *e);

/* What is told while it builds; all from the caller's thread. */
struct env_watch {
	void *arg;
	void (*begun)(void *arg, const char *source, const char *tool); /* it is not there yet, and is built now */
	void (*waits)(void *arg, const char *source);                   /* another process builds it */
	void (*says)(void *arg, const char *line);                      /* the tool's newest line */
	void (*done)(void *arg, const char *source, int64_t elapsed_us);
};

struct env_build {
	const char *root;              /* the project: locks and local projects are read there */
	const char *cache, *key;
	const struct env_choice *choice;
	const struct env_python *python; /* NULL where the kind needs none */
	const struct env_tool *tool;
	char *const *environ;
	const json_t *facts;           /* goes into KEY.ok, to which packages, grade and notes are added */
	const struct env_watch *watch; /* NULL: nobody */
	bool rebuild;                  /* also when it is ready */
};
/* After it the environment is ready and *ret_lock holds it for use (shared). One that is ready is only locked. Two processes build it once.
 * ERR_BROKEN: the tool failed; the text has its telling lines (a wrong hash, a package that does not exist, no space, no network) and names KEY.log. What it left is removed. */
int env_build(const struct env_build *b, int *ret_lock, struct err *e);

#endif
