/* The params that come along with attempts which stand in for steps of a live run: those that they logged. */
#ifndef RUNNER_LOG_LOGGED_LENT_H
#define RUNNER_LOG_LOGGED_LENT_H

#include <jansson.h>
#include "tracker/tracker.h"

struct logged_lent;
/* begun_with: the params that the run has anyway. Both are borrowed. */
struct logged_lent *logged_lent_new(struct tracker *t, const json_t *begun_with);
void logged_lent_free(struct logged_lent *l);
/* What an attempt of an earlier run logged, as logged_params_set takes it; borrowed. NULL: nothing that this run would
 * not have anyway, or nothing that can be read. No event of the record is read twice. */
json_t *logged_lent_list(struct logged_lent *l, int64_t run, int64_t attempt);

#endif
