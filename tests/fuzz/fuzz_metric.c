/* Any bytes as lines of $JIG_METRICS: what a parser gives lies within the line or its own memory, and it goes on after
 * every fault. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "runner/log/metric.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct metric_parser *p = metric_parser_new();
	const char *s = (const char *)data, *end = s + size;

	while (s < end) {
		const char *nl = memchr(s, '\n', (size_t)(end - s)), *stop = nl ? nl : end;
		struct metric_line m;
		struct err e;
		/* A copy of its own: a look behind the line is seen. */
		char *line = mem_dup(s, (size_t)(stop - s));
		int r = metric_parse(p, line, (size_t)(stop - s), &m, &e);
		if (r != 0 && r != 1 && r != ERR_USAGE)
			abort();
		for (size_t i = 0; r == 1 && i < m.len; i++)
			if (!utf8_valid(m.v[i].key, m.v[i].key_len))
				abort();
		free(line);
		s = stop + 1;
	}
	metric_parser_free(p);
	return 0;
}
