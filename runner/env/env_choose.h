/* Which environment a step gets, and why: the first row of ENV_KINDS' order that applies (3-pipeline.md, Environments).
 * Reads lock files and the names that lie in the project's root; starts nothing and writes nothing. */
#ifndef RUNNER_ENV_CHOOSE_H
#define RUNNER_ENV_CHOOSE_H

#include <jansson.h>
#include <stdbool.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

/* SYMBOL, text in the record, the files that mean it, what is done */
#define ENV_KINDS(X) \
	X(ENV_SYSTEM, "system", "", "the machine's own tools") \
	X(ENV_PYLOCK, "pylock", "pylock.toml", "a virtual environment that uv makes from it") \
	X(ENV_UV, "uv", "uv.lock", "a virtual environment that uv makes from it and pyproject.toml") \
	X(ENV_REQUIREMENTS, "requirements", "requirements.txt, requirements*.lock", \
		"a virtual environment, by uv or by pip") \
	X(ENV_CONDA_LOCK, "conda-lock", "conda-lock.yml", "an environment made by micromamba or conda") \
	X(ENV_PIXI, "pixi", "pixi.lock", "an environment made by pixi") \
	X(ENV_CONDA, "conda", "environment.yml", \
		"an environment made by micromamba or conda, where every pin is exact") \
	X(ENV_ACTIVE, "active", "", "the active environment ($VIRTUAL_ENV or $CONDA_PREFIX), used as it is") \
	X(ENV_IMAGE, "image", "", "a container image, named by its digest, run by podman or docker") \
	X(ENV_RENV, "renv", "renv.lock", "a library path of R of its own, restored by renv") \
	X(ENV_JULIA, "julia", "Manifest.toml", "a project and depot of Julia of its own")
#define ENV_KIND_SYMBOL_(s, ...) s,
enum env_kind { ENV_KINDS(ENV_KIND_SYMBOL_) ENV_NKINDS };

/* SYMBOL, text in the record, meaning */
#define ENV_GRADES(X)                                                                                            \
	X(GRADE_PINNED, "pinned", "every package is fixed by version and by a hash of its content")             \
	X(GRADE_VERSIONS, "versions", "every package is fixed by its version")                                  \
	X(GRADE_OBSERVED, "observed", "nothing fixes the packages; which there were is recorded")
#define ENV_GRADE_SYMBOL_(s, ...) s,
enum env_grade { ENV_GRADES(ENV_GRADE_SYMBOL_) };

const char *env_kind_text(enum env_kind k);
const char *env_grade_text(enum env_grade g);

/* All texts live in the arena given. */
struct env_choice {
	enum env_kind kind;
	enum env_grade grade;               /* what the files promise; what was built may turn out weaker */
	/* the lock's path below the root, the image, the prefix of an active one; "system" */
	const char *source;
	/* for people: "requirements.lock, every package with hashes"; "nothing pins packages here" */
	const char *why;
	/* the version asked for ("3.11", "3.11.7", ">=3.10,<3.13") and who asked; NULL: none */
	const char *python, *python_from;
	VEC(const char *) files;            /* below the root: all whose bytes decide; the lock first */
	VEC(const char *) locals;           /* local path dependencies, absolute or below the root */
	const char *prefix;                 /* ENV_ACTIVE: its folder */
	const char *image;                  /* ENV_IMAGE */
	bool loose;                         /* let through by --unpinned */
	bool conda;                         /* ENV_ACTIVE: it is one of conda's */
	/* ENV_UV: pyproject.toml has a [build-system]: the project is a package itself, imported from the work
	 * folder */
	bool has_project;
	/* remarks for people: "requirements.txt pins versions without hashes; `jig lock` adds them" */
	VEC(const char *) notes;
};
void env_choice_release(struct env_choice *c); /* the arrays; texts are the arena's */

struct env_choose {
	const char *root;             /* the project's folder */
	const char *place;            /* where `env:` stands, for messages: "jig.yaml:14:5: step \"train\"" */
	const json_t *env;            /* as a step says it; NULL: not given */
	char *const *environ;         /* of the caller: $VIRTUAL_ENV, $CONDA_PREFIX */
	bool unpinned;                /* loose files pass */
};
/* ERR_USAGE: two locks at one level, a loose file (names its lines and `jig lock`), a half-written or unreadable lock,
 * an image without digest, a file whose kind is not known. ERR_NOT_FOUND: `env:` names a file that is not there. */
int env_choose(const struct env_choose *o, struct arena *a, struct env_choice *ret, struct err *e);

#endif
