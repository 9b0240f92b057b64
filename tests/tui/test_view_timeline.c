#include "tests/tui/run_case.h"
#include "tui/workbench/run_model.h"
#include "tui/workbench/view_timeline.h"

static void attempts_stand_over_time(void **state)
{
	struct run_case c;
	case_failed(&c);
	struct view *v = case_view(&c, view_timeline_new);
	assert_view(&c, v, 14, 80,
	               "penguins ▸ 1 dull-heron ▸ timeline   ● critical path 0:41 of 0:41\n"
	               "                0:00      0:10       0:20      0:30       0:40      0:50\n"
	               "                ┬─────────┬──────────┬─────────┬──────────┬─────────┬─────────┬\n"
	               "●✓ fetch        ███\n"
	               "●✓ clean          █████████\n"
	               " ✓ train[lr]              ████✗░██████████████\n"
	               " ✓ train[tree]            ██████████\n"
	               "●✗ train[boost]           █████████████████████████████████✗\n"
	               "\n"
	               "\n"
	               "\n"
	               "────────────────────────────────────────────────────────────────────────────────\n"
	               " fetch @1  ✓ success  took 0:02  from 0:00  on the critical path\n");
	assert_int_equal(case_act(&c, v, ACT_DOWN), VIEW_REDRAW);
	assert_int_equal(case_act(&c, v, ACT_DOWN), VIEW_REDRAW);
	assert_view(&c, v, 14, 80,
	               "penguins ▸ 1 dull-heron ▸ timeline   ● critical path 0:41 of 0:41\n"
	               "                0:00      0:10       0:20      0:30       0:40      0:50\n"
	               "                ┬─────────┬──────────┬─────────┬──────────┬─────────┬─────────┬\n"
	               "●✓ fetch        ███\n"
	               "●✓ clean          █████████\n"
	               " ✓ train[lr]              ████✗░██████████████\n"
	               " ✓ train[tree]            ██████████\n"
	               "●✗ train[boost]           █████████████████████████████████✗\n"
	               "\n"
	               "\n"
	               "\n"
	               "────────────────────────────────────────────────────────────────────────────────\n"
	               " train[lr] @2  ✓ success  took 0:12  from 0:16\n"
	               " @1 failed exit 1 0:04\n");
	assert_int_equal(case_act(&c, v, ACT_LAST), VIEW_REDRAW);
	assert_view(&c, v, 14, 110,
	            "penguins ▸ 1 dull-heron ▸ timeline   ● critical path 0:41 of 0:41\n"
	            "                0:00           0:10            0:20           0:30            0:40           "
	            "0:50\n"
	            "                "
	            "┬──────────────┬───────────────┬──────────────┬───────────────┬──────────────┬──────────────┬\n"
	            "●✓ fetch        ████\n"
	            "●✓ clean           █████████████\n"
	            " ✓ train[lr]                   ██████✗░░████████████████████\n"
	            " ✓ train[tree]                 ███████████████\n"
	            "●✗ train[boost]                ████████████████████████████████████████████████✗\n"
	            "\n"
	            "\n"
	            "\n"
	            "──────────────────────────────────────────────────────────────────────────────────────────────────"
	            "────────────\n"
	            " train[boost] @1  ✗ failed  exit 1  took 0:31  from 0:10  on the critical path\n"
	            " lib/features.py:3 ValueError: could not convert string to float: 'NA'\n");
	assert_view(&c, v, 10, 40,
	               "penguins ▸ 1 dull-heron ▸ timeline   ● critical path 0:41 of 0:41\n"
	               "                0:00       0:30\n"
	               "                ┬──────────┬──────────┬\n"
	               "●✓ clean        ████\n"
	               " ✓ train[lr]       ██✗█████\n"
	               " ✓ train[tree]     █████\n"
	               "●✗ train[boost]    ████████████✗\n"
	               "────────────────────────────────────────\n"
	               " train[boost] @1  ✗ failed  exit 1  took\n"
	               " lib/features.py:3 ValueError: could no…\n");
	assert_view(&c, v, 6, 20,
	               "penguins ▸ 1 dull-heron ▸ timeline   ● critical path 0:41 of 0:41\n"
	               "              0:00\n"
	               "              ┬────\n"
	               "●✓ clean      █\n"
	               " ✓ train[lr]  █✗█\n"
	               " ✓ train[tre… ██\n"
	               "●✗ train[boo… ███✗\n");
	c.app.paint.ascii = true;
	assert_view(&c, v, 14, 80,
	               "penguins ▸ 1 dull-heron ▸ timeline   ● critical path 0:41 of 0:41\n"
	               "                0:00      0:10       0:20      0:30       0:40      0:50\n"
	               "                +---------+----------+---------+----------+---------+---------+\n"
	               "o+ fetch        ###\n"
	               "o+ clean          #########\n"
	               " + train[lr]              ####x.##############\n"
	               " + train[tree]            ##########\n"
	               "ox train[boost]           #################################x\n"
	               "\n"
	               "\n"
	               "\n"
	               "--------------------------------------------------------------------------------\n"
	               " train[boost] @1  x failed  exit 1  took 0:31  from 0:10  on the critical path\n"
	               " lib/features.py:3 ValueError: could not convert string to float: 'NA'\n");
	assert_int_equal(v->ops->due(v), -1);
	v->ops->free(v);
	case_end(&c);
}

static void zooming_keeps_the_attempt_in_sight(void **state)
{
	struct run_case c;
	case_failed(&c);
	struct view *v = case_view(&c, view_timeline_new);
	assert_int_equal(case_act(&c, v, ACT_ZOOM_OUT), VIEW_SAME);
	assert_int_equal(case_act(&c, v, ACT_LEFT), VIEW_SAME);
	case_act(&c, v, ACT_DOWN);
	assert_int_equal(case_act(&c, v, ACT_ZOOM_IN), VIEW_REDRAW);
	assert_int_equal(case_act(&c, v, ACT_ZOOM_IN), VIEW_REDRAW);
	assert_view(&c, v, 14, 80,
	               "penguins ▸ 1 dull-heron ▸ timeline   ● critical path 0:41 of 0:41 · zoom ×4\n"
	               "                0:00                 0:05                 0:10\n"
	               "                ┬────────────────────┬────────────────────┬───────────────────┬\n"
	               "●✓ fetch        █████████\n"
	               "●✓ clean                ███████████████████████████████████\n"
	               " ✓ train[lr]                                              ████████████████✗░░░░\n"
	               " ✓ train[tree]                                            █████████████████████\n"
	               "●✗ train[boost]                                           █████████████████████\n"
	               "\n"
	               "\n"
	               "\n"
	               "────────────────────────────────────────────────────────────────────────────────\n"
	               " clean @1  ✓ success  took 0:08  from 0:02  on the critical path\n");
	assert_int_equal(case_act(&c, v, ACT_RIGHT), VIEW_REDRAW);
	_free_ char *moved = view_picture(&c, v, 14, 80);
	assert_non_null(strstr(moved, "zoom ×4"));
	for (int i = 0; i < 40; i++)
		case_act(&c, v, ACT_RIGHT);
	assert_int_equal(case_act(&c, v, ACT_RIGHT), VIEW_SAME);
	for (int i = 0; i < 60; i++)
		case_act(&c, v, ACT_ZOOM_IN);
	free(view_picture(&c, v, 14, 80));
	assert_int_equal(case_act(&c, v, ACT_ZOOM_RESET), VIEW_REDRAW);
	_free_ char *whole = view_picture(&c, v, 14, 80);
	assert_null(strstr(whole, "zoom"));
	v->ops->free(v);
	case_end(&c);
}

static void a_live_run_grows(void **state)
{
	struct run_case c;
	case_live(&c);
	struct view *v = case_view(&c, view_timeline_new);
	assert_true(v->ops->due(v) > time_mono());
	assert_view(&c, v, 9, 80,
	               "penguins ▸ 1 dull-heron ▸ timeline   ● critical path 1:00 of 1:00\n"
	               "                0:00      0:10       0:20      0:30       0:40      0:50\n"
	               "                ┬─────────┬──────────┬─────────┬──────────┬─────────┬─────────┬\n"
	               "●✓ fetch        ███\n"
	               "●✓ clean          █████████\n"
	               " ✓ train[lr]              ████✗░██████████████\n"
	               "────────────────────────────────────────────────────────────────────────────────\n"
	               " fetch @1  ✓ success  took 0:02  from 0:00  on the critical path\n");
	time_pin(c.begun + 120 * US_PER_S);
	assert_int_equal(case_refresh(&c, v, REFRESH_CLOCK), VIEW_REDRAW);
	assert_view(&c, v, 9, 80,
	               "penguins ▸ 1 dull-heron ▸ timeline   ● critical path 2:00 of 2:00\n"
	               "                0:00           0:30            1:00            1:30\n"
	               "                ┬──────────────┬───────────────┬───────────────┬──────────────┬\n"
	               "●✓ fetch        ██\n"
	               "●✓ clean         █████\n"
	               " ✓ train[lr]         ██✗███████\n"
	               "────────────────────────────────────────────────────────────────────────────────\n"
	               " fetch @1  ✓ success  took 0:02  from 0:00  on the critical path\n");
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_SAME);
	begin_attempt(&c, EVALUATE, 1, 110, "runs/1/evaluate@1");
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_REDRAW);
	_free_ char *more = view_picture(&c, v, 14, 80);
	assert_non_null(strstr(more, "evaluate"));
	must(tracker_begin(c.tracker, &make_err));
	must(run_end(c.tracker, c.run, RUN_LOST, -1, -1, &make_err));
	must(run_remove(c.tracker, c.run, &make_err));
	must(tracker_commit(c.tracker, &make_err));
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_REDRAW);
	_free_ char *gone = view_picture(&c, v, 14, 80);
	assert_non_null(strstr(gone, "run 1 was deleted; Esc goes back"));
	assert_int_equal(case_act(&c, v, ACT_DOWN), VIEW_PASS);
	v->ops->free(v);
	case_end(&c);
}

static void nothing_has_begun(void **state)
{
	struct run_case c;
	struct err e;
	case_begin(&c);
	struct view *v = case_view(&c, view_timeline_new);
	_free_ char *text = view_picture(&c, v, 10, 60);
	assert_non_null(strstr(text, "nothing has begun in this run"));
	for (enum action a = ACT_UP; a < ACT_RESUME; a++)
		case_act(&c, v, a);
	v->ops->free(v);
	assert_null(view_timeline_new(&c.app, 99, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	case_end(&c);
}

static void the_critical_path_leads_back_from_what_ended_last(void **state)
{
	struct run_case c;
	struct run_model m = { 0 };
	struct err e;
	bool marked[NSTEPS];
	case_failed(&c);
	assert_int_equal(run_model_load(c.app.tracker, c.run, &m, &e), 0);
	run_model_critical(&m, time_now(), marked);
	for (int i = 0; i < NSTEPS; i++)
		assert_int_equal(marked[i], i == FETCH || i == CLEAN || i == TRAIN_BOOST);
	assert_int_equal(run_model_ready(&m, TRAIN_LR, time_now()) - c.begun, 10 * US_PER_S);
	assert_int_equal(run_model_began(&m, TRAIN_LR) - c.begun, 10 * US_PER_S);
	assert_int_equal(run_model_ended(&m, TRAIN_LR, time_now()) - c.begun, 28 * US_PER_S);
	assert_int_equal(run_model_ended(&m, EVALUATE, time_now()), 0);
	assert_int_equal(run_model_first_failed(&m), TRAIN_BOOST);
	assert_int_equal(run_model_step(&m, -1), -1);
	assert_false(run_model_live(&m));
	run_model_release(&m);
	case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attempts_stand_over_time),
		cmocka_unit_test(zooming_keeps_the_attempt_in_sight),
		cmocka_unit_test(a_live_run_grows),
		cmocka_unit_test(nothing_has_begun),
		cmocka_unit_test(the_critical_path_leads_back_from_what_ended_last),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
