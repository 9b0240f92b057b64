/* The environments of a run: which step gets which (env_choose.h), under which key, ready for use (env_build.h,
 * env_files.h), and what of it a step sees. */
#ifndef RUNNER_ENV_H
#define RUNNER_ENV_H

#include "base/sha256.h"
#include "runner/env/env_build.h"
#include "runner/env/env_choose.h"
#include "runner/env/env_packages.h"
#include "runner/env/env_python.h"
#include "runner/pipeline/pipeline.h"
#include "runner/pipeline/variables.h"

struct env {
	struct env_choice choice;
	struct env_python python;          /* path NULL: none */
	struct env_tool tool;              /* name NULL: nothing has to be made */
	enum env_grade grade;
	char key[DIGEST_HEX + 1];          /* over everything that decides; for an active one over what is installed */
	char *prefix;                      /* absolute; its bin comes first in PATH; NULL: none (system, image) */
	/* a folder of the work folder that is put in PYTHONPATH ("src", "."); NULL: none */
	const char *import_from;
	bool cached;                       /* it stands in jig's cache */
	bool ready;                        /* its files are there */
	json_t *detail;                    /* for the record */
	struct env_packages packages;      /* once it is ready */
	int lock;                          /* held shared from env_set_prepare on; -1 = none */
	int64_t checked;                   /* monotonic: when its files were last held against what was built */
	bool wanted;                       /* a step that runs gets it: it is made ready, checked and recorded */
	bool touched;                      /* a step that could write to it has run since */
};
struct env_set {
	struct env *v; size_t len;
	int *of;                           /* per step of the pipeline: index into v, -1: not selected */
	char *cache;                       /* folder of the cache; NULL while none was needed */
	VEC(const char *) notes;           /* remarks for people, in the arena */
	struct arena arena;
};
void env_set_release(struct env_set *s);

struct env_options {
	const char *root;                  /* absolute */
	char *const *environ;
	bool unpinned, strict;             /* strict: remarks are errors */
	const struct env_watch *watch;     /* NULL: nobody */
};
/* Choices and keys for the selected steps (NULL: all). Starts nothing but an interpreter that was never met before,
 * builds nothing. */
int env_set_resolve(const struct pipeline *p, const bool *selected, const struct env_options *o, struct env_set *ret,
                    struct err *e);
/* Of those that are wanted: builds what is not there, holds it against being removed, and refuses one whose files
 * changed: ERR_BROKEN names package, file and the way out. */
int env_set_prepare(struct env_set *s, const struct env_options *o, struct err *e);
/* Builds one anew, whatever stands there. */
int env_rebuild(struct env_set *s, struct env *v, const struct env_options *o, struct err *e);
/* Whether its files are still what was built; 0 at once for one that is not jig's own. *ret_certificates (may be NULL):
 * all that changed are certificates, which is a remark. Safe on another thread. */
int env_check(const char *cache, const struct env *v, bool *ret_certificates, struct err *e);

/* The key and what the record keeps (env_key.c); choice, python and tool are set. */
int env_key(struct env *v, const struct env_options *o, const char *cache, struct err *e);
/* PATH, VIRTUAL_ENV and the like, for a step that runs in the folder `work` with its own TMPDIR (env_apply.c). */
void env_apply(const struct env *v, struct variables *vars, const char *work, const char *tmp);
/* One line about all of them, for the first line of a run: "requirements.lock (pinned)", "requirements.lock (pinned),
 * system". */
const char *env_set_text(const struct env_set *s, struct arena *a);
/* For the record: borrowed from v. */
struct env_facts env_facts_of(const struct env *v);

#endif
