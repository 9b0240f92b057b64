/* Command lines against a command's table. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "cli/command.h"

static const struct option_def options[] = {
	{ .name = "quiet", .letter = 'q', .text = "" },
	{ .name = "name", .letter = 'n', .kind = OPTION_TEXT, .value = "NAME", .text = "" },
	{ .name = "param", .letter = 'p', .kind = OPTION_TEXT, .value = "K=V", .repeat = true, .text = "" },
	{ .name = "jobs", .letter = 'j', .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = 8, .text = "" },
	{ .name = "any", .kind = OPTION_INTEGER, .value = "N", .text = "" },
	{ .name = "memory", .kind = OPTION_SIZE, .value = "SIZE", .text = "" },
	{ .name = "older", .kind = OPTION_DURATION, .value = "TIME", .text = "" },
	{ .name = "anchor", .letter = 'a', .kind = OPTION_TEXT, .value = "A", .optional = true, .text = "" },
	{ 0 },
};
static const struct command cmd = {
	.name = "try", .summary = "", .usage = "[A B]", .options = options, .max_args = 2, .flags = COMMAND_JSON,
};

#define MOST 16
struct line { struct context c; struct err e; bool help; int r; };

/* Words with blanks between them. */
static void parse(struct line *l, const char *text)
{
	static char words[512];
	const char *argv[MOST];
	int argc = 0;
	memset(l, 0, sizeof *l);
	snprintf(words, sizeof words, "%s", text);
	for (char *w = words, *end; *w; w = end) {
		argv[argc++] = w;
		end = w + strcspn(w, " ");
		if (*end)
			*end++ = '\0';
	}
	l->r = options_parse(&l->c, &cmd, argc, argv, &l->help, &l->e);
}

static void fails(const char *text, const char *part)
{
	struct line l;
	parse(&l, text);
	assert_int_equal(l.r, ERR_USAGE);
	if (!strstr(l.e.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, l.e.text);
	options_release(&l.c);
}

static void test_forms(void **state)
{
	struct line l;
	parse(&l, "-qn five one --memory=4K -pa=1 -p b=2 --param c=3 --jobs 3 --older 2h two --any -5");
	assert_int_equal(l.r, 0);
	assert_true(option_flag(&l.c, "quiet"));
	assert_string_equal(option_text(&l.c, "name"), "five");
	assert_int_equal(option_number(&l.c, "memory", 0), 4096);
	assert_int_equal(option_number(&l.c, "jobs", 0), 3);
	assert_int_equal(option_number(&l.c, "older", 0), 7200 * 1000000LL);
	assert_int_equal(option_number(&l.c, "any", 0), -5);
	const char *const *list;
	assert_int_equal(option_list(&l.c, "param", &list), 3);
	assert_string_equal(list[0], "a=1");
	assert_string_equal(list[2], "c=3");
	assert_int_equal(l.c.nargs, 2);
	assert_string_equal(l.c.args[1], "two");
	assert_int_equal(l.c.before_dash, 2);
	assert_false(l.c.json);
	options_release(&l.c);
}

static void test_not_given(void **state)
{
	struct line l;
	parse(&l, "--json");
	assert_int_equal(l.r, 0);
	assert_true(l.c.json);
	assert_false(option_flag(&l.c, "quiet"));
	assert_null(option_text(&l.c, "name"));
	assert_int_equal(option_number(&l.c, "jobs", 77), 77);
	const char *const *list;
	assert_int_equal(option_list(&l.c, "param", &list), 0);
	options_release(&l.c);
}

static void test_last_one_counts(void **state)
{
	struct line l;
	parse(&l, "-j1 -j 2 --name=a --name=");
	assert_int_equal(l.r, 0);
	assert_int_equal(option_number(&l.c, "jobs", 0), 2);
	assert_string_equal(option_text(&l.c, "name"), "");
	options_release(&l.c);
}

static void test_dash(void **state)
{
	struct line l;
	parse(&l, "- -- --quiet");
	assert_int_equal(l.r, 0);
	assert_int_equal(l.c.before_dash, 1);
	assert_int_equal(l.c.nargs, 2);
	assert_string_equal(l.c.args[0], "-");
	assert_string_equal(l.c.args[1], "--quiet");
	assert_false(option_flag(&l.c, "quiet"));
	options_release(&l.c);
}

static void test_optional_value(void **state)
{
	struct line l;
	parse(&l, "--anchor one");
	assert_int_equal(l.r, 0);
	assert_string_equal(option_text(&l.c, "anchor"), "");
	assert_int_equal(l.c.nargs, 1);
	options_release(&l.c);
	parse(&l, "--anchor=3:ab");
	assert_string_equal(option_text(&l.c, "anchor"), "3:ab");
	options_release(&l.c);
	parse(&l, "-qa");
	assert_string_equal(option_text(&l.c, "anchor"), "");
	options_release(&l.c);
}

static void test_help_wins(void **state)
{
	struct line l;
	parse(&l, "--nonsense -h a b c d");
	assert_int_equal(l.r, 0);
	assert_true(l.help);
	options_release(&l.c);
	parse(&l, "a -- --help");
	assert_int_equal(l.r, 0);
	assert_false(l.help);
	options_release(&l.c);
}

static void test_bad_lines(void **state)
{
	fails("--quit", "did you mean --quiet");
	fails("--utterly-else", "jig try --help");
	fails("-x", "-x");
	fails("-qx", "-x");
	fails("--quiet=1", "no value");
	fails("--name", "needs a value");
	fails("-n", "needs a value");
	fails("-j 0", "from 1 to 8");
	fails("-j 9", "from 1 to 8");
	fails("-j 2x", "from 1 to 8");
	fails("-j 99999999999999999999", "from 1 to 8");
	fails("--any 1.5", "whole number");
	fails("--memory 4Q", "a size");
	fails("--older 4", "a time");
	fails("a b c", "\"c\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms), cmocka_unit_test(test_not_given), cmocka_unit_test(test_last_one_counts),
		cmocka_unit_test(test_dash), cmocka_unit_test(test_optional_value), cmocka_unit_test(test_help_wins),
		cmocka_unit_test(test_bad_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
