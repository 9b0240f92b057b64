/* step.json and replay: what was executed, where and with what, written before the process starts. Every way of
 * debugging reads them. */
#ifndef RUNNER_REPLAY_H
#define RUNNER_REPLAY_H

#include "runner/work/work.h"

/* Writes both into the attempt's folder. Values of secrets are left out: replay takes them from the caller's
 * environment. */
int replay_write(const struct work *w, const struct work_run *r, const struct step *s, int n, const char *uid,
                 struct err *e);

#endif
