#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/mem.h"
#include "runner/plan/schedule.h"
#include "runner/retry.h"

/* Steps a and b, and a third that needs both under a trigger. */
static struct step_need needs[] = { { 0, true }, { 1, false } };
static struct step steps[3];
static struct pipeline pipe3 = { .steps = steps, .nsteps = 3 };

static enum schedule_verdict verdict(enum trigger t, enum step_state a, enum step_state b)
{
	enum step_state states[] = { a, b, STEP_PENDING };

	steps[2] = (struct step){ .needs = needs, .nneeds = 2, .trigger = t };
	return schedule_verdict(&pipe3, 2, states, NULL);
}

static void test_triggers(void **state)
{
	static const struct { enum trigger t; enum step_state a, b; enum schedule_verdict want; } rows[] = {
		{ TRIGGER_ALL_SUCCESS, STEP_SUCCESS, STEP_REUSED, SCHEDULE_GO },
		{ TRIGGER_ALL_SUCCESS, STEP_SUCCESS, STEP_RUNNING, SCHEDULE_WAIT },
		{ TRIGGER_ALL_SUCCESS, STEP_FAILED, STEP_RUNNING, SCHEDULE_UPSTREAM_FAILED },
		{ TRIGGER_ALL_SUCCESS, STEP_SKIPPED, STEP_RUNNING, SCHEDULE_SKIP },
		{ TRIGGER_ALL_SUCCESS, STEP_SKIPPED, STEP_FAILED, SCHEDULE_UPSTREAM_FAILED },
		{ TRIGGER_ALL_SUCCESS, STEP_RETRYING, STEP_SUCCESS, SCHEDULE_WAIT },
		{ TRIGGER_ALL_DONE, STEP_FAILED, STEP_RUNNING, SCHEDULE_WAIT },
		{ TRIGGER_ALL_DONE, STEP_FAILED, STEP_SKIPPED, SCHEDULE_GO },
		{ TRIGGER_ALL_FAILED, STEP_FAILED, STEP_UPSTREAM_FAILED, SCHEDULE_GO },
		{ TRIGGER_ALL_FAILED, STEP_FAILED, STEP_SUCCESS, SCHEDULE_SKIP },
		{ TRIGGER_ALL_FAILED, STEP_FAILED, STEP_RUNNING, SCHEDULE_WAIT },
		{ TRIGGER_ONE_SUCCESS, STEP_SUCCESS, STEP_RUNNING, SCHEDULE_GO },
		{ TRIGGER_ONE_SUCCESS, STEP_FAILED, STEP_RUNNING, SCHEDULE_WAIT },
		{ TRIGGER_ONE_SUCCESS, STEP_FAILED, STEP_SKIPPED, SCHEDULE_UPSTREAM_FAILED },
		{ TRIGGER_ONE_SUCCESS, STEP_SKIPPED, STEP_SKIPPED, SCHEDULE_SKIP },
		{ TRIGGER_ONE_FAILED, STEP_FAILED, STEP_RUNNING, SCHEDULE_GO },
		{ TRIGGER_ONE_FAILED, STEP_SUCCESS, STEP_RUNNING, SCHEDULE_WAIT },
		{ TRIGGER_ONE_FAILED, STEP_SUCCESS, STEP_SUCCESS, SCHEDULE_SKIP },
		{ TRIGGER_NONE_FAILED, STEP_SUCCESS, STEP_SKIPPED, SCHEDULE_GO },
		{ TRIGGER_NONE_FAILED, STEP_FAILED, STEP_RUNNING, SCHEDULE_UPSTREAM_FAILED },
		{ TRIGGER_ALWAYS, STEP_PENDING, STEP_RUNNING, SCHEDULE_GO },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(verdict(rows[i].t, rows[i].a, rows[i].b), rows[i].want);
}

static void test_needs_outside_the_run_count_as_done(void **state)
{
	enum step_state states[] = { STEP_PENDING, STEP_PENDING, STEP_PENDING };
	bool in[] = { false, false, true };

	steps[2] = (struct step){ .needs = needs, .nneeds = 2 };
	assert_int_equal(schedule_verdict(&pipe3, 2, states, in), SCHEDULE_GO);
}

static enum run_state run_of(enum trigger t, enum step_state a, enum step_state b, enum step_state c)
{
	enum step_state states[] = { a, b, c };

	steps[2] = (struct step){ .needs = needs, .nneeds = 2, .trigger = t };
	return schedule_run_state(&pipe3, states, NULL);
}

static void test_run_state(void **state)
{
	assert_int_equal(run_of(TRIGGER_ALL_SUCCESS, STEP_SUCCESS, STEP_SUCCESS, STEP_SUCCESS), RUN_SUCCESS);
	assert_int_equal(run_of(TRIGGER_ALL_SUCCESS, STEP_FAILED, STEP_SUCCESS, STEP_UPSTREAM_FAILED), RUN_FAILED);
	/* An all_done leaf hides nothing. */
	assert_int_equal(run_of(TRIGGER_ALL_DONE, STEP_FAILED, STEP_SUCCESS, STEP_SUCCESS), RUN_FAILED);
	/* A successful direct dependent with one_failed or all_failed forgives. */
	assert_int_equal(run_of(TRIGGER_ONE_FAILED, STEP_FAILED, STEP_SUCCESS, STEP_SUCCESS), RUN_SUCCESS);
	assert_int_equal(run_of(TRIGGER_ALL_FAILED, STEP_FAILED, STEP_FAILED, STEP_SUCCESS), RUN_SUCCESS);
	assert_int_equal(run_of(TRIGGER_ONE_FAILED, STEP_FAILED, STEP_SUCCESS, STEP_FAILED), RUN_FAILED);
	assert_int_equal(run_of(TRIGGER_ALL_SUCCESS, STEP_STOPPED, STEP_SUCCESS, STEP_UPSTREAM_FAILED), RUN_STOPPED);
}

static void test_retry(void **state)
{
	struct step_retry r = { .limit = 3, .delay_us = 10000000, .max_delay_us = 25000000, .backoff = 2, .all = true };
	int64_t delay = -1;

	assert_true(schedule_retry(&r, 1, CAUSE_EXIT, 1, 0.5, &delay));
	assert_int_equal(delay, 10000000);
	assert_true(schedule_retry(&r, 2, CAUSE_TIMEOUT, -1, 0.5, &delay));
	assert_int_equal(delay, 20000000);
	assert_true(schedule_retry(&r, 3, CAUSE_EXIT, 1, 0.5, &delay));
	assert_int_equal(delay, 25000000); /* max_delay */
	assert_false(schedule_retry(&r, 4, CAUSE_EXIT, 1, 0.5, &delay));
	assert_false(schedule_retry(&r, 1, CAUSE_STOPPED, -1, 0.5, &delay));
	assert_true(schedule_retry(&r, 1, CAUSE_EXIT, 1, 0, &delay));
	assert_int_equal(delay, 8000000); /* jitter of 20 % */
	r.all = false;
	r.causes = 1u << CAUSE_TIMEOUT;
	r.exits = (int[]){ 75 };
	r.nexits = 1;
	assert_false(schedule_retry(&r, 1, CAUSE_EXIT, 1, 0.5, &delay));
	assert_true(schedule_retry(&r, 1, CAUSE_EXIT, 75, 0.5, &delay));
	assert_true(schedule_retry(&r, 1, CAUSE_TIMEOUT, -1, 0.5, &delay));
}

static void test_who_may_be_retried(void **state)
{
	char why[96];

	for (enum step_state st = STEP_PENDING; st <= STEP_LOST; st++) {
		bool may = st == STEP_FAILED || st == STEP_STOPPED || st == STEP_RETRYING;
		_free_ char *wanted =
		        mem_printf("is %s: only a failed or stopped step can be retried", step_state_text(st));

		assert_int_equal(retry_allowed(st, why), may);
		if (!may)
			assert_string_equal(why, wanted);
	}
}

static void test_reserve(void **state)
{
	struct reserve total = { .jobs = 4, .cpu = 2, .memory = 1000, .gpu = 1 }, used = { 0 };
	struct step half = { .cpu = 0.5, .memory = 300 }, gpu = { .cpu = 1, .gpu = 1 }, big = { .cpu = 3 };

	assert_string_equal(reserve_impossible(&total, &big), "cpu");
	assert_null(reserve_impossible(&total, &gpu));
	for (int i = 0; i < 3; i++) {
		assert_true(reserve_fits(&total, &used, &half));
		reserve_add(&used, &half, 1);
	}
	assert_false(reserve_fits(&total, &used, &half)); /* memory */
	assert_false(reserve_fits(&total, &used, &gpu)); /* cpu */
	reserve_add(&used, &half, -1);
	assert_true(reserve_fits(&total, &used, &gpu));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_triggers),
		cmocka_unit_test(test_needs_outside_the_run_count_as_done),
		cmocka_unit_test(test_run_state),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_who_may_be_retried),
		cmocka_unit_test(test_reserve),
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
