/* The keys of a filter: metrics.K, params.K, tags.K, attributes.A, A. Private to tracker/. */
#ifndef TRACKER_FILTER_KEY_H
#define TRACKER_FILTER_KEY_H

#include "tracker/filter_scan.h"
#include "tracker/filter_tree.h"

/* Blanks in front are passed over. ERR_USAGE names the nearest key for a misspelt one. */
int filter_key_parse(struct filter_scan *s, struct filter_key *ret, struct err *e);

#endif
