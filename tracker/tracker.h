/* The record: one SQLite database, DIR/jig.db, in WAL mode with synchronous=FULL.
 *
 * Every write is inside a transaction opened by tracker_begin (BEGIN IMMEDIATE, waiting with back-off for as long as it
 * takes up to a minute, or what tracker_patience says); a write outside one aborts the program. Transactions are short:
 * callers gather first, then write. Reads need none. Statements are prepared once, from one table, and kept. A tracker
 * belongs to one thread. Nothing of SQLite shows in these headers. */
#ifndef TRACKER_TRACKER_H
#define TRACKER_TRACKER_H

#include <stdbool.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/sha256.h"
#include "base/time.h"
#include "tracker/state.h"

struct tracker;

enum tracker_mode {
	/* the database must exist (ERR_NOT_FOUND); an older schema is upgraded all the same (backup first) */
	TRACKER_READ,
	TRACKER_CHANGE, /* the same, for short changes */
	TRACKER_WRITE,  /* made when it is not there */
};

/* SQLite needs files beside the database even to read it. Where the disk has no room for them, TRACKER_READ reads a
 * copy in memory, and TRACKER_CHANGE holds the record alone until it is closed. Where the folder is read-only both read
 * the file as it lies there. tracker_begin tells the cause where nothing can be written.
 *
 * dir is the .jig folder (must exist). ERR_USAGE: the schema is newer than this jig ("made by a newer jig: …").
 * ERR_BROKEN: not a database, damaged, on a network file system (with the way out, JIG_DIR), disk full. */
int tracker_open(const char *dir, enum tracker_mode mode, struct tracker **ret, struct err *e);
void tracker_close(struct tracker *t); /* rolls back what is open; NULL is fine */
void tracker_closep(struct tracker **t);
#define _tracker_ _cleanup_(tracker_closep)

/* Nothing can be written, for the disk is full or the folder read-only: what is read is as it was at the opening. */
bool tracker_is_barred(const struct tracker *t);

int tracker_begin(struct tracker *t, struct err *e);
int tracker_commit(struct tracker *t, struct err *e); /* on failure nothing of it is written, and it is rolled back */
void tracker_rollback(struct tracker *t);             /* none open: no-op */

/* Many reads in a row see one state of the record and take its locks once; they cost half. No writes between the two,
 * and tracker_begin not either. Ending is safe where the beginning failed. */
int tracker_read_begin(struct tracker *t, struct err *e);
void tracker_read_end(struct tracker *t);

/* How long tracker_begin waits while another process writes; then it is ERR_BUSY, and can be tried again. */
#define TRACKER_PATIENCE_US (60 * US_PER_S)
void tracker_patience(struct tracker *t, int64_t us);

/* Asked every few thousand instructions of a query, in the thread that runs it; other than 0 ends the query with
 * ERR_INTERRUPTED. NULL: no more. */
void tracker_stop_when(struct tracker *t, int (*stop)(void *arg), void *arg);
/* Gives back memory that only makes later reads faster. */
void tracker_trim(struct tracker *t);

/* Changes whenever another connection has committed (PRAGMA data_version). */
int64_t tracker_data_version(struct tracker *t);
/* The file was deleted or another one stands in its place, or changed while the tracker is barred: what is read is what
 * was there. */
bool tracker_moved(const struct tracker *t);

#endif
