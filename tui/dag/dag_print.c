#include "tui/dag/dag_shown.h"

#include <limits.h>
#include <string.h>
#include "base/utf8.h"

#define BOXES_MOST 60 /* nodes that boxes are still a help for */
#define BAR 4         /* cells of a folded matrix's bar */

static int name_width(const struct dag_shown *s, int name_cells)
{
	int cells = (int)utf8_cells(s->name, strlen(s->name));
	return name_cells > 0 ? name_cells : cells;
}

int dag_shown_cells(const struct dag_shown *s, int name_cells)
{
	int cells = (s->glyph ? 2 : 0) + name_width(s, name_cells);
	if (s->count > 1) {
		cells += 3 + snprintf(NULL, 0, "%d", s->count) + (s->glyph ? BAR : -1);
		if (s->failed)
			cells += 2 + snprintf(NULL, 0, "%d", s->failed);
	} else if (s->detail) {
		cells += 1 + (int)utf8_cells(s->detail, strlen(s->detail));
	}
	return cells;
}

void dag_share(int whole, int done, int failed, int running, int cells, int ret[SHARES])
{
	int64_t n[SHARES] = { done, failed, running, whole - done - failed - running };
	int spare = cells;
	for (int i = 0; i < SHARES; i++) {
		ret[i] = n[i] <= 0 ? 0 : n[i] * cells < whole ? 1 : (int)(n[i] * cells / whole);
		spare -= ret[i];
	}
	/* What is left over goes where it is missed most; what was lent comes from where it is missed least. */
	for (; spare; spare -= spare > 0 ? 1 : -1) {
		int best = -1;
		for (int i = 0; i < SHARES; i++) {
			if (n[i] <= 0 || (spare < 0 && ret[i] < 2))
				continue;
			int64_t missed = n[i] * cells - ret[i] * (int64_t)whole,
			        least = best < 0 ? 0 : n[best] * cells - ret[best] * (int64_t)whole;
			if (best < 0 || (spare > 0 ? missed > least : missed < least))
				best = i;
		}
		if (best < 0)
			return;
		ret[best] += spare > 0 ? 1 : -1;
	}
}

void dag_share_put(struct grid *g, int row, int col, const int cells[SHARES])
{
	static const struct { uint32_t sign; enum role role; } looks[SHARES] = {
		{ 0x2593, ROLE_SUCCESS }, { 0x2717, ROLE_FAILED }, { 0x2592, ROLE_RUNNING }, { 0x2591, ROLE_QUIET },
	};
	for (int i = 0; i < SHARES; i++)
		for (int k = 0; k < cells[i]; k++)
			grid_put(g, row, col++, looks[i].sign, looks[i].role);
}

int dag_shown_put(const struct dag_shown *s, struct grid *g, int row, int col, int max_cells, int name_cells)
{
	int edge = g->cols - col, at = col;
	if (max_cells < 0 || max_cells > edge)
		max_cells = edge;
	int end = col + max_cells, wide = name_width(s, name_cells);
	if (s->glyph) {
		grid_text(g, row, at, end - at, s->role, s->glyph);
		at += 2;
	}
	int name_end = at + wide < end ? at + wide : end;
	grid_text_cut(g, row, at, name_end - at, ROLE_STRONG, s->name);
	at = name_end;
	if (s->count > 1) {
		int shares[SHARES];
		at += grid_textf(g, row, at, end - at, ROLE_QUIET, s->glyph ? " ×%d " : " ×%d", s->count);
		/* Of steps that only stand in a file there is nothing to show. */
		if (s->glyph && at < end) {
			dag_share(s->count, s->done, s->failed, s->running, end - at < BAR ? end - at : BAR, shares);
			dag_share_put(g, row, at, shares);
			at += end - at < BAR ? end - at : BAR;
		}
		if (s->failed)
			at += grid_textf(g, row, at, end - at, ROLE_FAILED, " %d✗", s->failed);
	} else if (s->detail && at + 1 + (int)utf8_cells(s->detail, strlen(s->detail)) <= end) {
		at += 1 + grid_text(g, row, at + 1, -1, ROLE_QUIET, s->detail);
	}
	return at - col;
}

/* What needs attention more gives its glyph to the folded node. */
static int weight(enum role r)
{
	switch (r) {
	case ROLE_FAILED: return 6;
	case ROLE_RUNNING: return 5;
	case ROLE_LOST: return 4;
	case ROLE_STOPPED: return 3;
	case ROLE_SUCCESS: return 1;
	case ROLE_REUSED: return 0;
	default: return 2;
	}
}

struct picture { struct dag_shown *nodes; int n; struct dag_edge *edges; int nedges; int *order; bool folded; };

static void picture_release(struct picture *x)
{
	free(x->nodes);
	free(x->edges);
	free(x->order);
	*x = (struct picture){ 0 };
}

struct based { const char *base; int step; };

static int compare_based(const void *pa, const void *pb)
{
	const struct based *a = pa, *b = pb;
	int order = strcmp(a->base, b->base);
	return order ? order : (a->step > b->step) - (a->step < b->step);
}

/* head[i]: the first step of the matrix that step i folds into, or i. */
static void find_heads(const struct dag_step *steps, int n, int fold, int *head)
{
	_free_ struct based *sorted = mem_array(NULL, (size_t)n + 1, sizeof *sorted);
	int count = 0;
	for (int i = 0; i < n; i++) {
		head[i] = i;
		if (steps[i].base)
			sorted[count++] = (struct based){ .base = steps[i].base, .step = i };
	}
	qsort(sorted, (size_t)count, sizeof *sorted, compare_based);
	for (int i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && strcmp(sorted[end].base, sorted[i].base) == 0;)
			end++;
		for (int k = i; end - i > fold && k < end; k++)
			head[sorted[k].step] = sorted[i].step;
	}
}

static int compare_edges(const void *pa, const void *pb)
{
	const struct dag_edge *a = pa, *b = pb;
	return a->from != b->from ? (a->from > b->from) - (a->from < b->from) : (a->to > b->to) - (a->to < b->to);
}

static struct picture picture_make(const struct dag_step *steps, int n, const struct dag_edge *edges, int nedges,
                                   int fold)
{
	struct picture x = { 0 };
	_free_ int *head = mem_array(NULL, (size_t)n + 1, sizeof *head);
	_free_ int *node = mem_array(NULL, (size_t)n + 1, sizeof *node);
	find_heads(steps, n, fold, head);
	x.nodes = mem_zero(((size_t)n + 1) * sizeof *x.nodes);
	x.edges = mem_array(NULL, (size_t)nedges + 1, sizeof *x.edges);
	x.order = mem_array(NULL, (size_t)n + 1, sizeof *x.order);
	for (int i = 0; i < n; i++) {
		const struct dag_step *s = &steps[i];
		if (head[i] == i) {
			node[i] = x.n++;
			x.nodes[node[i]] = (struct dag_shown){
			        .name = s->name, .glyph = s->glyph, .detail = s->detail, .role = s->role};
		}
		node[i] = node[head[i]];
		struct dag_shown *shown = &x.nodes[node[i]];
		if (++shown->count == 2) {
			shown->name = s->base;
			x.folded = true;
		}
		shown->done += s->role == ROLE_SUCCESS || s->role == ROLE_REUSED;
		shown->running += s->role == ROLE_RUNNING;
		shown->failed += s->role == ROLE_FAILED;
		if (weight(s->role) > weight(shown->role)) {
			shown->role = s->role;
			shown->glyph = s->glyph;
		}
	}
	for (int i = 0; i < nedges; i++) {
		struct dag_edge joined = { node[edges[i].from], node[edges[i].to] };
		if (joined.from != joined.to || !x.folded)
			x.edges[x.nedges++] = joined;
	}
	qsort(x.edges, (size_t)x.nedges, sizeof *x.edges, compare_edges);
	int kept = 0;
	for (int i = 0; i < x.nedges; i++)
		if (kept == 0 || compare_edges(&x.edges[kept - 1], &x.edges[i]) != 0)
			x.edges[kept++] = x.edges[i];
	x.nedges = kept;
	return x;
}

/* Whether boxes were drawn; 0 when they are too wide, negative with an error. */
static int print_boxes(const struct picture *x, int width, const struct paint *p, struct buf *out, struct err *e)
{
	_free_ struct dag_node *nodes = mem_zero(((size_t)x->n + 1) * sizeof *nodes);
	struct dag *d;
	for (int i = 0; i < x->n; i++) {
		nodes[i].width = dag_shown_cells(&x->nodes[i], 0);
		nodes[i].height = 1;
		if (width > 8 && nodes[i].width > width - 4)
			nodes[i].width = width - 4;
	}
	int r = dag_layout(nodes, x->n, x->edges, x->nedges, &d, e);
	if (r < 0)
		return r;
	int rows, cols;
	dag_size(d, &rows, &cols);
	bool fits = width <= 0 || cols <= width;
	if (fits) {
		struct grid g;
		grid_init(&g, rows, cols);
		dag_draw(d, nodes, &g, 0, 0, NULL);
		for (int i = 0; i < x->n; i++) {
			int spare = nodes[i].width - dag_shown_cells(&x->nodes[i], 0);
			dag_shown_put(&x->nodes[i], &g, nodes[i].y + 1, nodes[i].x + 2 + (spare > 0 ? spare / 2 : 0),
			              nodes[i].width, 0);
		}
		grid_print(&g, p, out);
		grid_release(&g);
	}
	dag_free(d);
	return fits;
}

int dag_print(const struct dag_step *steps, int n, const struct dag_edge *edges, int nedges, int fold, int width,
              const struct paint *p, struct buf *out, struct err *e)
{
	for (int i = 0; i < nedges; i++)
		if (edges[i].from < 0 || edges[i].from >= n || edges[i].to < 0 || edges[i].to >= n)
			return err_set(e, ERR_USAGE,
			               "edge %d of the graph leads from step %d to step %d, but it has %d steps", i,
			               edges[i].from, edges[i].to, n);
	_cleanup_(picture_release) struct picture x = picture_make(steps, n, edges, nedges, fold > 0 ? fold : INT_MAX);
	if (x.folded && dag_lane_order(x.n, x.edges, x.nedges, x.order) < x.n) {
		/* Two matrices that feed each other item by item in both directions cannot fold. */
		picture_release(&x);
		x = picture_make(steps, n, edges, nedges, INT_MAX);
	}
	if (dag_lane_order(x.n, x.edges, x.nedges, x.order) < x.n)
		return err_set(e, ERR_USAGE,
		               "the steps need each other in a circle, so they have no order to draw them in");
	int drawn = 0;
	if (x.n <= BOXES_MOST)
		drawn = print_boxes(&x, width, p, out, e);
	if (drawn < 0)
		return drawn;
	if (!drawn)
		dag_lanes(x.nodes, x.n, x.edges, x.nedges, x.order, width, p, out);
	return 0;
}
