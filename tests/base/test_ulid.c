#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "base/ulid.h"

static void time_comes_first(void **state)
{
	char id[ULID_LEN + 1];

	/* The example of the specification: 1469918176385 ms is 01ARYZ6S41. */
	ulid_make(1469918176385000, id);
	assert_int_equal(strlen(id), ULID_LEN);
	assert_memory_equal(id, "01ARYZ6S41", 10);
	ulid_make(0, id);
	assert_memory_equal(id, "0000000000", 10);
	ulid_make(-5, id);
	assert_memory_equal(id, "0000000000", 10);
}

static void ids_increase(void **state)
{
	char last[ULID_LEN + 1] = "", id[ULID_LEN + 1];

	for (int i = 0; i < 3000; i++) {
		ulid_make(1700000000000000 + i / 1000 * 1000, id);
		assert_true(strcmp(id, last) > 0);
		assert_true(ulid_valid_prefix(id));
		memcpy(last, id, sizeof id);
	}
}

static void prefixes(void **state)
{
	assert_true(ulid_valid_prefix("0"));
	assert_true(ulid_valid_prefix("01aryz6s41TSV4RRFFQ69G5FAV"));
	static const char *const bad[] = {"", "I", "01L", "o", "u", "01-", "01ARYZ6S41TSV4RRFFQ69G5FAV0", "é", " 0"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(ulid_valid_prefix(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(time_comes_first),
	        cmocka_unit_test(ids_increase),
	        cmocka_unit_test(prefixes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
