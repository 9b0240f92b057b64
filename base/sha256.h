/* SHA-256 through libcrypto's EVP; the algorithm object is fetched once per process.
 * A digest is 32 bytes; its text is 64 lower-case hex digits. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX 64

struct digest { uint8_t b[DIGEST_SIZE]; };

struct sha256; /* a running hash */
struct sha256 *sha256_new(void);
void sha256_free(struct sha256 *s);
void sha256_reset(struct sha256 *s);                       /* begins anew; sha256_new does so already */
void sha256_update(struct sha256 *s, const void *bytes, size_t n);
void sha256_final(struct sha256 *s, struct digest *ret);   /* reset before the next use */
void sha256_bytes(const void *bytes, size_t n, struct digest *ret); /* in one go */
/* From the descriptor's offset to its end. ret_size (may be NULL) gets the bytes read. */
int sha256_fd(int fd, struct digest *ret, int64_t *ret_size, struct err *e);

void digest_to_hex(const struct digest *d, char hex[DIGEST_HEX + 1]);
bool digest_from_hex(const char *hex, struct digest *ret); /* exactly 64 hex digits, else false */
bool digest_equal(const struct digest *a, const struct digest *b);
bool digest_is_zero(const struct digest *d);               /* all zero: "none" */

#endif
