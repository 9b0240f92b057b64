#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/time.h"
#include "tui/workbench/dag_view.h"

#define NOW (1000000 * US_PER_S)

static void add(struct run_model *m, const char *name, const char *base, enum step_state state)
{
	size_t n = m->steps.len++;
	m->steps.v = mem_array(m->steps.v, n + 1, sizeof *m->steps.v);
	m->steps.v[n] = (struct step_row){ .id = 100 + (int64_t)n,
		                           .name = arena_strdup(&m->arena, name),
		                           .base = arena_strdup(&m->arena, base ? base : name),
		                           .item = base ? "{}" : NULL,
		                           .state = state,
		                           .rank = (int)n };
}

static void needs(struct run_model *m, int from, int to)
{
	struct step_row *s = &m->steps.v[to];
	int64_t *ids = arena_alloc(&m->arena, (s->nneeds + 1) * sizeof *ids);
	if (s->nneeds)
		memcpy(ids, s->needs, s->nneeds * sizeof *ids);
	ids[s->nneeds++] = m->steps.v[from].id;
	s->needs = ids;
}

/* begun and took: seconds after the run's start. */
static void attempt(struct run_model *m, int step, enum attempt_state state, int begun, int took)
{
	vec_push(
	        &m->attempts,
	        (struct attempt_row){.id = 1 + (int64_t)m->attempts.len,
	                             .step = m->steps.v[step].id,
	                             .n = 1,
	                             .state = state,
	                             .started = m->row.started + begun * US_PER_S,
	                             .ended = state == ATTEMPT_RUNNING ? 0 : m->row.started + (begun + took) * US_PER_S,
	                             .elapsed_us = state == ATTEMPT_RUNNING ? -1 : took * US_PER_S});
}

static void release(struct run_model *m)
{
	free(m->steps.v);
	m->steps.v = NULL;
	run_model_release(m);
}

static void small(struct run_model *m)
{
	*m = (struct run_model){ .row = { .state = RUN_RUNNING, .started = NOW - 100 * US_PER_S } };
	add(m, "fetch", NULL, STEP_REUSED);
	m->steps.v[0].reused_attempt = 5;
	m->steps.v[0].reused_run = 12;
	add(m, "clean", NULL, STEP_SUCCESS);
	add(m, "train[lr]", "train", STEP_SUCCESS);
	add(m, "train[tree]", "train", STEP_RUNNING);
	add(m, "train[boost]", "train", STEP_FAILED);
	add(m, "evaluate", NULL, STEP_PENDING);
	needs(m, 0, 1);
	for (int i = 2; i < 5; i++) {
		needs(m, 1, i);
		needs(m, i, 5);
	}
	attempt(m, 1, ATTEMPT_SUCCESS, 0, 8);
	attempt(m, 2, ATTEMPT_SUCCESS, 8, 12);
	attempt(m, 3, ATTEMPT_RUNNING, 8, 0);
	attempt(m, 4, ATTEMPT_FAILED, 8, 31);
	run_model_index(m);
}

/* One step, a matrix of n, and what collects it. */
static void sweep(struct run_model *m, int n)
{
	*m = (struct run_model){ .row = { .state = RUN_RUNNING, .started = NOW - 100 * US_PER_S } };
	add(m, "clean", NULL, STEP_SUCCESS);
	attempt(m, 0, ATTEMPT_SUCCESS, 0, 10);
	for (int i = 0; i < n; i++) {
		char name[32];
		snprintf(name, sizeof name, "train[%d]", i);
		bool failed = i == 7 || i == 50, done = i < n / 2;
		add(m, name, "train", failed ? STEP_FAILED : done ? STEP_SUCCESS : STEP_QUEUED);
		needs(m, 0, i + 1);
		if (failed || done)
			attempt(m, i + 1, failed ? ATTEMPT_FAILED : ATTEMPT_SUCCESS, 10 + i % 50, 20);
	}
	add(m, "evaluate", NULL, STEP_PENDING);
	for (int i = 0; i < n; i++)
		needs(m, i + 1, n + 1);
	run_model_index(m);
}

static char *picture(struct dag_view *v, int rows, int cols, bool ascii)
{
	struct grid g;
	_buf_ struct buf b = BUF_INIT;
	grid_init(&g, rows, cols);
	dag_view_draw(v, &g, (struct rect){ 0, 0, rows, cols }, true, NOW);
	grid_print(&g, &(struct paint){ .ascii = ascii }, &b);
	grid_release(&g);
	return buf_steal(&b);
}

static void assert_picture(struct dag_view *v, int rows, int cols, bool ascii, const char *wanted)
{
	_free_ char *got = picture(v, rows, cols, ascii);
	if (strcmp(got, wanted)) {
		fprintf(stderr, "drawn:\n%swanted:\n%s\n", got, wanted); /* cmocka cuts long texts */
		fail();
	}
}

static const char *under(const struct run_model *m, const struct dag_view *v)
{
	return m->steps.v[dag_view_step(v)].name;
}

static int act(struct dag_view *v, enum action a)
{
	struct err e;
	return dag_view_act(v, a, &e);
}

static void few_steps_are_boxes(void **state)
{
	struct run_model m;
	small(&m);
	struct dag_view *v = dag_view_new(&m);
	assert_picture(v, 20, 80, false,
	               "                             ┌───────────────┐\n"
	               "                             │ ⟲ fetch   #12 │\n"
	               "                             └───────┬───────┘\n"
	               "                             ┌───────┴───────┐\n"
	               "                             │ ✓ clean  0:08 │\n"
	               "                             └───────┬───────┘\n"
	               "                   ┌─────────────────┴┬──────────────────┐\n"
	               "             ┌─────┴──────┐   ┌───────┴──────┐   ┌───────┴───────┐\n"
	               "             │ ✓ train    │   │ ▶ train      │   │ ✗ train       │\n"
	               "             │   lr  0:12 │   │   tree  1:32 │   │   boost  0:31 │\n"
	               "             └─────┬──────┘   └──────┬───────┘   └───────┬───────┘\n"
	               "                   └─────────────────┴┬──────────────────┘\n"
	               "                            ┌─────────┴────────┐\n"
	               "                            │ · evaluate       │\n"
	               "                            └──────────────────┘\n");
	assert_picture(v, 9, 40, true,
	               "                +---------------+\n"
	               "                | = fetch   #12 |\n"
	               "                +-------+-------+\n"
	               "                +-------+-------+\n"
	               "                | + clean  0:08 |\n"
	               "                +-------+-------+\n"
	               "      +-----------------++--------------\n"
	               "+-----+------+   +-------+------+   +---\n"
	               "| + train    |   | > train      |   | x\n");
	dag_view_show(v, 4);
	assert_string_equal(under(&m, v), "train[boost]");
	assert_picture(v, 9, 40, false,
	               "   └───────┬───────┘\n"
	               "   ┌───────┴───────┐\n"
	               "   │ ✓ clean  0:08 │\n"
	               "   └───────┬───────┘\n"
	               "───────────┴┬──────────────────┐\n"
	               "┐   ┌───────┴──────┐   ┌───────┴───────┐\n"
	               "│   │ ▶ train      │   │ ✗ train       │\n"
	               "│   │   tree  1:32 │   │   boost  0:31 │\n"
	               "┘   └──────┬───────┘   └───────┬───────┘\n");
	dag_view_free(v);
	release(&m);
}

static void lanes_show_times_as_bars(void **state)
{
	struct run_model m;
	small(&m);
	struct dag_view *v = dag_view_new(&m);
	act(v, ACT_LANES);
	assert_picture(v, 20, 80, false,
	               " fetch          ⟲   #12 │\n"
	               " clean          ✓  0:08 │███\n"
	               " train ×3 ▾     ▓▓▓✗✗▒▒ │  █████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒  1✗ 1✓ 1▶\n"
	               "   train[lr]    ✓  0:12 │  ████\n"
	               "   train[tree]  ▶  1:32 │  ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒\n"
	               "   train[boost] ✗  0:31 │  █████████\n"
	               " evaluate       ·       │\n");
	assert_picture(v, 20, 80, true,
	               " fetch          =   #12 |\n"
	               " clean          +  0:08 |###\n"
	               " train x3 v     ###xx== |  #########================  1x 1+ 1>\n"
	               "   train[lr]    +  0:12 |  ####\n"
	               "   train[tree]  >  1:32 |  =========================\n"
	               "   train[boost] x  0:31 |  #########\n"
	               " evaluate       .       |\n");
	assert_picture(v, 20, 30, false,
	               " fetch          ⟲   #12 │\n"
	               " clean          ✓  0:08 │█\n"
	               " train ×3 ▾     ▓▓▓✗✗▒▒ │██▒▒▒\n"
	               "   train[lr]    ✓  0:12 │██\n"
	               "   train[tree]  ▶  1:32 │▒▒▒▒▒\n"
	               "   train[boost] ✗  0:31 │██\n"
	               " evaluate       ·       │\n");
	act(v, ACT_LANES);
	assert_picture(v, 9, 40, true,
	               "                +---------------+\n"
	               "                | = fetch   #12 |\n"
	               "                +-------+-------+\n"
	               "                +-------+-------+\n"
	               "                | + clean  0:08 |\n"
	               "                +-------+-------+\n"
	               "      +-----------------++--------------\n"
	               "+-----+------+   +-------+------+   +---\n"
	               "| + train    |   | > train      |   | x\n");
	dag_view_free(v);
	release(&m);
}

static void opening_a_matrix_shows_failures_first(void **state)
{
	struct run_model m;
	const char *base;
	sweep(&m, 200);
	struct dag_view *v = dag_view_new(&m);
	assert_picture(v, 20, 60, false,
	               "                     ┌───────────────┐\n"
	               "                     │ ✓ clean  0:10 │\n"
	               "                     └───────┬───────┘\n"
	               "                 ┌───────────┴────────────┐\n"
	               "                 │ ✗ train ×200 ▓✗░░ 2✗   │\n"
	               "                 └───────────┬────────────┘\n"
	               "                    ┌────────┴─────────┐\n"
	               "                    │ · evaluate       │\n"
	               "                    └──────────────────┘\n");
	assert_int_equal(act(v, ACT_DOWN), VIEW_REDRAW);
	assert_int_equal(dag_view_folded(v, &base), 200);
	assert_string_equal(base, "train");
	assert_int_equal(dag_view_tally(v).failed, 2);
	assert_string_equal(under(&m, v), "train[7]");
	assert_int_equal(act(v, ACT_FOLD), VIEW_REDRAW);
	assert_picture(v, 7, 110, false,
	               " clean        ✓  0:10 │██████\n"
	               " train ×200 ▾ ▓▓▓✗░░░ │     ██████████████████████████████████████████              2✗ 98✓ 100 "
	               "waiting\n"
	               "   train[7]   ✗  0:20 │          ████████████\n"
	               "   train[50]  ✗  0:20 │     █████████████\n"
	               "   train[100] ∙       │\n"
	               "   train[101] ∙       │\n"
	               "   train[102] ∙       │\n");
	assert_int_equal(dag_view_folded(v, &base), 1);
	assert_string_equal(under(&m, v), "train[7]");
	act(v, ACT_DOWN);
	assert_string_equal(under(&m, v), "train[50]");
	act(v, ACT_LAST);
	assert_string_equal(under(&m, v), "evaluate");
	_free_ char *end = picture(v, 7, 60, false);
	assert_non_null(strstr(end, "evaluate"));
	act(v, ACT_PAGE_UP);
	act(v, ACT_PAGE_UP);
	assert_int_equal(act(v, ACT_LEFT), VIEW_REDRAW);
	assert_int_equal(dag_view_folded(v, &base), 200);
	assert_picture(v, 20, 60, false,
	               "                     ┌───────────────┐\n"
	               "                     │ ✓ clean  0:10 │\n"
	               "                     └───────┬───────┘\n"
	               "                 ┌───────────┴────────────┐\n"
	               "                 │ ✗ train ×200 ▓✗░░ 2✗   │\n"
	               "                 └───────────┬────────────┘\n"
	               "                    ┌────────┴─────────┐\n"
	               "                    │ · evaluate       │\n"
	               "                    └──────────────────┘\n");
	assert_int_equal(act(v, ACT_UP), VIEW_REDRAW);
	assert_int_equal(act(v, ACT_UP), VIEW_SAME);
	dag_view_show(v, 60);
	assert_int_equal(dag_view_folded(v, &base), 200);
	dag_view_free(v);
	release(&m);
}

/* Where things stand must not hang on states: all but glyphs, times and bars is the same before and after. */
static void states_move_nothing(void **state)
{
	for (int lanes = 0; lanes < 2; lanes++) {
		struct run_model m;
		small(&m);
		for (size_t i = 0; i < m.steps.len; i++)
			m.steps.v[i].state = STEP_PENDING;
		size_t n = m.attempts.len;
		m.attempts.len = 0;
		run_model_index(&m);
		struct dag_view *v = dag_view_new(&m);
		if (lanes)
			act(v, ACT_LANES);
		_free_ char *before = picture(v, 20, 80, true);
		m.attempts.len = n;
		run_model_index(&m);
		for (size_t i = 0; i < m.steps.len; i++)
			m.steps.v[i].state = i == 4 ? STEP_FAILED : STEP_SUCCESS;
		_free_ char *after = picture(v, 20, 80, true);
		for (size_t i = 0; i < m.steps.len; i++) {
			const char *name = m.steps.v[i].name, *item = strchr(name, '[');
			char word[32];
			/* In a box the item of a matrix has a line of its own. */
			snprintf(word, sizeof word, "%s", item && !lanes ? item + 1 : name);
			word[strcspn(word, item && !lanes ? "]" : "")] = 0;
			const char *one = strstr(before, word), *two = strstr(after, word);
			assert_non_null(one);
			assert_non_null(two);
			const char *a = one, *b = two;
			int rows = 0;
			while (a > before && a[-1] != '\n')
				a--;
			while (b > after && b[-1] != '\n')
				b--;
			assert_int_equal(one - a, two - b);
			for (const char *c = before; c < one; c++)
				rows += *c == '\n';
			for (const char *c = after; c < two; c++)
				rows -= *c == '\n';
			assert_int_equal(rows, 0);
		}
		dag_view_free(v);
		release(&m);
	}
}

static void the_cursor_moves_to_the_nearest_box(void **state)
{
	struct run_model m;
	small(&m);
	struct dag_view *v = dag_view_new(&m);
	static const struct { enum action act; const char *to;
	} path[] = {
	        {ACT_UP, "fetch"},           {ACT_DOWN, "clean"},         {ACT_DOWN, "train[tree]"},
	        {ACT_LEFT, "train[lr]"},     {ACT_LEFT, "train[lr]"},     {ACT_DOWN, "evaluate"},
	        {ACT_DOWN, "evaluate"},      {ACT_UP, "train[lr]"},       {ACT_RIGHT, "train[tree]"},
	        {ACT_RIGHT, "train[boost]"}, {ACT_RIGHT, "train[boost]"}, {ACT_FIRST, "fetch"},
	        {ACT_LAST, "evaluate"},      {ACT_PAGE_UP, "fetch"},      {ACT_PAGE_DOWN, "evaluate"},
	};
	free(picture(v, 30, 80, false));
	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		act(v, path[i].act);
		assert_string_equal(under(&m, v), path[i].to);
	}
	assert_int_equal(act(v, ACT_QUIT), VIEW_PASS);
	dag_view_free(v);
	release(&m);
}

static void clicks_and_wheel(void **state)
{
	struct run_model m;
	small(&m);
	struct dag_view *v = dag_view_new(&m);
	struct rect r = { 0, 0, 9, 80 };
	free(picture(v, 9, 80, false));
	assert_int_equal(dag_view_mouse(v, &(struct mouse){ MOUSE_PRESS, 4, 35 }, r), VIEW_REDRAW);
	assert_string_equal(under(&m, v), "clean");
	assert_int_equal(dag_view_mouse(v, &(struct mouse){ MOUSE_PRESS, 4, 2 }, r), VIEW_SAME);
	assert_int_equal(dag_view_mouse(v, &(struct mouse){ MOUSE_DOUBLE, 1, 35 }, r), VIEW_REDRAW | VIEW_PASS);
	assert_string_equal(under(&m, v), "fetch");
	assert_int_equal(dag_view_mouse(v, &(struct mouse){ MOUSE_PRESS, 40, 35 }, r), VIEW_PASS);
	_free_ char *settled = picture(v, 9, 80, false);
	assert_int_equal(dag_view_mouse(v, &(struct mouse){ MOUSE_WHEEL_DOWN, 4, 35 }, r), VIEW_REDRAW);
	_free_ char *moved = picture(v, 9, 80, false);
	assert_null(strstr(moved, "fetch"));
	assert_non_null(strstr(moved, "boost"));
	assert_int_equal(dag_view_mouse(v, &(struct mouse){ MOUSE_WHEEL_UP, 4, 35 }, r), VIEW_REDRAW);
	_free_ char *back = picture(v, 9, 80, false);
	assert_string_equal(back, settled);
	dag_view_free(v);
	release(&m);
}

/* Items of two matrices that feed each other in both directions: folded it would be a circle. */
static void matrices_that_feed_each_other_do_not_fold(void **state)
{
	struct run_model m = { .row = { .state = RUN_SUCCESS, .started = NOW } };
	const char *base;
	add(&m, "a[1]", "a", STEP_SUCCESS);
	add(&m, "b[1]", "b", STEP_SUCCESS);
	add(&m, "b[2]", "b", STEP_SUCCESS);
	add(&m, "a[2]", "a", STEP_SUCCESS);
	needs(&m, 0, 1);
	needs(&m, 2, 3);
	run_model_index(&m);
	struct dag_view *v = dag_view_new(&m);
	assert_int_equal(act(v, ACT_FOLD), VIEW_SAME);
	assert_int_equal(dag_view_folded(v, &base), 1);
	act(v, ACT_LANES);
	assert_picture(v, 6, 40, false,
	               " a[1]   ✓       │\n"
	               " b[1]   ✓       │\n"
	               " b[2]   ✓       │\n"
	               " a[2]   ✓       │\n");
	dag_view_free(v);
	release(&m);
}

static void what_is_too_broad_folds(void **state)
{
	struct run_model m;
	sweep(&m, 8);
	struct dag_view *v = dag_view_new(&m);
	int broad = dag_view_cols(v);
	dag_view_fit(v, broad);
	assert_int_equal(dag_view_cols(v), broad);
	dag_view_show(v, 8);
	dag_view_fit(v, broad - 1);
	assert_true(dag_view_cols(v) < 40);
	assert_string_equal(under(&m, v), "train[7]");
	/* It stays so when steps come, and opens when one wants to. */
	dag_view_reload(v);
	assert_true(dag_view_cols(v) < 40);
	act(v, ACT_FOLD);
	assert_int_equal(dag_view_cols(v), broad);
	dag_view_free(v);
	release(&m);
	/* A few steps stay boxes, without their times where that helps. */
	small(&m);
	v = dag_view_new(&m);
	broad = dag_view_cols(v);
	dag_view_fit(v, broad);
	assert_int_equal(dag_view_cols(v), broad);
	dag_view_fit(v, 42);
	assert_in_range(dag_view_cols(v), 30, 42);
	assert_picture(v, 13, 42, false,
	               "           ┌───────────────┐\n"
	               "           │ ⟲ fetch   #12 │\n"
	               "           └───────┬───────┘\n"
	               "           ┌───────┴───────┐\n"
	               "           │ ✓ clean  0:08 │\n"
	               "           └───────┬───────┘\n"
	               "       ┌───────────┴─┬─────────────┐\n"
	               "  ┌────┴────┐   ┌────┴────┐   ┌────┴────┐\n"
	               "  │ ✓ train │   │ ▶ train │   │ ✗ train │\n"
	               "  │   lr    │   │   tree  │   │   boost │\n"
	               "  └────┬────┘   └────┬────┘   └────┬────┘\n"
	               "       └─────────────┴┬────────────┘\n"
	               "            ┌─────────┴────────┐\n");
	dag_view_fit(v, 20);
	assert_in_range(dag_view_cols(v), 30, 42);
	dag_view_free(v);
	release(&m);
}

static void no_steps_at_all(void **state)
{
	struct run_model m = { .row = { .state = RUN_QUEUED } };
	run_model_index(&m);
	struct dag_view *v = dag_view_new(&m);
	assert_picture(v, 5, 40, false, "");
	assert_int_equal(dag_view_step(v), -1);
	for (enum action a = ACT_UP; a <= ACT_TAB_ATTEMPTS; a++)
		act(v, a);
	dag_view_show(v, 0);
	dag_view_free(v);
	release(&m);
}

static void thousands_of_steps(void **state)
{
	struct run_model m;
	struct err e;
	sweep(&m, 2000);
	struct dag_view *v = dag_view_new(&m);
	act(v, ACT_DOWN);
	act(v, ACT_FOLD);
	_free_ char *text = picture(v, 40, 100, false);
	assert_non_null(strstr(text, "train ×2000 ▾"));
	assert_int_equal(dag_view_act(v, ACT_LANES, &e), ERR_USAGE);
	assert_string_equal(e.text, "2002 boxes are too many to draw; fold a matrix with z first");
	dag_view_free(v);
	release(&m);
}

static void clocks_take_five_cells(void **state)
{
	static const struct { int64_t s; const char *text; } cases[] = {
		{ -5, "0:00" }, { 0, "0:00" }, { 59, "0:59" }, { 3599, "59:59" }, { 3600, "1h00" }, { 359999, "99h59" },
		{ 360000, "4d" }, { 86400LL * 20000, "9999d" },
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char out[8];
		dag_clock(cases[i].s * US_PER_S, out);
		assert_string_equal(out, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_steps_are_boxes),
		cmocka_unit_test(lanes_show_times_as_bars),
		cmocka_unit_test(opening_a_matrix_shows_failures_first),
		cmocka_unit_test(states_move_nothing),
		cmocka_unit_test(the_cursor_moves_to_the_nearest_box),
		cmocka_unit_test(clicks_and_wheel),
		cmocka_unit_test(matrices_that_feed_each_other_do_not_fold),
		cmocka_unit_test(what_is_too_broad_folds),
		cmocka_unit_test(no_steps_at_all),
		cmocka_unit_test(thousands_of_steps),
		cmocka_unit_test(clocks_take_five_cells),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
