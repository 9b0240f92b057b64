/* Private to tracker/ and to what looks after the folders of runs: what lies in the record's folder beside the
 * database, and tells of it. */
#ifndef TRACKER_FOLDER_H
#define TRACKER_FOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

/* 1: there is a record in DIR; 0: none was ever made. ERR_BROKEN, with the ways out: DIR/jig.db is missing or empty
 * although a chain file or numbered folders tell of runs, or DIR is no folder. */
int folder_has_record(const char *dir, struct err *e);
/* Before tables are made in DIR/jig.db: ERR_BROKEN, likewise, when there were runs. */
int folder_is_new(const char *dir, struct err *e);
/* Whether DIR/runs/<run> holds a folder, or cannot be looked into. They are made for the steps of a run that is in the
 * record. */
bool folder_has_steps(const char *dir, int64_t run);
/* For each numbered folder in DIR/runs, in any order; a negative answer of `each` ends it and is passed on. */
int folder_each_run(const char *dir, int (*each)(void *arg, int64_t run, struct err *e), void *arg, struct err *e);

#endif
