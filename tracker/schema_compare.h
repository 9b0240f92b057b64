/* Private to tracker/: the schema of a record against the one that its migrations make. */
#ifndef TRACKER_SCHEMA_COMPARE_H
#define TRACKER_SCHEMA_COMPARE_H

#include "tracker/tracker.h"

/* fault: the first trigger or view of jig's whose text is another, or trigger that is none of jig's; "" where there is
 * none. notes: what of jig's triggers, views and indexes is missing, a line for each kind; tools that copy a database
 * leave them out. What others added besides, and the tables, are not looked at. */
int schema_compare(struct tracker *t, char *fault, size_t nfault, char *notes, size_t nnotes, struct err *e);
/* tracker/schema.c: what brings version i to i + 1; NULL where this program knows of none. */
const char *schema_migration(int i);

#endif
