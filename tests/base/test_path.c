#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/path.h"

#define assert_owned(call, want) \
	do { \
		_free_ char *got_ = (call); \
		assert_string_equal(got_, want); \
	} while (0)

static void joins_and_parts(void **state)
{
	assert_owned(path_join("a", "b"), "a/b");
	assert_owned(path_join("a/", "b"), "a/b");
	assert_owned(path_join("a", "/b"), "/b");
	assert_owned(path_join("", "b"), "b");
	assert_owned(path_join("/", "b"), "/b");
	assert_string_equal(path_base("a/b"), "b");
	assert_string_equal(path_base("a/b/"), "b/");
	assert_string_equal(path_base("a"), "a");
	assert_string_equal(path_base("/"), "/");
	assert_string_equal(path_base(""), "");
	assert_owned(path_parent("a/b"), "a");
	assert_owned(path_parent("a/b/"), "a");
	assert_owned(path_parent("a//b"), "a");
	assert_owned(path_parent("a"), ".");
	assert_owned(path_parent(""), ".");
	assert_owned(path_parent("/a"), "/");
	assert_owned(path_parent("/"), "/");
	assert_owned(path_parent("//a"), "/");
}

static void inside_or_not(void **state)
{
	static const char *const good[] = {"a", "a/b", "a/", "a.b/..c", "...", "é", " "};
	static const struct {
		const char *path, *why;
	} bad[] = {
	        {"", "is empty"},
	        {"/", "is absolute"},
	        {"/a", "is absolute"},
	        {"..", "leaves the project"},
	        {"a/..", "leaves the project"},
	        {"a/../b", "leaves the project"},
	        {"../a", "leaves the project"},
	        {"a//b", "has an empty part"},
	        {"a//", "has an empty part"},
	        {".", "has a part \".\""},
	        {"a/./b", "has a part \".\""},
	        {"./a", "has a part \".\""},
	        {"a/.", "has a part \".\""},
	};
	char text[4097];

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_null(path_check_inside(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_string_equal(path_check_inside(bad[i].path), bad[i].why);
	memset(text, 'a', sizeof text);
	text[4095] = '\0';
	assert_null(path_check_inside(text));
	text[4095] = 'a';
	text[4096] = '\0';
	assert_string_equal(path_check_inside(text), "is longer than 4,095 bytes");
}

static void normal_forms(void **state)
{
	bool folder;

	assert_owned(path_normal("a//b/./c", &folder), "a/b/c");
	assert_false(folder);
	assert_owned(path_normal("./a/", &folder), "a");
	assert_true(folder);
	assert_owned(path_normal("/", NULL), "/");
	assert_owned(path_normal("//a//", NULL), "/a");
	assert_owned(path_normal(".", NULL), ".");
	assert_owned(path_normal("./", NULL), ".");
	assert_owned(path_normal("", NULL), "");
	assert_owned(path_normal("a/../b", NULL), "a/../b");
}

static void lying_within(void **state)
{
	assert_true(path_within("a", "a"));
	assert_true(path_within("a/b", "a"));
	assert_true(path_within("/x/y", "/"));
	assert_true(path_within("a", "."));
	assert_false(path_within("ab", "a"));
	assert_false(path_within("a", "a/b"));
	assert_false(path_within("../a", "."));
	assert_false(path_within("/a", "."));
}

static void attempt_folders(void **state)
{
	char text[200];

	assert_owned(path_attempt("train[boost]", 2), "train+boost@2");
	assert_owned(path_attempt("train", 0), "train");
	assert_owned(path_attempt("a.b-c_D9", 13), "a.b-c_D9@13");
	assert_owned(path_attempt("t[a,b]", 1), "t+a_b-201b7c12@1");
	_free_ char *percent = path_attempt("t[a%2Cb]", 1), *comma = path_attempt("t[a,2Cb]", 1);
	assert_string_not_equal(percent, comma);
	_free_ char *dots = path_attempt("..", 0), *plus = path_attempt("train+boost", 2);
	assert_memory_equal(dots, "__-", 3);
	assert_string_not_equal(plus, "train+boost@2");
	_free_ char *slash = path_attempt("a/../b\n", 1);
	assert_null(strchr(slash, '/'));
	memset(text, 'x', sizeof text);
	text[80] = '\0';
	_free_ char *whole = path_attempt(text, 0);
	assert_string_equal(whole, text);
	text[80] = 'x';
	text[81] = '\0';
	_free_ char *cut = path_attempt(text, 1);
	assert_int_equal(strlen(cut), 80 + 9 + 2);
	text[81] = 'y';
	text[82] = '\0';
	_free_ char *other = path_attempt(text, 1);
	assert_string_not_equal(cut, other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(joins_and_parts), cmocka_unit_test(inside_or_not),   cmocka_unit_test(normal_forms),
	        cmocka_unit_test(lying_within),    cmocka_unit_test(attempt_folders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
