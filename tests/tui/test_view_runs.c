#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "tests/lib/record_case.h"
#include "tui/asker.h"
#include "tui/workbench/run_actions.h"
#include "tui/workbench/view_pick.h"
#include "tui/workbench/view_run.h"
#include "tui/workbench/view_runs.h"

/* The app's part, as far as the view needs it. */
static struct app app;
static struct project project;
static struct view *view;
static struct grid grid;
static struct rect place;
static bool working, typing;
static app_typed_fn *typed;
static void *typed_arg;
static char said[512], note[64], pushed[64];
static bool note_bad;
static int64_t acted[8];
static size_t nacted;
static const char *program;
static app_done_fn *program_done;
static void *program_arg;
static struct pick_ops picks;
static void *picks_arg;
static int npicks;
static char pick_names[64][64];

void app_redraw(struct app *a) { }
void app_work(struct app *a, struct view *v) { working = true; }
void app_pop(struct app *a) { }

void app_push(struct app *a, struct view *v)
{
	free(v);
}

void app_say(struct app *a, enum role role, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(said, sizeof said, fmt, ap);
	va_end(ap);
}

void app_type(struct app *a, const char *label, const char *text, app_typed_fn *cb, void *arg)
{
	typing = true;
	typed = cb;
	typed_arg = arg;
}

void app_type_note(struct app *a, bool bad, const char *fmt, ...)
{
	va_list ap;

	note_bad = bad;
	va_start(ap, fmt);
	vsnprintf(note, sizeof note, fmt, ap);
	va_end(ap);
}

struct view *view_run_new(struct app *a, int64_t run, struct err *e)
{
	snprintf(pushed, sizeof pushed, "run %lld", (long long)run);
	return mem_zero(sizeof(struct view));
}

int app_program(struct app *a, const char *const *argv, app_done_fn *done, void *arg, struct err *e)
{
	program = argv[0];
	program_done = done;
	program_arg = arg;
	return 0;
}

int run_act(struct app *a, int64_t run, const char *step, enum action action, struct err *e)
{
	acted[0] = run;
	nacted = 1;
	return VIEW_SAME;
}

int run_act_many(struct app *a, const int64_t *runs, size_t n, enum action action, struct err *e)
{
	nacted = n;
	for (size_t i = 0; i < n; i++)
		acted[i] = runs[i];
	return VIEW_SAME;
}

void view_pick_push(struct app *a, const char *title, const char *label, const struct pick_row *rows, int n, int at,
                    const struct pick_ops *ops, void *arg)
{
	picks = *ops;
	picks_arg = arg;
	npicks = n;
	for (int i = 0; i < n && i < (int)ARRAY_LEN(pick_names); i++)
		snprintf(pick_names[i], sizeof pick_names[i], "%s", rows[i].name);
}

/* Until nothing is open any more. */
static void settle(void)
{
	for (;;) {
		while (working) {
			working = false;
			if (must(view->ops->work(view, &app, &make_err)) & VIEW_MORE)
				working = true;
		}
		if (!app.asker || !asker_busy(app.asker))
			return;
		must(loop_step(app.loop, 20000, &make_err));
	}
}

static const char *row_text(int row)
{
	static char text[2000];
	_buf_ struct buf b = BUF_INIT;

	grid_row(&grid, row, &(struct paint){0}, &b);
	snprintf(text, sizeof text, "%s", b.data);
	return text;
}

static void picture(int rows, int cols)
{
	grid_release(&grid);
	grid_init(&grid, rows, cols);
	place = (struct rect){0, 0, rows, cols};
	view->ops->draw(view, &app, &grid, place);
	settle();
	grid_clear(&grid);
	view->ops->draw(view, &app, &grid, place);
	if (getenv("SHOW_SCREENS"))
		for (int i = 0; i < rows; i++)
			printf("|%s\n", row_text(i));
}

#define has(row, part) \
	do { \
		if (!strstr(row_text(row), (part))) \
			fail_msg("row %d \"%s\" has no \"%s\"", (row), row_text(row), (part)); \
	} while (0)
#define hasnt(row, part) assert_null(strstr(row_text(row), (part)))

static void act(enum action action)
{
	must(view->ops->act(view, &app, action, &make_err));
	settle();
	picture(grid.rows, grid.cols);
}

static void type(const char *text)
{
	must(typed(typed_arg, &app, TYPED_CHANGE, text, &make_err));
	settle();
	picture(grid.rows, grid.cols);
}

/* A run of two steps that ended in a state. */
static int64_t make_ended(const char *name, enum run_state state, const char *model, double lr, double acc,
                          int64_t sweep)
{
	_json_ json_t *params = json_pack("{s:s, s:{s:f}, s:s}", "model", model, "train", "lr", lr, "same", "x");
	struct run_new n = {.name = name,
	                    .pipeline = "p",
	                    .pipeline_text = "steps: {}\n",
	                    .kind = sweep ? KIND_SWEEP : KIND_RUN,
	                    .sweep = sweep,
	                    .host = "host",
	                    .user = "user",
	                    .params = params,
	                    .code = {.dirty = -1}};
	bool failed = state == RUN_FAILED;
	char uid[ULID_LEN + 1];
	int64_t run, prepare, train, a;

	must(run_create(record, &n, &run, uid, &make_err));
	prepare = make_step(record, run, "prepare", 0);
	train = make_next_step(record, run, "train", 1);
	must(run_start(record, run, &make_err));
	a = make_attempt(record, run, prepare, 1, 0);
	make_end(record, run, prepare, a, ATTEMPT_SUCCESS, STEP_SUCCESS);
	a = make_attempt(record, run, train, 1, 0);
	make_points(record, run, train, a, "acc", (const double[]){acc / 4, acc / 3, acc / 2, acc}, 4);
	if (state == RUN_RUNNING)
		return run;
	must(attempt_end(record, run, train, a,
	                 &(struct attempt_result){.state = failed ? ATTEMPT_FAILED : ATTEMPT_SUCCESS,
	                                          .cause = failed ? CAUSE_EXIT : CAUSE_NONE,
	                                          .exit_status = failed,
	                                          .ended = time_now(),
	                                          .elapsed_us = 31 * US_PER_S,
	                                          .error_file = failed ? "train.py" : NULL,
	                                          .error_line = failed ? 31 : 0,
	                                          .error_message = failed ? "ValueError: could not convert" : NULL,
	                                          .usage = {-1, -1, -1, -1, -1},
	                                          .step_state = failed ? STEP_FAILED : STEP_SUCCESS},
	                 &make_err));
	must(run_end(record, run, state, failed, 41 * US_PER_S, &make_err));
	return run;
}

static void open_view(void)
{
	app = (struct app){.loop = loop_new(), .project = &project, .tracker = record};
	project = (struct project){.root = record_dir, .jig = record_dir, .name = (char *)"penguins"};
	must(asker_new(app.loop, record_dir, &app.asker, &make_err));
	view = view_runs_new(&app, &make_err);
	assert_non_null(view);
	settle();
}

/* Run 1 … 3, a sweep of four, and one that runs. */
static int set_up(void **state)
{
	_json_ json_t *spec = json_pack("{s:[f,f], s:[i,i]}", "train.lr", 0.1, 0.2, "seed", 1, 2);
	static const char *const names[] = {"grid-one", "grid-two", "grid-three", "grid-four"};
	int64_t sweep;

	record_setup(state);
	must(tracker_begin(record, &make_err));
	make_ended("calm-otter", RUN_SUCCESS, "lr", 0.1, 0.903, 0);
	make_ended("dull-heron", RUN_FAILED, "boost", 0.3, 0.88, 0);
	must(sweep_create(record, spec, &sweep, &make_err));
	for (int i = 0; i < 4; i++)
		make_ended(names[i], i == 3 ? RUN_FAILED : RUN_SUCCESS, "lr", 0.1 * (i + 1), 0.5 + i / 10.0, sweep);
	make_ended("bright-finch", RUN_RUNNING, "boost", 0.1, 0.912, 0);
	must(tracker_commit(record, &make_err));
	open_view();
	picture(16, 110);
	return 0;
}

static int tear_down(void **state)
{
	view->ops->free(view);
	asker_free(app.asker);
	loop_free(app.loop);
	grid_release(&grid);
	memset(&grid, 0, sizeof grid);
	working = typing = false;
	*said = *note = *pushed = '\0';
	nacted = 0;
	must(tracker_begin(record, &make_err));
	must(tracker_commit(record, &make_err));
	return record_teardown(state);
}

static void rows_say_what_a_run_is(void **state)
{
	has(0, "#  state");
	has(0, "acc");
	has(0, "model");
	hasnt(0, "same");
	has(1, "7");
	has(1, "▌");
	has(1, "▶ running");
	has(1, "bright-finch");
	has(1, "▒ 1/2");
	has(1, "0.912 ▁");
	has(2, "▸");
	has(2, "sweep");
	has(2, "seed × lr ×4");
	has(2, "3✓ 1✗");
	has(2, "0.5…0.8");
	has(2, "best: lr ");
	has(3, "✗ failed");
	has(3, "▓✗ train");
	has(4, "calm-otter");
	has(4, "0:41");
	has(4, "▓▓");
	hasnt(4, "2/2");
}

static void facts_count(void **state)
{
	_buf_ struct buf trail = BUF_INIT, facts = BUF_INIT;

	view->ops->title(view, &app, &trail, &facts);
	assert_string_equal(trail.data, "penguins ▸ runs");
	assert_string_equal(facts.data, "7 runs · 1 live");
}

static void git_file(const char *name, const char *text)
{
	_free_ char *path = mem_printf("%s/.git/%s", record_dir, name);

	must(file_mkdirs_parent(path, 0755, &make_err));
	must(file_write(path, text, strlen(text), 0644, &make_err));
}

static void assert_title(const char *wanted)
{
	_buf_ struct buf trail = BUF_INIT, facts = BUF_INIT;

	view->ops->title(view, &app, &trail, &facts);
	assert_string_equal(facts.data, wanted);
}

static void the_star_says_that_the_tree_differs(void **state)
{
	git_file("HEAD", "ref: refs/heads/main\n");
	git_file("refs/heads/main", "4f2a9c1be05d3a7768f0c1d2e3b4a5968778695a\n");
	view->ops->free(view);
	program = NULL;
	view = view_runs_new(&app, &make_err);
	assert_non_null(view);
	/* Nothing is asked before the first rows stand. */
	assert_null(program);
	settle();
	picture(16, 110);
	assert_string_equal(program, "git");
	assert_title("7 runs · 1 live · main 4f2a9c1");
	program_done(program_arg, &app, 0, " M train.py\n", 12);
	assert_title("7 runs · 1 live · main 4f2a9c1*");
	/* It is not asked at each turn, and what git cannot tell is left out. */
	program = NULL;
	act(ACT_DOWN);
	assert_null(program);
	program_done(program_arg, &app, 256, "fatal: unsafe repository\n", 25);
	assert_title("7 runs · 1 live · main 4f2a9c1");
}

static void the_strip_follows_the_cursor(void **state)
{
	has(14, "7  1 of 2 steps");
	has(14, "train@1 for");
	act(ACT_DOWN);
	act(ACT_DOWN);
	has(3, "▌");
	has(14, "2  train@1 failed after 0:31   train.py:31  ValueError: could not convert");
	has(15, "differs from 1:  model lr → boost · train.lr 0.1 → 0.3");
	act(ACT_DOWN);
	has(14, "1  success in 0:41 · 2 of 2 steps");
}

static void sweeps_fold(void **state)
{
	act(ACT_DOWN);
	act(ACT_FOLD);
	has(2, "▾");
	has(3, "✗ failed");
	has(6, "✓ success");
	has(7, "dull-heron");
	act(ACT_DOWN);
	act(ACT_FOLD);
	has(2, "▌");
	has(3, "dull-heron");
	act(ACT_FIRST);
	act(ACT_FOLD);
	assert_non_null(strstr(said, "no sweep"));
}

static void filters_as_one_types(void **state)
{
	act(ACT_SEARCH);
	assert_true(typing);
	type("state =");
	assert_true(note_bad);
	assert_string_equal(note, "not complete; the last result stays");
	type("state = fai");
	assert_string_equal(note, "there is no state \"fai\"");
	type("state = 'fai");
	assert_true(note_bad);
	has(1, "bright-finch");
	type("state = 'failed'");
	assert_false(note_bad);
	assert_string_equal(note, "2 of 7");
	has(1, "✗ failed");
	has(2, "dull-heron");
	type("metrics.acc > 0.9");
	has(1, "bright-finch");
	has(2, "calm-otter");
	assert_string_equal(note, "2 of 7");
	type("hrn");
	has(1, "dull-heron");
	assert_string_equal(note, "1 of 7");
	type("zzzz");
	assert_string_equal(note, "0 of 7");
	has(2, "no run matches");
	/* The letters before the point named no run; with it they begin a comparison, and nothing is hidden by them. */
	type("metrics.");
	assert_true(note_bad);
	assert_string_equal(note, "not complete; the last result stays");
	has(1, "bright-finch");
	type("otter");
	must(typed(typed_arg, &app, TYPED_ENTER, "otter", &make_err));
	_buf_ struct buf trail = BUF_INIT, facts = BUF_INIT;
	view->ops->title(view, &app, &trail, &facts);
	assert_string_equal(facts.data, "otter: 1 of 7 runs · 1 live");
	/* The cursor stays on the run that was found. */
	act(ACT_BACK);
	has(4, "calm-otter");
	has(4, "▌");
	assert_int_equal(view->ops->act(view, &app, ACT_BACK, &make_err), VIEW_PASS);
}

static void sort_by(const char *name)
{
	int row = -1;

	act(ACT_SORT);
	for (int i = 0; i < npicks; i++)
		if (!strcmp(pick_names[i], name))
			row = i;
	assert_true(row >= 0);
	must(picks.chosen(picks_arg, &app, row, "", &make_err));
	settle();
	picture(16, 110);
}

static void sorts_by_a_column(void **state)
{
	sort_by("metrics.acc");
	has(0, "acc↓");
	has(1, "bright-finch");
	has(2, "calm-otter");
	has(3, "dull-heron");
	has(4, "▸");
	sort_by("metrics.acc");
	has(0, "acc↑");
	has(1, "▸");
	has(2, "dull-heron");
	/* Clicking on a head does the same. */
	must(view->ops->mouse(view, &app, &(struct mouse){MOUSE_PRESS, 0, 6}, place, &make_err));
	settle();
	picture(16, 110);
	has(0, "state↑");
	has(1, "dull-heron");
	must(view->ops->mouse(view, &app, &(struct mouse){MOUSE_PRESS, 0, 3}, place, &make_err));
	settle();
	picture(16, 110);
	has(0, "#↓");
	has(1, "bright-finch");
}

static void marks_survive_a_filter(void **state)
{
	act(ACT_MARK);
	act(ACT_DOWN);
	act(ACT_MARK);
	has(1, "●");
	has(3, "●");
	act(ACT_SEARCH);
	type("heron");
	has(1, "●");
	must(typed(typed_arg, &app, TYPED_ESC, "", &make_err));
	settle();
	act(ACT_COMPARE);
	assert_int_equal(nacted, 2);
	assert_int_equal(acted[0], 7);
	assert_int_equal(acted[1], 2);
	act(ACT_DELETE);
	assert_int_equal(nacted, 2);
	act(ACT_BACK);
	act(ACT_FIRST);
	act(ACT_STOP);
	assert_int_equal(nacted, 1);
	assert_int_equal(acted[0], 7);
	act(ACT_COMPARE);
	assert_non_null(strstr(said, "mark two runs"));
	act(ACT_DOWN);
	nacted = 0;
	act(ACT_RESUME);
	assert_int_equal(nacted, 0);
	assert_non_null(strstr(said, "z opens it"));
}

static void a_run_opens(void **state)
{
	act(ACT_ENTER);
	assert_string_equal(pushed, "run 7");
	must(view->ops->mouse(view, &app, &(struct mouse){MOUSE_PRESS, 4, 20}, place, &make_err));
	picture(16, 110);
	has(4, "▌");
	must(view->ops->mouse(view, &app, &(struct mouse){MOUSE_DOUBLE, 4, 20}, place, &make_err));
	assert_string_equal(pushed, "run 1");
	_buf_ struct buf out = BUF_INIT;
	assert_true(view->ops->copy(view, &app, &out));
	assert_string_equal(out.data, "calm-otter");
}

static void columns_are_chosen(void **state)
{
	act(ACT_COLUMNS);
	assert_true(npicks > 20);
	for (int i = 0; i < npicks; i++)
		picks.toggled(picks_arg, &app, i, i == 0 || i == 2 || i == 6);
	settle();
	picture(16, 110);
	has(0, "#");
	has(0, "name");
	has(0, "acc");
	hasnt(0, "age");
	hasnt(0, "model");
}

static int commit(void **state, const char *name)
{
	struct tracker *other;

	must(tracker_open(record_dir, TRACKER_WRITE, &other, &make_err));
	must(tracker_begin(other, &make_err));
	int64_t run = make_run(other, name);
	must(tracker_commit(other, &make_err));
	tracker_close(other);
	must(view->ops->refresh(view, &app, REFRESH_RECORD, &make_err));
	settle();
	picture(16, 110);
	return (int)run;
}

static void new_runs_appear_and_the_cursor_stays(void **state)
{
	commit(state, "fresh-one");
	has(1, "fresh-one");
	has(2, "▌");
	has(2, "bright-finch");
	act(ACT_LAST);
	has(5, "▌");
	commit(state, "fresh-two");
	has(1, "fresh-two");
	has(6, "▌");
	has(6, "calm-otter");
}

/* A run that was started from here gets the cursor when the list has it, unless a person did something else
 * meanwhile. */
static void a_run_that_comes_gets_the_cursor(void **state)
{
	act(ACT_DOWN);
	act(ACT_DOWN);
	has(3, "▌");
	must(view_runs_show(view, 8, &make_err));
	has(3, "▌");
	must(tracker_begin(record, &make_err));
	make_ended("new-one", RUN_SUCCESS, "lr", 0.1, 0.9, 0);
	must(tracker_commit(record, &make_err));
	must(view->ops->refresh(view, &app, REFRESH_RECORD, &make_err));
	settle();
	picture(16, 110);
	has(1, "▌");
	has(1, "new-one");
	must(view_runs_show(view, 9, &make_err));
	act(ACT_DOWN);
	must(tracker_begin(record, &make_err));
	make_ended("other-one", RUN_SUCCESS, "lr", 0.1, 0.9, 0);
	must(tracker_commit(record, &make_err));
	must(view->ops->refresh(view, &app, REFRESH_RECORD, &make_err));
	settle();
	picture(16, 110);
	has(1, "other-one");
	hasnt(1, "▌");
	must(view_runs_show(view, 9, &make_err));
	settle();
	picture(16, 110);
	has(1, "▌");
}

static void a_removed_run_leaves(void **state)
{
	act(ACT_LAST);
	in_transaction(run_remove(record, 2, &make_err));
	must(view->ops->refresh(view, &app, REFRESH_RECORD, &make_err));
	settle();
	picture(16, 110);
	has(2, "▸");
	has(3, "calm-otter");
	has(3, "▌");
	assert_int_equal(strlen(row_text(4)), 0);
}

static void small_screens_keep_what_matters(void **state)
{
	picture(10, 40);
	has(1, "7");
	has(1, "▶");
	has(1, "bright-finch");
	has(1, "0.912");
	hasnt(1, "running");
	picture(8, 40);
	has(4, "calm-otter");
	picture(3, 12);
	picture(1, 1);
	picture(60, 200);
	has(4, "calm-otter");
}

static void bigger_lists_scroll(void **state)
{
	must(tracker_begin(record, &make_err));
	for (int i = 0; i < 200; i++)
		make_run(record, NULL);
	must(tracker_commit(record, &make_err));
	must(view->ops->refresh(view, &app, REFRESH_RECORD, &make_err));
	settle();
	act(ACT_FIRST);
	has(1, "207");
	act(ACT_PAGE_DOWN);
	has(1, "196");
	has(1, "▌");
	act(ACT_LAST);
	has(12, "calm-otter");
	has(12, "▌");
	act(ACT_UP);
	has(11, "▌");
	must(view->ops->mouse(view, &app, &(struct mouse){MOUSE_WHEEL_UP, 4, 20}, place, &make_err));
	settle();
	picture(16, 110);
	has(12, "▌");
	act(ACT_PAGE_UP);
	act(ACT_FIRST);
	has(1, "207");
	has(1, "▌");
}

static void columns_grow_with_the_record(void **state)
{
	int64_t step, attempt;

	hasnt(0, "recall");
	must(tracker_begin(record, &make_err));
	step = make_step(record, 7, "score", 2);
	attempt = make_attempt(record, 7, step, 1, 0);
	make_points(record, 7, step, attempt, "recall", (const double[]){0.25, 0.5}, 2);
	must(tracker_commit(record, &make_err));
	must(view->ops->refresh(view, &app, REFRESH_RECORD, &make_err));
	picture(16, 110);
	has(0, "acc");
	has(0, "recall");
	has(1, "0.5");
}

static void an_empty_record_says_what_to_type(void **state)
{
	in_transaction(0);
	view->ops->free(view);
	asker_free(app.asker);
	app.asker = NULL;
	app.tracker = NULL;
	view = view_runs_new(&app, &make_err);
	picture(16, 110);
	has(2, "no run yet");
	has(3, "jig run");
	act(ACT_NEW_RUN);
	assert_int_equal(acted[0], 0);
	assert_int_equal(view->ops->act(view, &app, ACT_BACK, &make_err), VIEW_PASS);
}

int main(void)
{
#define view_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        view_test(rows_say_what_a_run_is),
	        view_test(facts_count),
	        view_test(the_star_says_that_the_tree_differs),
	        view_test(the_strip_follows_the_cursor),
	        view_test(sweeps_fold),
	        view_test(filters_as_one_types),
	        view_test(columns_grow_with_the_record),
	        view_test(sorts_by_a_column),
	        view_test(marks_survive_a_filter),
	        view_test(a_run_opens),
	        view_test(columns_are_chosen),
	        view_test(new_runs_appear_and_the_cursor_stays),
	        view_test(a_run_that_comes_gets_the_cursor),
	        view_test(a_removed_run_leaves),
	        view_test(small_screens_keep_what_matters),
	        view_test(bigger_lists_scroll),
	        view_test(an_empty_record_says_what_to_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
