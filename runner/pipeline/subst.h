/* ${params.…}, ${matrix.…}, ${run.…}, ${step.…}. Everything else that looks like a variable stays the shell's;
 * "$${params.x}" is the literal text. */
#ifndef RUNNER_SUBST_H
#define RUNNER_SUBST_H

#include <stdbool.h>
#include <jansson.h>
#include "base/buf.h"
#include "base/err.h"

struct subst {
	const json_t *params, *matrix; /* matrix NULL: not a matrix step */
	int64_t run_number;
	const char *run_name; /* number 0: not known yet: the reference stays as it is written */
	const char *step_name;
	int step_attempt; /* attempt 0: not known yet */
};
enum subst_how {
	SUBST_PLAIN, /* a path or an argument: the value's text (texts as they are, numbers exact, lists and objects as
	                JSON) */
	SUBST_SHELL, /* a shell command: one quoted word; within the writer's own '…' or "…" escaped for those quotes */
};
/* Called for each reference met: "params.train.lr". May be NULL. */
typedef void subst_seen_fn(void *arg, const char *ref);
/* Whether text holds a reference of jig's (or an escaped one). */
bool subst_has(const char *text);
/* The param or matrix value when the whole text is one reference to it, else NULL: such a text takes the value's type.
 * Borrowed. */
const json_t *subst_value(const char *text, const struct subst *s);
/* Appends the text with its references replaced. ERR_USAGE: an undefined reference, with the nearest name, or one that
 * stands where the shell's quoting cannot be told and whose value needs quotes; ret_at (may be NULL) is its byte offset
 * in text. */
int subst_text(const char *text, const struct subst *s, enum subst_how how, subst_seen_fn *seen, void *arg,
               struct buf *out, size_t *ret_at, struct err *e);
/* A shell command names a variable as no shell can, nor jig: "${param.lr}", where the shell expands it. ERR_USAGE with
 * what may be meant, and where. In '…', in here-documents that are not expanded, and where quoting cannot be told, it
 * is left to the shell; so are "\${" and "$${". */
int subst_check(const char *text, const struct subst *s, size_t *ret_at, struct err *e);

#endif
