/* The folders of runs, JIG/runs/<number>. */
#ifndef RUNNER_RUN_FOLDERS_H
#define RUNNER_RUN_FOLDERS_H

#include "base/arena.h"
#include "runner/work/project.h"
#include "tracker/tracker.h"

/* Numbers of those that may go: of runs that never came into the record, and of removed ones that no kept run borrows
 * from; those whose lease is held stay, and those with steps of a run that the record does not know. In order of
 * number. ret_lost: the first such run, which the record has lost; 0: none. */
int run_folders_dead(const struct project *p, struct tracker *t, struct arena *a, int64_t **ret, size_t *ret_len,
	int64_t *ret_lost, struct err *e);
/* Bytes of the regular files in one. What a step has locked away counts nothing. */
int run_folder_size(const struct project *p, int64_t run, int64_t *ret, struct err *e);
/* Renames it so that run_folders_sweep takes it, which takes long. In a write transaction, as run_folders_dead. Absent
 * is fine. */
int run_folder_set_aside(const struct project *p, int64_t run, struct err *e);
/* Removes what was set aside, by whoever was killed meanwhile, too; in no transaction. What of it is locked away and
 * ours is made accessible first. One that cannot be removed keeps no other from going, and is told at the end. ret_… of
 * those that are gone, set in any case. */
int run_folders_sweep(const struct project *p, bool dry_run, int64_t *ret_count, int64_t *ret_bytes, struct err *e);

#endif
