/* What a screen that follows an attempt asks besides its series (tracker/query.h): what was sampled of it since. */
#ifndef TRACKER_QUERY_METRIC_H
#define TRACKER_QUERY_METRIC_H

#include "tracker/query.h"

struct sample_rows { struct sample *v; size_t len; };
/* At most `most` samples of an attempt that are later than `after` (UTC µs; 0: from the first), oldest first. */
int query_samples_after(struct tracker *t, int64_t attempt, int64_t after, size_t most, struct arena *a,
                        struct sample_rows *ret, struct err *e);

#endif
