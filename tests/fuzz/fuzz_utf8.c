/* Any bytes as text for a terminal: what is shown is valid, harmless and as wide as was said, and a cut never halves a
 * character. */
#include "target.h"

/* Against a decoder by the table of the standard (Unicode, table 3-7), written the long way. */
static size_t valid_length(const uint8_t *s, size_t n)
{
	static const struct { uint8_t from, to, low, high, len;
	} rows[] = {
	        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (s[0] < rows[i].from || s[0] > rows[i].to)
			continue;
		if (n < rows[i].len || (rows[i].len > 1 && (s[1] < rows[i].low || s[1] > rows[i].high)))
			return 0;
		for (size_t k = 2; k < rows[i].len; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return rows[i].len;
	}
	return 0;
}

static void check_shown(const struct buf *shown, size_t cells, bool ascii)
{
	must(utf8_valid(shown->data, shown->len) && utf8_cells(shown->data, shown->len) == cells);
	for (size_t i = 0; i < shown->len;) {
		uint32_t cp;

		i += utf8_decode(shown->data + i, shown->len - i, &cp);
		must(!utf8_harmful(cp) && cp != '\033' && (!ascii || (cp >= ' ' && cp < 0x7f)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_buf_ struct buf shown = BUF_INIT, ascii = BUF_INIT, again = BUF_INIT;
	_free_ char *own = size ? mem_dup(data, size) : mem_strdup("");
	size_t cells = utf8_cells(own, size);
	bool valid = true;

	for (size_t i = 0; i < size;) {
		size_t expected = valid_length(data + i, size - i), n;
		uint32_t cp;
		char bytes[4];

		n = utf8_decode(own + i, size - i, &cp);
		must(n == (expected ? expected : 1) && (expected || cp == 0xfffd) && cp <= 0x10ffff);
		must(!expected || (utf8_put(cp, bytes) == n && !memcmp(bytes, own + i, n)));
		must(utf8_width(cp) >= 0 && utf8_width(cp) <= 2 && (!utf8_harmful(cp) || utf8_width(cp) == 1));
		valid = valid && expected;
		i += n;
	}
	must(utf8_valid(own, size) == valid);
	utf8_visible(&shown, own, size, false);
	utf8_visible(&ascii, own, size, true);
	check_shown(&shown, cells, false);
	check_shown(&ascii, cells, true);
	utf8_visible(&again, shown.data, shown.len, false);
	must(again.len == shown.len && !memcmp(again.data, shown.data, shown.len));
	for (size_t most = 0; most <= 12; most++) {
		size_t fit = utf8_fit(own, size, most);

		must(fit <= size && utf8_cells(own, fit) <= most);
		if (valid && fit < size)
			must(utf8_valid(own, fit) &&
			     utf8_cells(own, fit + valid_length(data + fit, size - fit)) > most);
	}
	return 0;
}
