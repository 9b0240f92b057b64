/* The cache of environments, shared by all projects of a user: $XDG_CACHE_HOME/jig/envs (~/.cache/jig/envs).
 *
 *	KEY/        the environment, built at its final path, because nothing in it could be moved
 *	KEY.lock    an flock: exclusive while it is built or removed, shared while a run uses it; what a build starts
 *	            holds it too, so that a dead build's leftovers are waited for
 *	KEY.files   what each file looked like when it was built (env_files.h)
 *	KEY.ok      facts as JSON, written last: without it what stands there is half built and worth nothing
 *	KEY.log     what the tools said while it was built */
#ifndef RUNNER_ENV_CACHE_H
#define RUNNER_ENV_CACHE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"
#include "base/vec.h"

/* Below the cache's folder: what interpreters said of themselves (env_python.h). */
#define ENV_CACHE_PYTHON "python"
/* The cache's folder without links in it. Made if it is not there (0700); where that cannot be, ERR_BROKEN with the way
 * out. Owned. */
int env_cache_folder(char *const *environ, char **ret, struct err *e);
/* CACHE/KEY + suffix ("", ".lock", ".files", ".ok", ".log"). Owned. */
char *env_cache_path(const char *cache, const char *key, const char *suffix);

/* The facts of KEY.ok; ERR_NOT_FOUND when it is not (wholly) built. */
int env_cache_facts(const char *cache, const char *key, json_t **ret, struct err *e);
/* Takes the lock of an environment: shared for use, exclusive for building and removing. wait: until it is free; else
 * ERR_BUSY. A read-only cache gives a shared lock where the file is there. Closing *ret_fd gives it back. */
int env_cache_lock(const char *cache, const char *key, bool exclusive, bool wait, int *ret_fd, struct err *e);
/* Notes that it was used now (best effort: a read-only cache stays as it is). */
void env_cache_used(const char *cache, const char *key);

struct env_cache_entry {
	char key[65];
	bool ready;           /* KEY.ok is there */
	bool in_use;          /* a run or a build holds it */
	json_t *facts;        /* NULL unless ready; owned by the list */
	int64_t used, size;   /* UTC µs of the last use; bytes on disk, -1 unless asked for */
};
struct env_cache_list { VEC(struct env_cache_entry) list; };
void env_cache_list_release(struct env_cache_list *l);
/* All that stands in the cache, newest use first; what was left half built is among it. */
int env_cache_list(const char *cache, bool with_sizes, struct env_cache_list *ret, struct err *e);
/* The one key that begins with a prefix of 4 or more hex digits. ERR_NOT_FOUND, ERR_USAGE (several). */
int env_cache_find(const char *cache, const char *prefix, char ret[65], struct err *e);
/* Removes one, with its files; ERR_BUSY while it is in use. The .ok goes first, durably. */
int env_cache_remove(const char *cache, const char *key, struct err *e);

#endif
