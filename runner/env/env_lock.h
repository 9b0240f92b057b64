/* The kinds of locks, one reader each; used by env_choose.c alone. Each checks that the lock is whole, and fills in
 * what the choice has to say: kind, grade, source, why, files, locals, notes. */
#ifndef RUNNER_ENV_LOCK_H
#define RUNNER_ENV_LOCK_H

#include "base/buf.h"
#include "runner/env/env_choose.h"
#include "runner/pipeline/yaml.h"

struct env_lock {
	const char *root;
	struct arena *a;
	struct env_choice *c;
	const char *python, *python_from; /* what the lock or pyproject.toml asks for; NULL: nothing */
};
/* Lines that pin nothing, as "FILE:LINE: TEXT"; in the arena. */
struct env_loose {
	VEC(const char *) lines;
};

/* The bytes of a file below the root. ERR_USAGE: empty, over 64 MiB. */
int env_lock_text(const struct env_lock *l, const char *path, struct buf *b, struct err *e);
/* The same as TOML, YAML, JSON; text (may be NULL for YAML and JSON) keeps the bytes. */
int env_lock_toml(const struct env_lock *l, const char *path, struct buf *text, json_t **ret, struct err *e);
int env_lock_yaml(const struct env_lock *l, const char *path, struct yaml_node **ret, struct err *e);
int env_lock_json(const struct env_lock *l, const char *path, json_t **ret, struct err *e);
/* Whether root/path is there. */
bool env_lock_has(const struct env_lock *l, const char *path);
/* NAME in the folder of a path; in the arena. */
const char *env_lock_beside(const struct env_lock *l, const char *path, const char *name);
/* The number of the next line that begins with a text, from *at on (0: the first); 1 when there is none. */
struct env_lock_place {
	size_t at;
	int line;
};
int env_lock_line(const struct buf *text, const char *begin, struct env_lock_place *at);
/* Sets kind, grade and source, and makes path the first of the files. why is what follows the lock's name. */
void env_lock_set(struct env_lock *l, enum env_kind kind, enum env_grade grade, const char *path, const char *why);
void env_lock_note(struct env_lock *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A local project or archive, as seen from a folder below the root ("" is the root). place ("uv.lock:12") is for
 * ERR_USAGE: it is not there. */
int env_lock_local(struct env_lock *l, const char *folder, const char *target, const char *place, struct err *e);

int env_lock_pylock(struct env_lock *l, const char *path, struct err *e);
int env_lock_uv(struct env_lock *l, const char *path, struct err *e);
/* What pyproject.toml asks for: requires-python into l, dependencies into ret (nothing when it only configures tools).
 */
int env_lock_project(struct env_lock *l, const char *path, struct env_loose *ret, struct err *e);
int env_lock_conda_lock(struct env_lock *l, const char *path, const struct yaml_node *doc, struct err *e);
int env_lock_pixi(struct env_lock *l, const char *path, const struct yaml_node *doc, struct err *e);
/* ret gets the lines without an exact pin. */
int env_lock_conda(struct env_lock *l, const char *path, const struct yaml_node *doc, struct env_loose *ret,
                   struct err *e);
int env_lock_renv(struct env_lock *l, const char *path, const json_t *doc, struct err *e);
int env_lock_julia(struct env_lock *l, const char *path, struct err *e);
/* $VIRTUAL_ENV or $CONDA_PREFIX: 1, or 0 when neither is set. ERR_USAGE: it was moved or is broken. */
int env_lock_active(struct env_lock *l, char *const *environ_of, struct err *e);

#endif
