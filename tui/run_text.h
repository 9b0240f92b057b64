/* Facts of runs and attempts as people read them. */
#ifndef TUI_RUN_TEXT_H
#define TUI_RUN_TEXT_H

#include "base/buf.h"
#include "tracker/query.h"

/* "exit 1", "signal 9", "timeout", … of an attempt that did not succeed; "" else. */
void attempt_end_text(const struct attempt_row *a, char out[64]);
/* "lib/features.py:31 ValueError: …"; "" when no root error was found. Appends. */
void attempt_error_text(struct buf *out, const struct attempt_row *a);
/* "pinned · requirements.lock · 104 packages · 3f9c0a1b2c3d4e5f". Appends. */
void attempt_env_text(struct buf *out, const struct attempt_row *a);
/* A step's reason without the word in front that says whether it ran: "lib/features.py changed (+5 −2)". */
const char *reason_text(const char *reason);
/* A step's state in words: "running"; "not started" where one that it needs did not succeed. */
const char *step_state_said(enum step_state s);
/* "2026-11-21 10:00:00" in the local zone. */
void local_time_text(int64_t us, char out[24]);
/* Wall or recorded time of a run so far, µs; -1: not begun. */
int64_t run_elapsed(const struct run_row *r);
/* The same of an attempt; -1: it was lost, and nobody saw its end. */
int64_t attempt_elapsed(const struct attempt_row *a, int64_t now);
/* "0:31"; "–" where it is not known. */
void attempt_clock(const struct attempt_row *a, int64_t now, char out[24]);

#endif
