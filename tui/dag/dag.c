#include "tui/dag/dag.h"

#include "tui/dag/dag_layers.h"

enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };

int dag_layout(struct dag_node *nodes, int n, const struct dag_edge *edges, int nedges, struct dag **ret, struct err *e)
{
	struct dag *d = mem_zero(sizeof *d);
	int r = dag_rank(&d->l, nodes, n, edges, nedges, e);
	if (r < 0) {
		dag_free(d);
		return r;
	}
	dag_bundle(d, nodes);
	dag_order(&d->l);
	dag_place(&d->l);
	dag_route(d);
	for (int i = 0; i < n; i++) {
		const struct vertex *v = &d->l.vertices[i];
		nodes[i].rank = v->rank;
		nodes[i].x = v->x - v->left;
		nodes[i].y = d->y[v->rank];
	}
	*ret = d;
	return 0;
}

void dag_free(struct dag *d)
{
	if (!d)
		return;
	dag_layers_release(&d->l);
	free(d->bundles);
	free(d->ports);
	free(d->y);
	free(d->tracks);
	free(d->heights);
	free(d);
}

void dag_size(const struct dag *d, int *ret_rows, int *ret_cols)
{
	*ret_rows = d->rows;
	*ret_cols = d->cols;
}

static uint32_t sign_of(int arms)
{
	static const uint32_t signs[16] = {
		[UP | DOWN] = 0x2502, [LEFT | RIGHT] = 0x2500, [DOWN | RIGHT] = 0x250c, [DOWN | LEFT] = 0x2510,
		[UP | RIGHT] = 0x2514, [UP | LEFT] = 0x2518, [UP | DOWN | RIGHT] = 0x251c, [UP | DOWN | LEFT] = 0x2524,
		[DOWN | LEFT | RIGHT] = 0x252c, [UP | LEFT | RIGHT] = 0x2534, [UP | DOWN | LEFT | RIGHT] = 0x253c,
	};
	return signs[arms & 15];
}

/* Where a picture is drawn: its top left corner may lie outside the grid. */
struct canvas { struct grid *g; int row, col; };

/* Lines of two bundles meet at right angles only, and that is a crossing. */
static void put_line(const struct canvas *c, int row, int col, int arms)
{
	row += c->row;
	col += c->col;
	if (row < 0 || col < 0 || row >= c->g->rows || col >= c->g->cols)
		return;
	uint32_t there = c->g->cells[(size_t)row * (size_t)c->g->cols + (size_t)col].cp[0];
	if ((there == sign_of(UP | DOWN) && arms == (LEFT | RIGHT)) ||
	    (there == sign_of(LEFT | RIGHT) && arms == (UP | DOWN)))
		arms = UP | DOWN | LEFT | RIGHT;
	grid_put(c->g, row, col, sign_of(arms), ROLE_RULE);
}

static void put_vertical(const struct canvas *c, int from, int to, int col)
{
	if (from + c->row < 0)
		from = -c->row;
	for (int row = from; row < to && row + c->row < c->g->rows; row++)
		put_line(c, row, col, UP | DOWN);
}

/* The rows of a vertex's lines outside its box: a box may be lower than its rank. */
static int end_of(const struct dag *d, const struct vertex *v)
{
	return d->y[v->rank] + (v->dummy ? d->heights[v->rank] : v->height);
}

static void draw_bundle(const struct dag *d, const struct bundle *b, const struct canvas *c)
{
	int gap = d->y[b->gap] + d->heights[b->gap], below = d->y[b->gap + 1], ends = b->nsources + b->ntargets;
	const struct port *ports = d->ports + b->port;
	if (b->row < 0) {
		put_vertical(c, end_of(d, &d->l.vertices[ports[0].vertex]), below, b->lo);
		return;
	}
	int row = gap + b->row;
	_free_ char *arms = mem_zero((size_t)(b->hi - b->lo) + 1);
	for (int col = b->lo; col <= b->hi; col++)
		arms[col - b->lo] = (char)((col > b->lo ? LEFT : 0) | (col < b->hi ? RIGHT : 0));
	for (int i = 0; i < ends; i++) {
		const struct vertex *v = &d->l.vertices[ports[i].vertex];
		arms[ports[i].col - b->lo] |= ports[i].top ? DOWN : UP;
		if (ports[i].top)
			put_vertical(c, row + 1, below, ports[i].col);
		else
			put_vertical(c, end_of(d, v), row, ports[i].col);
	}
	for (int col = b->lo; col <= b->hi; col++)
		put_line(c, row, col, arms[col - b->lo]);
}

/* Lines through the ranks where they do not end. */
static void draw_dummies(const struct dag *d, const struct canvas *c)
{
	for (int i = 0; i < d->nports; i++) {
		const struct port *p = &d->ports[i];
		const struct vertex *v = &d->l.vertices[p->vertex];
		if (!v->dummy || !p->top)
			continue;
		int first = d->y[v->rank];
		if (p->col != v->x) {
			put_line(c, first, v->x, DOWN | RIGHT);
			put_line(c, first, p->col, UP | LEFT);
			first++;
		}
		put_vertical(c, first, d->y[v->rank] + d->heights[v->rank], v->x);
	}
}

static void draw_box(const struct dag *d, int node, const struct canvas *c, enum role role)
{
	const struct vertex *v = &d->l.vertices[node];
	int top = c->row + d->y[v->rank], bottom = top + v->height - 1, left = c->col + v->x - v->left,
	    right = c->col + v->x + v->right;
	for (int col = left + 1; col < right; col++) {
		grid_put(c->g, top, col, sign_of(LEFT | RIGHT), role);
		grid_put(c->g, bottom, col, sign_of(LEFT | RIGHT), role);
	}
	for (int row = top + 1; row < bottom; row++) {
		grid_put(c->g, row, left, sign_of(UP | DOWN), role);
		grid_put(c->g, row, right, sign_of(UP | DOWN), role);
	}
	grid_put(c->g, top, left, sign_of(DOWN | RIGHT), role);
	grid_put(c->g, top, right, sign_of(DOWN | LEFT), role);
	grid_put(c->g, bottom, left, sign_of(UP | RIGHT), role);
	grid_put(c->g, bottom, right, sign_of(UP | LEFT), role);
}

void dag_draw(const struct dag *d, const struct dag_node *nodes, struct grid *g, int row, int col,
              const enum role *frame)
{
	struct canvas c = { .g = g, .row = row, .col = col };
	for (int i = 0; i < d->nbundles; i++)
		draw_bundle(d, &d->bundles[i], &c);
	draw_dummies(d, &c);
	for (int i = 0; i < d->l.nreal; i++)
		draw_box(d, i, &c, frame ? frame[i] : ROLE_RULE);
	for (int i = 0; i < d->nports; i++) {
		const struct port *p = &d->ports[i];
		const struct vertex *v = &d->l.vertices[p->vertex];
		if (v->dummy)
			continue;
		int y = row + d->y[v->rank] + (p->top ? 0 : v->height - 1);
		grid_put(g, y, col + p->col, sign_of(LEFT | RIGHT | (p->top ? UP : DOWN)),
		         frame ? frame[p->vertex] : ROLE_RULE);
	}
}
