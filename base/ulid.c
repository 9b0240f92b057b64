#include "base/ulid.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "base/err.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Adds 1 to the 80 bits; false when they wrap. */
static bool increase(uint8_t random[10])
{
	for (int i = 9; i >= 0; i--) {
		if (++random[i])
			return true;
	}
	return false;
}

void ulid_make(int64_t now_us, char out[ULID_LEN + 1])
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static uint64_t last_ms;
	static uint8_t random[10];
	uint64_t ms = (uint64_t)(now_us > 0 ? now_us / 1000 : 0) & 0xffffffffffffu;
	uint8_t bytes[16];

	pthread_mutex_lock(&lock);
	if (ms != last_ms || !increase(random)) {
		if (getentropy(random, sizeof random) < 0)
			err_oom();
		/* Room to count upwards within the millisecond. */
		random[0] &= 0x7f;
	}
	last_ms = ms;
	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	memcpy(bytes + 6, random, sizeof random);
	pthread_mutex_unlock(&lock);

	/* 26 groups of 5 bits; the first has only the top 3 of the 128. */
	for (int i = 0; i < ULID_LEN; i++) {
		int value = 0;
		for (int bit = 5 * i - 2; bit < 5 * i + 3; bit++)
			value = value << 1 | (bit >= 0 ? bytes[bit / 8] >> (7 - bit % 8) & 1 : 0);
		out[i] = alphabet[value];
	}
	out[ULID_LEN] = '\0';
}

bool ulid_valid_prefix(const char *s)
{
	size_t n = 0;

	for (; s[n]; n++) {
		char c = s[n] >= 'a' && s[n] <= 'z' ? (char)(s[n] - 'a' + 'A') : s[n];
		if (n == ULID_LEN || !strchr(alphabet, c))
			return false;
	}
	return n > 0;
}
