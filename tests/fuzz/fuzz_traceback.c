/* Any bytes as the log of a failed step: a root error that is one harmless line of UTF-8, or none. */
#include "runner/log/log.h"
#include "target.h"

static void check(const char *text)
{
	must(!text || (utf8_valid(text, strlen(text)) && !strpbrk(text, "\n\r\033")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_free_ char *path = path_join(target_folder(), "log"), *file = NULL, *message = NULL;
	struct err e;
	int line = 0;

	target_write(path, data, size);
	must(log_root_error(target_folder(), "/w", &file, &line, &message, &e) >= 0);
	check(file);
	check(message);
	must(!file || (line >= 0 && message));
	return 0;
}
