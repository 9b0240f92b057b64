/* Columns after Brandes and Köpf: four times blocks of aligned vertices are packed (towards each corner), and each
 * vertex gets the mean of the two middle results. Lines between dummies stay straight. All distances are even, so that
 * all columns are. */
#include "tui/dag/dag_layers.h"

#include <limits.h>
#include <string.h>

#define GAP 2 /* blanks between what stands side by side */

/* Where the sweep stands: below true: vertices align with those below; mirrored: from right to left. */
struct sweep { struct layers *l; bool below, mirrored; int *root, *align, *x; };

static int place_of(const struct sweep *s, int vertex)
{
	const struct vertex *v = &s->l->vertices[vertex];
	return s->mirrored ? s->l->start[v->rank + 1] - s->l->start[v->rank] - 1 - v->pos : v->pos;
}

static int vertex_at(const struct sweep *s, int rank, int place)
{
	const struct layers *l = s->l;
	return l->order[s->mirrored ? l->start[rank + 1] - 1 - place : l->start[rank] + place];
}

/* The segment between two dummies at this side of a dummy, -1 when there is none. */
static int inner_segment(const struct layers *l, int vertex, bool above)
{
	const struct vertex *v = &l->vertices[vertex];
	if (!v->dummy)
		return -1;
	const int *list = above ? l->up + v->up : l->down + v->down;
	for (int i = 0, n = above ? v->nup : v->ndown; i < n; i++)
		if (l->vertices[above ? l->segments[list[i]].from : l->segments[list[i]].to].dummy)
			return list[i];
	return -1;
}

/* Marks the segments that cross one between dummies: the latter has the right of way. */
static void mark_conflicts(struct layers *l)
{
	for (int rank = 0; rank + 1 < l->nranks; rank++) {
		int from = 0, width = l->start[rank + 2] - l->start[rank + 1], low = 0;
		for (int i = 0; i < width; i++) {
			int inner = inner_segment(l, l->order[l->start[rank + 1] + i], true);
			if (inner < 0 && i < width - 1)
				continue;
			int high = inner >= 0 ? l->vertices[l->segments[inner].from].pos : INT_MAX;
			for (; from <= i; from++) {
				const struct vertex *v = &l->vertices[l->order[l->start[rank + 1] + from]];
				for (int k = 0; k < v->nup; k++) {
					struct segment *s = &l->segments[l->up[v->up + k]];
					int pos = l->vertices[s->from].pos;
					bool is_inner = v->dummy && l->vertices[s->from].dummy;
					if (!is_inner && (pos < low || pos > high))
						s->conflict = true;
				}
			}
			low = inner >= 0 ? high : low;
		}
	}
}

struct neighbour { int place, vertex, segment; };

static int sorted_neighbours(const struct sweep *s, int vertex, struct neighbour *ret)
{
	const struct layers *l = s->l;
	const struct vertex *v = &l->vertices[vertex];
	const int *list = s->below ? l->down + v->down : l->up + v->up;
	int n = s->below ? v->ndown : v->nup;
	int inner = inner_segment(l, vertex, !s->below);
	for (int i = 0; i < n; i++) {
		int segment = inner >= 0 ? inner : list[i];
		int other = s->below ? l->segments[segment].to : l->segments[segment].from;
		struct neighbour x = { .place = place_of(s, other), .vertex = other, .segment = segment };
		int k = i;
		for (; k > 0 && ret[k - 1].place > x.place; k--)
			ret[k] = ret[k - 1];
		ret[k] = x;
		if (inner >= 0)
			return 1;
	}
	return n;
}

static void align(struct sweep *s, struct neighbour *room)
{
	struct layers *l = s->l;
	for (int i = 0; i < l->n; i++)
		s->root[i] = s->align[i] = i;
	for (int r = 0; r < l->nranks; r++) {
		int rank = s->below ? l->nranks - 1 - r : r, reached = -1;
		for (int i = 0; i < l->start[rank + 1] - l->start[rank]; i++) {
			int v = vertex_at(s, rank, i), n = sorted_neighbours(s, v, room);
			for (int m = (n - 1) / 2; n > 0 && m <= n / 2 && s->align[v] == v; m++) {
				const struct neighbour *u = &room[m];
				if (reached >= u->place || l->segments[u->segment].conflict)
					continue;
				s->align[u->vertex] = v;
				s->align[v] = s->root[v] = s->root[u->vertex];
				reached = u->place;
			}
		}
	}
}

static int distance(const struct sweep *s, int before, int after)
{
	const struct vertex *a = &s->l->vertices[s->mirrored ? after : before],
	                    *b = &s->l->vertices[s->mirrored ? before : after];
	int cells = a->right + 1 + GAP + b->left;
	return cells + cells % 2;
}

struct block_edge { int from, to, length, next_out; };

/* Packs the blocks to the left, then pulls each one towards the blocks at its right: the longest path over blocks,
 * there and back. */
static void compact(struct sweep *s)
{
	struct layers *l = s->l;
	struct block_edge *edges = mem_array(NULL, (size_t)l->n + 1, sizeof *edges);
	_free_ int *first = mem_array(NULL, ((size_t)l->n + 1) * 3, sizeof *first);
	int *open = first + l->n + 1, *queue = open + l->n + 1, n = 0, head = 0, tail = 0;
	for (int i = 0; i < l->n; i++) {
		first[i] = -1;
		open[i] = 0;
		s->x[i] = 0;
	}
	for (int rank = 0; rank < l->nranks; rank++) {
		for (int i = 0; i + 1 < l->start[rank + 1] - l->start[rank]; i++) {
			int a = vertex_at(s, rank, i), b = vertex_at(s, rank, i + 1), from = s->root[a];
			edges[n] = (struct block_edge){
			        .from = from, .to = s->root[b], .length = distance(s, a, b), .next_out = first[from]};
			first[from] = n;
			open[edges[n++].to]++;
		}
	}
	for (int i = 0; i < l->n; i++)
		if (s->root[i] == i && open[i] == 0)
			queue[tail++] = i;
	while (head < tail) {
		int u = queue[head++];
		for (int k = first[u]; k >= 0; k = edges[k].next_out) {
			if (s->x[edges[k].to] < s->x[u] + edges[k].length)
				s->x[edges[k].to] = s->x[u] + edges[k].length;
			if (--open[edges[k].to] == 0)
				queue[tail++] = edges[k].to;
		}
	}
	while (tail > 0) {
		int u = queue[--tail], limit = INT_MAX;
		for (int k = first[u]; k >= 0; k = edges[k].next_out)
			if (s->x[edges[k].to] - edges[k].length < limit)
				limit = s->x[edges[k].to] - edges[k].length;
		if (limit != INT_MAX && s->x[u] < limit)
			s->x[u] = limit;
	}
	free(edges);
	for (int i = 0; i < l->n; i++)
		s->x[i] = s->x[s->root[i]];
	for (int i = 0; s->mirrored && i < l->n; i++)
		s->x[i] = -s->x[i];
}

static void extent(const struct layers *l, const int *x, int *ret_low, int *ret_high)
{
	*ret_low = INT_MAX;
	*ret_high = INT_MIN;
	for (int i = 0; i < l->n; i++) {
		if (x[i] - l->vertices[i].left < *ret_low)
			*ret_low = x[i] - l->vertices[i].left;
		if (x[i] + l->vertices[i].right > *ret_high)
			*ret_high = x[i] + l->vertices[i].right;
	}
}

static int floor_even(int v)
{
	return v - (v & 1);
}

/* Moves the four results onto the narrowest one, at the side they were packed to. */
static void bring_together(const struct layers *l, int *xs[4])
{
	int low[4], high[4], narrow = 0;
	for (int i = 0; i < 4; i++) {
		extent(l, xs[i], &low[i], &high[i]);
		if (high[i] - low[i] < high[narrow] - low[narrow])
			narrow = i;
	}
	for (int i = 0; i < 4; i++) {
		int shift = floor_even(i % 2 ? high[narrow] - high[i] : low[narrow] - low[i]);
		for (int v = 0; v < l->n; v++)
			xs[i][v] += shift;
	}
}

static int middle(int a, int b, int c, int d)
{
	int v[4] = { a, b, c, d };
	for (int i = 1; i < 4; i++) {
		for (int k = i; k > 0 && v[k - 1] > v[k]; k--) {
			int t = v[k];
			v[k] = v[k - 1];
			v[k - 1] = t;
		}
	}
	return floor_even((v[1] + v[2]) / 2 - ((v[1] + v[2]) % 2 < 0));
}

void dag_place(struct layers *l)
{
	size_t n = (size_t)l->n + 1;
	_free_ int *ints = mem_array(NULL, n * 6, sizeof *ints);
	_free_ struct neighbour *room = mem_array(NULL, (size_t)l->nsegments + 1, sizeof *room);
	if (l->n == 0)
		return;
	int *xs[4] = { ints, ints + n, ints + 2 * n, ints + 3 * n };
	mark_conflicts(l);
	for (int i = 0; i < 4; i++) {
		struct sweep s = {.l = l,
		                  .below = i >= 2,
		                  .mirrored = i % 2,
		                  .root = ints + 4 * n,
		                  .align = ints + 5 * n,
		                  .x = xs[i]};
		align(&s, room);
		compact(&s);
	}
	bring_together(l, xs);
	int low = INT_MAX;
	for (int i = 0; i < l->n; i++) {
		struct vertex *v = &l->vertices[i];
		v->x = middle(xs[0][i], xs[1][i], xs[2][i], xs[3][i]);
		if (v->x - v->left < low)
			low = v->x - v->left;
	}
	for (int i = 0; i < l->n; i++)
		l->vertices[i].x -= floor_even(low);
}
