/* Boards: memory that a Python shares with who watches it, to write there what its importer asks for before it asks. So
 * these lookups cost no question each, and stand there whatever becomes of the Python.
 *
 * A board is a memfd of OBSERVE_BOARD bytes that may be sealed, zeros at first, with one note behind the other: a
 * letter, an absolute path, '\0'. A zero in place of a letter is the end. */
#ifndef RUNNER_OBSERVE_BOARD_H
#define RUNNER_OBSERVE_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include "runner/process/lookup.h"

/* letter, how it counts (enum lookup_how) */
#define BOARD_LETTERS(X)        \
	X('M', LOOKUP_MODULE)   \
	X('S', LOOKUP_STAT)     \
	X('R', LOOKUP_READ)     \
	X('P', LOOKUP_SOURCE)
#define OBSERVE_BOARD (2u << 20)

enum { OBSERVE_BOARDS = 32 };
struct observe_boards {
	int fds[OBSERVE_BOARDS];
	size_t n;
};
/* b: {0} at first. Takes the board that thread tid has as `number`. False: it is none, or there are too many whose
 * writers live. */
bool observe_board_take(struct observe_boards *b, pid_t tid, int number, struct lookups *l);
/* Notes what stands on all of them, when nobody writes any more. What is no board's text makes the lookups
 * untrusted. */
void observe_boards_end(struct observe_boards *b, struct lookups *l);
void observe_boards_release(struct observe_boards *b);

#endif
