/* Lines as paths that a step asked about, with what its Pythons say about their lookups among them: notes that hold only absolute paths and known
 * kinds, whatever is said. */
#include "runner/observe_note.h"
#include "runner/python_hook.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	struct observe_notes n = {0};
	struct observe_call c = {0};

	while (in.n) {
		uint8_t how = bytes_take(&in), what = bytes_take(&in);
		_free_ char *rest = bytes_line(&in);
		struct observe_look *look = &c.looks[0];

		buf_release(&look->path);
		buf_init(&look->path);
		buf_adds(&look->path, what & 1 ? TRACE_SAYS : "/");
		buf_adds(&look->path, rest);
		look->how = what & 2 ? LOOKUP_READ : LOOKUP_STAT;
		c.n = 1;
		c.executes = what & 4;
		observe_note(&n, 1 + how % 3, &c);
	}
	observe_notes_end(&n);
	for (size_t i = 0; i < n.lookups.paths.len; i++) {
		must(n.lookups.paths.entries[i].key[0] == '/');
		must(n.lookups.paths.entries[i].num > 0 && n.lookups.paths.entries[i].num < 256);
	}
	observe_notes_release(&n);
	observe_call_release(&c);
	return 0;
}
