/* Metrics from what people's code writes: lines appended to $JIG_METRICS, and metrics files read after the step. */
#ifndef RUNNER_METRIC_H
#define RUNNER_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define METRIC_NO_STEP INT64_MIN
struct metric_value { const char *key; size_t key_len; double value; };
/* One parsed line: values that share step and ts. Borrowed from the line and the parser. */
struct metric_line {
	struct metric_value *v;
	size_t len;
	int64_t step /* METRIC_NO_STEP */;
	int64_t ts /* µs, -1 = not given */;
};

struct metric_parser;
struct metric_parser *metric_parser_new(void);
void metric_parser_free(struct metric_parser *p);
/* `{"loss": 0.31, "acc": 0.9, "step": 10, "ts": 1700000000.5}` (flat or nested: nested keys are joined by "."; NaN,
 * Infinity, -Infinity bare or as texts; true/false are 1/0; other texts, null and lists are ignored), or `name=value …
 * [step=N]` (blanks between; several pairs). 1: parsed; 0: blank or a comment (#); ERR_USAGE: what is wrong. ≥ 2
 * million typical lines a second: no allocation per line. */
int metric_parse(struct metric_parser *p, const char *line, size_t n, struct metric_line *ret, struct err *e);

/* A step from a number as programs write it (10, 10.0, 1e1). False: it is no whole number, or a double cannot hold it
 * exactly. */
bool metric_step(double v, int64_t *ret);

/* A metrics file by its ending: .json .yaml .yml (leaves that are numbers, joined by "."), .csv .tsv (a `step` or
 * `epoch` column makes series of the other numeric columns; without one each row counts from 0; DVCLive's `timestamp`
 * is ts), .jsonl .ndjson (a row a step). cb gets step METRIC_NO_STEP and ts -1 where the file gives none. ERR_USAGE
 * names file, line and what is wrong. */
typedef int metric_file_fn(void *arg, const char *key, int64_t step, int64_t ts, double value, struct err *e);
int metric_file_read(const char *path, metric_file_fn *cb, void *arg, struct err *e);

#endif
