/* What steps hand over by `jig log --param` and `--artifact`: a line of JSON for each in logged.jsonl of the attempt's
 * folder, and the params of a live run that come of them. */
#ifndef RUNNER_LOG_LOGGED_H
#define RUNNER_LOG_LOGGED_H

#include <stdbool.h>
#include <jansson.h>
#include "base/buf.h"

/* Bytes that `jig log` lets one attempt hand over; several processes at once may come to more, up to LOGGED_READ. */
#define LOGGED_MOST (16 << 20)
#define LOGGED_READ (2 * LOGGED_MOST)

/* One line; v is borrowed, NULL for what is no JSON. A last line without a newline counts. */
typedef void logged_line_fn(void *arg, const char *line, size_t n, json_t *v);
void logged_lines(const struct buf *text, logged_line_fn *cb, void *arg);
/* Levels of a value, as of a value in YAML: what is nested without end could not be read from the record again. */
#define LOGGED_DEPTH 64
/* Of a line: the param, borrowed, or NULL. */
const char *logged_param(const json_t *line, const json_t **ret_value);

/* Those that the run began with, and of each step those of its last attempt that has ended. Of contradictions what came
 * first counts. Safe on any thread. */
struct logged_params;
struct logged_params *logged_params_new(const json_t *begun_with);
void logged_params_free(struct logged_params *p);
/* list: [[key, value], …], NULL for none; takes the place of what an earlier attempt of the step logged. told: why one
 * is not the run's. Returns whether the run's params are others now. */
typedef void logged_told_fn(void *arg, const char *text);
bool logged_params_set(struct logged_params *p, int step, json_t *list, logged_told_fn *told, void *arg);
/* All of them. Owned; never changes. */
json_t *logged_params_all(struct logged_params *p);

#endif
