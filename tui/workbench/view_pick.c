#include "tui/workbench/view_pick.h"

#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/utf8.h"
#include "tui/fuzzy.h"

struct fit { int row, score; };
struct view_pick {
	struct view view;
	struct arena arena;
	const char *title, *label;
	struct pick_row *rows;
	int n;
	struct fit *fits;
	int nfits, at, top;
	int key_cells, name_cells;
	const struct pick_ops *ops;
	void *arg;
	bool signs, empty; /* the line that is typed is empty */
};

static int by_score(const void *a, const void *b)
{
	const struct fit *x = a, *y = b;

	return x->score != y->score ? y->score - x->score : x->row - y->row;
}

static int row_at(const struct view_pick *p)
{
	return p->at < p->nfits ? p->fits[p->at].row : -1;
}

static void moved(struct view_pick *p, struct app *a)
{
	if (p->ops->moved)
		p->ops->moved(p->arg, a, row_at(p));
}

/* What fits by its name goes before what fits by its text. */
static void narrow(struct view_pick *p, struct app *a, const char *pattern)
{
	p->empty = !*pattern;
	p->nfits = 0;
	for (int i = 0; i < p->n; i++) {
		int name = fuzzy_words(pattern, p->rows[i].name);
		int text = p->rows[i].text ? fuzzy_words(pattern, p->rows[i].text) : -1;

		if (name >= 0)
			p->fits[p->nfits++] = (struct fit){ i, *pattern ? name + 100000 : 0 };
		else if (text >= 0)
			p->fits[p->nfits++] = (struct fit){ i, text };
	}
	qsort(p->fits, (size_t)p->nfits, sizeof *p->fits, by_score);
	p->at = p->top = 0;
	if (*pattern)
		app_type_note(a, p->nfits == 0, "%d of %d", p->nfits, p->n);
	else
		app_type_note(a, false, "%s", "");
	moved(p, a);
}

static int typed(void *arg, struct app *a, enum typed how, const char *text, struct err *e)
{
	struct view_pick *p = arg;
	int r = VIEW_REDRAW, row = row_at(p);

	switch (how) {
	case TYPED_CHANGE:
		/* A blank first is no text: it sets the sign. */
		if (p->signs && p->empty && !strcmp(text, " ")) {
			if (row >= 0) {
				p->rows[row].sign = !p->rows[row].sign;
				p->ops->toggled(p->arg, a, row, p->rows[row].sign);
			}
			app_type(a, p->label, "", typed, p);
			return VIEW_REDRAW;
		}
		narrow(p, a, text);
		break;
	case TYPED_ENTER:
		app_pop(a);
		if (p->ops->chosen)
			r = p->ops->chosen(p->arg, a, row, text, e);
		break;
	case TYPED_ESC:
		app_pop(a);
		if (p->ops->left)
			p->ops->left(p->arg, a);
		break;
	}
	return r;
}

static void pick_free(struct view *v)
{
	struct view_pick *p = (struct view_pick *)v;

	if (p->ops->free)
		p->ops->free(p->arg);
	arena_release(&p->arena);
	free(p->rows);
	free(p->fits);
	free(p);
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_pick *p = (struct view_pick *)v;
	int by = action == ACT_UP          ? -1
	         : action == ACT_DOWN      ? 1
	         : action == ACT_PAGE_UP   ? -10
	         : action == ACT_PAGE_DOWN ? 10
	                                   : 0;
	int to = p->at + by;

	if (!by || !p->nfits)
		return VIEW_SAME;
	if (by == 1 || by == -1)
		to = (to + p->nfits) % p->nfits;
	p->at = to < 0 ? 0 : to >= p->nfits ? p->nfits - 1 : to;
	moved(p, a);
	return VIEW_REDRAW;
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_pick *p = (struct view_pick *)v;
	int rows = p->n + 2 < r.rows ? p->n + 2 : r.rows, cols = r.cols - 4 < 96 ? r.cols - 4 : 96;
	struct rect box = { r.row + (r.rows - rows) / 3, r.col + (r.cols - cols) / 2, rows, cols };
	int shown = rows - 2, inside = box.col + 2, width = cols - 4;

	grid_overlay(g, box, r);
	grid_textf(g, box.row, inside, width, ROLE_STRONG, " %s ", p->title);
	if (p->at < p->top)
		p->top = p->at;
	if (p->at >= p->top + shown)
		p->top = p->at - shown + 1;
	for (int i = 0; i < shown && p->top + i < p->nfits; i++) {
		const struct pick_row *row = &p->rows[p->fits[p->top + i].row];
		int y = box.row + 1 + i, x = inside;

		if (p->signs) {
			grid_text(g, y, x, -1, ROLE_ACCENT, row->sign ? (a->paint.ascii ? "*" : "●") : " ");
			x += 2;
		}
		if (p->key_cells) {
			grid_text(g, y, x, p->key_cells, ROLE_ACCENT, row->key ? row->key : "");
			x += p->key_cells + 2;
		}
		grid_text_cut(g, y, x, inside + width - x, row->role, row->name);
		x += p->name_cells + 2;
		if (row->text && inside + width - x > 8)
			grid_text_cut(g, y, x, inside + width - x, ROLE_QUIET, row->text);
		if (p->top + i == p->at)
			grid_attr(g, y, box.col + 1, cols - 2, CELL_CURSOR);
	}
	if (!p->nfits)
		grid_text(g, box.row + 1, inside, width, ROLE_QUIET, "nothing fits");
}

static int mouse(struct view *v, struct app *a, const struct mouse *m, struct rect r, struct err *e)
{
	return VIEW_PASS;
}

static const struct view_ops ops = { .free = pick_free, .draw = draw, .act = act, .mouse = mouse };

static const char *copy(struct arena *a, const char *s, int *widest)
{
	int cells;

	if (!s)
		return NULL;
	cells = (int)utf8_cells(s, strlen(s));
	if (widest && cells > *widest)
		*widest = cells;
	return arena_strdup(a, s);
}

void view_pick_push(struct app *a, const char *title, const char *label, const struct pick_row *rows, int n, int at,
                    const struct pick_ops *o, void *arg)
{
	struct view_pick *p = mem_zero(sizeof *p);

	*p = (struct view_pick){
	        .view = {&ops, SCREEN_HELP, true}, .n = n, .ops = o, .arg = arg, .signs = o->toggled != NULL};
	p->title = arena_strdup(&p->arena, title);
	p->label = arena_strdup(&p->arena, label);
	p->rows = mem_array(NULL, (size_t)n + 1, sizeof *p->rows);
	p->fits = mem_array(NULL, (size_t)n + 1, sizeof *p->fits);
	for (int i = 0; i < n; i++) {
		p->rows[i] = rows[i];
		p->rows[i].key = copy(&p->arena, rows[i].key, &p->key_cells);
		p->rows[i].name = copy(&p->arena, rows[i].name, &p->name_cells);
		p->rows[i].text = copy(&p->arena, rows[i].text, NULL);
	}
	app_push(a, &p->view);
	app_type(a, p->label, "", typed, p);
	narrow(p, a, "");
	p->at = at > 0 && at < p->nfits ? at : 0;
	moved(p, a);
}
