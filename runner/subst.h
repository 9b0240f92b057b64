/* ${params.…}, ${matrix.…}, ${run.…}, ${step.…}. Everything else that looks like a variable stays the shell's; "$${params.x}" is the literal text. */
#ifndef RUNNER_SUBST_H
#define RUNNER_SUBST_H

#include <jansson.h>
#include "base/buf.h"
#include "base/err.h"

struct subst {
	const json_t *params, *matrix;     /* matrix NULL: not a matrix step */
	int64_t run_number; const char *run_name; /* number 0: not known yet: the reference stays as it is written */
	const char *step_name; int step_attempt;  /* attempt 0: not known yet */
};
enum subst_how {
	SUBST_PLAIN, /* a path or an argument: the value's text (texts as they are, numbers exact, lists and objects as JSON) */
	SUBST_SHELL, /* a shell command: one quoted word; within the writer's own '…' or "…" escaped for those quotes */
};
/* Called for each reference met: "params.train.lr". May be NULL. */
typedef void subst_seen_fn(void *arg, const char *ref);
/* ERR_USAGE: an undefined reference, with the nearest name; ret_at (may be NULL) is its byte offset in text. */
int subst_text(const char *text, const struct subst *s, enum subst_how how, subst_seen_fn *seen, void *arg, struct buf *out, size_t *ret_at,
	       struct err *e);

#endif
