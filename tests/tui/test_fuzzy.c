#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>
#include "base/mem.h"
#include "tui/fuzzy.h"

static void letters_fit_in_their_order(void **state)
{
	static const struct { const char *pattern, *text; bool fits;
	} rows[] = {
	        {"", "anything", true},
	        {"   ", "anything", true},
	        {"", "", true},
	        {"a", "", false},
	        {"zin", "zoom-in", true},
	        {"niz", "zoom-in", false},
	        {"oo", "zoom", true},
	        {"ooo", "zoom", false},
	        {"ZOOM", "zoom-in", true},
	        {"zoom", "ZOOM-IN", true},
	        {"zoom  out", "zoom-out", true},
	        {"out zoom", "zoom-out", true},
	        {"zoom none", "zoom-out", false},
	        {"calm-otter", "calm-otter", true},
	        {"17", "17 dull-heron", true},
	        {"dh17", "17 dull-heron", false},
	        {"é", "café", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if ((fuzzy_words(rows[i].pattern, rows[i].text) >= 0) != rows[i].fits)
			fail_msg("\"%s\" in \"%s\": %d", rows[i].pattern, rows[i].text,
			         fuzzy_words(rows[i].pattern, rows[i].text));
	assert_int_equal(fuzzy_words("", "anything"), 0);
	assert_int_equal(fuzzy_words("x", "anything"), -1);
}

static void the_better_fit_comes_first(void **state)
{
	static const struct { const char *pattern, *better, *worse; } rows[] = {
		{ "so", "sort", "resume-over" },            /* neighbours at the start of a word */
		{ "zi", "zoom-in", "resizing" },            /* starts of words */
		{ "log", "log", "only-good" },              /* a word as such */
		{ "17", "17 dull-heron", "217 calm-otter" }, /* the number itself */
		{ "ot", "calm-otter", "boost" },
		{ "in", "zoom-in", "mainline" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (fuzzy_words(rows[i].pattern, rows[i].better) <= fuzzy_words(rows[i].pattern, rows[i].worse))
			fail_msg("\"%s\": \"%s\" is not better than \"%s\"", rows[i].pattern, rows[i].better,
			         rows[i].worse);
}

/* The first letter that fits is not always the one to take. */
static void the_best_place_counts(void **state)
{
	assert_int_equal(fuzzy_words("in", "i-in"), fuzzy_words("in", "x-in"));
	assert_true(fuzzy_words("ab", "a b ab") >= fuzzy_words("ab", "x y ab"));
}

static void long_patterns_and_texts_end(void **state)
{
	_free_ char *pattern = mem_alloc(301), *text = mem_alloc(20001);

	memset(pattern, 'a', 300);
	pattern[300] = '\0';
	memset(text, 'a', 20000);
	text[20000] = '\0';
	assert_true(fuzzy_words(pattern, text) > 0);
	text[10] = '\0';
	assert_int_equal(fuzzy_words(pattern, text), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_fit_in_their_order),
		cmocka_unit_test(the_better_fit_comes_first),
		cmocka_unit_test(the_best_place_counts),
		cmocka_unit_test(long_patterns_and_texts_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
