#include "tui/spark.h"

#include <math.h>

void spark_text(struct buf *out, const double *y, size_t n, int cells)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇" };
	enum { TOP = ARRAY_LEN(blocks) - 1 };
	size_t first = cells <= 0 ? n : n > (size_t)cells ? n - (size_t)cells : 0;
	double low = INFINITY, high = -INFINITY;
	for (size_t i = first; i < n; i++) {
		if (!isfinite(y[i]))
			continue;
		low = fmin(low, y[i]);
		high = fmax(high, y[i]);
	}
	for (size_t i = first; i < n; i++) {
		int level = TOP / 2;
		if (isnan(y[i])) {
			buf_addc(out, ' ');
			continue;
		}
		if (isinf(y[i]))
			level = y[i] > 0 ? TOP : 0;
		else if (high > low)
			level = (int)(((long double)y[i] - low) / ((long double)high - low) * TOP + 0.5L);
		buf_adds(out, blocks[level]);
	}
}
