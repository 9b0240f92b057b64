/* A temporary folder with a store in it for each test, and short forms for making and reading files there. */
#ifndef TESTS_STORE_SCRATCH_H
#define TESTS_STORE_SCRATCH_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "store/store.h"
#include "tests/lib/put_whole.h"

#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static char *scratch_dir;
static struct store *scratch_store;

/* A path in the scratch folder, good for the next few calls. */
__attribute__((unused, format(printf, 1, 2))) static const char *at(const char *fmt, ...)
{
	static char paths[8][4096];
	static unsigned next;
	char *out = paths[next++ % 8];
	int n = snprintf(out, sizeof paths[0], "%s/", scratch_dir);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(out + n, sizeof paths[0] - (size_t)n, fmt, ap);
	va_end(ap);
	return out;
}

static int scratch_setup(void **state)
{
	(void)state;
	struct err e;
	const char *tmp = getenv("TMPDIR");
	if (file_temp_dir(tmp ? tmp : "/tmp", "store", &scratch_dir, &e) < 0)
		return -1;
	scratch_store = store_new(at(".jig"));
	return 0;
}

static int scratch_teardown(void **state)
{
	(void)state;
	struct err e;
	store_free(scratch_store);
	int r = file_remove_tree(scratch_dir, &e);
	free(scratch_dir);
	return r;
}

#define scratch_test(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

__attribute__((unused)) static void make_bytes(const char *path, const void *bytes, size_t n, mode_t mode)
{
	struct err e;
	assert_int_equal(file_mkdirs_parent(path, 0755, &e), 0);
	assert_int_equal(file_write(path, bytes, n, mode, &e), 0);
	assert_int_equal(chmod(path, mode), 0);
}

__attribute__((unused)) static void make_file(const char *path, const char *text)
{
	make_bytes(path, text, strlen(text), 0644);
}

/* n bytes that do not repeat, the same for the same seed. */
__attribute__((unused)) static char *noise(size_t n, uint64_t seed)
{
	char *p = mem_alloc(n + 8);
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;
	for (size_t i = 0; i < n; i += 8) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(p + i, &x, 8);
	}
	return p;
}

__attribute__((unused)) static void assert_content(const char *path, const void *bytes, size_t n)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;
	assert_int_equal(file_read(path, 1 << 30, &b, &e), 0);
	assert_int_equal(b.len, n);
	assert_memory_equal(b.data, bytes, n);
}

__attribute__((unused)) static void assert_digest(const struct digest *d, const char *hex)
{
	char have[DIGEST_HEX + 1];
	digest_to_hex(d, have);
	assert_string_equal(have, hex);
}

/* The error has this code and names this. */
#define assert_fails(call, e, want, part) \
	do { \
		assert_int_equal((call), (want)); \
		assert_int_equal((e).code, (want)); \
		if (!strstr((e).text, (part))) \
			fail_msg("\"%s\" does not say \"%s\"", (e).text, (part)); \
	} while (0)

/* Files below objects/tmp. */
__attribute__((unused)) static unsigned temp_count(void)
{
	_closedir_ DIR *dir = opendir(at(".jig/objects/tmp"));
	unsigned n = 0;
	for (struct dirent *d; dir && (d = readdir(dir));)
		n += d->d_name[0] != '.';
	return n;
}

__attribute__((unused)) static int count_each(void *arg, const struct digest *d, int64_t size, const char *path,
		struct err *e)
{
	(void)size;
	(void)path;
	(void)e;
	*(unsigned *)arg += d != NULL;
	return 0;
}

__attribute__((unused)) static unsigned object_count(void)
{
	struct err e;
	unsigned n = 0;
	assert_int_equal(store_each(scratch_store, count_each, &n, &e), 0);
	return n;
}

/* Changes one byte of an object, or cuts its last byte off. */
__attribute__((unused)) static void damage(const struct digest *d, bool cut)
{
	_free_ char *path = store_path(scratch_store, d);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(chmod(path, 0600), 0);
	if (cut) {
		assert_int_equal(truncate(path, st.st_size - 1), 0);
	} else {
		_close_ int fd = open(path, O_RDWR | O_CLOEXEC);
		char c;
		assert_int_equal(pread(fd, &c, 1, st.st_size / 2), 1);
		c ^= 1;
		assert_int_equal(pwrite(fd, &c, 1, st.st_size / 2), 1);
	}
	assert_int_equal(chmod(path, 0444), 0);
}

#endif
