/* Typed growing arrays: `VEC(struct step *) steps = {0};`. `v` is the array, `len` its length; free with vec_release().
 * Elements are moved by realloc, so keep indices rather than pointers into a vec that grows. */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <string.h>
#include "base/mem.h"

#define VEC(type) struct { type *v; size_t len, cap; }

#define vec_reserve(a, n) \
	do { \
		if ((a)->cap < (size_t)(n)) { \
			size_t cap_ = (a)->cap ? (a)->cap : 8; \
			while (cap_ < (size_t)(n)) \
				cap_ *= 2; \
			(a)->v = mem_array((a)->v, cap_, sizeof *(a)->v); \
			(a)->cap = cap_; \
		} \
	} while (0)
/* Appends x (an expression of the element type). */
#define vec_push(a, ...) \
	do { \
		vec_reserve(a, (a)->len + 1); \
		(a)->v[(a)->len++] = (__VA_ARGS__); \
	} while (0)
/* Appends a zeroed element and gives its address, valid until the next growth. */
#define vec_add(a) \
	({ \
		vec_reserve(a, (a)->len + 1); \
		memset(&(a)->v[(a)->len], 0, sizeof *(a)->v); \
		&(a)->v[(a)->len++]; \
	})
#define vec_pop(a) ((a)->v[--(a)->len])
#define vec_remove(a, i) \
	do { \
		size_t i_ = (i); \
		memmove(&(a)->v[i_], &(a)->v[i_ + 1], ((a)->len - i_ - 1) * sizeof *(a)->v); \
		(a)->len--; \
	} while (0)
#define vec_clear(a) ((a)->len = 0)
#define vec_release(a) \
	do { \
		free((a)->v); \
		(a)->v = NULL; \
		(a)->len = (a)->cap = 0; \
	} while (0)

#include <stdlib.h>
#endif
