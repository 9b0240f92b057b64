/* Params that the code of a run sets (`jig log --param`), among those that the run has. */
#ifndef TRACKER_PARAM_H
#define TRACKER_PARAM_H

#include <jansson.h>
#include "base/err.h"

/* Puts a copy of value at a dotted key of the object; objects are joined, their keys read as dotted ones too.
 * ERR_EXISTS where that would change what is there, ERR_USAGE for a key that is none; the object is as it was then. */
int param_put(json_t *params, const char *key, const json_t *value, struct err *e);

#endif
