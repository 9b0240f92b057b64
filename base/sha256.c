#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include "base/mem.h"

enum { SMALL_READ = 64 << 10, LARGE_READ = 512 << 10 };

struct sha256 {
	EVP_MD_CTX *ctx;
};

static EVP_MD *algorithm;
static pthread_key_t thread_hash;

static void free_thread_hash(void *s)
{
	sha256_free(s);
}

/* Memory is all that can fail here. What OpenSSL would load beside the digest, openssl.cnf above all, only costs time.
 */
static void fetch(void)
{
	const uint64_t nothing_else = OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS |
	                              OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
	                              OPENSSL_INIT_NO_ATEXIT;

	OPENSSL_init_crypto(nothing_else, NULL);
	algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!algorithm || pthread_key_create(&thread_hash, free_thread_hash))
		err_oom();
}

static void fetch_once(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, fetch);
}

struct sha256 *sha256_new(void)
{
	struct sha256 *s = mem_alloc(sizeof *s);

	fetch_once();
	s->ctx = EVP_MD_CTX_new();
	if (!s->ctx)
		err_oom();
	sha256_reset(s);
	return s;
}

void sha256_free(struct sha256 *s)
{
	if (!s)
		return;
	EVP_MD_CTX_free(s->ctx);
	free(s);
}

void sha256_reset(struct sha256 *s)
{
	if (!EVP_DigestInit_ex2(s->ctx, algorithm, NULL))
		err_oom();
}

void sha256_update(struct sha256 *s, const void *bytes, size_t n)
{
	EVP_DigestUpdate(s->ctx, bytes, n);
}

void sha256_final(struct sha256 *s, struct digest *ret)
{
	EVP_DigestFinal_ex(s->ctx, ret->b, NULL);
}

/* This thread's own hash, begun anew; freed when the thread ends. */
static struct sha256 *hash_of_thread(void)
{
	fetch_once();
	struct sha256 *s = pthread_getspecific(thread_hash);
	if (s) {
		sha256_reset(s);
		return s;
	}
	s = sha256_new();
	if (pthread_setspecific(thread_hash, s))
		err_oom();
	return s;
}

void sha256_bytes(const void *bytes, size_t n, struct digest *ret)
{
	struct sha256 *s = hash_of_thread();

	sha256_update(s, bytes, n);
	sha256_final(s, ret);
}

int sha256_fd(int fd, struct digest *ret, int64_t *ret_size, struct err *e)
{
	struct sha256 *s = hash_of_thread();
	char small[SMALL_READ], *into = small;
	_free_ char *large = NULL;
	size_t room = sizeof small;
	int64_t size = 0;

	for (;;) {
		ssize_t n = read(fd, into, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, "cannot read a file to hash it");
		if (n == 0)
			break;
		sha256_update(s, into, (size_t)n);
		size += n;
		if (!large && (size_t)n == sizeof small) {
#ifdef POSIX_FADV_SEQUENTIAL
			posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
#endif
			into = large = mem_alloc(LARGE_READ);
			room = LARGE_READ;
		}
	}
	sha256_final(s, ret);
	if (ret_size)
		*ret_size = size;
	return 0;
}

void digest_to_hex(const struct digest *d, char hex[DIGEST_HEX + 1])
{
	for (int i = 0; i < DIGEST_SIZE; i++) {
		hex[2 * i] = "0123456789abcdef"[d->b[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[d->b[i] & 15];
	}
	hex[DIGEST_HEX] = '\0';
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool digest_from_hex(const char *hex, struct digest *ret)
{
	struct digest d;

	if (strnlen(hex, DIGEST_HEX + 1) != DIGEST_HEX)
		return false;
	for (int i = 0; i < DIGEST_SIZE; i++) {
		int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		d.b[i] = (uint8_t)(high << 4 | low);
	}
	*ret = d;
	return true;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return !memcmp(a->b, b->b, DIGEST_SIZE);
}

bool digest_is_zero(const struct digest *d)
{
	static const struct digest zero;

	return digest_equal(d, &zero);
}
