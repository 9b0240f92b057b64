#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include "base/err.h"

enum { BLOCK_FIRST = 4096, BLOCK_MOST = 1 << 20, ALIGN = _Alignof(max_align_t) };

struct arena_block {
	struct arena_block *before;
	_Alignas(max_align_t) char data[];
};

void arena_release(struct arena *a)
{
	struct arena_block *before;

	for (struct arena_block *b = a->last; b; b = before) {
		before = b->before;
		free(b);
	}
	*a = (struct arena)ARENA_INIT;
}

void arena_reset(struct arena *a)
{
	struct arena_block *last = a->last;
	size_t cap = a->cap;

	if (!last)
		return;
	a->last = last->before;
	arena_release(a);
	last->before = NULL;
	*a = (struct arena){.last = last, .cap = cap};
}

static struct arena_block *block_new(size_t size)
{
	size_t bytes;

	if (__builtin_add_overflow(size, sizeof(struct arena_block), &bytes))
		err_oom();
	return mem_alloc(bytes);
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > SIZE_MAX - ALIGN)
		err_oom();
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (a->last && size <= a->cap - a->used) {
		void *p = a->last->data + a->used;
		a->used += size;
		return p;
	}
	size_t cap = a->cap ? a->cap * 2 : BLOCK_FIRST;
	if (cap > BLOCK_MOST)
		cap = BLOCK_MOST;
	if (a->last && size > cap / 4) {
		/* A block of its own behind the last one, whose room stays in use. */
		struct arena_block *b = block_new(size);
		b->before = a->last->before;
		a->last->before = b;
		return b->data;
	}
	if (cap < size)
		cap = size;
	struct arena_block *b = block_new(cap);
	b->before = a->last;
	*a = (struct arena){.last = b, .used = size, .cap = cap};
	return b->data;
}

void *arena_zero(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

void *arena_dup(struct arena *a, const void *p, size_t n)
{
	void *copy = arena_alloc(a, n);

	if (n)
		memcpy(copy, p, n);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_dup(a, s, strlen(s) + 1) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	if (!s)
		return NULL;
	size_t len = strnlen(s, n);
	char *copy = arena_alloc(a, len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		err_oom();
	char *text = arena_alloc(a, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	return text;
}
