#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/lib/record_case.h"
#include "tracker/query_list.h"

static void numbers_are_those_of_runs(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	_free_ int64_t *all = NULL, *some = NULL, *newer = NULL, *none = NULL;
	struct filter *f;
	size_t n;

	must(tracker_begin(record, &make_err));
	for (int i = 0; i < 6; i++)
		make_run(record, NULL);
	must(run_end(record, 2, RUN_STOPPED, 0, 1, &make_err));
	must(run_remove(record, 2, &make_err));
	must(tracker_commit(record, &make_err));
	must(query_numbers(record, NULL, NULL, -1, 0, &all, &n, &make_err));
	assert_int_equal(n, 5);
	assert_memory_equal(all, ((int64_t[]){6, 5, 4, 3, 1}), 40);
	must(filter_parse("number < 5", &a, &f, &make_err));
	must(query_numbers(record, f, NULL, 2, 1, &some, &n, &make_err));
	assert_int_equal(n, 2);
	assert_memory_equal(some, ((int64_t[]){3, 1}), 16);
	must(query_numbers_after(record, 4, &newer, &n, &make_err));
	assert_int_equal(n, 2);
	assert_memory_equal(newer, ((int64_t[]){6, 5}), 16);
	must(query_numbers_after(record, 6, &none, &n, &make_err));
	assert_int_equal(n, 0);
}

/* As make_run, of a pipeline file that was named; NULL: of none. */
static int64_t run_of_file(const char *file)
{
	_json_ json_t *options = file ? json_pack("{s:s}", "file", file) : json_object();
	struct run_new n = {.pipeline = "p", .pipeline_text = "steps: {}\n", .host = "host", .user = "user",
	                    .options = options, .code = {.dirty = -1}};
	char uid[ULID_LEN + 1];
	int64_t run;

	must(run_create(record, &n, &run, uid, &make_err));
	return run;
}

static void progress_and_the_run_before(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct run_progress p;
	struct made m = make_everything(record, "one");
	int64_t before = -1;

	must(query_progress(record, m.run, &a, &p, &make_err));
	assert_int_equal(p.nrunning, 1);
	assert_null(p.failed);
	must(tracker_begin(record, &make_err));
	make_end(record, m.run, m.train, m.trained, ATTEMPT_FAILED, STEP_FAILED);
	must(tracker_commit(record, &make_err));
	must(query_progress(record, m.run, &a, &p, &make_err));
	assert_int_equal(p.nrunning, 0);
	assert_string_equal(p.failed, "train");
	must(query_run_before(record, m.run, &before, &make_err));
	assert_int_equal(before, 0);
	struct made other = make_everything(record, "two");
	must(query_run_before(record, other.run, &before, &make_err));
	assert_int_equal(before, m.run);
	/* Of another pipeline: none. */
	must(tracker_begin(record, &make_err));
	int64_t third = make_run(record, NULL);
	must(tracker_commit(record, &make_err));
	must(query_run_before(record, third, &before, &make_err));
	assert_int_equal(before, 0);
	/* Of another file: none; of the same: the last of that. */
	must(tracker_begin(record, &make_err));
	int64_t b4 = run_of_file("b4.yaml"), fourth = run_of_file(NULL), fifth = run_of_file("jig.yaml"),
	        sixth = run_of_file("b4.yaml");
	must(tracker_commit(record, &make_err));
	must(query_run_before(record, b4, &before, &make_err));
	assert_int_equal(before, 0);
	must(query_run_before(record, fourth, &before, &make_err));
	assert_int_equal(before, third);
	must(query_run_before(record, fifth, &before, &make_err));
	assert_int_equal(before, fourth);
	must(query_run_before(record, sixth, &before, &make_err));
	assert_int_equal(before, b4);
}

static void shapes_span_a_series(void **state)
{
	struct made m = make_everything(record, "one");
	static const double wanted[] = {0, 24, 49, 74, 99};
	double v[100], got[5];
	int64_t series;
	size_t n = 99;

	for (int i = 0; i < 100; i++)
		v[i] = i;
	must(tracker_begin(record, &make_err));
	series = make_points(record, m.run, m.train, m.trained, "long", v, 100);
	must(tracker_commit(record, &make_err));
	must(query_shape(record, series, got, 5, &n, &make_err));
	assert_int_equal(n, 5);
	for (int i = 0; i < 5; i++)
		assert_true(got[i] == wanted[i]);
	must(tracker_begin(record, &make_err));
	series = make_points(record, m.run, m.train, m.trained, "short", v, 3);
	must(tracker_commit(record, &make_err));
	must(query_shape(record, series, got, 5, &n, &make_err));
	assert_int_equal(n, 3);
	assert_true(got[0] == 0 && got[1] == 1 && got[2] == 2);
	must(query_shape(record, 12345, got, 5, &n, &make_err));
	assert_int_equal(n, 0);
}

static void sweeps_are_summed_up(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	_free_ struct swept *swept = NULL;
	struct sweep_row row;
	struct sweep_range range;
	bool any;
	size_t n = 99;

	must(query_swept(record, &swept, &n, &make_err));
	assert_int_equal(n, 0);
	free(mem_take(swept));
	struct made m = make_everything(record, "one");
	must(query_swept(record, &swept, &n, &make_err));
	assert_int_equal(n, 1);
	assert_int_equal(swept[0].run, m.run);
	must(query_sweep(record, swept[0].sweep, &a, &row, &make_err));
	assert_string_equal(row.spec, "{\"over\":\"train.lr\"}");
	assert_int_equal(row.nruns, 1);
	assert_int_equal(row.nlive, 1);
	must(query_sweep_range(record, row.sweep, "nothing", &range, &any, &make_err));
	assert_false(any);
	make_finish(record, &m);
	must(query_sweep(record, swept[0].sweep, &a, &row, &make_err));
	assert_int_equal(row.nsuccess, 1);
	assert_int_equal(row.elapsed_us, 5000);
	must(query_sweep_range(record, row.sweep, "rows", &range, &any, &make_err));
	assert_true(any);
	assert_true(range.low == 150 && range.high == 150);
	assert_int_equal(range.low_run, m.run);
	assert_int_equal(query_sweep(record, 77, &a, &row, &make_err), ERR_NOT_FOUND);
	int64_t failed[2];
	must(query_sweep_failed(record, row.sweep, failed, ARRAY_LEN(failed), &n, &make_err));
	assert_int_equal(n, 0);
	char uid[ULID_LEN + 1];
	int64_t bad;
	must(tracker_begin(record, &make_err));
	must(run_create(record,
	                &(struct run_new){.name = "bad",
	                                  .pipeline = "one",
	                                  .pipeline_text = "steps: {}\n",
	                                  .kind = KIND_SWEEP,
	                                  .sweep = row.sweep,
	                                  .host = "host",
	                                  .user = "user"},
	                &bad, uid, &make_err));
	must(run_start(record, bad, &make_err));
	must(run_end(record, bad, RUN_FAILED, 1, 1, &make_err));
	must(tracker_commit(record, &make_err));
	must(query_sweep_failed(record, row.sweep, failed, ARRAY_LEN(failed), &n, &make_err));
	assert_int_equal(n, 1);
	assert_int_equal(failed[0], bad);
}

static void keys_are_found_by_index(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	const char **keys;
	size_t n = 99;

	must(query_keys(record, KEYS_METRIC, &a, &keys, &n, &make_err));
	assert_int_equal(n, 0);
	struct made m = make_everything(record, "one");
	make_finish(record, &m);
	must(query_keys(record, KEYS_METRIC, &a, &keys, &n, &make_err));
	assert_int_equal(n, 2);
	assert_string_equal(keys[0], "acc");
	assert_string_equal(keys[1], "rows");
	must(query_keys(record, KEYS_PARAM, &a, &keys, &n, &make_err));
	assert_int_equal(n, 6);
	assert_string_equal(keys[0], "list");
	assert_string_equal(keys[5], "train.lr");
	must(query_keys(record, KEYS_TAG, &a, &keys, &n, &make_err));
	assert_int_equal(n, 1);
	assert_string_equal(keys[0], "team");
}

static void gather(void *arg, int64_t run, const char *text, const char *value)
{
	buf_addf(arg, "%lld %s%s%s;", (long long)run, text, value ? "=" : "", value ? value : "");
}

static void texts_go_on_from_a_cursor(void **state)
{
	_buf_ struct buf got = BUF_INIT;

	must(tracker_begin(record, &make_err));
	make_run(record, "b");
	make_run(record, "a");
	must(run_tag(record, 1, "y", "2", &make_err));
	must(run_tag(record, 1, "x", "1", &make_err));
	must(run_note(record, 2, "note", &make_err));
	must(tracker_commit(record, &make_err));
	must(query_texts(record, TEXTS_NAME, &(struct texts_cursor){0}, gather, &got, &make_err));
	must(query_texts(record, TEXTS_NAME, &(struct texts_cursor){.text = "a"}, gather, &got, &make_err));
	must(query_texts(record, TEXTS_NEWER_NAME, &(struct texts_cursor){.run = 1}, gather, &got, &make_err));
	assert_string_equal(got.data, "2 a;1 b;1 b;2 a;");
	buf_reset(&got);
	must(query_texts(record, TEXTS_TAG, &(struct texts_cursor){0}, gather, &got, &make_err));
	must(query_texts(record, TEXTS_TAG, &(struct texts_cursor){1, "x"}, gather, &got, &make_err));
	must(query_texts(record, TEXTS_NOTE, &(struct texts_cursor){0}, gather, &got, &make_err));
	assert_string_equal(got.data, "1 x=1;1 y=2;1 y=2;2 note;");
}

static int stop(void *arg)
{
	return 1;
}

static void queries_can_be_stopped(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	struct filter *f;
	int64_t n = 0;

	must(tracker_begin(record, &make_err));
	for (int i = 0; i < 500; i++)
		make_run(record, NULL);
	must(tracker_commit(record, &make_err));
	must(filter_parse("number > 0", &a, &f, &make_err));
	tracker_stop_when(record, stop, NULL);
	assert_int_equal(query_count(record, f, &n, &make_err), ERR_INTERRUPTED);
	tracker_stop_when(record, NULL, NULL);
	must(query_count(record, f, &n, &make_err));
	assert_int_equal(n, 500);
	tracker_trim(record);
	must(query_count(record, f, &n, &make_err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        record_test(numbers_are_those_of_runs),
	        record_test(progress_and_the_run_before),
	        record_test(shapes_span_a_series),
	        record_test(sweeps_are_summed_up),
	        record_test(keys_are_found_by_index),
	        record_test(texts_go_on_from_a_cursor),
	        record_test(queries_can_be_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
