/* Any bytes as the side index of a log: what is read whole and what is looked up agree, and torn ends are left out. */
#include "runner/log/log.h"
#include "target.h"
#include "tui/log/log_times.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *path;
	const char *folder = target_folder();
	struct log_mark *v = NULL;
	size_t n = 0;
	struct err e = {0};
	bool ordered = true;

	if (!path)
		path = path_join(folder, "log.idx");
	target_write(path, data, size);
	int r = log_index_read(folder, &v, &n, &e);
	struct log_times *t = log_times_new(folder);

	if (r < 0)
		must_tell(r, &e);
	else
		must(n <= size / 16);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		must((v[i].stream == 0 || v[i].stream == 1) && v[i].ts >= 0);
		ordered = ordered && v[i].offset <= INT64_MAX && (!i || v[i - 1].offset < v[i].offset);
	}
	for (size_t i = 0; r >= 0 && ordered && i < n; i++) {
		int64_t us = -1;
		int stream = -1;

		must(log_times_any(t) && log_times_at(t, (int64_t)v[i].offset, &us, &stream));
		must(us == v[i].ts && stream == v[i].stream);
	}
	for (int64_t off = 0; off < 64; off += 7) {
		int64_t us;
		int stream = 0;

		if (log_times_at(t, off, &us, &stream))
			must((stream == 0 || stream == 1) && us >= 0);
	}
	log_times_free(t);
	free(v);
	return 0;
}
