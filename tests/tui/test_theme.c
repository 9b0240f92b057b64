#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tui/theme.h"

static void the_default_is_whole(void **state)
{
	const struct theme *t = theme_default();

	assert_string_equal(t->sgr[ROLE_TEXT], "");
	assert_string_equal(t->sgr[ROLE_FAILED], "31;1");
	assert_string_equal(t->sgr[ROLE_SERIES_6], "31");
	for (int role = ROLE_TEXT + 1; role < ROLE_COUNT; role++)
		assert_true(t->sgr[role][0] != '\0');
}

static void words_and_blanks(void **state)
{
	struct theme t;
	struct err e;

	assert_int_equal(theme_parse("x", "# all\n\n\tfailed=underline bright-red # why\r\nquiet =\n", &t, &e), 0);
	assert_string_equal(t.sgr[ROLE_FAILED], "4;91");
	assert_string_equal(t.sgr[ROLE_QUIET], "");
	assert_string_equal(t.sgr[ROLE_ACCENT], "");
}

static void refused(const char *text, const char *wanted)
{
	struct theme t;
	struct err e;

	assert_int_equal(theme_parse("mine", text, &t, &e), ERR_USAGE);
	if (!strstr(e.text, wanted))
		fail_msg("\"%s\" is not in \"%s\"", wanted, e.text);
}

static void faults_name_line_and_role(void **state)
{
	refused("text = red\nfialed = red\n", "mine:2: there is no role \"fialed\" (did you mean \"failed\"?)");
	refused("failed = rad", "mine:1: role \"failed\": \"rad\" is neither a colour nor an attribute");
	refused("failed red", "mine:1: a line is");
	refused("failed = bold dim italic underline red green blue cyan", "too many words");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_default_is_whole),
		cmocka_unit_test(words_and_blanks),
		cmocka_unit_test(faults_name_line_and_role),
	};

	return cmocka_run_group_tests_name("theme", tests, NULL, NULL);
}
