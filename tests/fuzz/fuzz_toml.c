/* Any bytes as TOML: a value whose JSON can be written and read again, or a message with a place. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_buf_ struct buf out = BUF_INIT;
	struct err e;
	json_t *v;

	if (toml_parse((const char *)data, size, "fuzz", &v, &e) < 0) {
		if (e.code != ERR_USAGE || strncmp(e.text, "fuzz:", 5))
			abort();
		return 0;
	}
	if (!json_is_object(v))
		abort();
	json_canonical(&out, v);
	json_decref(v);
	if (out.len && json_parse(out.data, out.len, "json", &v, &e) >= 0)
		json_decref(v);
	else
		abort();
	return 0;
}
