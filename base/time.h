/* Clocks and their texts. Points in time are UTC microseconds since 1970 (int64_t), durations are microseconds of the
 * monotonic clock. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "base/buf.h"

#define US_PER_S 1000000LL

int64_t time_now(void);  /* wall clock, UTC µs */
/* time_now stands still there: for pictures that have to be the same every time; < 0: it goes on */
void time_pin(int64_t us);
/* ns since 1970. A file may bear a time for which 64 bits have no room (beyond the year 2262): then the low ones, which
 * tell it from others as well. */
int64_t time_ns(const struct timespec *t);
int64_t time_now_ns(void);
int64_t time_mono(void); /* monotonic µs; where the system offers it, a clock that counts while the machine sleeps */

/* "2026-11-21T10:00:00.000000Z" (27 bytes and a NUL). */
void time_iso(int64_t us, char out[28]);
bool time_from_iso(const char *text, int64_t *ret_us); /* the form above, fraction of 0–6 digits */
/* "14:02:11.004" in the local zone. */
void time_clock(int64_t us, char out[16]);

/* "250ms 10s 5m 2h 1d", whole or decimal numbers, one unit, no sign. False for anything else and above 10,000 days. */
bool duration_parse(const char *text, int64_t *ret_us);
/* For people: "0:31", "6:02", "1:02:03"; below 1 s too "0:00". */
void duration_clock(int64_t us, char out[24]);
/* Age for people: "now" below a minute, "2m", "1h", "3d", "5w". */
void duration_age(int64_t us, char out[16]);

#endif
