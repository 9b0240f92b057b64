#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>
#include "tests/lib/record_case.h"
#include "tracker/query_metric.h"
#include "tui/workbench/view_metrics.h"

static int64_t run, step, attempt;
static struct app app;
static struct view *view;

static void begin(void)
{
	setenv("TZ", "UTC", 1);
	must(tracker_begin(record, &make_err));
	run = make_run(record, "first");
	must(run_start(record, run, &make_err));
	step = make_step(record, run, "train", 0);
	attempt = make_attempt(record, run, step, 1, 0);
	must(tracker_commit(record, &make_err));
	app = (struct app){ .tracker = record };
}

/* n points from step `from` on, one a second; of falling values. */
static void points(const char *key, int64_t from, int n)
{
	int64_t id;
	must(tracker_begin(record, &make_err));
	must(series_open(record, run, step, attempt, key, &id, &make_err));
	for (int i = 0; i < n; i++) {
		struct point p = { from + i, 1000000 * (from + i), 100.0 / (double)(from + i + 1) };
		must(series_add(record, id, &p, 1, &make_err));
	}
	must(tracker_commit(record, &make_err));
}

static void point(const char *key, int64_t at, double v)
{
	int64_t id;
	must(tracker_begin(record, &make_err));
	must(series_open(record, run, step, attempt, key, &id, &make_err));
	must(series_add(record, id, &(struct point){ at, 1000000 * at, v }, 1, &make_err));
	must(tracker_commit(record, &make_err));
}

static void work_off(void)
{
	while (must(view->ops->work(view, &app, &make_err)) & VIEW_MORE)
		;
}

static void open_view(void)
{
	struct run_row r = { .number = run, .name = "first" };
	struct step_row s = { .id = step, .name = "train" };
	struct attempt_row at = { .id = attempt, .step = step, .n = 1, .started = 0 };
	view = view_metrics_new(&app, &r, &s, &at, &make_err);
	assert_non_null(view);
	work_off();
}

static void close_view(void)
{
	view->ops->free(view);
	view = NULL;
}

static int act(enum action a)
{
	return must(view->ops->act(view, &app, a, &make_err));
}

static char *drawn(int rows, int cols)
{
	struct grid g;
	_buf_ struct buf b = BUF_INIT;
	grid_init(&g, rows, cols);
	view->ops->draw(view, &app, &g, (struct rect){ .rows = rows, .cols = cols });
	grid_print(&g, &app.paint, &b);
	grid_release(&g);
	return buf_steal(&b);
}

static void assert_drawn(int rows, int cols, const char *part)
{
	_free_ char *text = drawn(rows, cols);
	if (!strstr(text, part))
		fail_msg("no \"%s\" in\n%s", part, text);
}

/* A whole screen; cmocka cuts long texts. */
static void assert_screen(const char *is, const char *wanted)
{
	if (!strcmp(is, wanted))
		return;
	fprintf(stderr, "%s", is);
	fail_msg("another screen");
}

static void refuse_drawn(int rows, int cols, const char *part)
{
	_free_ char *text = drawn(rows, cols);
	if (strstr(text, part))
		fail_msg("\"%s\" in\n%s", part, text);
}

static void assert_copy(const char *wanted)
{
	_buf_ struct buf b = BUF_INIT;
	assert_int_equal(view->ops->copy(view, &app, &b), wanted != NULL);
	if (wanted)
		assert_string_equal(b.data, wanted);
}

static void assert_facts(const char *wanted)
{
	_buf_ struct buf trail = BUF_INIT, facts = BUF_INIT;
	view->ops->title(view, &app, &trail, &facts);
	assert_string_equal(facts.data, wanted);
}

static void no_metrics_says_how_to_get_them(void **state)
{
	begin();
	open_view();
	assert_drawn(10, 70, "no metrics");
	assert_drawn(10, 70, "jig log loss=0.31 --step 10");
	assert_drawn(10, 70, "$JIG_METRICS");
	assert_int_equal(act(ACT_ENTER), VIEW_PASS);
	assert_int_equal(act(ACT_BACK), VIEW_PASS);
	assert_copy(NULL);
	/* The first point comes. */
	points("loss", 0, 3);
	assert_true(must(view->ops->refresh(view, &app, REFRESH_RECORD, &make_err)) & VIEW_REDRAW);
	assert_drawn(10, 70, "loss");
	refuse_drawn(10, 70, "no metrics");
	close_view();
}

static void a_grid_of_charts(void **state)
{
	begin();
	points("acc", 0, 20);
	points("loss", 0, 40);
	point("rows", 0, 150);
	must(tracker_begin(record, &make_err));
	for (int i = 1; i < 6; i++)
		must(sample_add(record, attempt,
		                &(struct sample){i * 1000000, i * 2000000, i * 100000000, -1, -1, -1, NAN, i},
		                &make_err));
	must(tracker_commit(record, &make_err));
	open_view();
	_free_ char *text = drawn(20, 80);
	assert_screen(text,
	              " rows 150\n"
	              " ▌ acc  5                                  loss  2.5\n"
	              "   100┤⢣                                   100┤⢇\n"
	              "      │⠘⡄                                     │⢸\n"
	              "      │ ⢣                                     │⠈⡆\n"
	              "      │  ⠑⢄                                   │ ⢱\n"
	              "      │    ⠉⠒⠤⢄⣀⡀                             │  ⠑⢄⡀\n"
	              "     0┤         ⠈⠉⠉⠉⠉⠑⠒⠒⠒⠒⠒⠒⠒⠒⠒⠤⠤⠤⠤⠤⠤⠤⠤      0┤    ⠈⠉⠉⠒⠒⠒⠒⠒⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤\n"
	              "      └┬───────────────┬───────────────       └┬───────────────┬───────────────\n"
	              "       0              10           step        0              20           step\n"
	              "   cpu cores  2                            memory  500 MB\n"
	              "   2┤⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉          │                        ⣀⡠⠔⠒⠉\n"
	              "    │                                      400 MB┤                 ⢀⣀⠤⠤⠒⠊⠉\n"
	              "    │                                            │           ⣀⡠⠤⠒⠊⠉⠁\n"
	              "    │                                      200 MB┤    ⢀⣀⡠⠤⠒⠊⠉\n"
	              "    │                                            │⠤⠒⠒⠉⠁\n"
	              "   0┤                                        0 MB┤\n"
	              "    └────────┬────────────────┬────────          └───────┬─────────────────────\n"
	              "         00:00:02         00:00:04 time              00:00:02              time\n");
	assert_facts("by step · 1 of 5 charts");
	assert_copy("5");
	act(ACT_RIGHT);
	assert_copy("2.5");
	close_view();
}

static void one_chart_large_with_a_crosshair(void **state)
{
	begin();
	points("acc", 0, 5);
	points("loss", 0, 40);
	point("loss", 40, NAN);
	point("loss", 41, 7);
	open_view();
	act(ACT_RIGHT);
	act(ACT_ENTER);
	assert_drawn(20, 80, "min");
	act(ACT_FIRST);
	_free_ char *text = drawn(16, 60);
	assert_screen(text,
	              " loss                                          step 0, 1 NaN\n"
	              " 100┤⡇\n"
	              "    │⢸\n"
	              "  80┤⠸⡀\n"
	              "    ││⡇\n"
	              "  60┤│⢣\n"
	              "    ││⠸⡀\n"
	              "  40┤│ ⢇\n"
	              "    ││ ⠘⢄\n"
	              "  20┤│   ⠑⠢⡀\n"
	              "    ││     ⠈⠑⠒⠤⠤⢄⣀⣀⣀⡀\n"
	              "   0┤│              ⠈⠉⠉⠉⠉⠉⠉⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠢⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠤⠄ ⠈\n"
	              "    └┴────────────┬────────────┬─────────────┬────────────×─\n"
	              "     0           10           20            30          step\n"
	              "          here   min   max\n"
	              " ━ loss    100   2.5   100\n");
	assert_copy("100");
	/* A point at a time where they stand far apart. */
	act(ACT_RIGHT);
	assert_copy("50");
	act(ACT_RIGHT);
	act(ACT_LEFT);
	assert_copy("50");
	act(ACT_LAST);
	assert_copy("7");
	act(ACT_LEFT);
	assert_copy(NULL);
	assert_drawn(16, 60, "–");
	/* The crosshair is that of the other charts too. */
	act(ACT_FIRST);
	act(ACT_RIGHT);
	act(ACT_UP);
	assert_drawn(16, 60, "acc");
	assert_copy("50");
	assert_int_equal(act(ACT_BACK), VIEW_REDRAW);
	assert_int_equal(act(ACT_BACK), VIEW_PASS);
	close_view();
}

static void zoom_and_pan(void **state)
{
	begin();
	points("loss", 0, 101);
	open_view();
	act(ACT_ENTER);
	act(ACT_FIRST);
	act(ACT_ZOOM_IN);
	act(ACT_ZOOM_IN);
	_free_ char *first = drawn(16, 60);
	assert_non_null(strstr(first, " 20 "));
	assert_null(strstr(first, " 80 "));
	for (int i = 0; i < 9; i++)
		act(ACT_PAGE_DOWN);
	_free_ char *last = drawn(16, 60);
	assert_non_null(strstr(last, "100"));
	act(ACT_ZOOM_RESET);
	_free_ char *all = drawn(16, 60);
	assert_non_null(strstr(all, "100"));
	assert_non_null(strstr(all, " 0"));
	/* As deep as it goes, and out again. */
	for (int i = 0; i < 40; i++)
		act(ACT_ZOOM_IN);
	free(drawn(16, 60));
	for (int i = 0; i < 60; i++)
		act(ACT_RIGHT);
	free(drawn(16, 60));
	assert_copy("1.639344262295082");
	for (int i = 0; i < 40; i++)
		act(ACT_ZOOM_OUT);
	_free_ char *out = drawn(16, 60);
	assert_non_null(strstr(out, "100"));
	close_view();
}

static void series_are_laid_over_each_other(void **state)
{
	begin();
	points("acc", 0, 5);
	points("loss", 0, 40);
	points("valid", 0, 40);
	open_view();
	act(ACT_OVERLAY);
	act(ACT_RIGHT);
	act(ACT_OVERLAY);
	assert_facts("2 laid over · by step · 3 of 4 charts");
	assert_drawn(24, 80, "acc + loss");
	act(ACT_FIRST);
	act(ACT_ENTER);
	assert_drawn(20, 80, "━ acc");
	assert_drawn(20, 80, "━ loss");
	act(ACT_OVERLAY);
	refuse_drawn(20, 80, "acc + loss");
	assert_facts("by step · 1 of 3 charts");
	close_view();
}

static void toggles(void **state)
{
	begin();
	points("loss", 0, 40);
	point("loss", 50, -1);
	open_view();
	act(ACT_ENTER);
	act(ACT_LOG_AXIS);
	assert_drawn(16, 70, "1 at or below 0 not shown");
	act(ACT_SMOOTH);
	act(ACT_SMOOTH);
	assert_facts("smooth 0.9 · log · by step · 1 of 1 charts");
	act(ACT_SMOOTH);
	act(ACT_SMOOTH);
	act(ACT_LOG_AXIS);
	act(ACT_FIRST);
	act(ACT_RIGHT);
	/* The crosshair stays at its point when x becomes time. */
	assert_copy("50");
	assert_true(act(ACT_X_AXIS) & VIEW_MORE);
	work_off();
	assert_facts("by time · 1 of 1 charts");
	assert_copy("50");
	assert_drawn(16, 70, "00:00:01");
	act(ACT_X_AXIS);
	work_off();
	assert_copy("-1");
	close_view();
}

static void live_series_are_read_on(void **state)
{
	begin();
	points("loss", 0, 10);
	open_view();
	assert_copy("10");
	points("loss", 10, 10);
	must(view->ops->refresh(view, &app, REFRESH_RECORD, &make_err));
	work_off();
	assert_copy("5");
	/* One that comes late, before the last. */
	point("loss", -5, 1234);
	must(view->ops->refresh(view, &app, REFRESH_RECORD, &make_err));
	work_off();
	act(ACT_ENTER);
	free(drawn(20, 70));
	act(ACT_FIRST);
	assert_copy("1234");
	assert_drawn(20, 70, "1234");
	assert_int_equal(view->ops->refresh(view, &app, REFRESH_TICK, &make_err), VIEW_SAME);
	close_view();
}

static void long_series_are_read_in_slices(void **state)
{
	enum { N = 200000 };
	int64_t id;
	begin();
	must(tracker_begin(record, &make_err));
	must(series_open(record, run, step, attempt, "loss", &id, &make_err));
	struct point *p = mem_array(NULL, N, sizeof *p);
	for (int i = 0; i < N; i++)
		p[i] = (struct point){ i, i, i == 43210 ? 9 : 1 };
	must(series_add(record, id, p, N, &make_err));
	free(p);
	must(tracker_commit(record, &make_err));
	struct run_row r = { .number = run, .name = "first" };
	struct step_row s = { .id = step, .name = "train" };
	struct attempt_row at = { .id = attempt, .step = step, .n = 1 };
	view = view_metrics_new(&app, &r, &s, &at, &make_err);
	int slices = 0;
	for (; must(view->ops->work(view, &app, &make_err)) & VIEW_MORE; slices++)
		if (slices == 0)
			assert_drawn(20, 70, "reading ");
	assert_true(slices > 1);
	refuse_drawn(20, 70, "reading");
	act(ACT_ENTER);
	/* The one spike is there. */
	assert_drawn(20, 70, "9");
	close_view();
}

static void runs_are_laid_over_each_other(void **state)
{
	begin();
	points("acc", 0, 5);
	open_view();
	must(tracker_begin(record, &make_err));
	run = make_run(record, "second");
	must(run_start(record, run, &make_err));
	step = make_step(record, run, "train", 0);
	attempt = make_attempt(record, run, step, 1, 0);
	must(tracker_commit(record, &make_err));
	points("acc", 0, 8);
	points("only", 0, 8);
	struct run_row r = { .number = run, .name = "second" };
	struct attempt_row at = { .id = attempt, .step = step, .n = 1, .started = 0 };
	must(view_metrics_add(view, &app, &r, &at, &make_err));
	work_off();
	act(ACT_ENTER);
	assert_drawn(20, 70, "━ 1 first");
	assert_drawn(20, 70, "━ 2 second");
	assert_facts("by step · 1 of 2 charts");
	close_view();
}

static void a_reused_step_says_whose_they_are(void **state)
{
	begin();
	points("loss", 0, 5);
	struct run_row r = { .number = 9, .name = "later" };
	struct step_row s = { .id = 77, .name = "train", .reused_attempt = attempt, .reused_run = run, .reused_n = 1 };
	struct attempt_row at = { .id = attempt, .step = step, .n = 1 };
	view = view_metrics_new(&app, &r, &s, &at, &make_err);
	assert_drawn(20, 80, "reused: what train@1 gave in run 1");
	close_view();
}

static void any_size_and_key_does(void **state)
{
	static const enum action actions[] = {
	        ACT_UP,         ACT_DOWN,     ACT_LEFT,   ACT_RIGHT,   ACT_PAGE_UP,   ACT_PAGE_DOWN, ACT_FIRST,
	        ACT_LAST,       ACT_ENTER,    ACT_BACK,   ACT_OVERLAY, ACT_ZOOM_IN,   ACT_ZOOM_IN,   ACT_ZOOM_OUT,
	        ACT_ZOOM_RESET, ACT_LOG_AXIS, ACT_X_AXIS, ACT_SMOOTH,  ACT_NEXT_PANE,
	};
	uint32_t seed = 7;
	begin();
	points("acc", 0, 5);
	points("a/b", 3, 40);
	point("nan", 0, NAN);
	point("nan", 1, NAN);
	point("inf", 0, INFINITY);
	point("inf", 5, -1e308);
	point("inf", 6, 1e308);
	point("same", 4, 2);
	point("same", 4000000000, 2);
	point("one", 1, 1);
	must(tracker_begin(record, &make_err));
	for (int i = 1; i < 6; i++)
		must(sample_add(record, attempt,
		                &(struct sample){i * 1000000, i * 2000000, i * 100000000, -1, -1, 5, 0.5, i},
		                &make_err));
	must(tracker_commit(record, &make_err));
	open_view();
	for (int i = 0; i < 3000; i++) {
		seed = seed * 1664525u + 1013904223u;
		act(actions[(seed >> 8) % ARRAY_LEN(actions)]);
		if (i % 3 == 0)
			work_off();
		int rows = 1 + (int)((seed >> 12) % 50), cols = 1 + (int)((seed >> 16) % 150);
		free(drawn(rows, cols));
		struct mouse m = {(enum mouse_kind)((seed >> 20) % 6), (int)((seed >> 4) % 50),
		                  (int)((seed >> 9) % 150)};
		if (i % 4 == 0)
			must(view->ops->mouse(view, &app, &m, (struct rect){ .rows = rows, .cols = cols }, &make_err));
	}
	close_view();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		record_test(no_metrics_says_how_to_get_them),
		record_test(a_grid_of_charts),
		record_test(one_chart_large_with_a_crosshair),
		record_test(zoom_and_pan),
		record_test(series_are_laid_over_each_other),
		record_test(toggles),
		record_test(live_series_are_read_on),
		record_test(long_series_are_read_in_slices),
		record_test(runs_are_laid_over_each_other),
		record_test(a_reused_step_says_whose_they_are),
		record_test(any_size_and_key_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
