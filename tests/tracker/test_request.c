#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/record_case.h"

static void test_requests(void **state)
{
	_arena_ struct arena a = ARENA_INIT;
	const char *answer = NULL;
	struct request q;
	int64_t run, other, step, first, second, id;

	must(tracker_begin(record, &make_err));
	run = make_run(record, NULL);
	other = make_run(record, NULL);
	step = make_step(record, run, "one", 0);
	must(tracker_commit(record, &make_err));
	assert_int_equal(request_next(record, run, &q, &make_err), 0);
	in_transaction(request_add(record, run, step, REQUEST_RETRY, "user", &first, &make_err));
	in_transaction(request_add(record, run, 0, REQUEST_KILL, "user", &second, &make_err));
	assert_int_equal(request_next(record, other, &q, &make_err), 0);
	assert_int_equal(request_next(record, run, &q, &make_err), 1);
	assert_int_equal(q.id, first);
	assert_int_equal(q.run, run);
	assert_int_equal(q.step, step);
	assert_int_equal(q.action, REQUEST_RETRY);
	assert_int_equal(request_answer(record, first, &a, &answer, &make_err), 0);
	assert_int_equal(request_answer(record, 99, &a, &answer, &make_err), 0);
	in_transaction(request_take(record, first, "one is not failed", &make_err));
	assert_int_equal(request_answer(record, first, &a, &answer, &make_err), 1);
	assert_string_equal(answer, "one is not failed");
	assert_int_equal(request_next(record, run, &q, &make_err), 1);
	assert_int_equal(q.id, second);
	assert_int_equal(q.step, 0);
	assert_int_equal(make_number(record_dir, "SELECT count(*) FROM event WHERE kind IN ('request', 'taken')"), 3);

	must_refuse(request_take(record, first, "again", &make_err), ERR_NOT_FOUND, "no open request");
	must_refuse(request_take(record, 99, "x", &make_err), ERR_NOT_FOUND, "no open request 99");
	must_refuse(request_add(record, 9, 0, REQUEST_STOP, "user", &id, &make_err), ERR_NOT_FOUND, "no run 9");
	must_refuse(request_add(record, run, 99, REQUEST_STOP, "user", &id, &make_err), ERR_NOT_FOUND,
	            "has no step 99");
	must_refuse(request_add(record, other, step, REQUEST_STOP, "user", &id, &make_err), ERR_NOT_FOUND,
	            "has no step");

	/* A run that ends answers what is open. */
	in_transaction(run_end(record, run, RUN_STOPPED, -1, 1, &make_err));
	assert_int_equal(request_answer(record, second, &a, &answer, &make_err), 1);
	assert_string_equal(answer, "the run has ended");
	assert_int_equal(request_next(record, run, &q, &make_err), 0);
	must_refuse(request_add(record, run, 0, REQUEST_STOP, "user", &id, &make_err), ERR_USAGE, "has ended");
}

int main(void)
{
	const struct CMUnitTest tests[] = {record_test(test_requests)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
