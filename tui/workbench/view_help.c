#include "tui/workbench/view_help.h"

#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/utf8.h"
#include "base/vec.h"

enum { MATTER = 5 };

struct help_line { const char *keys, *text; enum role role; };
struct view_help {
	struct view view;
	struct arena arena;
	const char *title;
	VEC(struct help_line) lines;
	int top, shown, key_cells;
};

static void add(struct view_help *h, const char *keys, enum role role, const char *text)
{
	int cells = keys ? (int)utf8_cells(keys, strlen(keys)) : 0;

	if (cells > h->key_cells)
		h->key_cells = cells;
	vec_push(&h->lines, (struct help_line){ keys, text, role });
}

/* Every key that does the action there. */
static const char *keys_of(struct view_help *h, struct app *a, enum screen s, enum action action)
{
	const struct action_def *d = action_def(action);
	_buf_ struct buf text = BUF_INIT;
	struct key first = keymap_key(a->keymap, s, action);
	char name[KEY_NAME];

	if (first.code) {
		key_name(first, name);
		buf_adds(&text, name);
	}
	for (const char *at = d->keys; *at;) {
		size_t n = strcspn(at, " ");
		_free_ char *word = mem_strndup(at, n);
		struct key k;

		if (key_parse(word, &k) && !key_equal(k, first) && keymap_find(a->keymap, s, k) == action) {
			key_name(k, name);
			buf_addf(&text, "%s%s", text.len ? " " : "", name);
		}
		at += n + (at[n] == ' ');
	}
	if (*d->mouse)
		buf_addf(&text, "%s%s", text.len ? ", " : "", d->mouse);
	return arena_strdup(&h->arena, text.data);
}

static void add_filters(struct view_help *h)
{
	static const struct { const char *text, *means; } examples[] = {
		{ "calm otter", "letters in this order in number, name, tags or note" },
		{ "metrics.acc > 0.9", "the last value of a metric" },
		{ "params.train.lr = 0.1 AND state = 'failed'", "several at once; OR and brackets, too" },
		{ "tags.paper LIKE 'fig%'", "% stands for any text" },
		{ "created > '2026-11-01'", "times as dates" },
	};

	add(h, NULL, ROLE_STRONG, "What to type behind /");
	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		add(h, NULL, ROLE_TEXT, examples[i].text);
		add(h, NULL, ROLE_QUIET, arena_printf(&h->arena, "  %s", examples[i].means));
	}
	add(h, NULL, ROLE_TEXT, "");
}

static void fill(struct view_help *h, struct app *a, const struct view *below)
{
	enum screen s = below->screen;
	bool said[ACT_COUNT] = { false };
	int n = 0;

	if (below->ops->foot) {
		add(h, NULL, ROLE_STRONG, "What matters here");
		for (const enum action *i = below->ops->foot; *i && n < MATTER; i++)
			if (*i != ACT_HELP && *i != ACT_PALETTE && keymap_key(a->keymap, s, *i).code) {
				add(h, keys_of(h, a, s, *i), ROLE_TEXT, action_def(*i)->help);
				said[*i] = true;
				n++;
			}
		add(h, NULL, ROLE_TEXT, "");
	}
	if (s == SCREEN_RUNS)
		add_filters(h);
	for (int all = 0; all < 2; all++) {
		size_t head = h->lines.len;
		add(h, NULL, ROLE_STRONG, all ? "Everywhere" : n ? "More" : screen_title(s));
		for (int i = 1; i < ACT_COUNT; i++)
			if (!said[i] && action_def(i)->screens & ON(s) && action_everywhere(i) == (all != 0))
				add(h, keys_of(h, a, s, i), ROLE_TEXT, action_def(i)->help);
		if (h->lines.len == head + 1) {
			h->lines.len = head;
			continue;
		}
		add(h, NULL, ROLE_TEXT, "");
	}
	h->lines.len--;
}

static void help_free(struct view *v)
{
	struct view_help *h = (struct view_help *)v;

	vec_release(&h->lines);
	arena_release(&h->arena);
	free(h);
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_help *h = (struct view_help *)v;
	int most = (int)h->lines.len - h->shown, top = h->top;

	switch (action) {
	case ACT_UP: top--; break;
	case ACT_DOWN: top++; break;
	case ACT_PAGE_UP: top -= h->shown; break;
	case ACT_PAGE_DOWN: top += h->shown; break;
	case ACT_FIRST: top = 0; break;
	case ACT_LAST: top = most; break;
	case ACT_HELP:
	case ACT_ENTER: app_pop(a); return VIEW_REDRAW;
	default: return VIEW_PASS;
	}
	h->top = top > most ? most : top;
	if (h->top < 0)
		h->top = 0;
	return VIEW_REDRAW;
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_help *h = (struct view_help *)v;
	int rows = (int)h->lines.len + 2 < r.rows ? (int)h->lines.len + 2 : r.rows,
	    cols = r.cols - 2 < 100 ? r.cols - 2 : 100;
	struct rect box = { r.row + (r.rows - rows) / 2, r.col + (r.cols - cols) / 2, rows, cols };
	int keys = h->key_cells < cols / 3 ? h->key_cells : cols / 3;

	h->shown = rows - 2;
	if (h->top > (int)h->lines.len - h->shown)
		h->top = (int)h->lines.len - h->shown;
	grid_overlay(g, box, r);
	grid_textf(g, box.row, box.col + 2, cols - 4, ROLE_STRONG, " %s ", h->title);
	int left = (int)h->lines.len - h->top - h->shown;
	if (left > 0)
		grid_textf(g, box.row + rows - 1, box.col + 2, cols - 4, ROLE_QUIET, " %d more line%s below ", left,
		           left == 1 ? "" : "s");
	for (int i = 0; i < h->shown; i++) {
		const struct help_line *l = &h->lines.v[h->top + i];
		int y = box.row + 1 + i, x = box.col + 2;

		if (l->keys) {
			grid_text_cut(g, y, x + 1, keys, ROLE_ACCENT, l->keys);
			x += keys + 3;
		}
		grid_text_cut(g, y, x, box.col + cols - 2 - x, l->role, l->text);
	}
}

static const struct view_ops ops = { .free = help_free, .draw = draw, .act = act };

struct view *view_help_new(struct app *a, const struct view *below)
{
	struct view_help *h = mem_zero(sizeof *h);

	h->view = (struct view){ &ops, SCREEN_HELP, true };
	h->title = arena_printf(&h->arena, "help: %s", screen_title(below->screen));
	fill(h, a, below);
	return &h->view;
}
