/* Any bytes as a requirements file: lines that are whole, or a message with a place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "runner/pipeline/requirements.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct requirements r;
	struct err e;

	if (requirements_parse((const char *)data, size, "fuzz", &r, &e) < 0) {
		if (e.code != ERR_USAGE || strncmp(e.text, "fuzz:", 5) || !utf8_valid(e.text, strlen(e.text)))
			abort();
		return 0;
	}
	int line = 0;
	for (size_t i = 0; i < r.list.len; i++) {
		const struct requirement *q = &r.list.v[i];
		if (!q->text || !*q->text || strchr(q->text, '\n') || q->line <= line || strcmp(q->file, "fuzz"))
			abort();
		if ((!q->name && !q->local && !strstr(q->text, "://")) || (q->name && !*q->name) ||
		    q->pin > requirements_pin(&r))
			abort();
		if (q->version && q->pin == PIN_LOOSE)
			abort();
		line = q->line;
	}
	requirements_release(&r);
	return 0;
}
