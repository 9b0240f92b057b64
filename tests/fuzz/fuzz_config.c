/* Any bytes as a config: what can be read is read, whole lines are told of the rest, nothing leaks. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "tui/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_free_ char *text = mem_strndup((const char *)data, size);
	_buf_ struct buf faults = BUF_INIT;
	_cleanup_(config_release) struct config c;

	config_parse("fuzz", text, &c, &faults);
	if (faults.len && (faults.data[faults.len - 1] != '\n' || strncmp(faults.data, "fuzz:", 5)))
		abort();
	for (size_t i = 0; i < c.nkeys; i++)
		if (!*c.keys[i].screen || !*c.keys[i].key || !*c.keys[i].action || c.keys[i].line < 1)
			abort();
	return 0;
}
