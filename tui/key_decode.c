#include "tui/key_decode.h"

#include <string.h>
#include "base/utf8.h"

#define DOUBLE_CLICK_US 400000
#define PASTE_MAX (4 << 20)
#define SEQUENCE_MAX 64 /* bytes; what is longer is none that we know */

static const char paste_end[] = "\033[201~";

/* What a look at the first bytes gives. */
enum look {
	LOOK_MORE, /* they may be the beginning of something longer */
	LOOK_NONE, /* so many bytes mean nothing */
	LOOK_GOT,
};

void key_decoder_init(struct key_decoder *d)
{
	*d = (struct key_decoder){.pressed_at = -1};
	buf_init(&d->in);
	buf_init(&d->paste);
}

void key_decoder_release(struct key_decoder *d)
{
	for (size_t i = 0; i < d->nsequences; i++)
		free(d->sequences[i].bytes);
	free(d->sequences);
	buf_release(&d->in);
	buf_release(&d->paste);
	*d = (struct key_decoder){0};
}

void key_decoder_add(struct key_decoder *d, const char *sequence, struct key k)
{
	size_t n = strlen(sequence);

	if (n < 2 || n > SEQUENCE_MAX)
		return;
	d->sequences = mem_array(d->sequences, d->nsequences + 1, sizeof *d->sequences);
	d->sequences[d->nsequences++] = (struct key_sequence){.bytes = mem_strdup(sequence), .n = n, .key = k};
}

void key_decoder_feed(struct key_decoder *d, const char *bytes, size_t n, int64_t now)
{
	if (d->at == d->in.len) {
		buf_reset(&d->in);
		d->at = 0;
	} else if (d->at > 65536) {
		buf_drop(&d->in, d->at);
		d->at = 0;
	}
	buf_add(&d->in, bytes, n);
	d->now = now;
}

static enum look got_key(struct input *ret, uint32_t code, int mods)
{
	*ret = (struct input){.kind = INPUT_KEY, .key = {code, (uint8_t)mods}};
	return LOOK_GOT;
}

/* One character, or one byte of control. */
static enum look look_character(const char *s, size_t n, bool waited, int mods, struct input *ret, size_t *used)
{
	unsigned char c = (unsigned char)s[0];
	uint32_t cp;

	*used = 1;
	if (c == '\t')
		return got_key(ret, CODE_TAB, mods);
	if (c == '\r' || c == '\n')
		return got_key(ret, CODE_ENTER, mods);
	if (c == '\b' || c == 0x7f)
		return got_key(ret, CODE_BACKSPACE, mods);
	if (c == 0)
		return got_key(ret, ' ', mods | MOD_CTRL);
	if (c < 0x1b)
		return got_key(ret, 'a' + c - 1u, mods | MOD_CTRL);
	if (c < 0x20)
		return got_key(ret, c + 0x40u, mods | MOD_CTRL);
	if (c < 0x80)
		return got_key(ret, c, mods);
	size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2, have = 1;
	while (have < n && have < length && ((unsigned char)s[have] & 0xc0) == 0x80)
		have++;
	if (c >= 0xc2 && c < 0xf5 && have < length && have == n && !waited)
		return LOOK_MORE;
	*used = utf8_decode(s, n, &cp);
	if (cp < 0xa0 || (*used == 1 && cp == 0xfffd))
		return LOOK_NONE;
	return got_key(ret, cp, mods);
}

static enum look look_mouse(struct key_decoder *d, int button, int col, int row, bool release, struct input *ret)
{
	int plain = button & ~(4 | 8 | 16); /* Shift, Alt, Ctrl */
	struct mouse m = {.row = row > 0 ? row - 1 : 0, .col = col > 0 ? col - 1 : 0};

	if (plain == 64)
		m.kind = MOUSE_WHEEL_UP;
	else if (plain == 65)
		m.kind = MOUSE_WHEEL_DOWN;
	else if (plain == 0 && release)
		m.kind = MOUSE_RELEASE;
	else if (plain == 32)
		m.kind = MOUSE_DRAG;
	else if (plain == 0) {
		bool twice = d->pressed_at >= 0 && d->now - d->pressed_at <= DOUBLE_CLICK_US &&
		             d->pressed_row == m.row && d->pressed_col == m.col;
		m.kind = twice ? MOUSE_DOUBLE : MOUSE_PRESS;
		d->pressed_at = twice ? -1 : d->now;
		d->pressed_row = m.row;
		d->pressed_col = m.col;
	} else
		return LOOK_NONE;
	*ret = (struct input){.kind = INPUT_MOUSE, .mouse = m};
	return LOOK_GOT;
}

static int mods_of(int parameter)
{
	int bits = parameter > 0 ? parameter - 1 : 0;

	return (bits & 1 ? MOD_SHIFT : 0) | (bits & 2 || bits & 8 ? MOD_ALT : 0) | (bits & 4 ? MOD_CTRL : 0);
}

static uint32_t code_of_letter(char final)
{
	static const uint32_t codes[] = {
	        ['A'] = CODE_UP,  ['B'] = CODE_DOWN,  ['C'] = CODE_RIGHT, ['D'] = CODE_LEFT, ['E'] = 0,
	        ['F'] = CODE_END, ['H'] = CODE_HOME,  ['P'] = CODE_F1,    ['Q'] = CODE_F2,   ['R'] = CODE_F3,
	        ['S'] = CODE_F4,  ['M'] = CODE_ENTER, ['Z'] = CODE_TAB,
	};

	return (size_t) final < sizeof codes / sizeof *codes ? codes[(size_t) final] : 0;
}

static uint32_t code_of_number(int number)
{
	static const uint32_t codes[] = {
	        [1] = CODE_HOME, [2] = CODE_INSERT, [3] = CODE_DELETE, [4] = CODE_END,  [5] = CODE_PGUP,
	        [6] = CODE_PGDN, [7] = CODE_HOME,   [8] = CODE_END,    [11] = CODE_F1,  [12] = CODE_F2,
	        [13] = CODE_F3,  [14] = CODE_F4,    [15] = CODE_F5,    [17] = CODE_F6,  [18] = CODE_F7,
	        [19] = CODE_F8,  [20] = CODE_F9,    [21] = CODE_F10,   [23] = CODE_F11, [24] = CODE_F12,
	};

	return number >= 0 && number < (int)(sizeof codes / sizeof *codes) ? codes[number] : 0;
}

/* A character with modifiers told as numbers. */
static enum look look_modified(int code, int mods, struct input *ret)
{
	char utf8[4];
	size_t used;

	if (code <= 0 || code > 0x10ffff)
		return LOOK_NONE;
	if (code == 27)
		return got_key(ret, CODE_ESC, mods);
	if (code < 0x80 && mods & MOD_CTRL && ((code | 0x20) >= 'a' && (code | 0x20) <= 'z'))
		return got_key(ret, (uint32_t)code | 0x20, mods & ~MOD_SHIFT);
	if (code > ' ' && code < 0x7f)
		mods &= ~MOD_SHIFT;
	size_t n = utf8_put((uint32_t)code, utf8);
	return look_character(utf8, n, true, mods, ret, &used);
}

/* ESC [ …, with the parameters and the final byte. */
static enum look look_csi(struct key_decoder *d, const char *s, size_t n, bool waited, struct input *ret, size_t *used)
{
	int parameters[4] = {0}, count = 0;
	size_t at = 2;

	if (n == 2) {
		*used = 2;
		return waited ? got_key(ret, '[', MOD_ALT) : LOOK_MORE;
	}
	if (s[2] == '[') { /* the linux console's F1 to F5 */
		*used = 4;
		if (n < 4)
			return LOOK_MORE;
		return s[3] >= 'A' && s[3] <= 'E' ? got_key(ret, CODE_F1 + (uint32_t)(s[3] - 'A'), 0) : LOOK_NONE;
	}
	if (s[2] == 'M') { /* the mouse of terminals that do not know SGR 1006 */
		*used = 6;
		if (n < 6)
			return LOOK_MORE;
		int button = (unsigned char)s[3] - 32;
		bool release = (button & ~(4 | 8 | 16)) == 3;
		return look_mouse(d, release ? 0 : button, (unsigned char)s[4] - 32, (unsigned char)s[5] - 32, release,
		                  ret);
	}
	char leader = s[2] >= '<' && s[2] <= '?' ? s[at++] : 0;
	for (; at < n && at < SEQUENCE_MAX && s[at] >= 0x20 && s[at] < 0x40; at++) {
		if (s[at] == '$' && !leader) /* of rxvt: Shift */
			break;
		if (s[at] >= '0' && s[at] <= '9' && count < 4)
			parameters[count] =
			        parameters[count] < 1000000 ? parameters[count] * 10 + (s[at] - '0') : 1000000;
		else if (s[at] == ';' && count < 4)
			count++;
	}
	*used = at;
	if (at == n && n < SEQUENCE_MAX)
		return LOOK_MORE;
	char final = at < n && at < SEQUENCE_MAX ? s[at] : 0;
	if (final != '$' && (final < 0x40 || final == 0x7f)) /* cut off: what follows is not its own */
		return LOOK_NONE;
	*used = at + 1;
	if (leader == '<' && (final == 'M' || final == 'm'))
		return look_mouse(d, parameters[0], parameters[1], parameters[2], final == 'm', ret);
	if (leader)
		return LOOK_NONE;
	int mods = mods_of(parameters[1]);
	if (final == '~' && parameters[0] == 200) {
		d->pasting = true;
		d->paste_left = PASTE_MAX;
		buf_reset(&d->paste);
		return LOOK_NONE;
	}
	if (final == '~' && parameters[0] == 27)
		return look_modified(parameters[2], mods, ret);
	if (final == 'u')
		return look_modified(parameters[0], mods, ret);
	uint32_t code = final == '~' || final == '^' || final == '$' || final == '@' ? code_of_number(parameters[0])
	                                                                             : code_of_letter(final);
	if (final == 'Z')
		mods |= MOD_SHIFT;
	if (final == '^' || final == '@') /* rxvt */
		mods |= MOD_CTRL;
	if (final == '$' || final == '@')
		mods |= MOD_SHIFT;
	/* ESC [ a…d: rxvt's with Shift. */
	if (!code && final >= 'a' && final <= 'd') {
		code = code_of_letter((char)(final - 0x20));
		mods |= MOD_SHIFT;
	}
	return code && final != 'M' ? got_key(ret, code, mods) : LOOK_NONE;
}

/* ESC O …: cursor and function keys, and the keypad. */
static enum look look_ss3(const char *s, size_t n, bool waited, struct input *ret, size_t *used)
{
	int mods = 0;
	size_t at = 2;

	if (at < n && s[at] >= '2' && s[at] <= '8')
		mods = mods_of(s[at++] - '0');
	*used = at < n ? at + 1 : at;
	if (at == n) {
		if (!waited)
			return LOOK_MORE;
		*used = 2;
		return got_key(ret, 'O', MOD_ALT);
	}
	uint32_t code = code_of_letter(s[at]);
	if (code)
		return got_key(ret, code, mods);
	if (s[at] >= 'j' && s[at] <= 'y')
		return got_key(ret, (uint32_t)(s[at] - 0x40), mods);
	if (s[at] >= 'a' && s[at] <= 'd') /* rxvt's with Ctrl */
		return got_key(ret, code_of_letter((char)(s[at] - 0x20)), MOD_CTRL);
	/* None of those: Alt-O and what was typed behind it. */
	*used = 2;
	return got_key(ret, 'O', MOD_ALT);
}

static enum look look_own(const struct key_decoder *d, const char *s, size_t n, bool waited, struct input *ret,
                          size_t *used)
{
	const struct key_sequence *best = NULL;

	for (size_t i = 0; i < d->nsequences; i++) {
		const struct key_sequence *q = &d->sequences[i];
		if (q->n > n && !waited && memcmp(q->bytes, s, n) == 0)
			return LOOK_MORE;
		if (q->n <= n && (!best || q->n > best->n) && memcmp(q->bytes, s, q->n) == 0)
			best = q;
	}
	if (!best)
		return LOOK_NONE;
	*used = best->n;
	return got_key(ret, best->key.code, best->key.mods);
}

static enum look look_at(struct key_decoder *d, const char *s, size_t n, bool waited, struct input *ret, size_t *used)
{
	if (s[0] != '\033')
		return look_character(s, n, waited, 0, ret, used);
	enum look own = look_own(d, s, n, waited, ret, used);
	if (own != LOOK_NONE)
		return own;
	*used = 1;
	if (n == 1)
		return waited ? got_key(ret, CODE_ESC, 0) : LOOK_MORE;
	if (s[1] == '[')
		return look_csi(d, s, n, waited, ret, used);
	if (s[1] == 'O')
		return look_ss3(s, n, waited, ret, used);
	if (s[1] == '\033')
		return got_key(ret, CODE_ESC, 0);
	enum look alt = look_character(s + 1, n - 1, waited, MOD_ALT, ret, used);
	++*used;
	return alt;
}

/* Bytes of a paste: "\r" is how terminals send the end of a line. */
static void paste_add(struct key_decoder *d, const char *s, size_t n)
{
	for (size_t i = 0; i < n && d->paste_left > 0; i++) {
		if (s[i] == '\n' && i > 0 && s[i - 1] == '\r')
			continue;
		if (s[i] == 0)
			continue;
		buf_addc(&d->paste, s[i] == '\r' ? '\n' : s[i]);
		d->paste_left--;
	}
}

static bool paste_next(struct key_decoder *d, struct input *ret)
{
	const char *s = d->in.data + d->at;
	size_t n = d->in.len - d->at, end_n = sizeof paste_end - 1;
	const char *end = memmem(s, n, paste_end, end_n);

	if (!end) {
		/* The end may be cut in two. */
		size_t keep = n < end_n - 1 ? n : end_n - 1;
		/* "\r\n" must not be either. */
		if (keep < n && s[n - keep - 1] == '\r')
			keep++;
		paste_add(d, s, n - keep);
		d->at += n - keep;
		return false;
	}
	paste_add(d, s, (size_t)(end - s));
	d->at += (size_t)(end - s) + end_n;
	d->pasting = false;
	/* Data is a NUL-ended text even when nothing was added. */
	*ret = (struct input){.kind = INPUT_PASTE, .text = d->paste.data};
	return true;
}

bool key_decoder_next(struct key_decoder *d, bool waited, struct input *ret)
{
	while (d->at < d->in.len) {
		size_t used = 1;
		if (d->pasting)
			return paste_next(d, ret);
		enum look look = look_at(d, d->in.data + d->at, d->in.len - d->at, waited, ret, &used);
		if (look == LOOK_MORE)
			return false;
		d->at += used;
		if (look == LOOK_GOT)
			return true;
	}
	return false;
}

bool key_decoder_pending(const struct key_decoder *d)
{
	return !d->pasting && d->at < d->in.len;
}
