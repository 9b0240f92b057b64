/* Lines as paths that a step asked about, with what its Pythons say about their lookups among them: notes that hold
 * only absolute paths and known kinds, whatever is said; and lines as what stands on a board of theirs, "~" for the end
 * of a note. */
#include <sys/mman.h>
#include <unistd.h>
#include "runner/trace/observe_note.h"
#include "runner/trace/python_hook.h"
#include "target.h"

#ifdef JIG_POSIX
static void add_to_board(struct observe_notes *n, int *board, char *text)
{
}
#else
static void add_to_board(struct observe_notes *n, int *board, char *text)
{
	size_t len = strlen(text);

	if (*board < 0) {
		*board = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		must(*board >= 0 && ftruncate(*board, OBSERVE_BOARD) == 0 &&
		     observe_board_take(&n->boards, getpid(), *board, &n->lookups));
	}
	for (char *p = text; (p = strchr(p, '~')); p++)
		*p = '\0';
	must(write(*board, text, len) == (ssize_t)len);
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	struct observe_notes n = {0};
	struct observe_call c = {0};
	int board = -1;

	while (in.n) {
		uint8_t how = bytes_take(&in), what = bytes_take(&in);
		_free_ char *rest = bytes_line(&in);
		struct observe_look *look = &c.looks[0];

		if (what & 8) {
			add_to_board(&n, &board, rest);
			continue;
		}
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
	if (board >= 0)
		close(board);
	for (size_t i = 0; i < n.lookups.paths.len; i++) {
		must(n.lookups.paths.entries[i].key[0] == '/');
		must(n.lookups.paths.entries[i].num > 0 && n.lookups.paths.entries[i].num < 256);
	}
	observe_notes_release(&n);
	observe_call_release(&c);
	return 0;
}
