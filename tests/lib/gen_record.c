/* gen_record DIR RUNS METRICS PARAMS [POINTS]: makes DIR/jig.db with so many runs, metrics and params of each (4 or
 * more), and points of each series (1). For measurements. */
#include <stdarg.h>
#include "base/file.h"
#include "base/text.h"
#include "tests/lib/record_fill.h"

int main(int argc, char **argv)
{
	int64_t v[4] = {0, 0, 0, 1};
	struct err e = {0};

	if (argc < 5 || argc > 6) {
		fprintf(stderr, "usage: gen_record DIR RUNS METRICS PARAMS [POINTS]\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		if (!integer_parse(argv[i], i == 4 ? 4 : 1, i == 2 ? 10000000 : i == 5 ? 1000000 : 99, &v[i - 2])) {
			fprintf(stderr, "gen_record: %s is no number that fits\n", argv[i]);
			return 2;
		}
	if (file_mkdirs(argv[1], 0755, &e) < 0 ||
	    !record_fill(
	            argv[1],
	            (struct record_size){.runs = v[0], .metrics = (int)v[1], .params = (int)v[2], .points = (int)v[3]},
	            &e)) {
		fprintf(stderr, "gen_record: %s\n", e.text);
		return 1;
	}
	return 0;
}
