#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "runner/code/code_ignore.h"

static enum ignore_answer ask(const char *text, const char *path, bool folder)
{
	struct ignore_set *s = ignore_set_new("", text, strlen(text));
	enum ignore_answer answer = s ? ignore_set_match(s, path, folder) : IGNORE_NO_MATCH;
	ignore_set_free(s);
	return answer;
}

static void patterns(void **state)
{
	static const struct {
		const char *text, *path;
		bool folder;
		enum ignore_answer answer;
	} cases[] = {
	        {"a", "a", false, IGNORE_OUT},
	        {"a", "x/a", false, IGNORE_OUT},
	        {"/a", "x/a", false, IGNORE_NO_MATCH},
	        {"x/a", "x/a", false, IGNORE_OUT},
	        {"x/a", "y/x/a", false, IGNORE_NO_MATCH},
	        {"a/", "a", false, IGNORE_NO_MATCH},
	        {"a/", "x/a", true, IGNORE_OUT},
	        {"*.o", "x/y.o", false, IGNORE_OUT},
	        {"*.o", "y.oo", false, IGNORE_NO_MATCH},
	        {"*.o\n!k.o", "k.o", false, IGNORE_IN},
	        {"!k.o\n*.o", "k.o", false, IGNORE_OUT},
	        {"# a\n", "# a", false, IGNORE_NO_MATCH},
	        {"\\#a", "#a", false, IGNORE_OUT},
	        {"\\!a", "!a", false, IGNORE_OUT},
	        {"a  ", "a", false, IGNORE_OUT},
	        {"a\\ ", "a ", false, IGNORE_OUT},
	        {"a\r\nb", "a", false, IGNORE_OUT},
	        {"\xef\xbb\xbf"
	         "a",
	         "a", false, IGNORE_OUT},
	        {"", "a", false, IGNORE_NO_MATCH},
	        {"/", "a", true, IGNORE_NO_MATCH},
	        {"**/b", "b", false, IGNORE_OUT},
	        {"**/b", "a/c/b", false, IGNORE_OUT},
	        {"a/**", "a/b/c", false, IGNORE_OUT},
	        {"a/**", "a", true, IGNORE_NO_MATCH},
	        {"a/**/b", "a/b", false, IGNORE_OUT},
	        {"a/**/b", "a/x/y/b", false, IGNORE_OUT},
	        {"a/*/b", "a/x/y/b", false, IGNORE_NO_MATCH},
	        {"a/*", "a/x", false, IGNORE_OUT},
	        {"a/*", "a/x/y", false, IGNORE_NO_MATCH},
	        {"a**b/c", "axb/c", false, IGNORE_OUT},
	        {"a**b/c", "ax/b/c", false, IGNORE_NO_MATCH},
	        {"[ab].c", "b.c", false, IGNORE_OUT},
	        {"[!ab].c", "b.c", false, IGNORE_NO_MATCH},
	        {"[^a-c]", "d", false, IGNORE_OUT},
	        {"[]]", "]", false, IGNORE_OUT},
	        {"[[:digit:]]", "7", false, IGNORE_OUT},
	        {"[[:digit:]]", "x", false, IGNORE_NO_MATCH},
	        {"[a", "[a", false, IGNORE_NO_MATCH},
	        {"?", "a", false, IGNORE_OUT},
	        {"a?b", "a/b", false, IGNORE_NO_MATCH},
	        {"x[/]y", "x/y", false, IGNORE_NO_MATCH},
	        {"a\\", "a\\", false, IGNORE_NO_MATCH},
	        {"*", "a", true, IGNORE_OUT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (ask(cases[i].text, cases[i].path, cases[i].folder) != cases[i].answer)
			fail_msg("\"%s\" against %s", cases[i].text, cases[i].path);
}

static void many_stars_end(void **state)
{
	char path[2001];
	memset(path, 'a', 2000);
	path[2000] = 0;
	assert_false(ignore_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", path));
	assert_false(ignore_glob("**/a*a*a*a*a*a*a*a*a*a*a*a*a*b/**", path));
}

static void sets_and_folders(void **state)
{
	struct ignore_stack s = {0};
	vec_push(&s.sets, ignore_set_new("", "*.log\n", 6));
	vec_push(&s.sets, ignore_set_new("a/", "!x.log\n/here\n", 13));
	assert_int_equal(ignore_stack_match(&s, "x.log", false), IGNORE_OUT);
	assert_int_equal(ignore_stack_match(&s, "a/x.log", false), IGNORE_IN);
	assert_int_equal(ignore_stack_match(&s, "a/here", false), IGNORE_OUT);
	assert_int_equal(ignore_stack_match(&s, "a/b/here", false), IGNORE_NO_MATCH);
	ignore_stack_pop(&s, 1);
	assert_int_equal(ignore_stack_match(&s, "a/x.log", false), IGNORE_OUT);
	ignore_stack_pop(&s, 0);
	vec_release(&s.sets);
	assert_null(ignore_set_new("", "# nothing\n\n", 11));
	ignore_set_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(patterns),
	        cmocka_unit_test(many_stars_end),
	        cmocka_unit_test(sets_and_folders),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
