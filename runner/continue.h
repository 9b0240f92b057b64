/* Which earlier attempt's checkpoints a step of a resumed run goes on from. */
#ifndef RUNNER_CONTINUE_H
#define RUNNER_CONTINUE_H

#include "runner/plan/step_key.h"
#include "runner/prepare.h"
#include "tracker/reuse.h"

/* The last attempt that the step, or one with its first output, made in the run `origin`, or in the run that one
 * resumed if it left no checkpoint, and so on. NULL: there is none, or the newest of them succeeded. Lives in the
 * arena. What cannot be read counts as not there. */
const struct past_attempt *continue_find(struct tracker *t, const char *jig, int64_t origin, const struct step *d,
                                         struct arena *a);
/* The folder of an attempt's checkpoints. Owned. */
char *continue_folder(const char *jig, const struct past_attempt *past);
/* What besides the code differs from what that attempt was given ("param lr 0.1 → 0.3"), so that its checkpoints are
 * not handed on; NULL: nothing does. k may lack the inputs: they are then not compared. Lives in the arena. */
const char *continue_refused(const struct past_attempt *past, const struct step_key *k, const struct step *d,
                             struct arena *a);
/* Adds a note to those of `now` for each step that has a checkpoint: it goes on from it (then it is promised), or
 * begins anew and why, as far as that is known before anything runs. */
int continue_notes(struct tracker *t, int64_t origin, const char *jig, const struct pipeline *p, struct prepared *now,
                   struct err *e);

#endif
