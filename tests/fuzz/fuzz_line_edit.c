/* Bytes as what is typed and pasted into a line: the text stays valid UTF-8, the cursor stands between characters, and
 * it is drawn where it stands. */
#include "target.h"
#include "tui/line_edit.h"

static void draw(struct line_edit *l, struct grid *g, int cells)
{
	int col = line_edit_draw(l, g, 1, 2, cells, ROLE_TEXT);

	must(col >= 2 && (col < 2 + cells || !cells));
	must(g->cells[0].cp[0] == ' ' && g->cells[2 * g->cols].cp[0] == ' ');
}

static void check(struct line_edit *l)
{
	must(l->at <= l->text.len && utf8_valid(l->text.data, l->text.len));
	must(l->at == l->text.len || ((unsigned char)l->text.data[l->at] & 0xc0) != 0x80);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t special[] = {CODE_LEFT, CODE_RIGHT, CODE_HOME, CODE_END, CODE_BACKSPACE, CODE_DELETE};
	struct bytes in = {data, size};
	struct line_edit l;
	struct grid g;
	uint32_t cp;
	int step = 0;

	if (size > 256)
		return 0;
	line_edit_init(&l, NULL);
	grid_init(&g, 3, 16);
	while (in.n) {
		uint8_t what = bytes_take(&in);
		_free_ char *text = NULL;

		if (what < 8) {
			text = bytes_line(&in);
			line_edit_paste(&l, text);
		} else if (what < 32) {
			line_edit_key(&l, (struct key){special[what % ARRAY_LEN(special)], 0});
		} else if (what >= 0x80) {
			in.p--, in.n++;
			size_t n = utf8_decode((const char *)in.p, in.n, &cp);
			in.p += n, in.n -= n;
			line_edit_key(&l, (struct key){cp, 0});
		} else if (what == '^') {
			line_edit_key(&l, (struct key){bytes_take(&in), MOD_CTRL});
		} else if (what == '~') {
			uint8_t next = bytes_take(&in);

			line_edit_key(&l, (struct key){next < 32 ? special[next % ARRAY_LEN(special)] : next, MOD_ALT});
		} else {
			line_edit_key(&l, (struct key){what, 0});
		}
		if (l.text.len > 200)
			break;
		check(&l);
		/* In one width at each step, in all at the end: drawing takes most of the time. */
		draw(&l, &g, step++ % 5 * 3);
	}
	for (int cells = 0; l.text.len <= 200 && cells <= 12; cells += 3)
		draw(&l, &g, cells);
	grid_release(&g);
	line_edit_release(&l);
	return 0;
}
