/* Bytes as the cells of a grid: the picture is well-formed XML of valid UTF-8 without anything that runs or loads, and
 * rows printed for a terminal hold no control sequence but colours. */
#include "target.h"
#include "tui/svg.h"
#include "tui/theme.h"

/* Tags that close in order, quoted attributes, entities that every reader knows. */
static void check_xml(const char *s)
{
	char stack[16][16];
	int depth = 0;

	for (; *s; s++) {
		if (*s == '&') {
			must(!strncmp(s, "&lt;", 4) || !strncmp(s, "&gt;", 4) || !strncmp(s, "&amp;", 5) ||
			     !strncmp(s, "&quot;", 6) || !strncmp(s, "&apos;", 6) || !strncmp(s, "&#", 2));
		} else if (*s == '<' && s[1] == '?') {
			s = strstr(s, "?>");
			must(s != NULL);
		} else if (*s == '<') {
			bool closes = s[1] == '/', quoted = false;
			const char *name = s + 1 + closes;
			size_t n = strcspn(name, " />\n\t");

			must(n > 0 && n < sizeof stack[0]);
			must(strncmp(name, "script", n) != 0 && strncmp(name, "image", n) != 0 &&
			     strncmp(name, "a", n) != 0);
			for (s = name + n; *s && (quoted || *s != '>'); s++) {
				quoted ^= *s == '"';
				must(*s != '<');
			}
			must(*s == '>');
			if (closes) {
				must(depth > 0 && strlen(stack[depth - 1]) == n && !strncmp(stack[depth - 1], name, n));
				depth--;
			} else if (s[-1] != '/') {
				must(depth < 16);
				snprintf(stack[depth++], sizeof stack[0], "%.*s", (int)n, name);
			}
		} else {
			must((unsigned char)*s >= ' ' || *s == '\n' || *s == '\t');
		}
	}
	must(depth == 0);
}

static void check_rows(const struct grid *g, const struct paint *p)
{
	_buf_ struct buf rows = BUF_INIT;

	grid_print(g, p, &rows);
	must(utf8_valid(rows.data, rows.len));
	for (size_t i = 0; i < rows.len;) {
		uint32_t cp;

		if (rows.data[i] == '\033') {
			must(p->colour && rows.data[i + 1] == '[');
			i += 2 + strspn(rows.data + i + 2, "0123456789;:");
			must(rows.data[i++] == 'm');
			continue;
		}
		i += utf8_decode(rows.data + i, rows.len - i, &cp);
		must(cp == '\n' || !utf8_harmful(cp));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	uint8_t how = bytes_take(&in);
	struct paint p = {.colour = how & 1, .ascii = how & 2, .depth = (enum depth)(how >> 2 & 3)};
	_buf_ struct buf out = BUF_INIT;
	struct grid g;

	grid_init(&g, 1 + bytes_take(&in) % 6, 1 + bytes_take(&in) % 24);
	while (in.n) {
		int row = bytes_take(&in) % 8, col = bytes_take(&in) % 28, cells = bytes_take(&in) % 16;
		enum role role = bytes_take(&in) % ROLE_COUNT;
		uint8_t attrs = bytes_take(&in);
		_free_ char *text = bytes_line(&in);

		must(grid_text_cut(&g, row, col, cells, role, text) <= cells);
		grid_attr(&g, row, col, cells, attrs);
	}
	grid_svg(&g, &p, &out);
	must(utf8_valid(out.data, out.len) && strlen(out.data) == out.len);
	check_xml(out.data);
	check_rows(&g, &p);
	grid_release(&g);
	return 0;
}
