/* Any bytes as the list of a snapshot's files, with the right sum in its head where the first byte says so: no list, or
 * one whose paths end within it and which is written as it was read. */
#include <unistd.h>
#include "runner/code/code_list.h"
#include "target.h"

#define HEAD 56 /* magic, sum, key, count, length of paths, changed, tree */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_free_ char *path = path_join(target_folder(), "stat.cache");
	_buf_ struct buf file = BUF_INIT;
	struct code_cache c, again;
	struct err e;

	if (!size)
		return 0;
	buf_add(&file, data + 1, size - 1);
	if (data[0] & 1 && file.len >= HEAD) {
		uint32_t count, paths_len;

		memcpy(&count, file.data + 24, sizeof count);
		memcpy(&paths_len, file.data + 28, sizeof paths_len);
		size_t records = count * sizeof(struct code_record);
		if (file.len == HEAD + records + paths_len) {
			uint64_t sum = code_hash(0, file.data + 16, HEAD - 16);

			sum = code_hash(sum, file.data + HEAD, records);
			sum = code_hash(sum, file.data + HEAD + records, paths_len);
			memcpy(file.data, "jigstat1", 8);
			memcpy(file.data + 8, &sum, sizeof sum);
		}
	}
	target_write(path, file.data, file.len);
	code_cache_read(&c, path);
	for (size_t i = 0; c.valid && i < c.list.files.len; i++) {
		const char *name = code_list_path(&c.list, &c.list.files.v[i]);

		must(name + strlen(name) < c.list.paths.data + c.list.paths.len);
		must(!code_path_compare(name, name));
		code_record_is_racy(&c.list.files.v[i], 1700000000000000000);
	}
	if (c.valid) {
		must(code_cache_write(&c.list, c.tree, c.head_key, c.changed, path, &e) >= 0);
		code_cache_read(&again, path);
		must(again.valid && again.changed == c.changed && again.list.files.len == c.list.files.len &&
		     again.list.paths.len == c.list.paths.len);
		code_cache_release(&again);
	}
	code_cache_release(&c);
	return 0;
}
