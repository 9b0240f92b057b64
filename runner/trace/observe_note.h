/* What one step has looked up so far, and what its Pythons said about their next lookups. */
#ifndef RUNNER_OBSERVE_NOTE_H
#define RUNNER_OBSERVE_NOTE_H

#include "runner/trace/observe_board.h"
#include "runner/trace/observe_call.h"

struct observe_said;
struct observe_notes {
	struct lookups lookups;
	struct observe_boards boards;
	struct observe_said *said; /* NULL until a Python said something */
};
/* n: {0} at first. */
void observe_note(struct observe_notes *n, pid_t tid, const struct observe_call *c);
/* When the call asks for a board to be taken, before it is answered. Whether it was. */
bool observe_note_board(struct observe_notes *n, pid_t tid, const struct observe_call *c);
/* When nothing more will come: what stands on the boards is noted, too. */
void observe_notes_end(struct observe_notes *n);
void observe_notes_release(struct observe_notes *n);

#endif
