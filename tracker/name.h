/* Private to tracker/: names for runs, an adjective and a noun. */
#ifndef TRACKER_NAME_H
#define TRACKER_NAME_H

#include <stddef.h>

/* One of all the names, by number; the same number gives the same name. */
void name_make(unsigned number, char out[64]);
#define NAME_COUNT 10000u

#endif
