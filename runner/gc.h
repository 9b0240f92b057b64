/* Free space: removes what no kept row names. Safe beside live runs: nothing is removed from the store while one is
 * under way, nor what came into it within the last hour, and no folder while one is being prepared. What is removed is
 * decided in write transactions, so that no run begins meanwhile; these are short: what takes long is done outside of
 * them. Where the record has lost runs only caches and left-over temporary files go. */
#ifndef RUNNER_GC_H
#define RUNNER_GC_H

#include "runner/work/project.h"
#include "store/store.h"
#include "tracker/tracker.h"

struct gc_options {
	bool dry_run;
	int64_t keep_runs;    /* runs beyond the newest so many are removed; -1 = none */
	int64_t older_than_us; /* runs that ended longer ago are removed; -1 = none. With both: only those that both
				  name */
	int64_t grace_us;     /* objects younger than that stay */
};
#define GC_GRACE_US (3600 * 1000000LL)

struct gc_report {
	int64_t runs;                          /* removed from the lists by the options */
	int64_t objects, object_bytes;
	int64_t folders, folder_bytes;         /* of removed runs */
	/* of snapshots that no run names; the bytes with their pins and checkouts */
	int64_t code_objects, code_bytes;
	int64_t temp_bytes;                    /* left-over temporary files */
	/* objects, of code too, that nothing names, and that are too young to go */
	int64_t young, young_bytes;
	bool live;                             /* a run is under way: nothing was removed from the store */
	bool lost;                             /* neither is while the record may have lost runs */
};
int64_t gc_bytes(const struct gc_report *r); /* all that was freed */
/* With dry_run nothing changes and the report says what would. It is added to ret, which begins as zeros; what could
 * not be removed is told when the rest is gone. ERR_FAILED: the record has lost runs, and why. */
int gc_run(const struct project *p, struct tracker *t, struct store *s, const struct gc_options *o,
	struct gc_report *ret, struct err *e);
/* What goes when there is no room even for the record to be changed: caches, checkouts that nobody uses, left-over
 * temporary files. */
int gc_caches(const struct project *p, struct store *s, const struct gc_options *o, struct gc_report *ret,
	struct err *e);

#endif
