/* The store against the record, both ways, and the code and the logs of runs. */
#ifndef RUNNER_FSCK_H
#define RUNNER_FSCK_H

#include "runner/work/project.h"
#include "store/store.h"
#include "tracker/tracker.h"

struct fsck_report {
	int64_t named, named_bytes;           /* objects that rows name; bytes that were read and hashed */
	int64_t faults;                       /* missing, damaged, of another size; of code: trees and files; logs */
	int64_t garbage, garbage_bytes;       /* objects that no row names: `jig gc` frees them */
	int64_t strays;                       /* files in the store whose name is no digest */
	int64_t folders; /* folders of runs that are not in the record, or removed and not borrowed from */
};
/* One line for each fault, with the run and the path it belongs to. */
typedef void fsck_fault_fn(void *arg, const char *text);
/* Reads every named object, and all code and logs of runs that are kept, to its end. Negative only when the check
 * itself cannot be done. */
int fsck_all(const struct project *p, struct tracker *t, struct store *s, fsck_fault_fn *fault, void *arg,
	struct fsck_report *ret, struct err *e);

#endif
