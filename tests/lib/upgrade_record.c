/* FOLDER: what the next version of jig would do with the record there: the schema that is now, and a migration on top.
 * For tests of upgrades that fail. */
#include <stdio.h>
#include "tracker/db.h"

int main(int argc, char **argv)
{
	static const char *const later[] = {
		"",
		"CREATE TABLE later (id INTEGER PRIMARY KEY, name TEXT) STRICT; INSERT INTO later SELECT number, name "
		"FROM run; CREATE INDEX later_name ON later (name)",
	};
	_tracker_ struct tracker *t = NULL;
	struct err e = { 0 };
	int r;

	if (argc != 2)
		return 2;
	/* An upgraded record is refused by the jig of today: then there is nothing to do. */
	r = tracker_open(argv[1], TRACKER_READ, &t, &e);
	if (r == ERR_USAGE)
		return 0;
	if (r >= 0)
		r = schema_upgrade(t, later, 2, &e);
	if (r >= 0)
		return 0;
	fprintf(stderr, "jig: %s\n", e.text);
	return err_exit_status(r);
}
