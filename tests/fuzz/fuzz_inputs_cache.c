/* Any bytes as the cache of inputs, with the right sum in front where the first byte says so: never more than misses,
 * and what is added is found by the next one, beside what was good. */
#include "base/sha256.h"
#include "runner/work/inputs_cache.h"
#include "target.h"

#define MAGIC "jiginp1"
#define HEAD (8 + sizeof(struct digest))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"a", "b/c", "data.csv", ""};
	_free_ char *path = path_join(target_folder(), "inputs.cache");
	_buf_ struct buf file = BUF_INIT;
	struct inputs_look look;
	struct digest digest, sum;
	int64_t bytes = 0;

	if (!size)
		return 0;
	if (data[0] & 1) {
		buf_add(&file, MAGIC, 8);
		sha256_bytes(data + 1, size - 1, &sum);
		buf_add(&file, &sum, sizeof sum);
	}
	buf_add(&file, data + 1, size - 1);
	target_write(path, file.data, file.len);
	memset(&look, data[0], sizeof look);
	memset(&digest, 7, sizeof digest);
	struct inputs_cache *c = inputs_cache_open(path);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		inputs_cache_find(c, names[i], &look, &sum, &bytes);
	if (data[0] & 2)
		inputs_cache_add(c, "b/c", &look, &digest, 12);
	inputs_cache_close(c);
	c = inputs_cache_open(path);
	if (data[0] & 2)
		must(inputs_cache_find(c, "b/c", &look, &sum, &bytes) && bytes == 12 && digest_equal(&sum, &digest));
	inputs_cache_close(c);
	return 0;
}
