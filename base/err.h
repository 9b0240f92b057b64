/* What went wrong, in words a person can act on.
 *
 * Fallible functions return int: 0 or positive on success, a negative `enum err_code` on failure, with `struct err *e`
 * as their last parameter. The function that fails fills `e` by err_set(); callers may put context in front by
 * err_prefix() and hand the code on. `e` may never be NULL. Only `cli` and the status line of `tui` show the text.
 * A text names the thing, the place and the way out, has no final full stop and no "error:" in front. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

/* name, exit status of a command that ends with it, meaning */
#define ERR_CODES(X)                                                          \
	X(ERR_FAILED, 1, "the run or the check failed")                       \
	X(ERR_USAGE, 2, "wrong usage, a wrong file, no project")              \
	X(ERR_NOT_FOUND, 2, "no such run, step, file, object or key")         \
	X(ERR_EXISTS, 2, "it is there already and would be overwritten")      \
	X(ERR_BROKEN, 3, "something jig needs is missing, full or damaged")   \
	X(ERR_BUSY, 3, "someone else holds it")                               \
	X(ERR_INTERRUPTED, 130, "interrupted by a person")

enum err_code_positive {
	ERR_OK_ = 0,
#define X(name, status, text) name##_,
	ERR_CODES(X)
#undef X
};
enum err_code {
	ERR_OK = 0,
#define X(name, status, text) name = -(int)name##_,
	ERR_CODES(X)
#undef X
};

struct err {
	int code;        /* an enum err_code */
	bool full;       /* the disk or the quota is full: with room it can be done */
	char text[2000]; /* UTF-8, NUL-terminated, cut at a character when too long */
};

/* Sets code and text; returns code, so that `return err_set(e, ERR_USAGE, …)` reads well. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int err_setv(struct err *e, int code, const char *fmt, va_list ap);
/* As err_set with ": " and strerror(errno) behind; the code is ERR_NOT_FOUND for ENOENT, else ERR_BROKEN.
 * ENOSPC, EDQUOT, EMFILE, EROFS and EACCES get their way out in the text, ENOSPC and EDQUOT set `full`. errno is
 * kept. */
int err_errno(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Whether an errno tells of the machine (a disk that fails or is full, a limit that is reached) and not of what was
 * asked for. */
bool err_is_machine(int errnum);
/* Puts formatted context and ": " in front of the text; returns e->code. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The exit status for a code (0 for ERR_OK and positives). */
int err_exit_status(int code);

/* Writes "jig: out of memory" after calling the hook that gives the terminal back, then aborts. Never returns. */
void err_oom(void) __attribute__((noreturn));
extern void (*err_oom_hook)(void);

#endif
