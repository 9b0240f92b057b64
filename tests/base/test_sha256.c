#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/sha256.h"

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char million_a[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void assert_digest(const struct digest *d, const char *want)
{
	char hex[DIGEST_HEX + 1];

	digest_to_hex(d, hex);
	assert_string_equal(hex, want);
}

static void known_digests(void **state)
{
	struct digest d;

	sha256_bytes("abc", 3, &d);
	assert_digest(&d, abc);
	sha256_bytes("", 0, &d);
	assert_digest(&d, nothing);
}

static void pieces_and_reset(void **state)
{
	struct sha256 *s = sha256_new();
	struct digest d;

	sha256_update(s, "a", 1);
	sha256_update(s, "", 0);
	sha256_update(s, "bc", 2);
	/* The one-shot form in between must not disturb a running hash. */
	sha256_bytes("zzz", 3, &d);
	sha256_final(s, &d);
	assert_digest(&d, abc);
	sha256_reset(s);
	for (int i = 0; i < 1000; i++) {
		char piece[1000];
		memset(piece, 'a', sizeof piece);
		sha256_update(s, piece, sizeof piece);
	}
	sha256_final(s, &d);
	assert_digest(&d, million_a);
	sha256_free(s);
	sha256_free(NULL);
}

static void descriptors(void **state)
{
	char path[] = "/tmp/test_sha256.XXXXXX";
	_close_ int fd = mkostemp(path, O_CLOEXEC);
	_free_ char *bytes = mem_alloc(1000000);
	struct digest d;
	struct err e;
	int64_t size;

	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(sha256_fd(fd, &d, NULL, &e), 0);
	assert_digest(&d, nothing);
	memset(bytes, 'a', 1000000);
	assert_int_equal(pwrite(fd, bytes, 1000000, 3), 1000000);
	lseek(fd, 3, SEEK_SET);
	assert_int_equal(sha256_fd(fd, &d, &size, &e), 0);
	assert_int_equal(size, 1000000);
	assert_digest(&d, million_a);
	assert_int_equal(sha256_fd(-1, &d, &size, &e), ERR_BROKEN);
}

static void *hash_many(void *arg)
{
	int *wrong = arg;

	for (int i = 0; i < 2000; i++) {
		struct digest d;
		char hex[DIGEST_HEX + 1];
		sha256_bytes("abc", 3, &d);
		digest_to_hex(&d, hex);
		*wrong += strcmp(hex, abc) != 0;
	}
	return NULL;
}

static void threads_do_not_meet(void **state)
{
	pthread_t threads[4];
	int wrong[4] = {0};

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hash_many, &wrong[i]), 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(wrong[i], 0);
	}
}

static void hex_is_checked(void **state)
{
	struct digest d = {{0}}, same;
	char text[DIGEST_HEX + 2];

	assert_true(digest_is_zero(&d));
	assert_true(digest_from_hex(abc, &d));
	assert_false(digest_is_zero(&d));
	assert_digest(&d, abc);
	memcpy(text, abc, sizeof abc);
	text[0] = 'B';
	assert_true(digest_from_hex(text, &same));
	assert_true(digest_equal(&d, &same));
	same.b[31] ^= 1;
	assert_false(digest_equal(&d, &same));
	static const char bad[] = {'g', ' ', '/', ':', '@', '`', 'G', '\xc3'};
	for (size_t i = 0; i < sizeof bad; i++) {
		text[63] = bad[i];
		assert_false(digest_from_hex(text, &same));
	}
	text[63] = '\0';
	assert_false(digest_from_hex(text, &same));
	memset(text, '0', 65);
	text[65] = '\0';
	assert_false(digest_from_hex(text, &same));
	assert_false(digest_from_hex("", &same));
	assert_false(digest_equal(&d, &same));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(known_digests),  cmocka_unit_test(pieces_and_reset),
	        cmocka_unit_test(descriptors),    cmocka_unit_test(threads_do_not_meet),
	        cmocka_unit_test(hex_is_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
