/* ULIDs (github.com/ulid/spec): 26 characters of Crockford base 32, 48 bits of milliseconds and 80 random bits from
 * getrandom(2); within one process and millisecond they increase. */
#ifndef BASE_ULID_H
#define BASE_ULID_H

#include <stdbool.h>
#include <stdint.h>

#define ULID_LEN 26
void ulid_make(int64_t now_us, char out[ULID_LEN + 1]);
bool ulid_valid_prefix(const char *s); /* 1–26 characters of the alphabet, any case */

#endif
