/* Whether an environment is still what was built: the look of every file and folder when it was built (size, time,
 * inode), held against what is there now. Costs about a microsecond a file. Where the look differs, the content decides
 * where it is known: RECORD of .dist-info
 * (https://packaging.python.org/en/latest/specifications/recording-installed-packages/). */
#ifndef RUNNER_ENV_FILES_H
#define RUNNER_ENV_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "base/vec.h"

/* SYMBOL, text, meaning */
#define DRIFT_KINDS(X)                                   \
	X(DRIFT_CHANGED, "changed", "other content")     \
	X(DRIFT_ADDED, "added", "was not there when it was built") \
	X(DRIFT_REMOVED, "removed", "is gone")
#define DRIFT_SYMBOL_(s, ...) s,
enum drift_kind { DRIFT_KINDS(DRIFT_SYMBOL_) };
struct env_drift {
	VEC(struct env_drift_file {
		enum drift_kind kind;
		char *path;              /* below the prefix */
		char *package;           /* "numpy 1.26.4" whose RECORD names it; NULL: none does */
		bool certificates;       /* a cacert.pem: companies put their own authority there */
	}) files;                        /* the first 100 */
	size_t total;
};
void env_drift_release(struct env_drift *d);

/* Writes down what stands below prefix now. Durable. */
int env_files_write(const char *prefix, const char *manifest, struct err *e);
/* 0 and an empty *ret when nothing changed. Files that look different and have the content that RECORD names are no
 * change (and the manifest is written anew where it can be). Bytecode (.pyc in __pycache__) that appears is are no
 * change. thorough: every file that a RECORD names is hashed, whatever it looks like. Safe on another thread.
 * ERR_NOT_FOUND: no manifest, or no environment. */
int env_files_check(const char *prefix, const char *manifest, bool thorough, struct env_drift *ret, struct err *e);
/* For people, one line: "numpy 1.26.4: lib/…/numpy/__init__.py changed (and 3 more files)". Owned. */
char *env_drift_text(const struct env_drift *d);

#endif
