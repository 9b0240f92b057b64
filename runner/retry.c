#include "runner/retry.h"

#include <stdio.h>

bool retry_allowed(enum step_state st, char why[96])
{
	if (st == STEP_FAILED || st == STEP_STOPPED || st == STEP_RETRYING)
		return true;
	snprintf(why, 96, "is %s: only a failed or stopped step can be retried", step_state_text(st));
	return false;
}
