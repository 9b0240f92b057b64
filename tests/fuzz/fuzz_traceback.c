/* Any bytes as the log of a failed step: a root error that is one harmless line of UTF-8, or none. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/path.h"
#include "base/utf8.h"
#include "runner/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *folder;

static void leave(void)
{
	struct err e;

	file_remove_tree(folder, &e);
	free(folder);
}

static void check(const char *text)
{
	if (text && (!utf8_valid(text, strlen(text)) || strpbrk(text, "\n\r\033")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e;
	char *file = NULL, *message = NULL;
	int line = 0;

	if (!folder) {
		if (file_temp_dir("/tmp", "fuzz", &folder, &e) < 0)
			abort();
		atexit(leave);
	}
	char *path = path_join(folder, "log");
	if (file_write(path, data, size, 0600, &e) < 0)
		abort();
	free(path);
	if (log_root_error(folder, "/w", &file, &line, &message, &e) < 0)
		abort();
	check(file);
	check(message);
	if (file && (line < 0 || !message))
		abort();
	free(file);
	free(message);
	return 0;
}
