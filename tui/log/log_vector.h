/* Sixteen bytes at once, for passes over whole logs. */
#ifndef TUI_LOG_VECTOR_H
#define TUI_LOG_VECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define VECTOR 16
typedef unsigned char vector __attribute__((vector_size(VECTOR)));

static inline vector vector_load(const char *p)
{
	vector v;
	memcpy(&v, p, sizeof v);
	return v;
}

static inline vector vector_of(unsigned char c)
{
	return (vector){ c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c };
}

static inline bool vector_any(vector v)
{
	uint64_t w[2];
	memcpy(w, &v, sizeof w);
	return (w[0] | w[1]) != 0;
}

#endif
