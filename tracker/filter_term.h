/* One comparison of a filter: a key, an operator, a value or a list of them. Private to tracker/. */
#ifndef TRACKER_FILTER_TERM_H
#define TRACKER_FILTER_TERM_H

#include "tracker/filter_scan.h"
#include "tracker/filter_tree.h"

struct filter_parser {
	struct filter_scan scan;
	int depth;
	size_t nterms, nvalues;
};

int filter_term_parse(struct filter_parser *p, struct filter_node **ret, struct err *e);

#endif
