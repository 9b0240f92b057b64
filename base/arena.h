/* Memory that is freed all at once: results of queries, parsed files. Pointers are aligned for any type. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include "base/mem.h"

struct arena_block;
struct arena {
	struct arena_block *last;
	size_t used, cap; /* of the last block */
};
#define ARENA_INIT { NULL, 0, 0 }
#define _arena_ _cleanup_(arena_release)

void arena_release(struct arena *a);
void arena_reset(struct arena *a);                        /* as good as new, but for a block that is used again */
void *arena_alloc(struct arena *a, size_t size);          /* not zeroed */
void *arena_zero(struct arena *a, size_t size);
void *arena_dup(struct arena *a, const void *p, size_t n);
char *arena_strdup(struct arena *a, const char *s);       /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define arena_new(a, type) ((type *)arena_zero((a), sizeof(type)))
#define arena_array(a, type, n) ((type *)arena_zero((a), sizeof(type) * (n)))

#endif
