/* What installed packages say of their files. Python's:
 * https://packaging.python.org/en/latest/specifications/recording-installed-packages/ */
#ifndef RUNNER_ENV_DIST_H
#define RUNNER_ENV_DIST_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/sha256.h"
#include "base/vec.h"

/* The folders of an environment in which distributions stand, below prefix: "lib/python3.11/site-packages". Texts are
 * the arena's. */
struct env_dist_sites { VEC(const char *) list; };
int env_dist_sites(const char *prefix, struct arena *a, struct env_dist_sites *ret, struct err *e);
/* "Scikit_Learn-1.5.0.dist-info" → "scikit-learn" and "1.5.0"; false when it is no such name. The normal form of PEP
 * 503. */
bool env_dist_name(const char *folder, struct arena *a, const char **ret_name, const char **ret_version);
/* The normal form of a name by PEP 503. */
char *env_dist_normal(struct arena *a, const char *name, size_t len);

/* A file that a package names. */
struct env_dist_file {
	const char *package; /* "scikit-learn 1.5.0" */
	bool hashed;         /* by SHA-256; else nothing is known of its content */
	struct digest digest;
	/* of another package that names the same path: which of them put it there last is not known */
	const struct env_dist_file *next;
};
struct env_dist_files {
	struct arena arena;
	struct map files;    /* path below prefix → struct env_dist_file */
};
void env_dist_files_release(struct env_dist_files *f);
/* What all RECORDs of an environment name, and what conda's own lists do. A distribution without RECORD names none. */
int env_dist_files_read(const char *prefix, struct env_dist_files *ret, struct err *e);
/* Adds what the JSON files of conda-meta name. */
int env_dist_conda_read(const char *prefix, struct env_dist_files *f, struct err *e);
/* Takes in a file, which lives in the arena, under its path below the prefix. */
void env_dist_file_add(struct env_dist_files *f, const char *path, struct env_dist_file *file);
/* One RECORD. site: its folder of distributions below the prefix, on which its paths hang; lines that make no sense,
 * and paths out of the prefix, are passed over. */
void env_dist_record_parse(const char *text, size_t len, const char *site, const char *package,
                           struct env_dist_files *f);
/* The row of a path; of bytecode that no RECORD names, the package of its source. NULL: none names it. */
const struct env_dist_file *env_dist_file_of(const struct env_dist_files *f, const char *path);
const char *env_dist_package_of(const struct env_dist_files *f, const char *path);

#endif
