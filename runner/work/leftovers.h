/* What commands that were killed have left beside the record's database: temporary files, caches that were being
 * written, checkouts that lock files were read from, a code.git that was being made. */
#ifndef RUNNER_LEFTOVERS_H
#define RUNNER_LEFTOVERS_H

#include <stdbool.h>
#include <stdint.h>
#include "base/err.h"

/* Removes those in the folder `jig` that are older than age_us; no lock tells of an owner, so the age has to. A live
 * run may hold a folder however old it is: without `folders` only files go. One that cannot be removed keeps no other
 * from going, and is told at the end. ret_bytes is set in any case. */
int leftovers_sweep(const char *jig, int64_t age_us, bool folders, bool dry_run, int64_t *ret_bytes, struct err *e);

#endif
