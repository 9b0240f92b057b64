#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/text.h"

static void nearest_spelling(void **state)
{
	static const char *const names[] = {"train", "prepare", "evaluate", "eval", "a"};

	assert_string_equal(text_nearest("trian", names, 5), "train");
	assert_string_equal(text_nearest("prepar", names, 5), "prepare");
	assert_string_equal(text_nearest("evalute", names, 5), "evaluate");
	assert_string_equal(text_nearest("eval", names, 5), "eval");
	assert_string_equal(text_nearest("", names, 5), "a");
	assert_null(text_nearest("deploy", names, 5));
	assert_null(text_nearest("trxxn", names, 5));
	assert_null(text_nearest("train", names, 0));
	/* Two changes are too many for a short word, and the first of equals wins. */
	assert_null(text_nearest("bcd", names, 5));
	static const char *const equals[] = {"cat", "bat"};
	assert_string_equal(text_nearest("rat", equals, 2), "cat");
}

static void shell_words(void **state)
{
	static const struct {
		const char *word, *quoted;
	} cases[] = {
	        {"plain", "plain"},
	        {"a/b-c_1.2,x=y:z@w%+", "a/b-c_1.2,x=y:z@w%+"},
	        {"", "''"},
	        {"a b", "'a b'"},
	        {"it's", "'it'\\''s'"},
	        {"$HOME", "'$HOME'"},
	        {"~", "'~'"},
	        {"a\nb", "'a\nb'"},
	        {"*", "'*'"},
	        {"é", "'é'"},
	        {"'", "''\\'''"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_buf_ struct buf b = BUF_INIT;
		text_shell_quote(&b, cases[i].word);
		assert_string_equal(b.data, cases[i].quoted);
	}
}

static void starts_and_ends(void **state)
{
	assert_true(text_starts("abc", "ab") && text_starts("abc", "") && !text_starts("ab", "abc"));
	assert_true(text_ends("abc", "bc") && text_ends("abc", "") && !text_ends("bc", "abc"));
}

static void globs_match(void **state)
{
	static const struct {
		const char *pattern, *path;
	} yes[] =
	        {
	                {"", ""},
	                {"a", "a"},
	                {"*", "abc"},
	                {"*", ""},
	                {"*.pkl", "m.pkl"},
	                {"*.pkl", ".pkl"},
	                {"models/*.pkl", "models/a.pkl"},
	                {"?", "x"},
	                {"?", "é"},
	                {"a?c", "a€c"},
	                {"[abc]", "b"},
	                {"[a-c]x", "bx"},
	                {"[!a-c]", "d"},
	                {"[^a]", "é"},
	                {"[]]", "]"},
	                {"[a-]", "-"},
	                {"[!]]", "x"},
	                {"[", "["},
	                {"[a", "[a"},
	                {"a[", "a["},
	                {"\\*", "*"},
	                {"[\\]]", "]"},
	                {"[é-ü]", "ê"},
	                {"**", "a/b/c"},
	                {"**", "a"},
	                {"**/a", "a"},
	                {"**/a", "x/y/a"},
	                {"a/**", "a/b"},
	                {"a/**", "a/b/c"},
	                {"a/**/b", "a/b"},
	                {"a/**/b", "a/x/y/b"},
	                {"**/x/**/y", "a/x/b/x/c/y"},
	                {"a**b", "axxb"},
	                {"*a*b*c*", "xxaxxbxxcxx"},
	                {"**/*.py", "a.py"},
	                {"**/*.py", "src/a/b.py"},
	                {"**/**/a", "a"},
	                {"a/*/c", "a/b/c"},
	                {"**/b/c", "b/b/c"},
	                {"*/**", "a/b"},
	        },
	  no[] = {
	          {"", "a"},      {"a", ""},         {"a", "b"},        {"*", "a/b"},         {"?", "/"},
	          {"a?b", "a/b"}, {"a[/]b", "a/b"},  {"[!x]", "/"},     {"*.pkl", "a/m.pkl"}, {"?", ""},
	          {"?", "xy"},    {"[a-c]", "d"},    {"[!a-c]", "b"},   {"[]", "]"},          {"\\*", "a"},
	          {"a/**", "a"},  {"a/**", "b/a/c"}, {"a/**/b", "a/c"}, {"**/a", "ba"},       {"a**b", "a/b"},
	          {"a/b", "a"},   {"a", "a/b"},      {"a/*/c", "a/c"},  {"**/x", "x/y"},      {"a/", "a"},
	          {"a", "a/"},    {"*/**", "a"},
	  };
	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (!text_glob(yes[i].pattern, yes[i].path))
			fail_msg("%s should match %s", yes[i].pattern, yes[i].path);
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++) {
		if (text_glob(no[i].pattern, no[i].path))
			fail_msg("%s should not match %s", no[i].pattern, no[i].path);
	}
	assert_true(text_has_glob("a*") && text_has_glob("?") && text_has_glob("[a]") && !text_has_glob("a/b.c"));
}

static void crafted_globs_stay_quick(void **state)
{
	_buf_ struct buf pattern = BUF_INIT, path = BUF_INIT;

	for (int i = 0; i < 60; i++)
		buf_adds(&pattern, "**/*a*");
	for (int i = 0; i < 1000; i++)
		buf_adds(&path, "aaaa/");
	buf_adds(&path, "b");
	assert_false(text_glob(pattern.data, path.data));
	buf_reset(&pattern);
	for (int i = 0; i < 300; i++)
		buf_adds(&pattern, "**/a/");
	buf_adds(&pattern, "c");
	buf_reset(&path);
	buf_fill(&path, 'a', 3);
	for (int i = 0; i < 1000; i++)
		buf_adds(&path, "/a");
	assert_false(text_glob(pattern.data, path.data));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nearest_spelling),         cmocka_unit_test(shell_words),
	        cmocka_unit_test(starts_and_ends),          cmocka_unit_test(globs_match),
	        cmocka_unit_test(crafted_globs_stay_quick),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
