#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/lib/record_case.h"
#include "tui/fuzzy.h"
#include "tui/runs/runs_fuzzy.h"

static int score(const char *text, const char *word)
{
	return fuzzy_score(text, strlen(text), word, strlen(word));
}

static void letters_in_a_row_match(void **state)
{
	assert_int_equal(score("calm-otter", "co"), score("calm-otter", "co"));
	assert_true(score("calm-otter", "co") > 0);
	assert_true(score("calm-otter", "cmr") > 0);
	assert_int_equal(score("calm-otter", "oc"), 0);
	assert_int_equal(score("calm-otter", "otterx"), 0);
	assert_int_equal(score("", "a"), 0);
	assert_int_equal(score("calm", "calm"), score("calm-otter", "calm"));
}

static void better_places_score_higher(void **state)
{
	assert_true(score("otter-calm", "otter") > score("calm-otter", "otter"));
	assert_true(score("calm-otter", "otter") > score("calmotter", "otter"));
	assert_true(score("calm-otter", "co") > score("acxo", "co"));
	assert_true(score("calm-otter", "alm") > score("xa-lxxm", "alm"));
	assert_true(score("run12", "12") > score("run112", "12"));
	/* The shortest stretch counts, not the first that was found. */
	assert_int_equal(score("o-otter", "otter"), score("x-otter", "otter"));
}

static struct fuzzy *f;
static int64_t found[16];
static size_t nfound;

static void find(const char *pattern)
{
	_free_ int64_t *v = NULL;

	fuzzy_find(f, pattern, &v, &nfound);
	for (size_t i = 0; i < nfound && i < ARRAY_LEN(found); i++)
		found[i] = v[i];
}

static int set_up(void **state)
{
	static const char *const names[] = {"calm-otter", "dull-heron", "bright-finch", "Grey-Newt"};

	record_setup(state);
	must(tracker_begin(record, &make_err));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		make_run(record, names[i]);
	must(run_tag(record, 2, "team", "Blue", &make_err));
	must(run_tag(record, 2, "zone", "a", &make_err));
	must(run_tag(record, 3, "team", "red", &make_err));
	must(run_note(record, 1, "the first\nof its kind", &make_err));
	must(tracker_commit(record, &make_err));
	f = fuzzy_new();
	must(fuzzy_load(f, record, false, &make_err));
	return 0;
}

static int tear_down(void **state)
{
	fuzzy_free(f);
	return record_teardown(state);
}

static void runs_are_found_by_all_their_texts(void **state)
{
	find("heron");
	assert_int_equal(nfound, 1);
	assert_int_equal(found[0], 2);
	find("BLUE");
	assert_int_equal(nfound, 1);
	assert_int_equal(found[0], 2);
	find("zone=a");
	assert_int_equal(found[0], 2);
	/* Not over the bounds of tags. */
	find("bluezone");
	assert_int_equal(nfound, 0);
	find("kind");
	assert_int_equal(nfound, 1);
	assert_int_equal(found[0], 1);
	find("greynewt");
	assert_int_equal(found[0], 4);
	find("3");
	assert_int_equal(nfound, 1);
	assert_int_equal(found[0], 3);
	find("");
	assert_int_equal(nfound, 4);
	assert_int_equal(found[0], 4);
	find("zzz");
	assert_int_equal(nfound, 0);
}

static void every_word_must_be_there(void **state)
{
	find("team");
	assert_int_equal(nfound, 2);
	find("team heron");
	assert_int_equal(nfound, 1);
	assert_int_equal(found[0], 2);
	find("team heron finch");
	assert_int_equal(nfound, 0);
	find("team");
	assert_int_equal(nfound, 2);
}

static void the_best_comes_first_then_the_newest(void **state)
{
	in_transaction(run_tag(record, 4, "x", "team", &make_err));
	must(fuzzy_load(f, record, true, &make_err));
	find("team");
	assert_int_equal(nfound, 3);
	assert_int_equal(found[0], 3);
	assert_int_equal(found[1], 2);
	assert_int_equal(found[2], 4);
}

static void new_runs_are_taken_up(void **state)
{
	find("heron");
	must(tracker_begin(record, &make_err));
	make_run(record, "wet-heron");
	must(run_tag(record, 5, "team", "green", &make_err));
	must(run_note(record, 5, "late", &make_err));
	must(tracker_commit(record, &make_err));
	must(fuzzy_load(f, record, false, &make_err));
	find("heron");
	assert_int_equal(nfound, 2);
	assert_int_equal(found[0], 5);
	find("green");
	assert_int_equal(found[0], 5);
	find("late");
	assert_int_equal(nfound, 1);
}

static int stop_at(void *arg)
{
	int *left = arg;

	return --*left < 0;
}

static void an_interrupted_load_goes_on(void **state)
{
	int most = 0, r, times = 0;

	must(tracker_begin(record, &make_err));
	for (int i = 0; i < 2000; i++) {
		char name[32];

		snprintf(name, sizeof name, "bulk-%d", i);
		must(run_tag(record, make_run(record, name), "nth", name + 5, &make_err));
	}
	must(tracker_commit(record, &make_err));
	tracker_stop_when(record, stop_at, &most);
	for (r = fuzzy_load(f, record, true, &make_err); r < 0 && times < 1000; times++) {
		assert_int_equal(r, ERR_INTERRUPTED);
		most = 1 + times % 3;
		r = fuzzy_load(f, record, false, &make_err);
	}
	tracker_stop_when(record, NULL, NULL);
	assert_int_equal(r, 0);
	assert_true(times > 1);
	find("bulk");
	assert_int_equal(nfound, 2000);
	find("nth=1999");
	assert_int_equal(nfound, 1);
	find("");
	assert_int_equal(nfound, 2004);
}

int main(void)
{
#define fuzzy_test(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(letters_in_a_row_match),
	        cmocka_unit_test(better_places_score_higher),
	        fuzzy_test(runs_are_found_by_all_their_texts),
	        fuzzy_test(every_word_must_be_there),
	        fuzzy_test(the_best_comes_first_then_the_newest),
	        fuzzy_test(new_runs_are_taken_up),
	        fuzzy_test(an_interrupted_load_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
