/* Any bytes as what a terminal sends, in chunks of any size: each input is one that views may rely on, nothing hangs,
 * and the chunks change nothing. Names of keys go there and back. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "base/utf8.h"
#include "tui/key_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void note(struct buf *out, const struct input *in)
{
	char name[KEY_NAME];
	struct key again;

	switch (in->kind) {
	case INPUT_KEY:
		if (!in->key.code || in->key.code >= CODE_END_ || in->key.code == CODE_FIRST_ || in->key.mods > 7)
			abort();
		key_name(in->key, name);
		if (!*name || !utf8_valid(name, strlen(name)))
			abort();
		/* What has a name as a key in files is that key. */
		if (key_parse(name, &again) && key_equal(again, in->key) != true &&
		    !(in->key.mods & (MOD_CTRL | MOD_SHIFT)))
			abort();
		buf_addf(out, "k%s\n", name);
		return;
	case INPUT_MOUSE:
		if (in->mouse.row < 0 || in->mouse.col < 0 || (unsigned)in->mouse.kind > MOUSE_WHEEL_DOWN)
			abort();
		buf_addf(out, "m%d %d %d\n", (int)in->mouse.kind, in->mouse.row, in->mouse.col);
		return;
	case INPUT_PASTE:
		buf_addf(out, "p%s\n", in->text);
		return;
	case INPUT_NONE:
	case INPUT_RESIZE:
		abort();
	}
}

static void decode(const char *s, size_t n, size_t chunk, struct buf *out)
{
	struct key_decoder d;
	struct input in;

	key_decoder_init(&d);
	key_decoder_add(&d, "\033\t", (struct key){CODE_TAB, MOD_SHIFT});
	key_decoder_add(&d, "\033[25~", (struct key){CODE_F12, MOD_SHIFT});
	for (size_t i = 0; i < n; i += chunk) {
		key_decoder_feed(&d, s + i, n - i < chunk ? n - i : chunk, 0);
		while (key_decoder_next(&d, false, &in))
			note(out, &in);
	}
	while (key_decoder_next(&d, true, &in))
		note(out, &in);
	key_decoder_release(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_buf_ struct buf whole = BUF_INIT, parts = BUF_INIT;

	if (size < 1)
		return 0;
	const char *s = (const char *)data + 1;
	decode(s, size - 1, size, &whole);
	decode(s, size - 1, 1 + data[0] % 16, &parts);
	if (whole.len != parts.len || memcmp(whole.data, parts.data, whole.len) != 0)
		abort();
	return 0;
}
