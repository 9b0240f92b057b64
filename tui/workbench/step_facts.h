/* What a step's tabs tell in words: files, environment, command, attempts. */
#ifndef TUI_STEP_FACTS_H
#define TUI_STEP_FACTS_H

#include "tracker/query.h"
#include "tui/lines.h"

/* A step of a run and the attempt that is looked at. */
struct step_facts {
	struct arena arena;
	struct run_row run;
	struct step_row step;
	struct attempt_rows attempts;   /* of the step, oldest first; of a reused one the attempt that it stands for */
	const struct attempt_row *seen; /* NULL: it never began */
};
void step_facts_release(struct step_facts *f);
/* f is zeroed or from an earlier load; attempt: the one to be looked at, 0: the newest. ERR_NOT_FOUND: the run or the
 * step is gone. */
int step_facts_load(struct tracker *t, int64_t run, int64_t step, int64_t attempt, struct step_facts *f, struct err *e);

/* Each clears the lines and fills them. */
int step_files(struct tracker *t, const struct step_facts *f, struct lines *l, struct err *e);
int step_env(struct tracker *t, const struct step_facts *f, struct lines *l, struct err *e);
int step_command(struct tracker *t, const struct step_facts *f, struct lines *l, struct err *e);
/* The id of a line is that of its attempt. */
int step_attempts(const struct step_facts *f, struct lines *l);

#endif
