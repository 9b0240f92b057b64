/* What targets share: a promise that must hold, a folder in memory, bytes taken off the input one by one. */
#ifndef TESTS_FUZZ_TARGET_H
#define TESTS_FUZZ_TARGET_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

/* A failure says what and why. */
static inline void must_tell(int r, const struct err *e)
{
	must(r < 0 && r == e->code && *e->text && utf8_valid(e->text, strlen(e->text)));
}

static char *target_folder_;
__attribute__((unused)) static void target_leave_(void)
{
	struct err ignored;

	file_remove_tree(target_folder_, &ignored);
	free(target_folder_);
}

/* An empty folder at the first call, in memory where there is such a file system; gone at the end. */
__attribute__((unused)) static const char *target_folder(void)
{
	struct err e;

	if (!target_folder_) {
		must(file_temp_dir(file_is_dir("/dev/shm") ? "/dev/shm" : "/tmp", "fuzz", &target_folder_, &e) >= 0);
		atexit(target_leave_);
	}
	return target_folder_;
}

__attribute__((unused)) static void target_write(const char *path, const void *bytes, size_t n)
{
	struct err e;

	must(file_write(path, bytes, n, 0600, &e) >= 0);
}

struct bytes { const uint8_t *p; size_t n; };
static inline uint8_t bytes_take(struct bytes *b)
{
	if (!b->n)
		return 0;
	b->n--;
	return *b->p++;
}

/* Up to a newline, which goes with it, or the end; without NULs behind it. Owned. */
static inline char *bytes_line(struct bytes *b)
{
	const uint8_t *nl = b->n ? memchr(b->p, '\n', b->n) : NULL;
	size_t n = nl ? (size_t)(nl - b->p) : b->n;
	char *line = n ? mem_strndup((const char *)b->p, n) : mem_strdup("");

	b->p += n + (nl != NULL);
	b->n -= n + (nl != NULL);
	return line;
}

#endif
