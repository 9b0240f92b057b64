/* Any bytes as Python: what is understood keeps its tokens with comments and blank lines behind it and with other line
 * ends, and loses them with a name more. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "runner/trace/python_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int tokens(const struct buf *b, struct digest *ret)
{
	return python_tokens(b->data, b->len, ret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_buf_ struct buf same = BUF_INIT, other = BUF_INIT, ends = BUF_INIT;
	const char *text = (const char *)data;
	struct digest a, b;

	if (python_tokens(text, size, &a) < 0)
		return 0;
	buf_add(&same, data, size);
	buf_adds(&same, "\n\n  # behind\n\t\n");
	buf_add(&other, data, size);
	buf_adds(&other, "\nbehind\n");
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\n' && (!i || text[i - 1] != '\r'))
			buf_addc(&ends, '\r');
		buf_addc(&ends, text[i]);
	}
	if (tokens(&same, &b) < 0 || !digest_equal(&a, &b))
		abort();
	if (tokens(&other, &b) >= 0 && digest_equal(&a, &b))
		abort();
	if ((size < 2 || memcmp(text, "#!", 2)) && (tokens(&ends, &b) < 0 || !digest_equal(&a, &b)))
		abort();
	return 0;
}
