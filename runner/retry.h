/* Which steps of a live run a person may have tried once more. */
#ifndef RUNNER_RETRY_H
#define RUNNER_RETRY_H

#include <stdbool.h>
#include "tracker/state.h"

/* Whether a step in this state may be; if not, why is what is said behind its name: "is running: only …". */
bool retry_allowed(enum step_state st, char why[96]);

#endif
