#include <string.h>
#include "base/utf8.h"
#include "tui/workbench/app_parts.h"

struct rect bench_body(const struct bench *b)
{
	return (struct rect){ 1, 0, b->grid.rows - 2, b->grid.cols };
}

static void draw_title(struct bench *b, struct view *v)
{
	_buf_ struct buf trail = BUF_INIT, facts = BUF_INIT;
	struct grid *g = &b->grid;
	int room, taken = grid_text(g, 0, 1, -1, ROLE_ACCENT, "jig") + 3, width;

	if (v->ops->title)
		v->ops->title(v, &b->app, &trail, &facts);
	width = (int)utf8_cells(facts.data, facts.len);
	room = g->cols - taken;
	grid_text_cut(g, 0, taken, room - 1, ROLE_STRONG, trail.data);
	taken += (int)utf8_cells(trail.data, trail.len) + 2;
	/* Facts give way to the place, from their end on. */
	if (taken + width < g->cols)
		grid_text(g, 0, g->cols - width - 1, -1, ROLE_QUIET, facts.data);
	else if (g->cols - taken > 8)
		grid_text_cut(g, 0, taken, g->cols - taken - 1, ROLE_QUIET, facts.data);
}

static int draw_typing(struct bench *b, int row)
{
	struct grid *g = &b->grid;
	int col =
	        1 + grid_text(g, row, 1, g->cols / 2, b->typing.bad ? ROLE_WARNING : ROLE_ACCENT, b->typing.label.data);
	int note = (int)utf8_cells(b->typing.note.data, b->typing.note.len);

	if (col > 1 && strcmp(b->typing.label.data, "/") && strcmp(b->typing.label.data, ":"))
		col++;
	if (note > g->cols - col - 12)
		note = g->cols - col - 12 > 8 ? g->cols - col - 12 : 0;
	if (note)
		grid_text_cut(g, row, g->cols - note - 1, note, b->typing.bad ? ROLE_WARNING : ROLE_QUIET,
		              b->typing.note.data);
	return line_edit_draw(&b->typing.line, g, row, col, g->cols - col - note - 2, ROLE_STRONG);
}

static void draw_question(struct bench *b, int row)
{
	char key[KEY_NAME];
	int col = 1;

	key_name(b->asking.key, key);
	col += grid_textf(&b->grid, row, col, -1, ROLE_ACCENT, "[%s] ", key);
	col += grid_text_cut(&b->grid, row, col, b->grid.cols - col - 14, ROLE_WARNING, b->asking.what.data);
	col += grid_text(&b->grid, row, col, -1, ROLE_ACCENT, "   [Esc] ");
	grid_text(&b->grid, row, col, -1, ROLE_QUIET, "leave");
}

static void draw_foot(struct bench *b, struct view *v, int row)
{
	struct grid *g = &b->grid;
	int edge = g->cols - 1, col = 1;
	const char *echo = b->echoed ? action_def(b->echoed)->name : "";
	static const enum action none[] = { ACT_NONE };

	b->zones.len = 0;
	for (const enum action *a = v->ops->foot ? v->ops->foot : none; *a; a++) {
		const char *word = action_foot(*a, v->screen);
		struct key k = keymap_key(b->keys, v->screen, *a);
		char name[KEY_NAME];
		int cells;

		if (!k.code || !*word || (v->ops->offers && !v->ops->offers(v, *a)))
			continue;
		key_name(k, name);
		cells = (int)(utf8_cells(name, strlen(name)) + 1 + utf8_cells(word, strlen(word)));
		if (col + cells > edge)
			break;
		vec_push(&b->zones, (struct foot_zone){ col, cells, *a });
		grid_text(g, row, col, -1, ROLE_ACCENT, name);
		grid_text(g, row, col + cells - (int)utf8_cells(word, strlen(word)), -1, ROLE_QUIET, word);
		col += cells + 3;
	}
	if (col + (int)strlen(echo) <= edge)
		grid_text(g, row, edge - (int)strlen(echo), -1, ROLE_QUIET, echo);
}

static void draw_status(struct bench *b, struct view *top)
{
	int row = b->grid.rows - 1;

	b->cursor_row = b->cursor_col = -1;
	b->zones.len = 0;
	if (b->typing.on) {
		b->cursor_col = draw_typing(b, row);
		b->cursor_row = row;
	} else if (b->asking.on) {
		draw_question(b, row);
	} else if (b->said.len) {
		grid_text_cut(&b->grid, row, 1, b->grid.cols - 2, b->said_role, b->said.data);
	} else {
		draw_foot(b, top, row);
	}
}

/* Behind what is asked before something starts the rest is dim: rows that are cut by its frame are not read as its
 * own. */
static void step_back(struct grid *g, struct rect r)
{
	for (int row = r.row; row < r.row + r.rows; row++) {
		for (int col = r.col; col < r.col + r.cols; col++) {
			struct cell *c = &g->cells[(size_t)row * (size_t)g->cols + (size_t)col];

			c->role = ROLE_RULE;
			c->attrs = 0;
		}
	}
}

void bench_frame(struct bench *b)
{
	struct grid *g = &b->grid;
	size_t first = b->stack.len;

	grid_clear(g);
	b->cursor_row = b->cursor_col = -1;
	if (g->rows < APP_ROWS || g->cols < APP_COLS) {
		grid_textf(g, 0, 0, -1, ROLE_WARNING, "%d×%d is too small:", g->cols, g->rows);
		grid_textf(g, 1, 0, -1, ROLE_TEXT, "jig needs %d×%d", APP_COLS, APP_ROWS);
		return;
	}
	while (first > 0 && b->stack.v[first - 1]->overlay)
		first--;
	if (first > 0)
		first--;
	draw_title(b, b->stack.v[first]);
	for (size_t i = first; i < b->stack.len; i++) {
		if (b->stack.v[i]->screen == SCREEN_PLAN && i > first)
			step_back(g, bench_body(b));
		b->stack.v[i]->ops->draw(b->stack.v[i], &b->app, g, bench_body(b));
	}
	draw_status(b, bench_top(b));
}
