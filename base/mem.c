#include "base/mem.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#ifdef __GLIBC__
#include <malloc.h>
#include <sys/mman.h>
#endif
#include <unistd.h>
#include "base/err.h"

void *mem_alloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		err_oom();
	return p;
}

void *mem_zero(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		err_oom();
	return p;
}

void *mem_array(void *old, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		err_oom();
	void *p = realloc(old, bytes ? bytes : 1);
	if (!p)
		err_oom();
	return p;
}

void *mem_dup(const void *p, size_t n)
{
	void *copy = mem_alloc(n);

	if (n)
		memcpy(copy, p, n);
	return copy;
}

void mem_keep(size_t bytes)
{
#ifdef __GLIBC__
	static _Atomic size_t most;

	if (bytes <= most || bytes > INT_MAX)
		return;
	most = bytes;
	mallopt(M_TRIM_THRESHOLD, (int)bytes);
#endif
}

void mem_expect(size_t bytes)
{
#if defined(__GLIBC__) && defined(MADV_HUGEPAGE)
	enum { PIECE = 1 << 20 };
	const uintptr_t large = 2 << 20, end = (uintptr_t)sbrk(0);
	void *volatile piece; /* or the compiler would leave it out */
	uintptr_t from, to;

	if (bytes < 2 * large || bytes > INT_MAX / 2)
		return;
	mem_keep(bytes * 2);
	/* A piece that is too large for what is left of the heap, and too small for a mapping of its own. */
	mallopt(M_MMAP_THRESHOLD, 4 * PIECE);
	mallopt(M_TOP_PAD, (int)bytes);
	piece = malloc(PIECE);
	free(piece);
	mallopt(M_TOP_PAD, PIECE);
	from = (end + large - 1) / large * large;
	to = (uintptr_t)sbrk(0) / large * large;
	if (from < to)
		madvise((void *)from, to - from, MADV_HUGEPAGE);
#endif
}

char *mem_strdup(const char *s)
{
	return s ? mem_dup(s, strlen(s) + 1) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
	if (!s)
		return NULL;
	size_t len = strnlen(s, n);
	char *copy = mem_alloc(len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		err_oom();
	return text;
}

/* memcpy, because a void ** may not alias the caller's pointer type. */
void mem_freep(void *pp)
{
	void *p;

	memcpy(&p, pp, sizeof p);
	free(p);
}

void mem_closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void mem_fclosep(FILE **f)
{
	if (*f)
		fclose(*f);
}

void mem_closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}
