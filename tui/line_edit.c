#include "tui/line_edit.h"

#include <string.h>
#include "base/utf8.h"

void line_edit_init(struct line_edit *l, const char *text)
{
	*l = (struct line_edit){ .text = BUF_INIT };
	if (text)
		buf_adds(&l->text, text);
	l->at = l->text.len;
}

void line_edit_release(struct line_edit *l)
{
	buf_release(&l->text);
	l->at = 0;
}

static void insert(struct line_edit *l, const char *bytes, size_t n)
{
	_buf_ struct buf rest = BUF_INIT;

	buf_add(&rest, l->text.data + l->at, l->text.len - l->at);
	buf_cut(&l->text, l->at);
	buf_add(&l->text, bytes, n);
	l->at += n;
	buf_add(&l->text, rest.data, rest.len);
}

static void erase(struct line_edit *l, size_t from, size_t to)
{
	_buf_ struct buf rest = BUF_INIT;

	buf_add(&rest, l->text.data + to, l->text.len - to);
	buf_cut(&l->text, from);
	buf_add(&l->text, rest.data, rest.len);
	l->at = from;
}

/* Where the character before (or behind) a place begins (or ends), its combining marks with it. */
static size_t before(const struct line_edit *l, size_t at)
{
	uint32_t cp = 0;

	while (at > 0) {
		do
			at--;
		while (at > 0 && ((unsigned char)l->text.data[at] & 0xc0) == 0x80);
		utf8_decode(l->text.data + at, l->text.len - at, &cp);
		if (utf8_width(cp))
			break;
	}
	return at;
}

static size_t behind(const struct line_edit *l, size_t at)
{
	uint32_t cp;

	if (at < l->text.len)
		at += utf8_decode(l->text.data + at, l->text.len - at, &cp);
	while (at < l->text.len) {
		size_t n = utf8_decode(l->text.data + at, l->text.len - at, &cp);

		if (utf8_width(cp))
			break;
		at += n;
	}
	return at;
}

static size_t word_before(const struct line_edit *l, size_t at)
{
	while (at > 0 && l->text.data[at - 1] == ' ')
		at--;
	while (at > 0 && l->text.data[at - 1] != ' ')
		at--;
	return at;
}

static size_t word_behind(const struct line_edit *l, size_t at)
{
	while (at < l->text.len && l->text.data[at] == ' ')
		at++;
	while (at < l->text.len && l->text.data[at] != ' ')
		at++;
	return at;
}

static enum line_edited move(struct line_edit *l, size_t at)
{
	l->at = at;
	return LINE_MOVED;
}

static enum line_edited cut(struct line_edit *l, size_t from, size_t to)
{
	if (from == to)
		return LINE_MOVED;
	erase(l, from, to);
	return LINE_CHANGED;
}

static enum line_edited control(struct line_edit *l, uint32_t code)
{
	switch (code) {
	case 'a': return move(l, 0);
	case 'e': return move(l, l->text.len);
	case 'b': return move(l, before(l, l->at));
	case 'u': return cut(l, 0, l->at);
	case 'k': return cut(l, l->at, l->text.len);
	case 'w': return cut(l, word_before(l, l->at), l->at);
	case 'h': return cut(l, before(l, l->at), l->at);
	case CODE_LEFT: return move(l, word_before(l, l->at));
	case CODE_RIGHT: return move(l, word_behind(l, l->at));
	default: return LINE_NOT_MINE;
	}
}

enum line_edited line_edit_key(struct line_edit *l, struct key k)
{
	char bytes[4];

	if (k.mods & MOD_CTRL)
		return control(l, k.code);
	if (k.mods & MOD_ALT)
		return k.code == CODE_BACKSPACE ? cut(l, word_before(l, l->at), l->at)
		       : k.code == 'b'          ? control(l, CODE_LEFT)
		       : k.code == 'f'          ? control(l, CODE_RIGHT)
		                                : LINE_NOT_MINE;
	switch (k.code) {
	case CODE_LEFT: return move(l, before(l, l->at));
	case CODE_RIGHT: return move(l, behind(l, l->at));
	case CODE_HOME: return move(l, 0);
	case CODE_END: return move(l, l->text.len);
	case CODE_BACKSPACE: return cut(l, before(l, l->at), l->at);
	case CODE_DELETE: return cut(l, l->at, behind(l, l->at));
	default: break;
	}
	if (k.code < ' ' || k.code > 0x10ffff || k.mods & ~MOD_SHIFT)
		return LINE_NOT_MINE;
	insert(l, bytes, utf8_put(k.code, bytes));
	return LINE_CHANGED;
}

void line_edit_paste(struct line_edit *l, const char *text)
{
	_buf_ struct buf clean = BUF_INIT;

	for (size_t left = strlen(text); left;) {
		uint32_t cp;
		char bytes[4];
		size_t n = utf8_decode(text, left, &cp);

		if (cp >= ' ' && (cp < 0x7f || cp >= 0xa0))
			buf_add(&clean, bytes, utf8_put(cp, bytes));
		else if (clean.len && clean.data[clean.len - 1] != ' ')
			buf_addc(&clean, ' ');
		text += n;
		left -= n;
	}
	while (clean.len && clean.data[clean.len - 1] == ' ')
		buf_cut(&clean, clean.len - 1);
	insert(l, clean.data, clean.len);
}

int line_edit_draw(const struct line_edit *l, struct grid *g, int row, int col, int cells, enum role role)
{
	size_t from = l->at, used = 0;

	if (cells <= 0)
		return col;
	/* As much in front of the cursor as leaves it a cell. */
	while (from > 0) {
		size_t start = before(l, from), more = utf8_cells(l->text.data + start, from - start);

		if (used + more >= (size_t)cells)
			break;
		used += more;
		from = start;
	}
	grid_text(g, row, col, cells, role, l->text.data + from);
	return col + (int)used;
}
