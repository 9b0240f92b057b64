/* A fresh record for each test: `record` in a new folder `record_dir`. For cmocka's setup and teardown. */
#ifndef TESTS_LIB_RECORD_CASE_H
#define TESTS_LIB_RECORD_CASE_H

#include "tests/lib/record_make.h"

static char *record_dir;
static struct tracker *record;

MAKE_UNUSED int record_setup(void **state)
{
	must(file_temp_dir("/tmp", "record", &record_dir, &make_err));
	must(tracker_open(record_dir, TRACKER_WRITE, &record, &make_err));
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
	must(file_remove_tree(record_dir, &make_err));
	free(record_dir);
	return v.ok ? 0 : -1;
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

#endif
