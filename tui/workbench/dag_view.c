#include "tui/workbench/dag_view_parts.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "base/time.h"
#include "base/utf8.h"

#define FOLD 8          /* steps of one matrix that stand each on their own at first */
#define FOLD_TO_FIT 3   /* and those that do so even where the drawing is too broad */
#define BOXES_MOST 60   /* nodes that boxes are still a help for */
#define BOXES_LIMIT 1000 /* and those that are drawn as boxes when asked for */

void dag_clock(int64_t us, char out[8])
{
	int64_t s = us < 0 ? 0 : us / US_PER_S, hours = s / 3600;
	if (hours < 1)
		snprintf(out, 8, "%d:%02d", (int)(s / 60), (int)(s % 60));
	else if (hours < 100)
		snprintf(out, 8, "%dh%02d", (int)hours, (int)(s / 60 % 60));
	else
		snprintf(out, 8, "%dd", (int)(hours / 24 > 9999 ? 9999 : hours / 24));
}

struct based { const char *base; int step; };

static int compare_based(const void *pa, const void *pb)
{
	const struct based *a = pa, *b = pb;
	int order = strcmp(a->base, b->base);
	return order ? order : (a->step > b->step) - (a->step < b->step);
}

static void find_groups(struct dag_view *v)
{
	int n = (int)v->m->steps.len, count = 0;
	_free_ struct based *sorted = mem_array(NULL, (size_t)n + 1, sizeof *sorted);
	for (int i = 0; i < n; i++) {
		v->group_of[i] = -1;
		if (v->m->steps.v[i].item)
			sorted[count++] = (struct based){ v->m->steps.v[i].base, i };
	}
	qsort(sorted, (size_t)count, sizeof *sorted, compare_based);
	v->ngroups = 0;
	for (int i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && !strcmp(sorted[end].base, sorted[i].base);)
			end++;
		for (int k = i; k < end; k++)
			v->members[k] = sorted[k].step;
		if (end - i < 2)
			continue;
		for (int k = i; k < end; k++)
			v->group_of[sorted[k].step] = v->ngroups;
		v->groups[v->ngroups++] = (struct dag_group){
			.base = sorted[i].base, .first = i, .n = end - i, .open = end - i <= FOLD };
	}
}

static bool folded(const struct dag_view *v, int step)
{
	return v->group_of[step] >= 0 && !v->cyclic && !v->groups[v->group_of[step]].open;
}

static int compare_edges(const void *pa, const void *pb)
{
	const struct dag_edge *a = pa, *b = pb;
	return a->from != b->from ? (a->from > b->from) - (a->from < b->from) : (a->to > b->to) - (a->to < b->to);
}

/* A graph whose nodes are steps or whole matrices: all matrices, or those that are folded. */
struct folding { struct dag_place *nodes; int n; struct dag_edge *edges; int nedges; };

static void folding_release(struct folding *f)
{
	free(f->nodes);
	free(f->edges);
}

static struct folding fold(const struct dag_view *v, bool all)
{
	int n = (int)v->m->steps.len;
	struct folding f = { 0 };
	_free_ int *node = mem_array(NULL, (size_t)n + 1, sizeof *node);
	f.nodes = mem_array(NULL, (size_t)n + 1, sizeof *f.nodes);
	f.edges = mem_array(NULL, (size_t)v->m->nedges + 1, sizeof *f.edges);
	for (int i = 0; i < n; i++) {
		int group = !v->cyclic && (all || folded(v, i)) ? v->group_of[i] : -1;
		int first = group >= 0 ? v->groups[group].first : 0;
		node[i] = f.n;
		for (int k = 0; group >= 0 && k < v->groups[group].n; k++)
			if (v->members[first + k] < i) {
				node[i] = node[v->members[first + k]];
				break;
			}
		if (node[i] == f.n)
			f.nodes[f.n++] = (struct dag_place){ .step = i, .group = group };
	}
	for (int i = 0; i < v->m->nedges; i++) {
		struct dag_edge e = { node[v->m->edges[i].from], node[v->m->edges[i].to] };
		if (e.from != e.to)
			f.edges[f.nedges++] = e;
	}
	qsort(f.edges, (size_t)f.nedges, sizeof *f.edges, compare_edges);
	int kept = 0;
	for (int i = 0; i < f.nedges; i++)
		if (kept == 0 || compare_edges(&f.edges[kept - 1], &f.edges[i]) != 0)
			f.edges[kept++] = f.edges[i];
	f.nedges = kept;
	return f;
}

static int cells(const char *text)
{
	return (int)utf8_cells(text, strlen(text));
}

static int box_width(const struct dag_view *v, struct dag_place p)
{
	if (p.group >= 0) {
		const struct dag_group *g = &v->groups[p.group];
		int name = cells(g->base);
		struct dag_shown s = { .name = g->base, .glyph = "x", .count = g->n, .failed = g->n };
		return dag_shown_cells(&s, name > NAME_MOST ? NAME_MOST : name);
	}
	const struct step_row *s = &v->m->steps.v[p.step];
	if (!dag_view_split(v, p.step)) {
		int name = cells(s->name);
		return 2 + (name > NAME_MOST ? NAME_MOST : name) + 1 + DETAIL_CELLS;
	}
	int base = cells(s->base), item = cells(s->name) - base - 2;
	base = 2 + (base > NAME_MOST ? NAME_MOST : base);
	item = 2 + (item > NAME_MOST ? NAME_MOST : item) + (v->tight ? 0 : 1 + DETAIL_CELLS);
	return base > item ? base : item;
}

bool dag_view_split(const struct dag_view *v, int step)
{
	const struct step_row *s = &v->m->steps.v[step];
	size_t n = strlen(s->base);
	return v->group_of[step] >= 0 && !strncmp(s->name, s->base, n) && s->name[n] == '[' && s->name[n + 1];
}

static void lay_boxes(struct dag_view *v, struct folding *f)
{
	struct err ignored;
	v->nodes = mem_array(v->nodes, (size_t)f->n + 1, sizeof *v->nodes);
	v->frames = mem_array(v->frames, (size_t)f->n + 1, sizeof *v->frames);
	for (int i = 0; i < f->n; i++)
		v->nodes[i] = (struct dag_node){
			.width = box_width(v, f->nodes[i]),
			.height = f->nodes[i].group < 0 && dag_view_split(v, f->nodes[i].step) ? 2 : 1,
		};
	free(v->boxes);
	v->boxes = mem_take(f->nodes);
	v->nboxes = f->n;
	dag_free(v->dag);
	v->dag = NULL;
	/* The graph was looked at for cycles before. */
	if (dag_layout(v->nodes, v->nboxes, f->edges, f->nedges, &v->dag, &ignored) < 0)
		v->nboxes = 0;
	else
		dag_size(v->dag, &v->rows, &v->cols);
}

int dag_group_cells(const struct dag_group *g)
{
	return 4 + snprintf(NULL, 0, "%d", g->n);
}

static void lay_lanes(struct dag_view *v)
{
	struct folding f = fold(v, true);
	_free_ int *order = mem_array(NULL, (size_t)f.n + 1, sizeof *order);
	int n = dag_lane_order(f.n, f.edges, f.nedges, order);
	v->rows_shown = mem_array(v->rows_shown, v->m->steps.len + (size_t)v->ngroups + 1, sizeof *v->rows_shown);
	v->nrows = 0;
	v->name_cells = 4;
	for (int i = 0; i < n; i++) {
		struct dag_place p = f.nodes[order[i]];
		v->rows_shown[v->nrows++] = p;
		if (p.group < 0)
			continue;
		const struct dag_group *g = &v->groups[p.group];
		for (int k = 0; g->open && k < g->n; k++)
			v->rows_shown[v->nrows++] = (struct dag_place){ .step = v->members[g->first + k], .group = -1 };
	}
	/* From all names, not only those in sight, so that folding moves no column. */
	for (size_t i = 0; i < v->m->steps.len; i++) {
		int wide = cells(v->m->steps.v[i].name) + (v->group_of[i] >= 0 ? 2 : 0);
		v->name_cells = wide > v->name_cells ? wide : v->name_cells;
	}
	for (int i = 0; i < v->ngroups; i++) {
		int wide = cells(v->groups[i].base) + dag_group_cells(&v->groups[i]);
		v->name_cells = wide > v->name_cells ? wide : v->name_cells;
	}
	folding_release(&f);
}

static int count(const struct dag_view *v)
{
	return v->lanes ? v->nrows : v->nboxes;
}

static struct dag_place place(const struct dag_view *v, int i)
{
	return v->lanes ? v->rows_shown[i] : v->boxes[i];
}

static bool holds(const struct dag_view *v, struct dag_place p, int step)
{
	return p.group >= 0 ? v->group_of[step] == p.group : p.step == step;
}

static void set_goal(struct dag_view *v)
{
	if (!v->lanes && v->cursor < v->nboxes)
		v->goal = v->nodes[v->cursor].x + v->nodes[v->cursor].width / 2;
	v->follow = true;
}

/* The place of a step itself, else the matrix it is folded into. */
static int find(const struct dag_view *v, int step)
{
	int found = 0;
	for (int i = 0; i < count(v); i++) {
		struct dag_place p = place(v, i);
		if (p.group < 0 && p.step == step)
			return i;
		if (holds(v, p, step))
			found = i;
	}
	return found;
}

static void lay(struct dag_view *v)
{
	struct folding f = fold(v, false);
	v->lanes = v->mode == DAG_LANES || f.n > (v->mode == DAG_BOXES ? BOXES_LIMIT : BOXES_MOST);
	if (v->lanes)
		lay_lanes(v);
	else
		lay_boxes(v, &f);
	folding_release(&f);
	if (v->cursor >= count(v))
		v->cursor = 0;
	v->follow = true;
}

/* As lay, the cursor staying with its step; group: it goes to the head of that matrix, if it has one. */
static void lay_again(struct dag_view *v, int step, int group)
{
	lay(v);
	v->cursor = step >= 0 ? find(v, step) : 0;
	for (int i = 0; group >= 0 && i < count(v); i++)
		if (place(v, i).group == group)
			v->cursor = i;
	set_goal(v);
}

static bool has_cycle(const struct dag_view *v)
{
	struct folding f = fold(v, true);
	_free_ int *order = mem_array(NULL, (size_t)f.n + 1, sizeof *order);
	int n = f.n;
	bool cycle = dag_lane_order(f.n, f.edges, f.nedges, order) < n;
	folding_release(&f);
	return cycle;
}

static struct dag_group *largest_open(const struct dag_view *v)
{
	struct dag_group *largest = NULL;
	for (int i = 0; i < v->ngroups; i++)
		if (v->groups[i].open && v->groups[i].n > (largest ? largest->n : FOLD_TO_FIT))
			largest = &v->groups[i];
	return largest;
}

static void fit(struct dag_view *v, int step)
{
	struct dag_group *g;
	while (v->fit > 0 && !v->cyclic && !v->lanes && v->cols > v->fit && (g = largest_open(v))) {
		g->open = false;
		lay_again(v, step, -1);
	}
	if (v->fit > 0 && !v->lanes && v->cols > v->fit && !v->tight) {
		v->tight = true;
		lay_again(v, step, -1);
	}
}

void dag_view_fit(struct dag_view *v, int cols)
{
	v->fit = cols;
	fit(v, count(v) ? place(v, v->cursor).step : -1);
}

void dag_view_reload(struct dag_view *v)
{
	size_t n = v->m->steps.len + 1;
	int step = count(v) ? place(v, v->cursor).step : -1;
	v->groups = mem_array(v->groups, n, sizeof *v->groups);
	v->members = mem_array(v->members, n, sizeof *v->members);
	v->group_of = mem_array(v->group_of, n, sizeof *v->group_of);
	find_groups(v);
	v->cyclic = false;
	/* Two matrices that feed each other item by item in both directions cannot fold. */
	v->cyclic = has_cycle(v);
	lay_again(v, step, -1);
	fit(v, step);
}

struct dag_view *dag_view_new(const struct run_model *m)
{
	struct dag_view *v = mem_zero(sizeof *v);
	v->m = m;
	dag_view_reload(v);
	return v;
}

void dag_view_free(struct dag_view *v)
{
	if (!v)
		return;
	dag_free(v->dag);
	free(v->groups);
	free(v->members);
	free(v->group_of);
	free(v->nodes);
	free(v->boxes);
	free(v->frames);
	free(v->rows_shown);
	grid_release(&v->scratch);
	free(v);
}

static int urgency(enum step_state s)
{
	switch (s) {
	case STEP_FAILED: return 0;
	case STEP_RUNNING: return 1;
	case STEP_RETRYING: return 2;
	case STEP_LOST: return 3;
	case STEP_STOPPED: return 4;
	case STEP_QUEUED: return 5;
	case STEP_PENDING: return 6;
	case STEP_UPSTREAM_FAILED: return 7;
	default: return 8;
	}
}

struct ranked { int step, urgency; };

static int compare_ranked(const void *pa, const void *pb)
{
	const struct ranked *a = pa, *b = pb;
	return a->urgency != b->urgency ? a->urgency - b->urgency : (a->step > b->step) - (a->step < b->step);
}

static void open_group(struct dag_view *v, struct dag_group *g)
{
	_free_ struct ranked *sorted = mem_array(NULL, (size_t)g->n, sizeof *sorted);
	int *members = v->members + g->first;
	for (int i = 0; i < g->n; i++)
		sorted[i] = (struct ranked){ members[i], urgency(v->m->steps.v[members[i]].state) };
	qsort(sorted, (size_t)g->n, sizeof *sorted, compare_ranked);
	for (int i = 0; i < g->n; i++)
		members[i] = sorted[i].step;
	g->open = true;
}

int dag_place_step(const struct dag_view *v, struct dag_place p)
{
	if (p.group < 0)
		return p.step;
	const struct dag_group *g = &v->groups[p.group];
	int best = v->members[g->first];
	for (int i = 0; i < g->n; i++) {
		int step = v->members[g->first + i];
		int a = urgency(v->m->steps.v[step].state), b = urgency(v->m->steps.v[best].state);
		if (a < b || (a == b && step < best))
			best = step;
	}
	return best;
}

static void tally_add(struct dag_tally *t, enum step_state s)
{
	t->n++;
	t->done += s == STEP_SUCCESS || s == STEP_REUSED || s == STEP_SKIPPED;
	t->running += s == STEP_RUNNING || s == STEP_RETRYING;
	t->failed += s == STEP_FAILED;
	t->waiting += s == STEP_QUEUED || s == STEP_PENDING;
}

struct dag_tally dag_tally_of(const struct dag_view *v, struct dag_place p)
{
	struct dag_tally t = { 0 };
	if (p.group < 0) {
		tally_add(&t, v->m->steps.v[p.step].state);
		return t;
	}
	const struct dag_group *g = &v->groups[p.group];
	for (int i = 0; i < g->n; i++)
		tally_add(&t, v->m->steps.v[v->members[g->first + i]].state);
	return t;
}

int dag_view_step(const struct dag_view *v)
{
	return count(v) ? dag_place_step(v, place(v, v->cursor)) : -1;
}

int dag_view_folded(const struct dag_view *v, const char **ret_base)
{
	struct dag_place p = count(v) ? place(v, v->cursor) : (struct dag_place){ .group = -1 };
	*ret_base = p.group >= 0 ? v->groups[p.group].base : NULL;
	return p.group >= 0 ? v->groups[p.group].n : 1;
}

struct dag_tally dag_view_tally(const struct dag_view *v)
{
	return count(v) ? dag_tally_of(v, place(v, v->cursor)) : (struct dag_tally){ 0 };
}

void dag_view_show(struct dag_view *v, int step)
{
	if (step < 0 || !count(v))
		return;
	v->cursor = find(v, step);
	set_goal(v);
}

/* Moving in boxes: up and down to the box of the next rank that stands nearest to the goal, sideways within the rank,
 * or where that ends to what is nearest at that side. */
static int middle_of(const struct dag_view *v, int i)
{
	return v->nodes[i].x + (v->nodes[i].width + 4) / 2;
}

static int to_rank(const struct dag_view *v, int rank)
{
	int best = -1;
	for (int i = 0; i < v->nboxes; i++)
		if (v->nodes[i].rank == rank &&
		    (best < 0 || abs(middle_of(v, i) - v->goal) < abs(middle_of(v, best) - v->goal)))
			best = i;
	return best;
}

static int to_side(const struct dag_view *v, bool left)
{
	const struct dag_node *here = &v->nodes[v->cursor];
	int best = -1, least = INT_MAX;
	for (int i = 0; i < v->nboxes; i++) {
		int away = left ? middle_of(v, v->cursor) - middle_of(v, i) : middle_of(v, i) - middle_of(v, v->cursor);
		bool same = v->nodes[i].rank == here->rank;
		if (away <= 0 || (!same && away < 4))
			continue;
		int cost = away + (same ? 0 : 10000 + 4 * abs(v->nodes[i].y - here->y));
		if (cost < least) {
			least = cost;
			best = i;
		}
	}
	return best;
}

static int last_rank(const struct dag_view *v)
{
	int rank = 0;
	for (int i = 0; i < v->nboxes; i++)
		rank = v->nodes[i].rank > rank ? v->nodes[i].rank : rank;
	return rank;
}

/* The rank that begins about a view's height away. */
static int page_rank(const struct dag_view *v, int by)
{
	const struct dag_node *here = &v->nodes[v->cursor];
	int aim = here->y + by * (v->drawn_rows > 4 ? v->drawn_rows - 4 : 1), best = v->cursor;
	for (int i = 0; i < v->nboxes; i++)
		if (abs(v->nodes[i].y - aim) < abs(v->nodes[best].y - aim))
			best = i;
	return v->nodes[best].rank;
}

static int move_boxes(struct dag_view *v, enum action action)
{
	int rank = v->nodes[v->cursor].rank, to = -1;
	switch (action) {
	case ACT_UP: to = to_rank(v, rank - 1); break;
	case ACT_DOWN: to = to_rank(v, rank + 1); break;
	case ACT_PAGE_UP: to = to_rank(v, page_rank(v, -1)); break;
	case ACT_PAGE_DOWN: to = to_rank(v, page_rank(v, 1)); break;
	case ACT_FIRST: to = to_rank(v, 0); break;
	case ACT_LAST: to = to_rank(v, last_rank(v)); break;
	case ACT_LEFT: to = to_side(v, true); break;
	default: to = to_side(v, false); break;
	}
	if (to < 0 || to == v->cursor)
		return VIEW_SAME;
	v->cursor = to;
	if (action == ACT_LEFT || action == ACT_RIGHT)
		set_goal(v);
	v->follow = true;
	return VIEW_REDRAW;
}

static int toggle(struct dag_view *v)
{
	struct dag_place p = place(v, v->cursor);
	int group = p.group >= 0 ? p.group : v->group_of[p.step];
	if (group < 0 || v->cyclic)
		return VIEW_SAME;
	struct dag_group *g = &v->groups[group];
	if (g->open) {
		g->open = false;
		lay_again(v, p.step, group);
	} else {
		int step = dag_place_step(v, p);
		open_group(v, g);
		lay_again(v, step, -1);
	}
	return VIEW_REDRAW;
}

static int move_lanes(struct dag_view *v, enum action action)
{
	int page = v->drawn_rows > 2 ? v->drawn_rows - 1 : 1, to = v->cursor;
	struct dag_place p = place(v, v->cursor);
	int group = p.group >= 0 ? p.group : v->group_of[p.step];
	bool open = group >= 0 && v->groups[group].open;
	switch (action) {
	case ACT_UP: to--; break;
	case ACT_DOWN: to++; break;
	case ACT_PAGE_UP: to -= page; break;
	case ACT_PAGE_DOWN: to += page; break;
	case ACT_FIRST: to = 0; break;
	case ACT_LAST: to = v->nrows - 1; break;
	case ACT_LEFT: return open ? toggle(v) : VIEW_SAME;
	default: return p.group >= 0 && !open ? toggle(v) : VIEW_SAME;
	}
	to = to < 0 ? 0 : to >= v->nrows ? v->nrows - 1 : to;
	if (to == v->cursor)
		return VIEW_SAME;
	v->cursor = to;
	v->follow = true;
	return VIEW_REDRAW;
}

static int change_mode(struct dag_view *v, struct err *e)
{
	struct dag_place p = place(v, v->cursor);
	struct folding f = fold(v, false);
	int n = f.n;
	folding_release(&f);
	if (v->lanes && n > BOXES_LIMIT)
		return err_set(e, ERR_USAGE, "%d boxes are too many to draw; fold a matrix with z first", n);
	v->mode = v->lanes ? DAG_BOXES : DAG_LANES;
	lay_again(v, p.step, p.group);
	return VIEW_REDRAW;
}

int dag_view_act(struct dag_view *v, enum action action, struct err *e)
{
	switch (action) {
	case ACT_UP:
	case ACT_DOWN:
	case ACT_LEFT:
	case ACT_RIGHT:
	case ACT_PAGE_UP:
	case ACT_PAGE_DOWN:
	case ACT_FIRST:
	case ACT_LAST:
		return !count(v) ? VIEW_SAME : v->lanes ? move_lanes(v, action) : move_boxes(v, action);
	case ACT_FOLD:
		return count(v) ? toggle(v) : VIEW_SAME;
	case ACT_LANES:
		return count(v) ? change_mode(v, e) : VIEW_SAME;
	default:
		return VIEW_PASS;
	}
}

int dag_view_cols(const struct dag_view *v)
{
	return v->lanes || !v->nboxes ? 0 : v->cols;
}

int dag_view_indent(const struct dag_view *v, int view_cols)
{
	return !v->lanes && v->cols < view_cols ? (view_cols - v->cols) / 2 : 0;
}

static int place_under(const struct dag_view *v, int row, int col, struct rect r)
{
	if (v->lanes)
		return row < v->nrows ? row : -1;
	col -= dag_view_indent(v, r.cols);
	for (int i = 0; i < v->nboxes; i++) {
		const struct dag_node *n = &v->nodes[i];
		if (row >= n->y && row < n->y + n->height + 2 && col >= n->x && col < n->x + n->width + 4)
			return i;
	}
	return -1;
}

int dag_view_mouse(struct dag_view *v, const struct mouse *m, struct rect r)
{
	if (m->row < r.row || m->row >= r.row + r.rows || m->col < r.col || m->col >= r.col + r.cols)
		return VIEW_PASS;
	if (m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN) {
		v->top += m->kind == MOUSE_WHEEL_UP ? -3 : 3;
		return VIEW_REDRAW;
	}
	if (m->kind != MOUSE_PRESS && m->kind != MOUSE_DOUBLE)
		return VIEW_SAME;
	int at = place_under(v, m->row - r.row + v->top, m->col - r.col + v->left, r);
	if (at < 0)
		return VIEW_SAME;
	v->cursor = at;
	set_goal(v);
	return VIEW_REDRAW | (m->kind == MOUSE_DOUBLE ? VIEW_PASS : 0);
}
