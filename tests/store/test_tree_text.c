/* tree_parse against lists that no tree_put wrote. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "store/tree_text.h"

#define D "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct err e;

static int parse(const char *text, size_t n, size_t *ret_len)
{
	_arena_ struct arena a = ARENA_INIT;
	struct tree t = {0};
	/* an exact block, so that a read behind its end is seen */
	_free_ char *exact = mem_dup(text, n);
	int r = tree_parse(exact, n, &a, &t, &e);
	if (r == 0) {
		_buf_ struct buf again = BUF_INIT;
		tree_text_add(&again, &t);
		assert_int_equal(again.len, n);
		assert_memory_equal(again.data, text, n);
	}
	if (ret_len)
		*ret_len = t.len;
	return r;
}

static void test_good(void **state)
{
	static const char *good[] = {
		"",
		"100644 " D " 0\ta\n",
		"100755 " D " 999999999999999999\ta\n",
		"040000 " D " 0\ta.b\n100644 " D " 12\ta/b\n120000 " D " 3\tab\n",
		"100644 " D " 1\t\\t\\n\\\\ \xc3\xa9\r\n",
	};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(parse(good[i], strlen(good[i]), NULL), 0);
	size_t len = 0;
	parse(good[3], strlen(good[3]), &len);
	assert_int_equal(len, 3);
}

static void test_bad(void **state)
{
	static const struct { const char *text, *says; } bad[] = {
		{ "x", "cut off" },
		{ "100644 " D " 0\ta", "cut off" },
		{ "\n", "no mode" },
		{ "100600 " D " 0\ta\n", "no mode" },
		{ "100644\t" D " 0\ta\n", "no mode" },
		{ "100644 " D "\n", "no mode" },
		{ "100644 x3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0\ta\n", "no digest" },
		{ "100644 E3B0C44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 0\ta\n", "no digest" },
		{ "100644 " D " 0 a\n", "no size" },
		{ "100644 " D " \ta\n", "no size" },
		{ "100644 " D " -1\ta\n", "no size" },
		{ "100644 " D " 01\ta\n", "no size" },
		{ "100644 " D " 9999999999999999999\ta\n", "no size" },
		{ "040000 " D " 1\ta\n", "empty folder with a size" },
		{ "100644 " D " 0\t\n", "leads out" },
		{ "100644 " D " 0\t/etc/passwd\n", "leads out" },
		{ "100644 " D " 0\t../a\n", "leads out" },
		{ "100644 " D " 0\ta/../b\n", "leads out" },
		{ "100644 " D " 0\ta/\n", "leads out" },
		{ "100644 " D " 0\ta//b\n", "leads out" },
		{ "100644 " D " 0\t./a\n", "leads out" },
		{ "100644 " D " 0\ta\\\n", "wrong path" },
		{ "100644 " D " 0\ta\\x\n", "wrong path" },
		{ "100644 " D " 0\ta\tb\n", "wrong path" },
		{ "100644 " D " 0\tb\n100644 " D " 0\ta\n", "line 2 is out of order" },
		{ "100644 " D " 0\ta\n100644 " D " 0\ta\n", "line 2 is out of order" },
		{ "120000 " D " 0\ta\n100644 " D " 0\ta.b\n100644 " D " 0\ta/b\n", "line 3 stands below" },
		{ "040000 " D " 0\ta\n100644 " D " 0\ta/b/c\n", "line 2 stands below" },
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		int r = parse(bad[i].text, strlen(bad[i].text), NULL);
		if (r != ERR_BROKEN || !strstr(e.text, bad[i].says))
			fail_msg("case %zu: %d \"%s\" does not say \"%s\"", i, r, r < 0 ? e.text : "", bad[i].says);
	}
	/* a NUL in a path */
	static const char nul[] = "100644 " D " 0\ta\0b\n";
	assert_int_equal(parse(nul, sizeof nul - 1, NULL), ERR_BROKEN);
	/* sizes that do not add up in 64 bits */
	_buf_ struct buf huge = BUF_INIT;
	for (int i = 0; i < 12; i++)
		buf_addf(&huge, "100644 " D " 999999999999999999\t%02d\n", i);
	assert_int_equal(parse(huge.data, huge.len, NULL), ERR_BROKEN);
}

/* Each list cut off after every byte is refused or is the list of fewer lines. */
static void test_cut_anywhere(void **state)
{
	static const char list[] = "040000 " D " 0\ta.b\n100644 " D " 12\ta/b\n120000 " D " 3\tab\\n\n";
	for (size_t n = 0; n < sizeof list - 1; n++) {
		int r = parse(list, n, NULL);
		assert_int_equal(r, n == 0 || list[n - 1] == '\n' ? 0 : ERR_BROKEN);
	}
}

static void test_links(void **state)
{
	static const struct { const char *path, *target; bool good; } links[] = {
		{ "l", "a", true }, { "l", "a/b/c", true }, { "l", ".", true },
		{ "l", "./a", true }, { "d/l", "..", true }, { "d/l", "../a", true },
		{ "d/e/l", ".././../a", true }, { "l", "...", true }, { "l", "..a", true },
		{ "d/l", "..//a/", true }, { "l", "", false }, { "l", "/", false },
		{ "l", "/a", false }, { "l", "..", false }, { "d/l", "../..", false },
		{ "d/l", "../../d/a", false }, { "d/e/l", "a/..", false }, { "d/l", "a/../../b", false },
	};
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (!tree_text_link(links[i].path, links[i].target) != links[i].good)
			fail_msg("%s -> %s", links[i].path, links[i].target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_links),
	};
	return cmocka_run_group_tests_name("tree_text", tests, NULL, NULL);
}
