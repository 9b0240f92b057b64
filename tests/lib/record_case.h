/* A fresh record for each test: `record` in a new folder `record_dir`; or the folder alone; or three runs for all tests
 * of a program. For cmocka's setup and teardown. */
#ifndef TESTS_LIB_RECORD_CASE_H
#define TESTS_LIB_RECORD_CASE_H

#include "tests/lib/record_make.h"

static char *record_dir;
static struct tracker *record;

/* Only the folder, for tests that open records themselves. */
MAKE_UNUSED int record_dir_setup(void **state)
{
	must(file_temp_dir("/tmp", "record", &record_dir, &make_err));
	return 0;
}

MAKE_UNUSED int record_dir_teardown(void **state)
{
	must(file_remove_tree(record_dir, &make_err));
	free(record_dir);
	return 0;
}

MAKE_UNUSED struct tracker *record_open(void)
{
	struct tracker *t;

	must(tracker_open(record_dir, TRACKER_WRITE, &t, &make_err));
	return t;
}

MAKE_UNUSED int record_setup(void **state)
{
	record_dir_setup(state);
	record = record_open();
	return 0;
}

MAKE_UNUSED int record_teardown(void **state)
{
	struct verify_report v;

	/* Whatever a test did by the tracker's own functions, the chain and the seals hold. */
	tracker_rollback(record);
	must(verify_all(record, NULL, &v, &make_err));
	if (!v.ok)
		fprintf(stderr, "verify: %s\n", v.fault);
	tracker_close(mem_take(record));
	record_dir_teardown(state);
	return v.ok ? 0 : -1;
}

/* Closed: two finished runs (1, 3), a live one (2). A step of run 3 is reused from run 1, which was marked after its
 * end, and removed. The last event is an end. */
MAKE_UNUSED int record_three_setup(void **state)
{
	_tracker_ struct tracker *t = NULL;
	struct made a, b;
	int64_t again;

	record_dir_setup(state);
	t = record_open();
	a = make_everything(t, "one");
	make_everything(t, "two");
	b = make_everything(t, "three");
	assert_null(make_sql(record_dir,
	                     "INSERT INTO package VALUES (1, 'numpy', '2.1.0', NULL), (1, 'scipy', '1.14', 'x')"));
	make_finish(t, &a);
	must(tracker_begin(t, &make_err));
	must(step_add(t, b.run,
	              &(struct step_new){.name = "again",
	                                 .base = "again",
	                                 .state = STEP_REUSED,
	                                 .rank = 2,
	                                 .reused_attempt = a.trained,
	                                 .reason = "reuse: same as train@1 of run 1"},
	              1, &again, &make_err));
	must(run_tag(t, a.run, "team", "red", &make_err));
	must(run_tag(t, a.run, "gone", "x", &make_err));
	must(run_tag(t, a.run, "gone", NULL, &make_err));
	must(run_note(t, a.run, "second", &make_err));
	must(run_rename(t, a.run, "eins", &make_err));
	must(run_remove(t, a.run, &make_err));
	must(tracker_commit(t, &make_err));
	make_finish(t, &b);
	return 0;
}

/* What one statement gives now, in a transaction of its own that is kept. */
#define in_transaction(call) \
	do { \
		must(tracker_begin(record, &make_err)); \
		must(call); \
		must(tracker_commit(record, &make_err)); \
	} while (0)
/* A call that must fail with code and a text in its message; what it wrote is rolled back. */
#define must_refuse(call, code, part) \
	do { \
		must(tracker_begin(record, &make_err)); \
		assert_int_equal((call), (code)); \
		if (!strstr(make_err.text, (part))) \
			fail_msg("\"%s\" does not say \"%s\"", make_err.text, (part)); \
		tracker_rollback(record); \
	} while (0)
#define record_test(f) cmocka_unit_test_setup_teardown(f, record_setup, record_teardown)
#define record_dir_test(f) cmocka_unit_test_setup_teardown(f, record_dir_setup, record_dir_teardown)

#endif
