#include "tui/key.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "base/mem.h"
#include "base/utf8.h"

static const struct {
	uint32_t code;
	const char *name;
} names[] = {
#define X(symbol, text) {symbol, text},
        KEY_CODES(X)
#undef X
                {' ', "Space"},
};

static const struct {
	uint8_t mod;
	const char *prefix;
} prefixes[] = {{MOD_CTRL, "Ctrl-"}, {MOD_ALT, "Alt-"}, {MOD_SHIFT, "Shift-"}};

static bool is_letter(uint32_t cp)
{
	return (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
}

/* Ctrl and Shift of a character, as terminals tell them apart. */
static bool combine(struct key *k)
{
	if (k->code > CODE_FIRST_)
		return true;
	if (k->mods & MOD_CTRL) {
		k->mods &= (uint8_t)~MOD_SHIFT;
		if (is_letter(k->code))
			k->code |= 0x20;
		else if (k->code == '/' || k->code == '?')
			k->code = '_';
		else if (k->code != ' ' && (k->code < '[' || k->code > '_'))
			return false;
		/* The terminal says the same for both. */
		static const struct {
			char letter;
			uint32_t code;
		} same[] = {
		        {'i', CODE_TAB}, {'m', CODE_ENTER}, {'j', CODE_ENTER}, {'h', CODE_BACKSPACE}, {'[', CODE_ESC}};
		for (size_t i = 0; i < ARRAY_LEN(same); i++)
			if (k->code == (uint32_t)same[i].letter)
				*k = (struct key){same[i].code, (uint8_t)(k->mods & ~MOD_CTRL)};
	} else if (k->mods & MOD_SHIFT) {
		if (!is_letter(k->code))
			return false;
		k->code &= ~0x20u;
		k->mods &= (uint8_t)~MOD_SHIFT;
	}
	return true;
}

bool key_parse(const char *name, struct key *ret)
{
	struct key k = {0};

	for (size_t i = 0; i < ARRAY_LEN(prefixes);) {
		size_t n = strlen(prefixes[i].prefix);
		if (strncasecmp(name, prefixes[i].prefix, n) != 0 || !name[n]) {
			i++;
			continue;
		}
		k.mods |= prefixes[i].mod;
		name += n;
		i = 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcasecmp(name, names[i].name) == 0)
			k.code = names[i].code;
	if (!k.code) {
		size_t n = strlen(name);
		if (n == 0 || !utf8_valid(name, n) || utf8_decode(name, n, &k.code) != n || utf8_harmful(k.code))
			return false;
	}
	if (!combine(&k))
		return false;
	*ret = k;
	return true;
}

void key_name(struct key k, char out[KEY_NAME])
{
	char utf8[5] = {0};
	const char *name = utf8;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].code == k.code)
			name = names[i].name;
	if (name == utf8)
		utf8_put(k.code, utf8);
	/* Ctrl of a letter reads as its capital: Ctrl-L. */
	if (k.mods & MOD_CTRL && k.code >= 'a' && k.code <= 'z')
		utf8[0] = (char)(k.code & ~0x20u);
	snprintf(out, KEY_NAME, "%s%s%s%s", k.mods & MOD_CTRL ? "Ctrl-" : "", k.mods & MOD_ALT ? "Alt-" : "",
	         k.mods & MOD_SHIFT ? "Shift-" : "", name);
}
