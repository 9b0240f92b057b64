/* The order within ranks: medians of the neighbours down and up, then exchanges of neighbours, the best order seen
 * being kept. */
#include "tui/dag/dag_layers.h"

#include <limits.h>
#include <string.h>

#define ROUNDS 24  /* sweeps at most */
#define PATIENCE 6 /* sweeps without a better order before giving up */
#define SMALL 600  /* vertices up to which several first orders are tried */

static int other_end(const struct layers *l, int segment, bool above)
{
	return above ? l->segments[segment].from : l->segments[segment].to;
}

static void number(struct layers *l, int rank)
{
	for (int i = l->start[rank]; i < l->start[rank + 1]; i++)
		l->vertices[l->order[i]].pos = i - l->start[rank];
}

static int compare_ints(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

/* Positions of a vertex's neighbours on one side, rising. Lists are short: insertion beats qsort. */
static int neighbours(const struct layers *l, int vertex, bool above, int *ret)
{
	const struct vertex *v = &l->vertices[vertex];
	const int *list = above ? l->up + v->up : l->down + v->down;
	int n = above ? v->nup : v->ndown;
	for (int i = 0; i < n; i++) {
		int pos = l->vertices[other_end(l, list[i], above)].pos;
		if (n > 32) {
			ret[i] = pos;
			continue;
		}
		int k = i;
		for (; k > 0 && ret[k - 1] > pos; k--)
			ret[k] = ret[k - 1];
		ret[k] = pos;
	}
	if (n > 32)
		qsort(ret, (size_t)n, sizeof *ret, compare_ints);
	return n;
}

/* Crossings of segments between a rank and the next, by counting inversions with a Fenwick tree. */
static long crossings_below(const struct layers *l, int rank, int *tree, int *positions)
{
	int lower = l->start[rank + 2] - l->start[rank + 1], seen = 0;
	long crossings = 0;
	memset(tree, 0, ((size_t)lower + 1) * sizeof *tree);
	for (int i = l->start[rank]; i < l->start[rank + 1]; i++) {
		int n = neighbours(l, l->order[i], false, positions);
		for (int k = 0; k < n; k++) {
			int not_right = 0;
			for (int at = positions[k] + 1; at > 0; at -= at & -at)
				not_right += tree[at];
			crossings += seen - not_right;
		}
		for (int k = 0; k < n; k++)
			for (int at = positions[k] + 1; at <= lower; at += at & -at)
				tree[at]++;
		seen += n;
	}
	return crossings;
}

struct order_room { int *tree, *positions, *others, *offsets; double *medians; int *best; int *sorted; };

static long crossings_all(const struct layers *l, struct order_room *room)
{
	long sum = 0;
	for (int rank = 0; rank + 1 < l->nranks; rank++)
		sum += crossings_below(l, rank, room->tree, room->positions);
	return sum;
}

/* The weighted median of Gansner and others: between the two middle neighbours, nearer to the denser side. -1 without
 * neighbours. */
static double median(const int *p, int n)
{
	if (n == 0)
		return -1;
	if (n % 2)
		return p[n / 2];
	if (n == 2)
		return (p[0] + p[1]) / 2.0;
	double left = p[n / 2 - 1] - p[0], right = p[n - 1] - p[n / 2];
	return left + right == 0 ? (p[n / 2 - 1] + p[n / 2]) / 2.0
	                         : (p[n / 2 - 1] * right + p[n / 2] * left) / (left + right);
}

/* Sorts the vertices that have neighbours by their median; the others keep their places. mirrored: equal medians change
 * places. */
static void sort_by_median(struct layers *l, int rank, bool above, bool mirrored, struct order_room *room)
{
	int *order = l->order + l->start[rank], n = l->start[rank + 1] - l->start[rank], movable = 0;
	for (int i = 0; i < n; i++)
		room->medians[order[i]] = median(room->positions, neighbours(l, order[i], above, room->positions));
	for (int i = 0; i < n; i++) {
		if (room->medians[order[i]] < 0)
			continue;
		int k = movable++;
		double m = room->medians[order[i]];
		for (; k > 0 &&
		       (mirrored ? room->medians[room->sorted[k - 1]] >= m : room->medians[room->sorted[k - 1]] > m);
		     k--)
			room->sorted[k] = room->sorted[k - 1];
		room->sorted[k] = order[i];
	}
	for (int i = 0, k = 0; i < n; i++)
		if (room->medians[order[i]] >= 0)
			order[i] = room->sorted[k++];
	number(l, rank);
}

/* Pairs (a of p, b of q) with a > b: crossings when the owner of p stands left of the owner of q. */
static long inversions(const int *p, int np, const int *q, int nq)
{
	long sum = 0;
	for (int i = 0, k = 0; i < np; i++) {
		while (k < nq && q[k] < p[i])
			k++;
		sum += k;
	}
	return sum;
}

/* Exchanges neighbours of a rank while that lessens crossings; returns by how many. */
static long transpose(struct layers *l, int rank, struct order_room *room)
{
	int *order = l->order + l->start[rank], n = l->start[rank + 1] - l->start[rank], used = 0;
	long gained = 0;
	for (int i = 0; i < n; i++) {
		room->offsets[order[i]] = used;
		used += neighbours(l, order[i], true, room->others + used);
		used += neighbours(l, order[i], false, room->others + used);
	}
	for (bool moved = true; moved;) {
		moved = false;
		for (int i = 0; i + 1 < n; i++) {
			const struct vertex *a = &l->vertices[order[i]], *b = &l->vertices[order[i + 1]];
			const int *pa = room->others + room->offsets[order[i]],
			          *pb = room->others + room->offsets[order[i + 1]];
			long now = inversions(pa, a->nup, pb, b->nup) +
			           inversions(pa + a->nup, a->ndown, pb + b->nup, b->ndown);
			if (now == 0)
				continue;
			long then = inversions(pb, b->nup, pa, a->nup) +
			            inversions(pb + b->nup, b->ndown, pa + a->nup, a->ndown);
			if (then >= now)
				continue;
			int swapped = order[i];
			order[i] = order[i + 1];
			order[i + 1] = swapped;
			gained += now - then;
			moved = true;
		}
	}
	number(l, rank);
	return gained;
}

/* A first order: depth first from the nodes of the first ranks, so that what belongs together stands together.
 * start: bit 0: neighbours from the last to the first; bit 1: beginning with the nodes of the last ranks. */
static void first_order(struct layers *l, const int *ranked, unsigned start)
{
	_free_ int *filled = mem_zero(((size_t)l->nranks + 1) * sizeof *filled);
	_free_ bool *seen = mem_zero(((size_t)l->n + 1) * sizeof *seen);
	_free_ int *stack = mem_array(NULL, (size_t)l->nsegments * 2 + (size_t)l->n + 1, sizeof *stack);
	for (int i = 0; i < l->n; i++) {
		int depth = 0;
		stack[depth++] = ranked[start & 2 ? l->n - 1 - i : i];
		while (depth > 0) {
			int u = stack[--depth];
			if (seen[u])
				continue;
			seen[u] = true;
			const struct vertex *v = &l->vertices[u];
			l->order[l->start[v->rank] + filled[v->rank]++] = u;
			for (int k = v->nup - 1; k >= 0; k--) {
				int other = l->segments[l->up[v->up + (start & 1 ? v->nup - 1 - k : k)]].from;
				if (!seen[other])
					stack[depth++] = other;
			}
			for (int k = v->ndown - 1; k >= 0; k--) {
				int other = l->segments[l->down[v->down + (start & 1 ? v->ndown - 1 - k : k)]].to;
				if (!seen[other])
					stack[depth++] = other;
			}
		}
	}
	for (int rank = 0; rank < l->nranks; rank++)
		number(l, rank);
}

static void keep_better(const struct layers *l, struct order_room *room, long now, long *best)
{
	if (now >= *best)
		return;
	*best = now;
	memcpy(room->best, l->order, (size_t)l->n * sizeof *l->order);
}

/* Betters the order there is; the best of all orders seen stands in room. */
static void sweep(struct layers *l, struct order_room *room, long *best)
{
	long least = crossings_all(l, room);
	keep_better(l, room, least, best);
	for (int round = 0, idle = 0; round < ROUNDS && idle < PATIENCE && least > 0; round++, idle++) {
		bool above = round % 2 == 0, mirrored = round % 4 >= 2;
		for (int i = 1; i < l->nranks; i++)
			sort_by_median(l, above ? i : l->nranks - 1 - i, above, mirrored, room);
		for (int pass = 0; pass < 4; pass++) {
			long gained = 0;
			for (int rank = 0; rank < l->nranks; rank++)
				gained += transpose(l, rank, room);
			if (gained == 0)
				break;
		}
		long now = crossings_all(l, room);
		keep_better(l, room, now, best);
		if (now < least) {
			least = now;
			idle = -1;
		}
	}
}

void dag_order(struct layers *l)
{
	size_t n = (size_t)l->n + 2, both = 2 * (size_t)l->nsegments + 2;
	_free_ int *ints = mem_array(NULL, n * 4 + both * 2, sizeof *ints);
	_free_ double *medians = mem_array(NULL, n, sizeof *medians);
	struct order_room room = {.tree = ints,
	                          .offsets = ints + n,
	                          .best = ints + 2 * n,
	                          .sorted = ints + 3 * n,
	                          .positions = ints + 4 * n,
	                          .others = ints + 4 * n + both,
	                          .medians = medians};
	_free_ int *ranked = mem_dup(l->order, ((size_t)l->n + 1) * sizeof *ranked);
	long best = LONG_MAX;
	for (unsigned start = 0; start < (l->n <= SMALL ? 4 : 1) && best > 0; start++) {
		first_order(l, ranked, start);
		sweep(l, &room, &best);
	}
	memcpy(l->order, room.best, (size_t)l->n * sizeof *l->order);
	for (int rank = 0; rank < l->nranks; rank++)
		number(l, rank);
}
