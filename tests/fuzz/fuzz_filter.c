/* Any bytes as a filter and as an order: parsed or refused with a text, nothing leaks, nothing is read beyond. */
#include <stdint.h>
#include <stdlib.h>
#include "base/mem.h"
#include "tracker/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_arena_ struct arena a = ARENA_INIT;
	_free_ char *text = mem_strndup((const char *)data, size);
	struct filter *f = NULL;
	struct filter_sort *s = NULL;
	struct err e = {0};
	int r = filter_parse(text, &a, &f, &e);

	if (r < 0 ? f || !*e.text || r != e.code : !f)
		abort();
	e = (struct err){0};
	r = filter_parse_sort(text, &a, &s, &e);
	if (r < 0 ? s || !*e.text || r != e.code : !s)
		abort();
	return 0;
}
