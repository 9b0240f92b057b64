/* Any bytes as a metrics file of each ending (the first byte chooses): values with names that the record takes, or a
 * message with the file. */
#include "runner/log/metric.h"
#include "target.h"

static int value(void *arg, const char *key, int64_t step, int64_t ts, double v, struct err *e)
{
	must(key && *key && strlen(key) <= 250 && utf8_valid(key, strlen(key)) && ts >= -1);
	++*(size_t *)arg;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const endings[] = {"json", "yaml", "csv", "tsv", "jsonl", "yml", "ndjson", "JSON"};
	char path[256];
	size_t n = 0;
	struct err e = {0};

	if (!size)
		return 0;
	snprintf(path, sizeof path, "%s/m.%s", target_folder(), endings[data[0] % ARRAY_LEN(endings)]);
	target_write(path, data + 1, size - 1);
	int r = metric_file_read(path, value, &n, &e);
	if (r < 0) {
		must_tell(r, &e);
		must(r == ERR_USAGE && strstr(e.text, "m."));
	}
	return 0;
}
