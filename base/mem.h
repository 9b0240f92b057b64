/* Allocation that cannot fail, and clean-up of locals. */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>
#include <stdio.h>
#include <dirent.h>
#include "base/banned.h"

/* malloc, calloc, realloc, strdup, strndup and asprintf that call err_oom() instead of returning NULL.
 * mem_array checks n * size for overflow. The caller frees with free(). */
void *mem_alloc(size_t size);
void *mem_zero(size_t size);
void *mem_array(void *old, size_t n, size_t size);
char *mem_strdup(const char *s); /* NULL gives NULL */
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void *mem_dup(const void *p, size_t n);

/* Hints about the heap. What is free at its end is given back only beyond so many bytes; the greatest number holds. */
void mem_keep(size_t bytes);
/* So many will be wanted in small pieces: it grows by them at once, in large pages where there are any, which spares
 * the faults of thousands of small ones. */
void mem_expect(size_t bytes);

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _free_ _cleanup_(mem_freep)     /* char * and other malloced pointers */
#define _close_ _cleanup_(mem_closep)   /* int descriptors, -1 = none */
#define _fclose_ _cleanup_(mem_fclosep) /* FILE * */
#define _closedir_ _cleanup_(mem_closedirp)

void mem_freep(void *pp);
void mem_closep(int *fd);
void mem_fclosep(FILE **f);
void mem_closedirp(DIR **d);

/* Takes the value out of an owned variable, so that its clean-up does nothing: `return mem_take(p);` */
#define mem_take(p) ({ __typeof__(p) taken_ = (p); (p) = NULL; taken_; })
#define mem_take_fd(fd) ({ int taken_ = (fd); (fd) = -1; taken_; })

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
