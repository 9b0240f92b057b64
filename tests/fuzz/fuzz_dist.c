/* Any bytes as RECORD of an installed package, as conda's list, as a folder's name: files below the prefix only. */
#include "runner/env/env_dist.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct env_dist_files f = {0};
	_arena_ struct arena a = ARENA_INIT;
	struct bytes in = {data, size};
	_free_ char *folder = bytes_line(&in);
	const char *name = NULL, *version = NULL;
	struct err e = {0};

	if (env_dist_name(folder, &a, &name, &version)) {
		must(name && version && *name);
		must(!strcmp(env_dist_normal(&a, name, strlen(name)), name));
	}
	env_dist_record_parse((const char *)data, size, "lib/python3.11/site-packages", "p 1", &f);
	static char *list;
	if (!list) {
		_free_ char *meta = path_join(target_folder(), "conda-meta");

		must(file_mkdirs(meta, 0700, &e) >= 0);
		list = path_join(meta, "p-1-0.json");
	}
	if (size && data[0] == '{') {
		target_write(list, data, size);
		int r = env_dist_conda_read(target_folder(), &f, &e);
		if (r < 0)
			must_tell(r, &e);
	}
	for (size_t i = 0; i < f.files.len; i++)
		must(!path_check_inside(f.files.entries[i].key));
	env_dist_files_release(&f);
	return 0;
}
