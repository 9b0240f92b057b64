#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdatomic.h>
#include "base/mem.h"
#include "store/pool.h"

enum { ITEMS = 5000 };

struct work {
	atomic_int done[ITEMS];
	size_t bad_from; /* items from here on fail */
};

static int work_item(void *arg, void *own, size_t item, struct err *e)
{
	struct work *w = arg;
	atomic_fetch_add(&w->done[item], 1);
	++*(size_t *)own;
	return item >= w->bad_from ? err_set(e, ERR_FAILED, "item %zu", item) : 0;
}

static void test_every_item_once(void **state)
{
	struct err e;
	for (unsigned threads = 1; threads <= 8; threads++) {
		struct work *w = mem_zero(sizeof *w);
		size_t own[8] = {0}, sum = 0;
		w->bad_from = ITEMS;
		assert_int_equal(pool_run(threads, ITEMS, work_item, w, own, sizeof own[0], &e), 0);
		for (size_t i = 0; i < ITEMS; i++)
			assert_int_equal(w->done[i], 1);
		for (unsigned i = 0; i < 8; i++) {
			sum += own[i];
			if (i >= threads)
				assert_int_equal(own[i], 0);
		}
		assert_int_equal(sum, ITEMS);
		free(w);
	}
	size_t own = 0;
	assert_int_equal(pool_run(1, 0, work_item, NULL, &own, sizeof own, &e), 0);
}

/* Items begin in order, so the first that fails is begun before any behind it. */
static void test_first_error(void **state)
{
	struct err e;
	for (unsigned threads = 1; threads <= 4; threads++) {
		struct work *w = mem_zero(sizeof *w);
		size_t own[4] = {0};
		w->bad_from = 100;
		assert_int_equal(pool_run(threads, ITEMS, work_item, w, own, sizeof own[0], &e), ERR_FAILED);
		assert_string_equal(e.text, "item 100");
		assert_int_equal(w->done[ITEMS - 1], 0);
		free(w);
	}
}

static void test_threads(void **state)
{
	assert_true(pool_cores() >= 1 && pool_cores() <= POOL_MAX);
	assert_int_equal(pool_threads(0, 0), 1);
	assert_int_equal(pool_threads(1, 1LL << 40), 1);
	assert_int_equal(pool_threads(3, 1000), 1);
	assert_int_equal(pool_threads(1000, 0), pool_cores());
	assert_true(pool_threads(2, 1LL << 30) <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_item_once),
		cmocka_unit_test(test_first_error),
		cmocka_unit_test(test_threads),
	};
	return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
