/* Private to log_error.c: where the writings of languages and tools tell of an error. */
#ifndef RUNNER_LOG_TRACE_H
#define RUNNER_LOG_TRACE_H

#include <stdbool.h>
#include <stddef.h>

/* Lines of one stream and one process of a group (rank), cleaned; `at` is the line's number in the whole log,
 * rising. */
struct trace_line { const char *text; size_t at; };
/* What was found: `at` orders findings. message may be NULL while nothing was found. file is as written. */
struct trace {
	size_t at;
	char *file, *message;
	int line;
	bool inside; /* file stands in the work folder */
};
void trace_release(struct trace *t);
/* The line number that begins at s, INT_MAX where it is beyond; ret_end may be NULL. */
int trace_number(const char *s, char **ret_end);

/* Whether a file that a program names is the person's own. */
typedef bool trace_inside_fn(void *arg, const char *file);
struct trace_context { const struct trace_line *v; size_t len; trace_inside_fn *inside; void *arg; };

/* Python: tracebacks (chained, grouped, remote, IPython's), SyntaxErrors, faulthandler. True and *ret when there is
 * one. */
bool trace_python(const struct trace_context *c, struct trace *ret);
/* R, Julia, C++ terminate, compilers, shells: the last of them. */
bool trace_other(const struct trace_context *c, struct trace *ret);

#endif
