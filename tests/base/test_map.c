#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/map.h"

static void empty_map_finds_nothing(void **state)
{
	_map_ struct map m = MAP_INIT;

	assert_null(map_find(&m, ""));
	assert_null(map_get(&m, "x"));
	map_release(&m);
}

static void keys_are_copied_and_kept_in_order(void **state)
{
	_map_ struct map m = MAP_INIT;
	char key[32];

	for (int i = 0; i < 10000; i++) {
		bool is_new = false;
		snprintf(key, sizeof key, "key-%d", i * 7919 % 10000);
		map_add(&m, key, &is_new)->num = i;
		assert_true(is_new);
	}
	assert_int_equal(m.len, 10000);
	for (int i = 0; i < 10000; i++) {
		snprintf(key, sizeof key, "key-%d", i * 7919 % 10000);
		assert_string_equal(m.entries[i].key, key);
		assert_int_equal(map_find(&m, key)->num, i);
	}
	assert_null(map_find(&m, "key-10000"));
	assert_null(map_find(&m, "key"));
}

static void adding_again_finds(void **state)
{
	_map_ struct map m = MAP_INIT;
	bool is_new;
	int x, y;

	map_set(&m, "", &x);
	assert_ptr_equal(map_get(&m, ""), &x);
	assert_ptr_equal(map_add(&m, "", &is_new)->ptr, &x);
	assert_false(is_new);
	map_set(&m, "", &y);
	assert_ptr_equal(map_get(&m, ""), &y);
	assert_int_equal(m.len, 1);
	assert_null(map_add(&m, "new", NULL)->ptr);
}

static void keys_of_every_length_differ(void **state)
{
	_map_ struct map m = MAP_INIT;
	char key[65] = "";

	for (int i = 0; i < 64; i++) {
		map_add(&m, key, NULL)->num = i;
		key[i] = 'a';
	}
	assert_int_equal(m.len, 64);
	for (int i = 63; i >= 0; i--) {
		key[i] = '\0';
		assert_int_equal(map_find(&m, key)->num, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(empty_map_finds_nothing),
	        cmocka_unit_test(keys_are_copied_and_kept_in_order),
	        cmocka_unit_test(adding_again_finds),
	        cmocka_unit_test(keys_of_every_length_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
