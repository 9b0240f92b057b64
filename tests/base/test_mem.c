#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <unistd.h>
#include "base/arena.h"
#include "base/embed.h"
#include "base/mem.h"
#include "base/vec.h"

EMBED(embedded, "base/banned.h");

static void strings_are_copied(void **state)
{
	_free_ char *a = mem_strdup("abc"), *b = mem_strndup("abc", 2), *c = mem_strndup("abc", 9);
	_free_ char *d = mem_printf("%d-%s", 7, "x");
	_free_ char *e = mem_dup("a\0b", 3);

	assert_string_equal(a, "abc");
	assert_string_equal(b, "ab");
	assert_string_equal(c, "abc");
	assert_string_equal(d, "7-x");
	assert_memory_equal(e, "a\0b", 3);
	assert_null(mem_strdup(NULL));
	assert_null(mem_strndup(NULL, 3));
}

static void empty_allocations_are_not_null(void **state)
{
	_free_ void *a = mem_alloc(0), *b = mem_zero(0), *c = mem_array(NULL, 0, 8), *d = mem_dup(NULL, 0);

	assert_non_null(a);
	assert_non_null(b);
	assert_non_null(c);
	assert_non_null(d);
}

static char *taken(void)
{
	_free_ char *p = mem_strdup("kept");

	return mem_take(p);
}

static void hints_change_nothing(void **state)
{
	void *pieces[4096];

	mem_keep(1 << 20);
	mem_expect(0);
	mem_expect(16 << 20);
	mem_expect(16 << 20);
	mem_expect((size_t)-1);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
		memset(pieces[i] = mem_alloc(4096), (int)i, 4096);
	for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
		assert_int_equal(((unsigned char *)pieces[i])[4095], i & 0xff);
		free(pieces[i]);
	}
}

static void clean_up_follows_take(void **state)
{
	_free_ char *p = taken();
	int seen;

	assert_string_equal(p, "kept");
	{
		_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		_close_ int none = -1;
		_fclose_ FILE *no_file = NULL;
		_closedir_ DIR *no_dir = NULL;
		assert_true(fd >= 0 && none < 0 && !no_file && !no_dir);
		seen = fd;
	}
	assert_int_equal(fcntl(seen, F_GETFD), -1);
}

static void vec_grows_and_shrinks(void **state)
{
	VEC(int) v = {0};

	for (int i = 0; i < 1000; i++)
		vec_push(&v, i);
	assert_int_equal(v.len, 1000);
	vec_remove(&v, 0);
	vec_remove(&v, v.len - 1);
	assert_int_equal(v.v[0], 1);
	assert_int_equal(vec_pop(&v), 998);
	*vec_add(&v) += 5;
	assert_int_equal(v.v[v.len - 1], 5);
	vec_clear(&v);
	assert_int_equal(v.len, 0);
	vec_release(&v);
	assert_null(v.v);
	vec_release(&v);
}

static void arena_aligns_and_keeps(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	char *kept[500];

	for (int i = 0; i < 500; i++) {
		kept[i] = arena_printf(&a, "%0*d", i + 1, i);
		assert_int_equal((uintptr_t)arena_alloc(&a, 1) % _Alignof(max_align_t), 0);
	}
	for (int i = 0; i < 500; i++) {
		assert_int_equal(strlen(kept[i]), i + 1);
		assert_int_equal(strtol(kept[i], NULL, 10), i);
	}
}

static void arena_takes_large_pieces_beside(void **state)
{
	_arena_ struct arena a = ARENA_INIT;

	char *small = arena_strdup(&a, "small");
	char *large = arena_zero(&a, 3 << 20);
	size_t used = a.used;
	char *next = arena_strndup(&a, "nextly", 4);
	assert_true(a.used > used);
	assert_int_equal(next - small, 16);
	assert_int_equal(large[(3 << 20) - 1], 0);
	large[(3 << 20) - 1] = 1;
	assert_string_equal(small, "small");
	assert_string_equal(next, "next");
	assert_null(arena_strdup(&a, NULL));
	assert_non_null(arena_alloc(&a, 0));
	int *numbers = arena_array(&a, int, 10);
	assert_int_equal(numbers[9], 0);
}

static void arena_first_piece_may_be_large(void **state)
{
	_arena_ struct arena a = ARENA_INIT;

	memset(arena_alloc(&a, 100000), 1, 100000);
	assert_memory_equal(arena_dup(&a, "a\0b", 3), "a\0b", 3);
	arena_release(&a);
	assert_null(a.last);
	assert_string_equal(arena_strdup(&a, "again"), "again");
}

static void arena_reset_keeps_one_block(void **state)
{
	_arena_ struct arena a = ARENA_INIT;

	arena_reset(&a);
	char *first = arena_alloc(&a, 100);
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 100), first);
	for (int i = 0; i < 100; i++)
		arena_zero(&a, 1000 + (size_t)i * 1000);
	arena_reset(&a);
	first = arena_alloc(&a, 10);
	assert_ptr_equal(arena_alloc(&a, 10), first + _Alignof(max_align_t));
}

static void embedded_file_is_whole(void **state)
{
	_fclose_ FILE *f = fopen("base/banned.h", "re");
	char text[4096];

	if (!f)
		skip();
	size_t n = fread(text, 1, sizeof text, f);
	assert_int_equal(embedded_end - embedded, n);
	assert_memory_equal(embedded, text, n);
	assert_int_equal(*embedded_end, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(strings_are_copied),
	        cmocka_unit_test(empty_allocations_are_not_null),
	        cmocka_unit_test(hints_change_nothing),
	        cmocka_unit_test(clean_up_follows_take),
	        cmocka_unit_test(vec_grows_and_shrinks),
	        cmocka_unit_test(arena_aligns_and_keeps),
	        cmocka_unit_test(arena_takes_large_pieces_beside),
	        cmocka_unit_test(arena_first_piece_may_be_large),
	        cmocka_unit_test(arena_reset_keeps_one_block),
	        cmocka_unit_test(embedded_file_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
