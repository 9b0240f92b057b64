/* Everything around the runs that a command starts: the live view or plain lines, going on without the terminal, and
 * what a detached run reports to the command that began it. */
#ifndef CLI_LAUNCH_H
#define CLI_LAUNCH_H

#include "cli/run_options.h"
#include "runner/supervise.h"

struct launcher; /* of one command, for as long as its body runs */
struct launch_body {
	/* Starts the command's runs, one after the other, by launch_one. */
	int (*runs)(struct context *c, struct launcher *s, struct err *e);
	/* With -d, while someone watches: what the run will be, so that what takes minutes (environments) is ready
	 * before it goes on alone. NULL: nothing. ret is zeroed. */
	int (*load)(struct context *c, struct run_choice *ret, struct err *e);
	size_t nruns; /* how many there will be */
};
/* Runs the command's body here, or, with -d, the whole command once more without the terminal. */
int launch(struct context *c, const struct launch_body *body, struct err *e);

struct launch_as {
	enum run_kind kind;
	int64_t sweep; size_t nth; /* of a sweep: its id, and which of its runs this is, from 1 */
};
/* One run from its record's first row to its end. */
int launch_one(struct launcher *s, const struct run_choice *choice, const struct launch_as *one,
               struct supervise_result *ret, struct err *e);
/* "from run 12 dull-heron: failed, 3 of 7 steps done" and what is dropped: the first lines of a run that comes from
 * another. */
void launch_head(struct context *c, const struct run_choice *choice);

#endif
