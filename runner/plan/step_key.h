/* What decides a step besides its code: rules 1 and 2 of reuse (4-record.md). The facts are canonical JSON, so that a
 * later run can tell what differs:
 *
 *	{"code":["train.py"],"command":["python","train.py"],"env":"<key>",
 *	 "inputs":[["data/x.csv","file","<hex>"]],"item":{"model":"lr"},"metrics":["m.json"],
 *	 "outputs":["m.json","m.pkl","plots/"],"params":{"train.lr":0.1},"shell":false,
 *	 "variables":{"TZ":"<16 hex of a digest of its value>"}}
 *
 * key: SHA-256 of all of it; form: of all but the inputs. Keys that are empty are left out, but for the inputs, which
 * stand there whenever they are known. An input's second part is its form, its third its digest; for a linked folder
 * "size:mtime"; for a URL both are "url". Inputs, outputs, which of them are metrics files, and code are sorted, each
 * once. Values of variables never stand in it. A name that is no UTF-8 stands with U+FFFD and two hex digits for each
 * byte that is none. */
#ifndef RUNNER_STEP_KEY_H
#define RUNNER_STEP_KEY_H

#include "runner/pipeline/pipeline.h"
#include "runner/work/inputs.h"

struct step_key {
	struct digest form, key;   /* key: only with inputs */
	char *facts;               /* owned; without "inputs" when they are not known yet */
	/* why no attempt can stand in for it, or be one ("cache is false", "input https://… cannot be checked");
	 * static or in `text`; NULL: it can */
	const char *never;
	char *text;                /* owned */
};
void step_key_release(struct step_key *k);

struct step_key_options {
	const struct pipeline *pipeline;
	int step;
	/* NULL-ended: after substitution; NULL: substituted here, as attempt 1 of a run without number and name */
	char *const *argv;
	const char *env_key;
	char *const *environ;      /* the caller's */
	const char *variables;     /* of step_key_variables(environ), when many keys are made; NULL: found out here */
	const struct facts *inputs; /* what it is handed; NULL: not known yet, then only form */
};
/* What stands in the facts of every step that has no pass_env and no secrets. Owned. */
char *step_key_variables(char *const *env);
int step_key(const struct step_key_options *o, struct step_key *ret, struct err *e);

/* What differs between the facts of two attempts, most telling first: param, command, outputs, input, variable,
 * environment, declared code. */
#define KEY_CHANGES(X) \
	X(KEY_SAME) X(KEY_PARAM) X(KEY_COMMAND) X(KEY_OUTPUTS) X(KEY_INPUT) X(KEY_VARIABLE) X(KEY_ENV) X(KEY_CODE)
#define KEY_SYMBOL_(s) s,
enum key_change { KEY_CHANGES(KEY_SYMBOL_) };
struct key_difference {
	enum key_change change;
	/* param (or "matrix.model"; of an object the leaf that differs), input's path, variable; NULL for the
	 * others; owned */
	char *name;
	/* a param's value as text, an input's or a variable's digest; NULL: it was not there, or is not there now;
	 * owned */
	char *before, *after;
};
void key_difference_release(struct key_difference *d);
/* now may lack inputs: they are then not compared. A param that only one of two commands names is a change of the
 * command. Of inputs that differ the first by path that changed is told, else the first that appeared, else the first
 * that is gone. Facts that cannot be read give KEY_COMMAND. */
void step_key_compare(const char *before, const char *now, struct key_difference *ret);
/* In how many ways they differ: each param, input and variable is one, so are the command (where no param explains it),
 * the outputs, the environment and the declared code. Facts that cannot be read: INT_MAX. */
int step_key_distance(const char *before, const char *now);

#endif
