/* What stands between the steps of a run and the rest of the machine: a folder of their own, the sandbox besides, or a
 * container. */
#ifndef RUNNER_ISOLATION_H
#define RUNNER_ISOLATION_H

#include "runner/env/env.h"
#include "runner/process/spawn.h"
#include "runner/work/sandbox.h"

/* SYMBOL, text in the record, meaning */
#define ISOLATIONS(X) \
	X(ISOLATION_FOLDER, "folder", "a work folder, a TMPDIR and variables of its own") \
	X(ISOLATION_SANDBOX, "sandbox", \
		"besides, all else read-only, secrets and the working tree hidden, a process tree of its own") \
	X(ISOLATION_CONTAINER, "container", "in a container image")
#define ISOLATION_SYMBOL_(s, ...) s,
enum isolation_tier { ISOLATIONS(ISOLATION_SYMBOL_) };
const char *isolation_text(enum isolation_tier t);

struct isolation {
	enum isolation_tier tier;     /* of steps without an image */
	struct sandbox *sandbox;      /* ISOLATION_SANDBOX */
	char *const *environ;
	/* what was wished for and cannot be had, for people; NULL: nothing. In the arena */
	const char *note;
	struct arena arena;
};
void isolation_release(struct isolation *i);

struct isolation_options {
	const char *wanted;           /* --isolation: "folder", "sandbox"; NULL: the best there is */
	const char *root, *jig;
	char *const *environ;
	const struct pipeline *pipeline;
	const bool *selected;         /* NULL: all */
	const struct env_set *envs;   /* resolved */
};
/* ERR_BROKEN: the sandbox was asked for by name and cannot be had; ERR_USAGE: no such tier. */
int isolation_choose(const struct isolation_options *o, struct isolation *ret, struct err *e);

/* One attempt. */
struct isolation_attempt {
	const struct step *step;
	const struct env *env;
	const char *id;                            /* of the attempt */
	const struct sandbox_attempt *folders;
	const struct variables *vars;
	bool gpus;
};
enum isolation_tier isolation_of(const struct isolation *i, const struct env *env);
/* What stands before the step's own command (NULL-ended, in the arena), NULL: nothing. */
const char *const *isolation_prefix(const struct isolation *i, const struct isolation_attempt *a, struct arena *arena,
                                    enum spawn_wrap *ret_wrap);

/* What a failed step in the sandbox may have run into, by what it said last: one line with the way out, NULL: nothing
 * that is known. Static text. */
const char *isolation_hint(const struct step *s, const char *root, const char *home, const char *said);
/* ERR_USAGE: no such tier. NULL is fine. */
int isolation_check(const char *wanted, struct err *e);

#endif
