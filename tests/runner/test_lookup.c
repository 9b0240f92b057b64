#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "runner/process/lookup.h"

static unsigned how(const struct lookups *l, const char *path)
{
	const struct map_entry *entry = map_find(&l->paths, path);

	return entry ? (unsigned)entry->num : 0;
}

static void test_bits_gather(void **state)
{
	_lookups_ struct lookups l = { 0 };

	lookups_add(&l, "/a/b", LOOKUP_STAT);
	lookups_add(&l, "/a/c", LOOKUP_LSTAT);
	lookups_add(&l, "/a/b", LOOKUP_READ);
	lookups_add(&l, "/a/b", LOOKUP_READ);
	assert_int_equal(l.paths.len, 2);
	assert_string_equal(l.paths.entries[0].key, "/a/b");
	assert_int_equal(how(&l, "/a/b"), LOOKUP_STAT | LOOKUP_READ);
	assert_int_equal(how(&l, "/a/c"), LOOKUP_LSTAT);
	assert_int_equal(l.bytes, 10);
	assert_null(l.untrusted);
}

static void test_limit(void **state)
{
	_lookups_ struct lookups l = { 0 };
	size_t size = 1 << 20;
	_free_ char *path = mem_zero(size);
	char first[16];

	memset(path, 'x', size - 1);
	for (int i = 0; i < 70; i++) {
		snprintf(first, sizeof first, "/%08d/", i);
		memcpy(path, first, strlen(first));
		lookups_add(&l, path, LOOKUP_STAT);
	}
	assert_int_equal(l.paths.len, LOOKUPS_MAX / size);
	assert_non_null(l.untrusted);
	l.untrusted = NULL;
	lookups_add(&l, l.paths.entries[0].key, LOOKUP_READ);
	assert_int_equal(l.paths.entries[0].num, LOOKUP_STAT | LOOKUP_READ);
	assert_null(l.untrusted);
}

static void test_release(void **state)
{
	struct lookups l = { 0 };

	lookups_release(&l);
	lookups_add(&l, "/a", LOOKUP_STAT);
	l.untrusted = "text";
	lookups_release(&l);
	assert_int_equal(l.paths.len, 0);
	assert_int_equal(l.bytes, 0);
	assert_null(l.untrusted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits_gather), cmocka_unit_test(test_limit), cmocka_unit_test(test_release),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
