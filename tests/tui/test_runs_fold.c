#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "tui/runs/runs_fold.h"

static const struct swept swept[] = {{9, 2}, {8, 1}, {7, 2}, {5, 1}, {3, 1}, {1, 4}};

static void must_fold(const int64_t *numbers, size_t n, const int64_t *open, size_t nopen, const int64_t *wanted,
                      size_t nwanted)
{
	_free_ int64_t *got = NULL;
	size_t len = 99;

	runs_fold(numbers, n, swept, ARRAY_LEN(swept), open, nopen, &got, &len);
	assert_int_equal(len, nwanted);
	assert_memory_equal(got, wanted, nwanted * sizeof *got);
}
#define L(...) (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)

static void sweeps_are_one_entry(void **state)
{
	must_fold(L(10, 9, 8, 7, 6, 5, 4, 3, 2, 1), NULL, 0, L(10, -2, -1, 6, 4, 2, 1));
	must_fold(L(3, 5, 8, 10), NULL, 0, L(-1, 10));
}

static void opened_ones_show_their_runs(void **state)
{
	must_fold(L(10, 9, 8, 7, 6, 5, 4, 3, 2, 1), L(1), L(10, -2, -1, 8, 5, 3, 6, 4, 2, 1));
	must_fold(L(3, 6, 5, 7, 9), L(7, 2, 1), L(-1, 3, 5, 6, -2, 7, 9));
}

static void one_run_of_a_sweep_is_itself(void **state)
{
	must_fold(L(10, 9, 8), NULL, 0, L(10, 9, 8));
	must_fold(L(9), L(2), L(9));
}

static void nothing_is_nothing(void **state)
{
	_free_ int64_t *got = NULL, *none = NULL;
	size_t len = 99;

	runs_fold(NULL, 0, swept, ARRAY_LEN(swept), NULL, 0, &got, &len);
	assert_int_equal(len, 0);
	runs_fold((const int64_t[]){2, 1}, 2, NULL, 0, NULL, 0, &none, &len);
	assert_int_equal(len, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(sweeps_are_one_entry),
	        cmocka_unit_test(opened_ones_show_their_runs),
	        cmocka_unit_test(one_run_of_a_sweep_is_itself),
	        cmocka_unit_test(nothing_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
