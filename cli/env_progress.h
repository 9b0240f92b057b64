/* What is told while an environment is built: a line on stderr that is written over on a terminal, plain lines
 * elsewhere. */
#ifndef CLI_ENV_PROGRESS_H
#define CLI_ENV_PROGRESS_H

#include "cli/command.h"
#include "runner/env/env_build.h"

struct env_progress {
	const struct context *context;
	const char *doing;
	bool brief;             /* only what is written over: nothing is said elsewhere than on a terminal */
	bool tty, open;         /* a line stands there that will be written over */
	int64_t began;
	struct env_watch watch; /* its arg is this struct: it may not be moved */
};
/* doing: "building its environment". */
void env_progress_init(struct env_progress *p, const struct context *c, const char *doing, bool brief);
/* Takes the line away that would be written over. */
void env_progress_end(struct env_progress *p);

#endif
