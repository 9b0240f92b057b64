#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <unistd.h>
#include "tests/lib/record_case.h"
#include "tracker/query.h"
#include "tui/asker.h"

static struct loop *loop;
static struct asker *asker;
static int done, dropped, order[16];

/* A question: a number to give back, or one that lasts until it is interrupted. */
struct question {
	int id, answer;
	bool endless, again; /* again: answered at once when it is asked a second time */
	atomic_int *begun;
	int asked;
};

static int ask(void *arg, struct tracker *t, struct err *e)
{
	struct question *q = arg;
	struct filter *f;
	_arena_ struct arena a = ARENA_INIT;
	int64_t n;
	int r = 0;

	q->asked++;
	if (q->begun)
		atomic_fetch_add(q->begun, 1);
	if (q->endless && !(q->again && q->asked > 1)) {
		must(filter_parse("number > 0", &a, &f, &make_err));
		while ((r = query_count(t, f, &n, e)) >= 0)
			;
	} else {
		r = query_count(t, NULL, &n, e);
	}
	q->answer = r < 0 ? r : (int)n;
	return r;
}

static void is_done(void *arg, int r, const struct err *e)
{
	struct question *q = arg;

	assert_int_equal(r < 0 ? r : q->answer, q->answer);
	order[done++] = q->id;
	free(q);
}

static void is_dropped(void *arg)
{
	dropped++;
	free(arg);
}

static void wish(int lane, struct question q)
{
	static struct wish w = {.ask = ask, .done = is_done, .drop = is_dropped};

	w.lane = lane;
	asker_wish(asker, &w, mem_dup(&q, sizeof q));
}

static void until_idle(void)
{
	while (asker_busy(asker))
		must(loop_step(loop, 20000, &make_err));
}

static void until_begun(const atomic_int *begun, int n)
{
	while (atomic_load(begun) < n)
		usleep(200);
}

static int set_up(void **state)
{
	record_setup(state);
	must(tracker_begin(record, &make_err));
	for (int i = 0; i < 300; i++)
		make_run(record, NULL);
	must(tracker_commit(record, &make_err));
	loop = loop_new();
	must(asker_new(loop, record_dir, &asker, &make_err));
	done = dropped = 0;
	return 0;
}

static int tear_down(void **state)
{
	asker_free(asker);
	loop_free(loop);
	return record_teardown(state);
}

static void answers_come_in_the_loop(void **state)
{
	wish(ASK_SCREEN, (struct question){.id = 1});
	assert_true(asker_busy(asker));
	until_idle();
	assert_int_equal(done, 1);
	assert_int_equal(dropped, 0);
}

static void the_newest_wish_of_a_lane_counts(void **state)
{
	static atomic_int begun;

	wish(ASK_SCREEN, (struct question){.id = 1, .endless = true, .begun = &begun});
	until_begun(&begun, 1);
	for (int i = 2; i <= 5; i++)
		wish(ASK_SCREEN, (struct question){.id = i});
	until_idle();
	assert_int_equal(done, 1);
	assert_int_equal(order[0], 5);
	assert_int_equal(dropped, 4);
}

static void what_ended_before_it_was_delivered_is_dropped_too(void **state)
{
	static atomic_int begun;

	wish(ASK_DETAIL, (struct question){.id = 1, .begun = &begun});
	wish(ASK_LATER, (struct question){.id = 2, .begun = &begun});
	until_begun(&begun, 2);
	wish(ASK_DETAIL, (struct question){.id = 3});
	until_idle();
	assert_int_equal(done, 2);
	assert_int_equal(dropped, 1);
	assert_int_equal(order[0] + order[1], 5);
}

static void a_lower_lane_goes_first_and_the_other_is_asked_again(void **state)
{
	static atomic_int begun;

	wish(ASK_ALL, (struct question){.id = 1, .endless = true, .again = true, .begun = &begun});
	until_begun(&begun, 1);
	wish(ASK_SCREEN, (struct question){.id = 2});
	until_idle();
	assert_int_equal(done, 2);
	assert_int_equal(order[0], 2);
	assert_int_equal(order[1], 1);
	assert_int_equal(dropped, 0);
}

static void a_higher_lane_waits(void **state)
{
	static atomic_int begun;

	wish(ASK_SCREEN, (struct question){.id = 1, .endless = true, .begun = &begun});
	until_begun(&begun, 1);
	wish(ASK_LATER, (struct question){.id = 2});
	assert_int_equal(atomic_load(&begun), 1);
	wish(ASK_SCREEN, (struct question){.id = 3});
	until_idle();
	assert_int_equal(order[0], 3);
	assert_int_equal(order[1], 2);
	assert_int_equal(dropped, 1);
}

static void freeing_it_interrupts_and_drops(void **state)
{
	static atomic_int begun;

	wish(ASK_ALL, (struct question){.id = 1, .endless = true, .begun = &begun});
	wish(ASK_LATER, (struct question){.id = 2});
	until_begun(&begun, 1);
	asker_free(mem_take(asker));
	assert_int_equal(done, 0);
	assert_int_equal(dropped, 2);
}

static void must_fail(void *arg, int r, const struct err *e)
{
	assert_int_equal(r, ERR_NOT_FOUND);
	assert_non_null(strstr(e->text, "no record"));
	free(arg);
	done++;
}

static void a_record_that_is_not_there_is_told(void **state)
{
	struct question q = {.id = 1};
	_free_ char *empty = NULL;

	asker_free(mem_take(asker));
	must(file_temp_dir("/tmp", "record", &empty, &make_err));
	must(asker_new(loop, empty, &asker, &make_err));
	asker_wish(asker, &(struct wish){.ask = ask, .done = must_fail, .drop = is_dropped}, mem_dup(&q, sizeof q));
	until_idle();
	assert_int_equal(done, 1);
	must(file_remove_tree(empty, &make_err));
}

int main(void)
{
#define asker_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        asker_test(answers_come_in_the_loop),
	        asker_test(the_newest_wish_of_a_lane_counts),
	        asker_test(what_ended_before_it_was_delivered_is_dropped_too),
	        asker_test(a_lower_lane_goes_first_and_the_other_is_asked_again),
	        asker_test(a_higher_lane_waits),
	        asker_test(freeing_it_interrupts_and_drops),
	        asker_test(a_record_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
