/* A plan for people and as JSON: `jig plan` and `jig resume --dry-run`. */
#ifndef CLI_PLAN_TEXT_H
#define CLI_PLAN_TEXT_H

#include <jansson.h>
#include "cli/run_options.h"

/* Prepares without running anything and writes what comes of it to the context: a line a step, what a matrix shares in
 * one line, and the counts; or, with --json, jig-json(5)'s object. */
int plan_print(struct context *c, const struct run_choice *choice, struct err *e);
/* The same for each run of a sweep, headed by its overrides; with --json an object with all of them. Each is planned as
 * if it were the only one. */
int plan_print_sweep(struct context *c, const struct sweep *sweep, struct err *e);
/* The parts of it. */
void plan_text(struct context *c, const struct pipeline *p, const bool *in, const struct plan *plan);
json_t *plan_json(const struct pipeline *p, const bool *in, const struct plan *plan);

#endif
