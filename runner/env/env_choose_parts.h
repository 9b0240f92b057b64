/* What env_choose.c is made of; used by env_choose*.c alone. */
#ifndef RUNNER_ENV_CHOOSE_PARTS_H
#define RUNNER_ENV_CHOOSE_PARTS_H

#include "runner/env/env_lock.h"
#include "runner/pipeline/requirements.h"

struct env_candidate {
	const char *path;
	struct requirements r;
	enum pin pin;
};

struct env_choosing {
	const struct env_choose *o;
	struct env_lock l;
	const char *place;             /* of env:, for messages */
	VEC(struct env_candidate) all; /* the requirements files that were read, by name */
	const char *conda_file;        /* a loose environment.yml, its lines, what it would give */
	struct env_loose conda_loose;
	struct env_choice conda_choice;
	struct err *e;
};

/* Locks of tools that jig does not drive, and how to get one that it reads. */
#define ENV_FOREIGN_LOCKS(X) \
	X("poetry.lock", "`poetry export -f requirements.txt -o requirements.lock`") \
	X("Pipfile.lock", "`pipenv requirements --hash > requirements.lock`") \
	X("pdm.lock", "`pdm export -o requirements.lock`")
/* The command for a name, or NULL. */
const char *env_choose_foreign(const char *name);
/* The same for the one that lies in the root. */
const char *env_choose_foreign_found(const struct env_choosing *ch, const char **ret_name);

/* Two locks at one level: ERR_USAGE. */
int env_choose_both(struct env_choosing *ch, const char *a, const char *b);
bool env_choose_in_root(const struct env_choosing *ch, const char *name);

/* These give 1 when they chose, 0 when nothing of the kind is there. */
int env_choose_requirements(struct env_choosing *ch); /* of the root, when nothing in them is loose */
int env_choose_conda(struct env_choosing *ch);        /* of the root, likewise */
int env_choose_loose(struct env_choosing *ch);        /* what is loose in the root: ERR_USAGE without --unpinned */

/* One file by its name, loose or not. */
int env_choose_requirements_file(struct env_choosing *ch, const char *path);
int env_choose_conda_file(struct env_choosing *ch, const char *path, const struct yaml_node *doc);
int env_choose_loose_conda(struct env_choosing *ch); /* the loose environment.yml */
/* Appends the first few of the lines and how many more there are. */
void env_choose_lines(struct buf *b, const char *const *lines, size_t n);
/* pyproject.toml with dependencies and no lock. 0: it has none. */
int env_choose_project(struct env_choosing *ch, const char *path);

#endif
