#include "tests/tui/run_case.h"
#include "tui/workbench/view_run.h"

static void a_failed_run_opens_at_what_failed_first(void **state)
{
	struct run_case c;
	case_failed(&c);
	struct view *v = case_view(&c, view_run_new);
	assert_view(&c, v, 24, 110,
	               "penguins ▸ 1 dull-heron ✗ failed   main 4f2a9c1* · 0:41\n"
	               "                  ┌───────────────┐                       │ train[boost] @1   ✗ failed  exit 1 "
	               "  0:31\n"
	               "                  │ ✓ fetch  0:02 │                       │ why it ran   lib/features.py "
	               "changed (+3 −1)\n"
	               "                  └───────┬───────┘                       │\n"
	               "                  ┌───────┴───────┐                       │ ✗ lib/features.py:3  as it ran\n"
	               "                  │ ✓ clean  0:08 │                       │     1  def encode(col):\n"
	               "                  └───────┬───────┘                       │     2      out = []\n"
	               "        ┌─────────────────┴┬──────────────────┐           │ ▸   3      return [float(v) for v "
	               "in col]\n"
	               "  ┌─────┴──────┐   ┌───────┴──────┐   ┌───────┴───────┐   │   ValueError: could not convert "
	               "string to float:\n"
	               "  │ ✓ train    │   │ ✓ train      │   │ ✗ train       │   │   'NA'\n"
	               "  │   lr  0:12 │   │   tree  0:09 │   │   boost  0:31 │   │\n"
	               "  └─────┬──────┘   └──────┬───────┘   └───────┬───────┘   │ inputs       data/clean.csv  4.1 "
	               "MB  a91f…\n"
	               "        └─────────────────┴┬──────────────────┘           │ env          pinned · 2 packages · "
	               "python 3.11.7\n"
	               "                 ┌─────────┴────────┐                     │ peak         612 MB · 1.9 cores\n"
	               "                 │ ⊘ evaluate       │                     │\n"
	               "                 └──────────────────┘                     │ loss         0.441    ▇▅▂▁▁▁▂\n"
	               "                                                          │\n"
	               "                                                          │ checkpoint   epoch-010.pt  "
	               "complete  00:00:30\n"
	               "                                                          │\n"
	               "                                                          │\n"
	               "                                                          │\n"
	               "                                                          │\n"
	               "                                                          │\n"
	               "                                                          │\n"
	               "                                                          │\n");
	assert_view(&c, v, 20, 80,
	               "penguins ▸ 1 dull-heron ✗ failed   main 4f2a9c1* · 0:41\n"
	               "     ┌───────────────┐                    │ train[boost] @1   ✗  exit 1   0:31\n"
	               "     │ ✓ fetch  0:02 │                    │ why it ran   lib/features.py changed\n"
	               "     └───────┬───────┘                    │              (+3 −1)\n"
	               "     ┌───────┴───────┐                    │\n"
	               "     │ ✓ clean  0:08 │                    │ ✗ lib/features.py:3  as it ran\n"
	               "     └───────┬───────┘                    │     1  def encode(col):\n"
	               "─────────────┴┬──────────────────┐        │     2      out = []\n"
	               "──┐   ┌───────┴──────┐   ┌───────┴───────┐│ ▸   3      return [float(v) for v i…\n"
	               "  │   │ ✓ train      │   │ ✗ train       ││   ValueError: could not convert\n"
	               "2 │   │   tree  0:09 │   │   boost  0:31 ││   string to float: 'NA'\n"
	               "──┘   └──────┬───────┘   └───────┬───────┘│\n"
	               "─────────────┴┬──────────────────┘        │ inputs       data/clean.csv  4.1 MB…\n"
	               "    ┌─────────┴────────┐                  │ env          pinned · 2 packages · …\n"
	               "    │ ⊘ evaluate       │                  │ peak         612 MB · 1.9 cores\n"
	               "    └──────────────────┘                  │\n"
	               "                                          │ loss         0.441    ▇▅▂▁▁▁▂\n"
	               "                                          │\n"
	               "                                          │ checkpoint   epoch-010.pt  complete…\n"
	               "                                          │\n"
	               "                                          │\n");
	assert_view(&c, v, 30, 60,
	               "penguins ▸ 1 dull-heron ✗ failed   main 4f2a9c1* · 0:41\n"
	               "                   ┌───────────────┐\n"
	               "                   │ ✓ fetch  0:02 │\n"
	               "                   └───────┬───────┘\n"
	               "                   ┌───────┴───────┐\n"
	               "                   │ ✓ clean  0:08 │\n"
	               "                   └───────┬───────┘\n"
	               "         ┌─────────────────┴┬──────────────────┐\n"
	               "   ┌─────┴──────┐   ┌───────┴──────┐   ┌───────┴───────┐\n"
	               "   │ ✓ train    │   │ ✓ train      │   │ ✗ train       │\n"
	               "   │   lr  0:12 │   │   tree  0:09 │   │   boost  0:31 │\n"
	               "   └─────┬──────┘   └──────┬───────┘   └───────┬───────┘\n"
	               "         └─────────────────┴┬──────────────────┘\n"
	               "                  ┌─────────┴────────┐\n"
	               "                  │ ⊘ evaluate       │\n"
	               "                  └──────────────────┘\n"
	               "────────────────────────────────────────────────────────────\n"
	               " train[boost] @1   ✗ failed  exit 1   0:31\n"
	               " why it ran   lib/features.py changed (+3 −1)\n"
	               "\n"
	               " ✗ lib/features.py:3  as it ran\n"
	               "     1  def encode(col):\n"
	               "     2      out = []\n"
	               " ▸   3      return [float(v) for v in col]\n"
	               "   ValueError: could not convert string to float: 'NA'\n"
	               "\n"
	               " inputs       data/clean.csv  4.1 MB  a91f…\n"
	               " env          pinned · 2 packages · python 3.11.7\n"
	               " peak         612 MB · 1.9 cores\n"
	               "\n"
	               " loss         0.441    ▇▅▂▁▁▁▂\n");
	assert_view(&c, v, 8, 40,
	               "penguins ▸ 1 dull-heron ✗ failed   main 4f2a9c1* · 0:41\n"
	               "   ┌───────┴───────┐\n"
	               "   │ ✓ clean  0:08 │\n"
	               "   └───────┬───────┘\n"
	               "───────────┴┬──────────────────┐\n"
	               "┐   ┌───────┴──────┐   ┌───────┴───────┐\n"
	               "│   │ ✓ train      │   │ ✗ train       │\n"
	               "│   │   tree  0:09 │   │   boost  0:31 │\n"
	               "┘   └──────┬───────┘   └───────┬───────┘\n");
	assert_int_equal(case_act(&c, v, ACT_NEXT_PANE), VIEW_REDRAW);
	assert_view(&c, v, 8, 40,
	               "penguins ▸ 1 dull-heron ✗ failed   main 4f2a9c1* · 0:41\n"
	               " train[boost] @1   ✗  exit 1   0:31\n"
	               " why it ran   lib/features.py changed\n"
	               "              (+3 −1)\n"
	               "\n"
	               " ✗ lib/features.py:3  as it ran\n"
	               "     1  def encode(col):\n"
	               "     2      out = []\n"
	               " ▸   3      return [float(v) for v in c…\n");
	c.app.paint.ascii = true;
	assert_view(&c, v, 20, 80,
	               "penguins ▸ 1 dull-heron ✗ failed   main 4f2a9c1* · 0:41\n"
	               "     +---------------+                    | train[boost] @1   x  exit 1   0:31\n"
	               "     | + fetch  0:02 |                    | why it ran   lib/features.py changed\n"
	               "     +-------+-------+                    |              (+3 -1)\n"
	               "     +-------+-------+                    |\n"
	               "     | + clean  0:08 |                    | x lib/features.py:3  as it ran\n"
	               "     +-------+-------+                    |     1  def encode(col):\n"
	               "-------------++------------------+        |     2      out = []\n"
	               "--+   +-------+------+   +-------+-------+| >   3      return [float(v) for v i~\n"
	               "  |   | + train      |   | x train       ||   ValueError: could not convert\n"
	               "2 |   |   tree  0:09 |   |   boost  0:31 ||   string to float: 'NA'\n"
	               "--+   +------+-------+   +-------+-------+|\n"
	               "-------------++------------------+        | inputs       data/clean.csv  4.1 MB~\n"
	               "    +---------+--------+                  | env          pinned . 2 packages . ~\n"
	               "    | / evaluate       |                  | peak         612 MB . 1.9 cores\n"
	               "    +------------------+                  |\n"
	               "                                          | loss         0.441    ^-.....\n"
	               "                                          |\n"
	               "                                          | checkpoint   epoch-010.pt  complete~\n"
	               "                                          |\n"
	               "                                          |\n");
	assert_int_equal(v->ops->due(v), -1);
	_buf_ struct buf copied = BUF_INIT;
	assert_true(v->ops->copy(v, &c.app, &copied));
	assert_string_equal(copied.data, "train[boost]");
	v->ops->free(v);
	case_end(&c);
}

static void a_lost_run_opens_at_what_was_lost(void **state)
{
	struct run_case c;
	case_begin(&c);
	end_attempt(&c, FETCH, begin_attempt(&c, FETCH, 1, 0, "runs/1/fetch@1"), 2, 2, true, STEP_SUCCESS);
	begin_attempt(&c, CLEAN, 1, 3, "runs/1/clean@1");
	time_pin(c.begun + 3600 * US_PER_S);
	must(tracker_begin(c.tracker, &make_err));
	assert_int_equal(must(run_mark_lost(c.tracker, c.run, &make_err)), 1);
	must(tracker_commit(c.tracker, &make_err));
	struct view *v = case_view(&c, view_run_new);
	_buf_ struct buf name = BUF_INIT;
	assert_true(v->ops->copy(v, &c.app, &name));
	assert_string_equal(name.data, "clean");
	/* Nobody saw its end, so that nothing is told of how long it took. */
	_free_ char *picture = view_picture(&c, v, 6, 110);
	assert_non_null(strstr(picture, "clean @1   ◌ lost   –\n"));
	v->ops->free(v);
	case_end(&c);
}

static void other_steps_tell_why_they_wait(void **state)
{
	struct run_case c;
	case_failed(&c);
	struct view *v = case_view(&c, view_run_new);
	assert_int_equal(case_act(&c, v, ACT_LAST), VIEW_REDRAW);
	assert_view(&c, v, 16, 100,
	               "penguins ▸ 1 dull-heron ✗ failed   main 4f2a9c1* · 0:41\n"
	               "                ┌───────────────┐                    │ evaluate   ⊘ not started\n"
	               "                │ ✓ fetch  0:02 │                    │ needs        ✗ train[boost]\n"
	               "                └───────┬───────┘                    │\n"
	               "                ┌───────┴───────┐                    │\n"
	               "                │ ✓ clean  0:08 │                    │\n"
	               "                └───────┬───────┘                    │\n"
	               "      ┌─────────────────┴┬──────────────────┐        │\n"
	               "┌─────┴──────┐   ┌───────┴──────┐   ┌───────┴───────┐│\n"
	               "│ ✓ train    │   │ ✓ train      │   │ ✗ train       ││\n"
	               "│   lr  0:12 │   │   tree  0:09 │   │   boost  0:31 ││\n"
	               "└─────┬──────┘   └──────┬───────┘   └───────┬───────┘│\n"
	               "      └─────────────────┴┬──────────────────┘        │\n"
	               "               ┌─────────┴────────┐                  │\n"
	               "               │ ⊘ evaluate       │                  │\n"
	               "               └──────────────────┘                  │\n"
	               "                                                     │\n");
	assert_int_equal(case_act(&c, v, ACT_LANES), VIEW_REDRAW);
	assert_int_equal(case_act(&c, v, ACT_UP), VIEW_REDRAW);
	assert_view(&c, v, 16, 100,
	               "penguins ▸ 1 dull-heron ✗ failed   main 4f2a9c1* · 0:41\n"
	               " fetch          ✓  0:02 │█                          │ train[boost] @1   ✗ failed  exit 1   "
	               "0:31\n"
	               " clean          ✓  0:08 │█████                      │ why it ran   lib/features.py changed (+3 "
	               "−1)\n"
	               " train ×3 ▾     ▓▓▓▓▓✗✗ │    ███████████████        │\n"
	               "   train[lr]    ✓  0:12 │    █████████              │ ✗ lib/features.py:3  as it ran\n"
	               "   train[tree]  ✓  0:09 │    █████                  │     1  def encode(col):\n"
	               "   train[boost] ✗  0:31 │    ███████████████        │     2      out = []\n"
	               " evaluate       ⊘       │                           │ ▸   3      return [float(v) for v in "
	               "col]\n"
	               "                                                    │   ValueError: could not convert string "
	               "to\n"
	               "                                                    │   float: 'NA'\n"
	               "                                                    │\n"
	               "                                                    │ inputs       data/clean.csv  4.1 MB  "
	               "a91f…\n"
	               "                                                    │ env          pinned · 2 packages · "
	               "python 3.1…\n"
	               "                                                    │ peak         612 MB · 1.9 cores\n"
	               "                                                    │\n"
	               "                                                    │ loss         0.441    ▇▅▂▁▁▁▂\n"
	               "                                                    │\n");
	v->ops->free(v);
	case_end(&c);
}

static void a_live_run_moves_as_the_record_does(void **state)
{
	struct run_case c;
	case_live(&c);
	int64_t tree = make_number(c.project.jig, "SELECT max(id) FROM attempt");
	write_text(c.project.jig, "runs/1/train+tree@1/log", "epoch 1\n\033[31mepoch 2\033[0m\n");
	struct view *v = case_view(&c, view_run_new);
	assert_true(v->ops->due(v) > time_mono());
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_SAME);
	assert_int_equal(case_refresh(&c, v, REFRESH_CLOCK), VIEW_REDRAW);
	assert_int_equal(case_act(&c, v, ACT_LEFT), VIEW_REDRAW);
	assert_view(&c, v, 16, 100,
	               "penguins ▸ 1 dull-heron ▶ running   main 4f2a9c1* · 1:00\n"
	               "                ┌───────────────┐                    │ train[tree] @1   ▶ running   0:50\n"
	               "                │ ✓ fetch  0:02 │                    │ why it ran   never finished\n"
	               "                └───────┬───────┘                    │\n"
	               "                ┌───────┴───────┐                    │ env          pinned · 2 packages · "
	               "python 3.…\n"
	               "                │ ✓ clean  0:08 │                    │\n"
	               "                └───────┬───────┘                    │ log\n"
	               "      ┌─────────────────┴┬──────────────────┐        │   epoch 1\n"
	               "┌─────┴──────┐   ┌───────┴──────┐   ┌───────┴───────┐│   epoch 2\n"
	               "│ ✓ train    │   │ ▶ train      │   │ ✗ train       ││\n"
	               "│   lr  0:12 │   │   tree  0:50 │   │   boost  0:31 ││\n"
	               "└─────┬──────┘   └──────┬───────┘   └───────┬───────┘│\n"
	               "      └─────────────────┴┬──────────────────┘        │\n"
	               "               ┌─────────┴────────┐                  │\n"
	               "               │ · evaluate       │                  │\n"
	               "               └──────────────────┘                  │\n"
	               "                                                     │\n");
	assert_int_equal(case_refresh(&c, v, REFRESH_TICK), VIEW_SAME);
	write_text(c.project.jig, "runs/1/train+tree@1/log", "epoch 1\nepoch 2\nepoch 3\n");
	assert_int_equal(case_refresh(&c, v, REFRESH_TICK), VIEW_REDRAW);
	_free_ char *grown = view_picture(&c, v, 16, 100);
	assert_non_null(strstr(grown, "epoch 3"));
	end_attempt(&c, TRAIN_TREE, tree, 19, 9, true, STEP_SUCCESS);
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_REDRAW);
	_free_ char *done = view_picture(&c, v, 16, 100);
	assert_non_null(strstr(done, "tree  0:09"));
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_SAME);
	begin_attempt(&c, EVALUATE, 1, 50, "runs/1/evaluate@1");
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_REDRAW);
	_free_ char *more = view_picture(&c, v, 16, 100);
	assert_non_null(strstr(more, "▶ evaluate"));
	v->ops->free(v);
	case_end(&c);
}

/* Looks at the record come when they come: what began and ended between two of them gets the cursor too. */
static void what_began_and_ended_between_two_looks_is_gone_to(void **state)
{
	struct run_case c;
	case_begin(&c);
	for (int i = FETCH; i < TRAIN_BOOST; i++)
		end_attempt(&c, i, begin_attempt(&c, i, 1, i, "runs/1/x@1"), i + 1, 1, true, STEP_SUCCESS);
	int64_t boost = begin_attempt(&c, TRAIN_BOOST, 1, 5, "runs/1/train+boost@1");
	struct view *v = case_view(&c, view_run_new);
	_buf_ struct buf before = BUF_INIT, after = BUF_INIT, kept = BUF_INIT;
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_REDRAW);
	assert_true(v->ops->copy(v, &c.app, &before));
	assert_string_equal(before.data, "train[boost]");
	end_attempt(&c, TRAIN_BOOST, boost, 8, 3, true, STEP_SUCCESS);
	end_attempt(&c, EVALUATE, begin_attempt(&c, EVALUATE, 1, 8, "runs/1/evaluate@1"), 9, 1, true, STEP_SUCCESS);
	must(tracker_begin(c.tracker, &make_err));
	must(run_end(c.tracker, c.run, RUN_SUCCESS, 0, 9 * US_PER_S, &make_err));
	must(tracker_commit(c.tracker, &make_err));
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_REDRAW);
	assert_true(v->ops->copy(v, &c.app, &after));
	assert_string_equal(after.data, "evaluate");
	_free_ char *picture = view_picture(&c, v, 16, 100);
	assert_non_null(strstr(picture, "evaluate @1   ✓ success"));
	/* Later looks leave it there. */
	case_refresh(&c, v, REFRESH_RECORD);
	assert_true(v->ops->copy(v, &c.app, &kept));
	assert_string_equal(kept.data, "evaluate");
	v->ops->free(v);
	case_end(&c);
}

/* A person's choice stands, whatever comes. */
static void a_step_that_was_chosen_stays_under_the_cursor(void **state)
{
	struct run_case c;
	case_begin(&c);
	end_attempt(&c, FETCH, begin_attempt(&c, FETCH, 1, 0, "runs/1/fetch@1"), 1, 1, true, STEP_SUCCESS);
	int64_t clean = begin_attempt(&c, CLEAN, 1, 1, "runs/1/clean@1");
	struct view *v = case_view(&c, view_run_new);
	assert_int_equal(case_act(&c, v, ACT_UP), VIEW_REDRAW);
	end_attempt(&c, CLEAN, clean, 2, 1, true, STEP_SUCCESS);
	end_attempt(&c, TRAIN_LR, begin_attempt(&c, TRAIN_LR, 1, 2, "runs/1/train+lr@1"), 3, 1, true, STEP_SUCCESS);
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_REDRAW);
	_buf_ struct buf name = BUF_INIT;
	assert_true(v->ops->copy(v, &c.app, &name));
	assert_string_equal(name.data, "fetch");
	v->ops->free(v);
	case_end(&c);
}

/* Where a matrix is too broad beside the panel, its boxes go without times rather than out of sight. */
static void all_of_a_small_matrix_is_seen_at_80_columns(void **state)
{
	struct run_case c;
	case_failed(&c);
	c.app.cols = 80;
	struct view *v = case_view(&c, view_run_new);
	_free_ char *picture = view_picture(&c, v, 16, 80);
	assert_non_null(strstr(picture, "│ ✓ train │   │ ✓ train │   │ ✗ train │"));
	assert_non_null(strstr(picture, "│   lr    │   │   tree  │   │   boost │"));
	assert_non_null(strstr(picture, "│ train[boost] @1   ✗"));
	v->ops->free(v);
	case_end(&c);
}

static void a_run_that_goes_away_says_so(void **state)
{
	struct run_case c;
	struct err e;
	case_failed(&c);
	struct view *v = case_view(&c, view_run_new);
	must(tracker_begin(c.tracker, &make_err));
	must(run_remove(c.tracker, c.run, &make_err));
	must(tracker_commit(c.tracker, &make_err));
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD), VIEW_REDRAW);
	_free_ char *gone = view_picture(&c, v, 10, 80);
	assert_string_equal(gone, "penguins ▸ 1 dull-heron   \n\n  run 1 was deleted; Esc goes back\n");
	for (enum action a = ACT_UP; a < ACT_COUNT; a++)
		assert_int_equal(case_act(&c, v, a), VIEW_PASS);
	assert_int_equal(case_refresh(&c, v, REFRESH_RECORD | REFRESH_TICK | REFRESH_CLOCK), VIEW_SAME);
	v->ops->free(v);
	assert_null(view_run_new(&c.app, 99, &e));
	assert_int_equal(e.code, ERR_NOT_FOUND);
	case_end(&c);
}

static void the_wheel_and_clicks_reach_both_panes(void **state)
{
	struct run_case c;
	struct err e;
	case_failed(&c);
	struct view *v = case_view(&c, view_run_new);
	struct rect r = { 0, 0, 12, 100 };
	free(view_picture(&c, v, 12, 100));
	assert_int_equal(v->ops->mouse(v, &c.app, &(struct mouse){ MOUSE_WHEEL_DOWN, 3, 80 }, r, &e), VIEW_REDRAW);
	_free_ char *scrolled = view_picture(&c, v, 12, 100);
	assert_null(strstr(scrolled, "why it ran"));
	assert_int_equal(v->ops->mouse(v, &c.app, &(struct mouse){ MOUSE_PRESS, 3, 80 }, r, &e), VIEW_REDRAW);
	assert_int_equal(case_act(&c, v, ACT_FIRST), VIEW_REDRAW);
	assert_int_equal(case_act(&c, v, ACT_FIRST), VIEW_SAME);
	assert_int_equal(case_act(&c, v, ACT_NEXT_PANE), VIEW_REDRAW);
	assert_int_equal(case_act(&c, v, ACT_UP), VIEW_REDRAW);
	_free_ char *up = view_picture(&c, v, 12, 100);
	assert_non_null(strstr(up, "clean @1"));
	assert_int_equal(v->ops->mouse(v, &c.app, &(struct mouse){ MOUSE_PRESS, 30, 10 }, r, &e), VIEW_PASS);
	v->ops->free(v);
	case_end(&c);
}

static int press(struct run_case *c, struct view *v, enum mouse_kind kind, int row, int col, struct rect r)
{
	struct err e = { 0 };
	int done = v->ops->mouse(v, &c->app, &(struct mouse){ kind, row, col }, r, &e);
	if (done < 0)
		fail_msg("%s", e.text);
	return done;
}

/* The column of the divider, in the first row. */
static int divider(struct run_case *c, struct view *v, int rows, int cols)
{
	struct grid g;
	int at = -1;
	grid_init(&g, rows, cols);
	v->ops->draw(v, &c->app, &g, (struct rect){ 0, 0, rows, cols });
	for (int i = 0; i < cols && at < 0; i++)
		at = g.cells[i].cp[0] == 0x2502 ? i : -1;
	grid_release(&g);
	return at;
}

static void the_divider_is_dragged(void **state)
{
	struct run_case c;
	case_failed(&c);
	struct view *v = case_view(&c, view_run_new);
	struct rect r = { 0, 0, 24, 110 }, tall = { 0, 0, 30, 60 };
	int at = divider(&c, v, r.rows, r.cols);
	assert_int_equal(at, 58);
	press(&c, v, MOUSE_PRESS, 3, at, r);
	assert_int_equal(press(&c, v, MOUSE_DRAG, 3, 40, r), VIEW_REDRAW);
	assert_int_equal(divider(&c, v, r.rows, r.cols), 40);
	/* Both panes stay. */
	press(&c, v, MOUSE_DRAG, 3, 2, r);
	assert_int_equal(divider(&c, v, r.rows, r.cols), 20);
	press(&c, v, MOUSE_DRAG, 3, 109, r);
	assert_int_equal(divider(&c, v, r.rows, r.cols), 88);
	press(&c, v, MOUSE_RELEASE, 3, 70, r);
	press(&c, v, MOUSE_DRAG, 3, 70, r);
	assert_int_equal(divider(&c, v, r.rows, r.cols), 88);
	/* It holds at another size too, and the one that lies has a place of its own. */
	assert_int_equal(divider(&c, v, 24, 90), 68);
	press(&c, v, MOUSE_PRESS, 15, 10, tall);
	assert_int_equal(press(&c, v, MOUSE_DRAG, 20, 10, tall), VIEW_REDRAW);
	press(&c, v, MOUSE_RELEASE, 20, 10, tall);
	_free_ char *picture = view_picture(&c, v, 30, 60);
	const char *line = picture;
	for (int i = 0; i < 21; i++)
		line = strchr(line, '\n') + 1;
	assert_int_equal(strncmp(line, "──────", strlen("──────")), 0);
	v->ops->free(v);
	case_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_run_opens_at_what_failed_first),
		cmocka_unit_test(a_lost_run_opens_at_what_was_lost),
		cmocka_unit_test(other_steps_tell_why_they_wait),
		cmocka_unit_test(a_live_run_moves_as_the_record_does),
		cmocka_unit_test(what_began_and_ended_between_two_looks_is_gone_to),
		cmocka_unit_test(a_step_that_was_chosen_stays_under_the_cursor),
		cmocka_unit_test(all_of_a_small_matrix_is_seen_at_80_columns),
		cmocka_unit_test(a_run_that_goes_away_says_so),
		cmocka_unit_test(the_wheel_and_clicks_reach_both_panes),
		cmocka_unit_test(the_divider_is_dragged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
