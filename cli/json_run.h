/* Runs as `--json` gives them (jig-json(5)). */
#ifndef CLI_JSON_RUN_H
#define CLI_JSON_RUN_H

#include "base/json.h"
#include "cli/run_data.h"

/* The run; with its steps when they were loaded and are wanted. New reference. */
json_t *json_run(const struct run_data *d, bool steps);
/* One step of it, as in "steps". New reference. */
json_t *json_run_step(const struct run_data *d, const struct step_row *s);
/* Puts into each attempt of a step's object what is installed in its environment, which is long and null until then. */
int json_run_packages(struct tracker *t, struct run_data *d, const struct step_row *s, json_t *step, struct err *e);
/* Puts into a step's object what the attempt that counts looked up, and into each of its attempts which one it went on
 * from; null until then. */
int json_run_reads(struct tracker *t, struct run_data *d, const struct step_row *s, json_t *step, struct err *e);
/* A text; NULL is null, bytes that are no UTF-8 become U+FFFD. New reference. */
json_t *json_text(const char *s);

#endif
