#include "tui/workbench/dag_view_parts.h"

#include <string.h>
#include "base/utf8.h"
#include "tui/run_text.h"

enum { STATE_CELLS = 7, COUNT_CELLS = 28 };

static const struct word *word_of_step(const struct step_row *s)
{
	return word_of(WORDS_STEP_STATE, s->state);
}

/* Time of a step, or the run that a reused one comes from; "" when there is none. */
static void detail_of(const struct dag_view *v, int step, int64_t now, char out[8])
{
	const struct step_row *s = &v->m->steps.v[step];
	const struct attempt_row *a = run_model_attempt(v->m, step);
	out[0] = 0;
	if (s->reused_run > 0 && s->reused_run <= 99999)
		snprintf(out, 8, s->reused_run <= 9999 ? "#%d" : "%d", (int)s->reused_run);
	else if (a && !s->reused_attempt && attempt_elapsed(a, now) >= 0)
		dag_clock(attempt_elapsed(a, now), out);
}

static enum role frame_of(const struct dag_view *v, struct dag_place p, bool under)
{
	struct dag_tally t = dag_tally_of(v, p);
	if (t.failed)
		return ROLE_FAILED;
	return under ? ROLE_ACCENT : t.running ? ROLE_RUNNING : ROLE_RULE;
}

static struct dag_shown shown_of(const struct dag_view *v, struct dag_place p)
{
	const struct word *w = word_of_step(&v->m->steps.v[dag_place_step(v, p)]);
	struct dag_tally t = dag_tally_of(v, p);
	return (struct dag_shown){.name = v->groups[p.group].base,
	                          .glyph = w->glyph,
	                          .role = role_find(w->role),
	                          .count = t.n,
	                          .done = t.done,
	                          .running = t.running,
	                          .failed = t.failed};
}

static int least(int a, int b)
{
	return a < b ? a : b;
}

static void put_box(struct dag_view *v, int i, int row, int col, int64_t now)
{
	struct dag_place p = v->boxes[i];
	int width = v->nodes[i].width;
	if (p.group >= 0) {
		struct dag_shown s = shown_of(v, p);
		dag_shown_put(&s, &v->scratch, row, col, width,
		              least((int)utf8_cells(s.name, strlen(s.name)), NAME_MOST));
		return;
	}
	const struct step_row *s = &v->m->steps.v[p.step];
	const struct word *w = word_of_step(s);
	enum role role = role_find(w->role), quiet = role == ROLE_QUIET ? ROLE_QUIET : ROLE_STRONG;
	char detail[8];
	detail_of(v, p.step, now, detail);
	int cells = (int)utf8_cells(detail, strlen(detail));
	enum role named = role == ROLE_FAILED ? ROLE_FAILED : quiet;
	grid_text(&v->scratch, row, col, 1, role, w->glyph);
	if (dag_view_split(v, p.step)) {
		const char *item = s->name + strlen(s->base) + 1;
		_free_ char *label = mem_strndup(item, strlen(item) - 1);
		grid_text_cut(&v->scratch, row++, col + 2, width - 2, named, s->base);
		grid_text_cut(&v->scratch, row, col + 2, width - 2 - (v->tight ? 0 : 1 + DETAIL_CELLS), named, label);
		if (v->tight)
			return;
	} else {
		grid_text_cut(&v->scratch, row, col + 2, width - 3 - DETAIL_CELLS, named, s->name);
	}
	grid_text(&v->scratch, row, col + width - cells, cells, role == ROLE_RUNNING ? ROLE_TEXT : ROLE_QUIET, detail);
}

/* The least move of a window of `size` from `at` that has [from, to) in it, with some room around where there is any.
 */
static int scrolled(int at, int size, int from, int to, int room, int whole)
{
	if (to - from + 2 * room > size)
		room = 0;
	if (to + room > at + size)
		at = to + room - size;
	if (from - room < at)
		at = from - room;
	if (at > whole - size)
		at = whole - size;
	return at < 0 ? 0 : at;
}

static void draw_boxes(struct dag_view *v, struct rect r, bool focused, int64_t now)
{
	if (v->nboxes == 0)
		return;
	const struct dag_node *n = &v->nodes[v->cursor];
	if (v->follow) {
		v->top = scrolled(v->top, r.rows, n->y, n->y + n->height + 2, 3, v->rows);
		v->left = scrolled(v->left, r.cols, n->x, n->x + n->width + 4, 6, v->cols);
	}
	v->top = v->top > v->rows - r.rows ? v->rows - r.rows : v->top;
	v->top = v->top < 0 ? 0 : v->top;
	int row = -v->top, col = dag_view_indent(v, r.cols) - v->left;
	for (int i = 0; i < v->nboxes; i++)
		v->frames[i] = frame_of(v, v->boxes[i], focused && i == v->cursor);
	dag_draw(v->dag, v->nodes, &v->scratch, row, col, v->frames);
	for (int i = 0; i < v->nboxes; i++) {
		const struct dag_node *b = &v->nodes[i];
		int at = row + b->y + 1;
		if (at + b->height > 0 && at < r.rows)
			put_box(v, i, at, col + b->x + 2, now);
	}
	for (int i = 0; focused && i < n->height; i++)
		grid_attr(&v->scratch, row + n->y + 1 + i, col + n->x + 1, n->width + 2, CELL_CURSOR);
}

/* Where times fall in a bar of `cells`. */
struct axis { int64_t from, to; int col, cells; };

static int cell_of(const struct axis *x, int64_t at)
{
	if (at <= x->from || x->to <= x->from)
		return 0;
	int cell = (int)((double)(at - x->from) / (double)(x->to - x->from) * x->cells);
	return cell >= x->cells ? x->cells - 1 : cell;
}

/* All attempts of a step. */
static void put_bars(struct dag_view *v, int row, const struct axis *x, int step, int64_t now)
{
	for (int i = v->m->last[step]; i >= 0; i = v->m->before.v[i]) {
		const struct attempt_row *a = &v->m->attempts.v[i];
		bool running = a->state == ATTEMPT_RUNNING;
		int from = cell_of(x, a->started), to = cell_of(x, running ? now : a->ended ? a->ended : a->started);
		enum role role = role_find(word_of(WORDS_ATTEMPT_STATE, a->state)->role);
		for (int k = from; k <= to; k++) {
			const struct cell *c = &v->scratch.cells[row * v->scratch.cols + x->col + k];
			/* In the bar of a matrix what failed is seen through what went well. */
			if (c->cp[0] != ' ' && (c->role == ROLE_FAILED || (running && c->role == ROLE_SUCCESS)))
				continue;
			grid_put(&v->scratch, row, x->col + k, running ? 0x2592 : 0x2588, role);
		}
	}
}

static void put_counts(struct dag_view *v, int row, int col, const struct dag_tally *t)
{
	const struct { int n; const char *sign; enum role role; } parts[] = {
		{ t->failed, "✗", ROLE_FAILED },
		{ t->done, "✓", ROLE_SUCCESS },
		{ t->running, "▶", ROLE_RUNNING },
		{ t->waiting, " waiting", ROLE_QUIET },
	};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (parts[i].n)
			col += 1 +
			       grid_textf(&v->scratch, row, col, -1, parts[i].role, "%d%s", parts[i].n, parts[i].sign);
}

static void put_share(struct dag_view *v, int row, int col, const struct dag_tally *t)
{
	int shares[SHARES];
	dag_share(t->n, t->done, t->failed, t->running, STATE_CELLS, shares);
	dag_share_put(&v->scratch, row, col, shares);
}

static void put_lane(struct dag_view *v, int row, struct dag_place p, int names, const struct axis *x, int64_t now)
{
	struct grid *g = &v->scratch;
	int state = 1 + names + 1;
	if (p.group >= 0) {
		const struct dag_group *group = &v->groups[p.group];
		struct dag_tally t = dag_tally_of(v, p);
		int at = 1;
		at += grid_text_cut(g, row, at, names - dag_group_cells(group), t.failed ? ROLE_FAILED : ROLE_STRONG,
		                    group->base);
		grid_textf(g, row, at, names + 1 - at, ROLE_QUIET, " ×%d %s", t.n, group->open ? "▾" : "▸");
		put_share(v, row, state, &t);
		for (int i = 0; x->cells > 0 && i < group->n; i++)
			put_bars(v, row, x, v->members[group->first + i], now);
		if (g->cols - (x->col + x->cells) >= COUNT_CELLS)
			put_counts(v, row, x->col + x->cells + 2, &t);
		return;
	}
	const struct step_row *s = &v->m->steps.v[p.step];
	const struct word *w = word_of_step(s);
	enum role role = role_find(w->role);
	int inset = v->group_of[p.step] >= 0 && !v->cyclic ? 2 : 0;
	char detail[8];
	detail_of(v, p.step, now, detail);
	grid_text_cut(g, row, 1 + inset, names - inset,
	              role == ROLE_FAILED ? ROLE_FAILED : role == ROLE_QUIET ? ROLE_QUIET : ROLE_TEXT, s->name);
	grid_text(g, row, state, 1, role, w->glyph);
	grid_text(g, row, state + STATE_CELLS - (int)strlen(detail), -1, ROLE_QUIET, detail);
	if (x->cells > 0)
		put_bars(v, row, x, p.step, now);
}

static void draw_lanes(struct dag_view *v, struct rect r, bool focused, int64_t now)
{
	int most = r.cols * 2 / 5 > 14 ? r.cols * 2 / 5 : 14, names = v->name_cells < most ? v->name_cells : most;
	const struct run_row *run = &v->m->row;
	struct axis x = { .from = run->started ? run->started : run->created,
		          .to = run->ended ? run->ended : now,
		          .col = 1 + names + 1 + STATE_CELLS + 2 };
	if (v->follow)
		v->top = scrolled(v->top, r.rows, v->cursor, v->cursor + 1, 1, v->nrows);
	v->top = v->top > v->nrows - r.rows ? v->nrows - r.rows : v->top;
	v->top = v->top < 0 ? 0 : v->top;
	x.cells = r.cols - x.col;
	if (v->ngroups > 0 && x.cells >= COUNT_CELLS + 20)
		x.cells -= COUNT_CELLS;
	if (x.cells < 4)
		x.cells = 0;
	for (int i = 0; i < r.rows && v->top + i < v->nrows; i++) {
		put_lane(v, i, v->rows_shown[v->top + i], names, &x, now);
		if (x.cells)
			grid_put(&v->scratch, i, x.col - 1, 0x2502, ROLE_RULE);
	}
	if (focused)
		grid_attr(&v->scratch, v->cursor - v->top, 0, r.cols, CELL_CURSOR);
}

void dag_view_draw(struct dag_view *v, struct grid *g, struct rect r, bool focused, int64_t now)
{
	if (r.rows <= 0 || r.cols <= 0)
		return;
	if (v->scratch.rows != r.rows || v->scratch.cols != r.cols) {
		grid_release(&v->scratch);
		grid_init(&v->scratch, r.rows, r.cols);
		v->follow = true;
	} else {
		grid_clear(&v->scratch);
	}
	v->drawn_rows = r.rows;
	v->drawn_cols = r.cols;
	if (v->lanes)
		draw_lanes(v, r, focused, now);
	else
		draw_boxes(v, r, focused, now);
	v->follow = false;
	for (int i = 0; i < r.rows && r.row + i < g->rows; i++) {
		int n = least(r.cols, g->cols - r.col);
		if (n > 0 && r.row + i >= 0)
			memcpy(&g->cells[(size_t)(r.row + i) * (size_t)g->cols + (size_t)r.col],
			       &v->scratch.cells[(size_t)i * (size_t)r.cols], (size_t)n * sizeof *g->cells);
	}
}
