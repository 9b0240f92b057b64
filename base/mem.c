#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
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
