/* What `run` and `plan` share: their options, the pipeline that they name, the steps that they choose. */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "cli/command.h"
#include "runner/pipeline.h"

extern const struct option_def run_options[];

/* The pipeline with -f, -p and further overrides (may be NULL). Faults of the file go to the context, all of them. Finds the project; with -f the folder need hold no jig.yaml. */
int run_options_pipeline(struct context *c, const char *const *more, size_t nmore, struct pipeline **ret, struct err *e);
/* Which steps take part: STEP…, --to and what they need; all without. Owned, nsteps long. The names of --from and --force are checked. */
int run_options_select(struct context *c, const struct pipeline *p, bool **ret, struct err *e);

#endif
