/* What decides a step besides its code: rules 1 and 2 of reuse (4-record.md). The facts are canonical JSON, so that a later run can tell what differs:
 *
 *	{"code":["train.py"],"command":["python","train.py"],"env":"<key>","inputs":[["data/x.csv","file","<hex>"]],"item":{"model":"lr"},
 *	 "outputs":["m.pkl","plots/"],"params":{"train.lr":0.1},"shell":false,"variables":{"TZ":"<16 hex of a digest of its value>"}}
 *
 * key: SHA-256 of all of it; form: of all but the inputs. Keys that are empty are left out. An input's third part is its digest; for a linked folder "size:mtime"; for a URL
 * "url". Inputs are sorted by path, each once. Values of variables never stand in it. */
#ifndef RUNNER_STEP_KEY_H
#define RUNNER_STEP_KEY_H

#include "runner/inputs.h"
#include "runner/pipeline.h"

struct step_key {
	struct digest form, key;   /* key: only with inputs */
	char *facts;               /* owned; only with inputs */
	const char *never;         /* why no attempt can stand in for it, or be one ("cache is false", "input https://… cannot be checked"); static or borrowed from the step; NULL: it can */
};
void step_key_release(struct step_key *k);

struct step_key_options {
	const struct pipeline *pipeline;
	int step;
	char *const *argv;         /* NULL-ended: after substitution; NULL: substituted here, as attempt 1 of a run without number and name */
	const char *env_key;
	char *const *environ;      /* the caller's */
	const struct facts *inputs; /* what it is handed; NULL: not known yet, then only form */
};
int step_key(const struct step_key_options *o, struct step_key *ret, struct err *e);

/* What differs between the facts of two attempts, most telling first: param, command, outputs, input, variable, environment, declared code. */
#define KEY_CHANGES(X) X(KEY_SAME) X(KEY_PARAM) X(KEY_COMMAND) X(KEY_OUTPUTS) X(KEY_INPUT) X(KEY_VARIABLE) X(KEY_ENV) X(KEY_CODE)
#define KEY_SYMBOL_(s) s,
enum key_change { KEY_CHANGES(KEY_SYMBOL_) };
struct key_difference {
	enum key_change change;
	char *name;                /* param (or "matrix.model"), input's path, variable; owned */
	char *before, *after;      /* a param's value as text; NULL: it was not there, or is not there now; owned */
};
void key_difference_release(struct key_difference *d);
/* now may lack inputs: they are then not compared. Facts that cannot be read give KEY_COMMAND. */
void step_key_compare(const char *before, const char *now, struct key_difference *ret);

#endif
