/* What lies outside the work folder: taken from the disk, compared by kind, size and modification time. */
#ifndef RUNNER_TRACE_OUTSIDE_H
#define RUNNER_TRACE_OUTSIDE_H

#include <stdbool.h>
#include "tracker/trace.h"

/* The row of a path as it is on the disk now. how: enum lookup_how bits. began: of the attempt, ns since 1970 (0: not
 * known): a file that someone else changed since gives a row that never holds, for nobody knows which of its contents
 * was read. */
void trace_outside_row(const char *path, unsigned how, int64_t began, struct trace_row *ret);
/* Whether the disk answers the same now. */
bool trace_outside_same(const struct trace_row *row);

#endif
