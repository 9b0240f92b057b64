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
/* Bytes of the regular files in one. What a step has locked away counts nothing; with `open` it is made accessible
 * first, as far as it is ours. */
int run_folder_size(const struct project *p, int64_t run, bool open, int64_t *ret, struct err *e);
int run_folder_remove(const struct project *p, int64_t run, struct err *e);

#endif
