/* A growing byte string. `data` is always NUL-terminated (never NULL after the first add; BUF_INIT points at an empty
 * string), `len` does not count the NUL, and bytes may hold NULs. Growth is by doubling; out of memory ends the
 * program. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <sys/types.h>
#include "base/mem.h"

struct buf {
	char *data;
	size_t len, cap; /* cap 0: data is the shared empty string and must not be written */
};

extern char buf_empty[];
#define BUF_INIT { buf_empty, 0, 0 }
#define _buf_ _cleanup_(buf_release)

void buf_init(struct buf *b);
void buf_release(struct buf *b);                            /* frees; b is BUF_INIT again */
void buf_reset(struct buf *b);                              /* len 0, memory kept */
void buf_reserve(struct buf *b, size_t more);               /* room for `more` further bytes and a NUL */
void buf_add(struct buf *b, const void *bytes, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_addi(struct buf *b, long long v);                  /* its decimal digits; a tenth of what buf_addf costs */
void buf_addv(struct buf *b, const char *fmt, va_list ap);
void buf_fill(struct buf *b, char c, size_t n);             /* n times c */
void buf_cut(struct buf *b, size_t len);                    /* shorten to len, no-op when shorter already */
void buf_drop(struct buf *b, size_t n);                     /* remove the first n bytes */
char *buf_steal(struct buf *b);                             /* the owned string; b is BUF_INIT again */
/* read(2) once, appending at most `max` bytes: bytes read, 0 at the end, -1 with errno. */
ssize_t buf_read(struct buf *b, int fd, size_t max);

#endif
