/* Ranks by the longest path, then the dummies that carry long edges through the ranks between. */
#include "tui/dag/dag_layers.h"

#include <string.h>

void dag_layers_release(struct layers *l)
{
	free(l->vertices);
	free(l->segments);
	free(l->up);
	free(l->down);
	free(l->order);
	free(l->start);
	*l = (struct layers){ 0 };
}

static int compare_edges(const void *pa, const void *pb)
{
	const struct dag_edge *a = pa, *b = pb;
	return a->from != b->from ? (a->from > b->from) - (a->from < b->from) : (a->to > b->to) - (a->to < b->to);
}

/* The edges once each, by (from, to). */
static struct dag_edge *unique_edges(const struct dag_edge *edges, int n, int *ret_n)
{
	struct dag_edge *u = mem_array(NULL, (size_t)n + 1, sizeof *u);
	int kept = 0;
	if (n > 0)
		memcpy(u, edges, (size_t)n * sizeof *u);
	qsort(u, (size_t)n, sizeof *u, compare_edges);
	for (int i = 0; i < n; i++)
		if (kept == 0 || compare_edges(&u[kept - 1], &u[i]) != 0)
			u[kept++] = u[i];
	*ret_n = kept;
	return u;
}

/* Topological order by repeatedly taking a node without open predecessors; returns how many were reached. Sets rank to
 * the longest path from a source. */
static int longest_paths(const struct dag_edge *edges, const int *first, int n, int *rank, int *topological)
{
	_free_ int *open = mem_zero(((size_t)n + 1) * sizeof *open);
	int head = 0, tail = 0;
	for (int i = 0; i < first[n]; i++)
		open[edges[i].to]++;
	for (int i = 0; i < n; i++)
		if (open[i] == 0)
			topological[tail++] = i;
	while (head < tail) {
		int u = topological[head++];
		for (int i = first[u]; i < first[u + 1]; i++) {
			int v = edges[i].to;
			if (rank[v] < rank[u] + 1)
				rank[v] = rank[u] + 1;
			if (--open[v] == 0)
				topological[tail++] = v;
		}
	}
	return tail;
}

/* A node that feeds more than it takes sits just above what it feeds: its edges are shorter so. Nodes on a longest path
 * have no room to move, so no rank gets empty. */
static void tighten(const struct dag_edge *edges, const int *first, int n, const int *topological, int *rank)
{
	_free_ int *takes = mem_zero(((size_t)n + 1) * sizeof *takes);
	for (int i = 0; i < first[n]; i++)
		takes[edges[i].to]++;
	for (int i = n - 1; i >= 0; i--) {
		int u = topological[i], feeds = first[u + 1] - first[u];
		if (feeds == 0 || feeds <= takes[u])
			continue;
		int nearest = rank[edges[first[u]].to];
		for (int k = first[u]; k < first[u + 1]; k++)
			if (rank[edges[k].to] < nearest)
				nearest = rank[edges[k].to];
		rank[u] = nearest - 1;
	}
}

struct trunks {
	int *feeds, *takes;              /* long edges of a node */
	int *source_last, *target_first; /* ranks the trunk spans */
	int *source, *target;            /* its first dummy */
};

static bool by_source(const struct trunks *t, const struct dag_edge *x)
{
	return t->feeds[x->from] >= t->takes[x->to];
}

static int make_dummies(struct layers *l, int at, int rank, int count)
{
	for (int i = 0; i < count; i++)
		l->vertices[at + i] = (struct vertex){ .rank = rank + i, .dummy = true, .right = 1 };
	return at + count;
}

static void add_segment(struct layers *l, int from, int to)
{
	l->segments[l->nsegments++] = (struct segment){ .from = from, .to = to };
}

/* Appends the dummies and fills segments. */
static void thread(struct layers *l, const struct dag_edge *edges, int nedges, const int *rank, struct trunks *t)
{
	int n = l->nreal, dummies = 0;
	for (int i = 0; i < n; i++) {
		t->source_last[i] = rank[i];
		t->target_first[i] = rank[i];
	}
	for (int i = 0; i < nedges; i++) {
		if (rank[edges[i].to] - rank[edges[i].from] > 1) {
			t->feeds[edges[i].from]++;
			t->takes[edges[i].to]++;
		}
	}
	for (int i = 0; i < nedges; i++) {
		const struct dag_edge *x = &edges[i];
		if (rank[x->to] - rank[x->from] <= 1)
			continue;
		if (by_source(t, x)) {
			if (t->source_last[x->from] < rank[x->to] - 1)
				t->source_last[x->from] = rank[x->to] - 1;
		} else if (t->target_first[x->to] > rank[x->from] + 1) {
			t->target_first[x->to] = rank[x->from] + 1;
		}
	}
	for (int i = 0; i < n; i++)
		dummies += t->source_last[i] - rank[i] + rank[i] - t->target_first[i];
	l->vertices = mem_array(l->vertices, (size_t)n + (size_t)dummies + 1, sizeof *l->vertices);
	l->segments = mem_array(NULL, (size_t)nedges + 2 * (size_t)dummies + 1, sizeof *l->segments);
	int at = n;
	for (int i = 0; i < n; i++) {
		int down = t->source_last[i] - rank[i], up = rank[i] - t->target_first[i];
		t->source[i] = at;
		at = make_dummies(l, at, rank[i] + 1, down);
		for (int k = 0; k < down; k++)
			add_segment(l, k ? t->source[i] + k - 1 : i, t->source[i] + k);
		t->target[i] = at;
		at = make_dummies(l, at, rank[i] - up, up);
		for (int k = 0; k < up; k++)
			add_segment(l, t->target[i] + k, k + 1 < up ? t->target[i] + k + 1 : i);
	}
	l->n = at;
	for (int i = 0; i < nedges; i++) {
		int u = edges[i].from, v = edges[i].to, span = rank[v] - rank[u];
		if (span <= 1)
			add_segment(l, u, v);
		else if (by_source(t, &edges[i]))
			add_segment(l, t->source[u] + span - 2, v);
		else
			add_segment(l, u, t->target[v] + rank[u] + 1 - t->target_first[v]);
	}
}

/* The lists of segments by vertex, and the vertices by rank. */
static void list(struct layers *l)
{
	l->up = mem_array(NULL, (size_t)l->nsegments + 1, sizeof *l->up);
	l->down = mem_array(NULL, (size_t)l->nsegments + 1, sizeof *l->down);
	l->order = mem_array(NULL, (size_t)l->n + 1, sizeof *l->order);
	l->start = mem_zero(((size_t)l->nranks + 2) * sizeof *l->start);
	for (int i = 0; i < l->nsegments; i++) {
		l->vertices[l->segments[i].from].ndown++;
		l->vertices[l->segments[i].to].nup++;
	}
	int up = 0, down = 0;
	for (int i = 0; i < l->n; i++) {
		struct vertex *v = &l->vertices[i];
		v->up = up;
		v->down = down;
		up += v->nup;
		down += v->ndown;
		v->nup = v->ndown = 0;
		l->start[v->rank + 1]++;
	}
	for (int i = 0; i < l->nsegments; i++) {
		struct vertex *from = &l->vertices[l->segments[i].from], *to = &l->vertices[l->segments[i].to];
		l->down[from->down + from->ndown++] = i;
		l->up[to->up + to->nup++] = i;
	}
	for (int r = 0; r < l->nranks; r++)
		l->start[r + 1] += l->start[r];
	_free_ int *filled = mem_zero(((size_t)l->nranks + 1) * sizeof *filled);
	for (int i = 0; i < l->n; i++) {
		struct vertex *v = &l->vertices[i];
		v->pos = filled[v->rank]++;
		l->order[l->start[v->rank] + v->pos] = i;
	}
}

int dag_rank(struct layers *l, const struct dag_node *nodes, int n, const struct dag_edge *edges, int nedges,
             struct err *e)
{
	for (int i = 0; i < nedges; i++)
		if (edges[i].from < 0 || edges[i].from >= n || edges[i].to < 0 || edges[i].to >= n)
			return err_set(e, ERR_USAGE,
			               "edge %d of the graph leads from node %d to node %d, but it has %d nodes", i,
			               edges[i].from, edges[i].to, n);
	int count;
	_free_ struct dag_edge *unique = unique_edges(edges, nedges, &count);
	_free_ int *first = mem_zero(((size_t)n + 2) * sizeof *first);
	for (int i = 0; i < count; i++)
		first[unique[i].from + 1]++;
	for (int i = 0; i < n; i++)
		first[i + 1] += first[i];
	_free_ int *rank = mem_zero(((size_t)n + 1) * sizeof *rank);
	_free_ int *topological = mem_array(NULL, (size_t)n + 1, sizeof *topological);
	if (longest_paths(unique, first, n, rank, topological) < n)
		return err_set(e, ERR_USAGE, "the graph has a cycle, so it has no order to draw it in");
	tighten(unique, first, n, topological, rank);

	*l = (struct layers){ .nreal = n, .n = n };
	l->vertices = mem_zero(((size_t)n + 1) * sizeof *l->vertices);
	for (int i = 0; i < n; i++) {
		l->vertices[i] = (struct vertex){ .rank = rank[i], .height = nodes[i].height + 2 };
		if (rank[i] >= l->nranks)
			l->nranks = rank[i] + 1;
	}
	_free_ int *room = mem_zero(((size_t)n + 1) * 6 * sizeof *room);
	struct trunks t = {.feeds = room,
	                   .takes = room + n,
	                   .source_last = room + 2 * n,
	                   .target_first = room + 3 * n,
	                   .source = room + 4 * n,
	                   .target = room + 5 * n};
	thread(l, unique, count, rank, &t);
	list(l);
	return 0;
}
