/* Any bytes as the list of an environment's files: refused, or folders and entries in order that are written as they
 * were read, byte for byte. */
#include "runner/env/env_look.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct env_look l = ENV_LOOK_INIT;
	_buf_ struct buf text = BUF_INIT;
	struct err e = {0};

	buf_add(&l.text, data, size);
	int r = env_look_parse(&l, "fuzz", &e);
	if (r < 0)
		must_tell(r, &e);
	for (size_t i = 0; r >= 0 && i < l.folders.len; i++) {
		const struct look_folder *f = &l.folders.v[i];

		must(f->path && !i == !*f->path);
		for (size_t k = 0; k < f->entries.len; k++)
			must(env_look_find(&f->entries, f->entries.v[k].name) == &f->entries.v[k]);
	}
	if (r >= 0) {
		env_look_text(&l, &text);
		must(text.len == size && !memcmp(text.data, data, size));
	}
	env_look_release(&l);
	return 0;
}
