/* Runs: made, moved through their states, ended and sealed, marked, taken out. All but run_resolve need a transaction.
 */
#ifndef TRACKER_RUN_H
#define TRACKER_RUN_H

#include <jansson.h>
#include "base/ulid.h"
#include "tracker/tracker.h"

struct run_code {           /* NULL texts: there is no git, or it could not be read */
	const char *commit; /* HEAD, 40 hex digits */
	const char *branch;
	const char *remote;   /* URL without credentials */
	int dirty;            /* 1, 0; -1 without git */
	const char *snapshot; /* tree id, 40 hex digits */
};

struct run_new {
	const char *name;     /* NULL: an adjective and a noun ("calm-otter"), unused in this project if possible */
	const char *pipeline; /* name */
	const char *pipeline_text; /* the definition's bytes as read; stored once per digest */
	enum run_kind kind;
	int64_t origin; /* number of the run it resumes or restarts; 0 = none */
	int64_t sweep;  /* id by sweep_create; 0 = none */
	const char *host, *user;
	const json_t *argv;    /* array of texts */
	const json_t *params;  /* object of any depth; leaves are stored by dotted path, the whole as JSON text too */
	const json_t *options; /* object: what resume must know again (isolation, overrides, file, …) */
	struct run_code code;
	bool unpinned;
};

/* Number = highest ever used + 1 (numbers of removed runs are not used again, nor those of folders that hold steps of
 * runs which the record does not know: an older jig.db was put back, or its end was lost). State queued; one event
 * "run". ERR_EXISTS when the name is taken by a run that is kept; ERR_USAGE for a bad name. */
int run_create(struct tracker *t, const struct run_new *n, int64_t *ret_number, char ret_uid[ULID_LEN + 1],
               struct err *e);
/* queued → running: sets started. */
int run_start(struct tracker *t, int64_t run, struct err *e);
/* → success, failed, stopped, lost: sets ended, seconds (elapsed_us, monotonic, from the caller; -1: unknown, wall
 * clock counts) and the exit status, derives run metrics (metrics.K), and writes the end event with the digests over
 * all the run's rows (event.h). After it the triggers refuse changes. */
int run_end(struct tracker *t, int64_t run, enum run_state s, int exit_status, int64_t elapsed_us, struct err *e);
/* A run that says running or queued while nobody holds its lease: marks unfinished attempts and steps lost, then
 * run_end(lost). Does nothing (0) when it has ended meanwhile; 1 when it did. The caller has looked at the lease. */
int run_mark_lost(struct tracker *t, int64_t run, struct err *e);

/* All params of a live run from now on, those that it was created with among them (param.h joins what its code sets).
 */
int run_params(struct tracker *t, int64_t run, const json_t *params, struct err *e);

bool run_name_valid(const char *name); /* [A-Za-z][A-Za-z0-9_.-]{0,63}, not "last"; tag keys too */
int run_rename(struct tracker *t, int64_t run, const char *name, struct err *e);
#define TAG_MOST (4 << 10) /* bytes of a tag's value */
int run_tag(struct tracker *t, int64_t run, const char *key, const char *value /* NULL: off */, struct err *e);
int run_note(struct tracker *t, int64_t run, const char *text, struct err *e);
/* Takes an ended run out of the lists, with an event; rows of attempts that a kept run borrows stay. ERR_USAGE for a
 * live run. */
int run_remove(struct tracker *t, int64_t run, struct err *e);

/* A number, "last", "last~2", a unique prefix of a ULID (4 or more characters), or a name. ERR_NOT_FOUND says what
 * there is. */
int run_resolve(struct tracker *t, const char *text, int64_t *ret_number, struct err *e);

int sweep_create(struct tracker *t, const json_t *spec, int64_t *ret_id, struct err *e);

#endif
