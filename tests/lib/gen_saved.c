/* gen_saved FILE: writes a small record of this version's schema to FILE; how tests/tracker/data/v<N>.db are made,
 * once, when version N is released. Two finished runs, one with one of everything. */
#include "tests/lib/record_make.h"

int main(int argc, char **argv)
{
	_free_ char *dir = NULL, *sql = NULL;
	_tracker_ struct tracker *t = NULL;
	struct made m;
	int64_t run, step;

	if (argc != 2) {
		fprintf(stderr, "usage: gen_saved FILE\n");
		return 2;
	}
	must(file_temp_dir("/tmp", "saved", &dir, &make_err));
	must(tracker_open(dir, TRACKER_WRITE, &t, &make_err));
	m = make_everything(t, "calm-otter");
	make_sql(dir, "INSERT INTO package VALUES (1, 'numpy', '2.1.0', NULL)");
	make_finish(t, &m);
	must(tracker_begin(t, &make_err));
	run = make_run(t, NULL);
	must(step_add(t, run,
	              &(struct step_new){.name = "train",
	                                 .base = "train",
	                                 .state = STEP_REUSED,
	                                 .reused_attempt = m.trained,
	                                 .reason = "reuse: same as train@1 of run 1"},
	              1, &step, &make_err));
	must(run_start(t, run, &make_err));
	must(run_end(t, run, RUN_FAILED, 1, 100, &make_err));
	must(tracker_commit(t, &make_err));
	tracker_close(mem_take(t));
	sql = mem_printf("PRAGMA page_size = 512; VACUUM INTO '%s'", argv[1]);
	if (make_sql(dir, sql)) {
		fprintf(stderr, "gen_saved: %s is there already or cannot be written\n", argv[1]);
		return 1;
	}
	must(file_remove_tree(dir, &make_err));
	return 0;
}
