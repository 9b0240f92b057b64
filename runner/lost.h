/* Runs whose supervisor died without a word. */
#ifndef RUNNER_LOST_H
#define RUNNER_LOST_H

#include "runner/work/project.h"
#include "tracker/tracker.h"

/* Runs that say queued or running while nobody holds their lease: ends what is left of their steps' processes, removes
 * their TMPDIRs, and records them as lost. Every command that opens the record calls it first; it costs one query when
 * there is none, and does nothing where nothing can be recorded. Returns how many there were. */
int lost_find(const struct project *p, struct tracker *t, struct err *e);

#endif
