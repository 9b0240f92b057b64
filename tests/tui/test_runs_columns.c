#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "base/time.h"
#include "tui/runs/runs_columns.h"

static struct err e;
static struct runs_columns c;

static int tear_down(void **state)
{
	runs_columns_release(&c);
	return 0;
}

static void columns_have_names(void **state)
{
	assert_int_equal(runs_columns_parse(&c, "name, metrics.acc,params.train.lr,tags.a b,,age", &e), 0);
	assert_int_equal(c.len, 5);
	assert_int_equal(c.v[0].kind, FACT_NAME);
	assert_string_equal(c.v[1].key, "acc");
	assert_string_equal(c.v[2].key, "train.lr");
	assert_string_equal(runs_column_title(&c.v[3]), "a b");
	assert_int_equal(runs_column_align(&c.v[1]), ALIGN_POINT);
	for (size_t i = 0; i < c.len; i++) {
		_free_ char *name = runs_column_name(&c.v[i]);

		assert_string_equal(name,
		                    ((const char *[]){"name", "metrics.acc", "params.train.lr", "tags.a b", "age"})[i]);
	}
}

static void misspelt_ones_name_the_nearest(void **state)
{
	assert_int_equal(runs_columns_add(&c, "nam", &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "\"name\""));
	assert_int_equal(runs_columns_add(&c, "qqqqqq", &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "metrics.K"));
	assert_int_equal(runs_columns_add(&c, "metrics.", &e), ERR_USAGE);
	assert_int_equal(runs_columns_parse(&c, " , ", &e), ERR_USAGE);
	assert_int_equal(c.len, 0);
}

static void keys_to_sort_by_are_quoted(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct filter_sort *sort;

	assert_int_equal(runs_columns_parse(&c, "metrics.acc,params.a b,tags.`,age,steps,metrics.`\"", &e), 0);
	for (size_t i = 0; i < 4; i++) {
		_free_ char *key = runs_column_sort(&c.v[i]);

		assert_int_equal(filter_parse_sort(key, &a, &sort, &e), 0);
	}
	assert_null(runs_column_sort(&c.v[4]));
	assert_null(runs_column_sort(&c.v[5]));
}

static const struct run_row rows[] = {
	{.number = 2, .name = "two", .state = RUN_FAILED, .created = 100, .elapsed_us = 41 * US_PER_S, .nsteps = 3,
		.nwell = 1, .nfailed = 1, .nreused = 1, .note = "", .dirty = 1, .commit = "0123456789abcdef"},
	{.number = 1, .name = "one", .state = RUN_SUCCESS, .created = 50, .elapsed_us = -1, .nsteps = 3, .nwell = 3,
		.note = "well"},
};
static struct metric_row metrics_new[] = {
        {.key = "acc", .last = 0.5}, {.key = "few", .last = 1}, {.key = "loss", .last = 2}};
static struct metric_row metrics_old[] = {{.key = "acc", .last = 0.25}, {.key = "loss", .last = 3}};
static struct pair params_new[] = {{"a", "1"}, {"b", "2"}, {"d", "4"}}, params_old[] = {{"a", "1"}, {"b", "3"}};
static const struct metric_rows totals[] = {{metrics_new, 3}, {metrics_old, 2}};
static const struct pair_rows params[] = {{params_new, 3}, {params_old, 2}}, none = {0};
static const struct run_facts facts[] = {{&rows[0], &totals[0], &params[0], &none},
                                         {&rows[1], &totals[1], &params[1], &none}};

static void what_differs_is_chosen(void **state)
{
	runs_columns_choose(&c, facts, 2);
	assert_int_equal(c.len, 6 + 3 + 1);
	assert_string_equal(c.v[6].key, "acc");
	assert_string_equal(c.v[7].key, "loss");
	assert_string_equal(c.v[8].key, "few");
	assert_string_equal(c.v[9].key, "b");
	/* The first metric outlives the clock, the age the first param; the others go by turns from the end. */
	assert_int_equal(c.v[3].kind, FACT_AGE);
	assert_true(c.v[6].drop < c.v[4].drop && c.v[4].drop < c.v[3].drop && c.v[3].drop < c.v[9].drop);
	assert_true(c.v[9].drop < c.v[7].drop && c.v[7].drop < c.v[8].drop);
}

/* Runs of two pipelines, and some that ended before they had anything to tell. */
static void what_few_have_is_not_chosen(void **state)
{
	static struct metric_row usual[] = {{.key = "loss"}, {.key = "mse"}}, odd[] = {{.key = "acc"}};
	static struct pair small[] = {{"lr", "0.1"}, {"noise", "1"}}, large[] = {{"lr", "0.3"}, {"noise", "1"}};
	static struct pair other[] = {{"depth", "2"}, {"title", "t"}}, deep[] = {{"depth", "3"}, {"title", "t"}};
	static const struct metric_rows two = {usual, 2}, one = {odd, 1}, nothing = {0};
	static const struct pair_rows p[] = {{small, 2}, {large, 2}, {other, 2}, {deep, 2}};
	static const struct run_row ended = {.state = RUN_SUCCESS}, live = {.state = RUN_RUNNING};
	const struct run_facts v[] = {
	        {&ended, &one, &p[2], &none},     {&ended, &nothing, &p[3], &none}, {&ended, &nothing, &p[0], &none},
	        {&ended, &nothing, &p[0], &none}, {&ended, &two, &p[0], &none},     {&ended, &two, &p[1], &none},
	};

	runs_columns_choose(&c, v, ARRAY_LEN(v));
	assert_int_equal(c.len, 6 + 2 + 2);
	assert_string_equal(c.v[6].key, "loss");
	assert_string_equal(c.v[7].key, "mse");
	assert_string_equal(c.v[8].key, "lr");
	assert_string_equal(c.v[9].key, "depth");
	runs_columns_release(&c);
	c = (struct runs_columns){0};

	/* Where none is in half of them, one is. */
	runs_columns_choose(&c, (struct run_facts[]){v[0], {&ended, &two, &p[0], &none}, {&ended, &(struct metric_rows){
		(struct metric_row[]){{.key = "x"}}, 1}, &p[0], &none}}, 3);
	assert_int_equal(c.len, 6 + 1);
	assert_string_equal(c.v[6].key, "acc");
	runs_columns_release(&c);
	c = (struct runs_columns){0};

	/* What a live run has so far does not count against what ended ones have. */
	const struct run_facts fresh[] = {{&live, &one, &p[0], &none}, {&live, &one, &p[0], &none},
	                                  {&live, &one, &p[0], &none}, {&ended, &two, &p[0], &none}};

	runs_columns_choose(&c, fresh, 4);
	assert_int_equal(c.len, 6 + 3);
}

static void must_hold(const char *column, size_t run, const char *wanted)
{
	_buf_ struct buf text = BUF_INIT;
	struct runs_columns one = {0};

	assert_int_equal(runs_columns_add(&one, column, &e), 0);
	runs_column_cell(&one.v[0], &facts[run], 100 + 120 * US_PER_S, &text);
	assert_string_equal(text.data, wanted);
	runs_columns_release(&one);
}

static void cells_say_what_is_known(void **state)
{
	must_hold("number", 0, "2");
	must_hold("state", 0, "✗ failed");
	must_hold("age", 0, "2m");
	must_hold("time", 0, "0:41");
	must_hold("time", 1, "");
	must_hold("steps", 0, "1/3 1✗ 1⟲");
	must_hold("steps", 1, "3/3");
	must_hold("commit", 0, "0123456789ab*");
	must_hold("commit", 1, "");
	must_hold("origin", 0, "");
	must_hold("user", 0, "");
	must_hold("note", 1, "well");
	must_hold("metrics.acc", 1, "0.25");
	must_hold("metrics.few", 1, "");
	must_hold("params.b", 1, "3");
	must_hold("params.d", 1, "");
	must_hold("tags.x", 1, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_teardown(columns_have_names, tear_down),
	        cmocka_unit_test_teardown(misspelt_ones_name_the_nearest, tear_down),
	        cmocka_unit_test_teardown(keys_to_sort_by_are_quoted, tear_down),
	        cmocka_unit_test_teardown(what_differs_is_chosen, tear_down),
	        cmocka_unit_test_teardown(what_few_have_is_not_chosen, tear_down),
	        cmocka_unit_test(cells_say_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
