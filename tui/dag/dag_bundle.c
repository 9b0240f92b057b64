/* Which segments of a gap share a line: sources with the same targets first, then the largest stars. Each bundle has
 * one end at each of its vertices, so few bundles mean few ends. A dummy is one cell wide and can have one end only, so
 * its star is never split: those of dummies that collect (the trunk of a target) come before all others; those of
 * dummies that spread hold no segment of the former. */
#include "tui/dag/dag_layers.h"

#include <string.h>

/* The targets of segments that are in no bundle yet. */
static int targets_of(const struct layers *l, int u, int *ret)
{
	const struct vertex *v = &l->vertices[u];
	int n = 0;
	for (int i = 0; i < v->ndown; i++)
		if (l->segments[l->down[v->down + i]].bundle < 0)
			ret[n++] = l->segments[l->down[v->down + i]].to;
	return n;
}

static int compare_ints(const void *a, const void *b)
{
	return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

struct fan { int vertex, ntargets; const int *targets; };

static int compare_fans(const void *pa, const void *pb)
{
	const struct fan *a = pa, *b = pb;
	if (a->ntargets != b->ntargets)
		return a->ntargets > b->ntargets ? 1 : -1;
	for (int i = 0; i < a->ntargets; i++)
		if (a->targets[i] != b->targets[i])
			return a->targets[i] > b->targets[i] ? 1 : -1;
	return compare_ints(&a->vertex, &b->vertex);
}

static bool same_targets(const struct fan *a, const struct fan *b)
{
	return a->ntargets == b->ntargets &&
	       memcmp(a->targets, b->targets, (size_t)a->ntargets * sizeof *a->targets) == 0;
}

/* Sources of a rank that have the same two or more targets. */
static void bundle_equals(struct dag *d, int rank)
{
	struct layers *l = &d->l;
	int n = l->start[rank + 1] - l->start[rank], total = 0;
	for (int i = 0; i < n; i++)
		total += l->vertices[l->order[l->start[rank] + i]].ndown;
	_free_ struct fan *fans = mem_array(NULL, (size_t)n + 1, sizeof *fans);
	_free_ int *targets = mem_array(NULL, (size_t)total + 1, sizeof *targets);
	for (int i = 0, at = 0; i < n; i++) {
		int u = l->order[l->start[rank] + i], count = targets_of(l, u, targets + at);
		qsort(targets + at, (size_t)count, sizeof *targets, compare_ints);
		fans[i] = (struct fan){ .vertex = u, .ntargets = count, .targets = targets + at };
		at += count;
	}
	qsort(fans, (size_t)n, sizeof *fans, compare_fans);
	for (int i = 0; i < n;) {
		int end = i + 1;
		while (end < n && same_targets(&fans[i], &fans[end]))
			end++;
		if (end - i > 1 && fans[i].ntargets > 1) {
			for (int k = i; k < end; k++) {
				const struct vertex *v = &l->vertices[fans[k].vertex];
				for (int s = 0; s < v->ndown; s++)
					if (l->segments[l->down[v->down + s]].bundle < 0)
						l->segments[l->down[v->down + s]].bundle = d->nbundles;
			}
			d->bundles[d->nbundles++] = (struct bundle){ .gap = rank };
		}
		i = end;
	}
}

/* A star is a vertex with its open segments on one side; key = vertex * 2 + (1 when it is the lower end). */
static int open_segments(const struct layers *l, int key, int bundle)
{
	const struct vertex *v = &l->vertices[key / 2];
	const int *list = key & 1 ? l->up + v->up : l->down + v->down;
	int n = key & 1 ? v->nup : v->ndown, open = 0;
	for (int i = 0; i < n; i++) {
		struct segment *s = &l->segments[list[i]];
		if (s->bundle >= 0)
			continue;
		open++;
		if (bundle >= 0)
			s->bundle = bundle;
	}
	return open;
}

static void bundle_dummies(struct dag *d, int rank, bool collecting)
{
	struct layers *l = &d->l;
	for (int i = l->start[rank]; i < l->start[rank + 1]; i++) {
		const struct vertex *v = &l->vertices[l->order[i]];
		int key = l->order[i] * 2 + collecting;
		if (!v->dummy || (collecting ? v->nup : v->ndown) < 2 || open_segments(l, key, -1) == 0)
			continue;
		open_segments(l, key, d->nbundles);
		d->bundles[d->nbundles++] = (struct bundle){ .gap = collecting ? rank - 1 : rank };
	}
}

/* Every open segment goes into the largest star there is, stars being looked at by falling size. */
static void bundle_stars(struct dag *d, int rank)
{
	struct layers *l = &d->l;
	int first = l->start[rank], end = l->start[rank + 2], n = end - first, most = 0;
	_free_ int *next = mem_array(NULL, (size_t)n + 1, sizeof *next);
	_free_ int *keys = mem_array(NULL, (size_t)n + 1, sizeof *keys);
	_free_ int *sizes = mem_array(NULL, (size_t)n + 1, sizeof *sizes);
	for (int i = 0; i < n; i++) {
		int v = l->order[first + i];
		keys[i] = v * 2 + (l->vertices[v].rank > rank);
		sizes[i] = open_segments(l, keys[i], -1);
		if (sizes[i] > most)
			most = sizes[i];
	}
	_free_ int *heads = mem_array(NULL, (size_t)most + 1, sizeof *heads);
	for (int i = 0; i <= most; i++)
		heads[i] = -1;
	for (int i = n - 1; i >= 0; i--) {
		next[i] = heads[sizes[i]];
		heads[sizes[i]] = i;
	}
	for (int size = most; size > 0;) {
		int i = heads[size];
		if (i < 0) {
			size--;
			continue;
		}
		heads[size] = next[i];
		int now = open_segments(l, keys[i], -1);
		if (now == size) {
			open_segments(l, keys[i], d->nbundles);
			d->bundles[d->nbundles++] = (struct bundle){ .gap = rank };
		} else {
			next[i] = heads[now];
			heads[now] = i;
		}
	}
}

static int compare_ports(const void *pa, const void *pb)
{
	const struct port *a = pa, *b = pb;
	if (a->bundle != b->bundle)
		return a->bundle > b->bundle ? 1 : -1;
	if (a->top != b->top)
		return a->top ? 1 : -1;
	return compare_ints(&a->vertex, &b->vertex);
}

/* One port for each vertex of each bundle. */
static void list_ports(struct dag *d)
{
	struct layers *l = &d->l;
	struct port *all = mem_array(NULL, 2 * (size_t)l->nsegments + 1, sizeof *all);
	int n = 0;
	for (int i = 0; i < l->nsegments; i++) {
		const struct segment *s = &l->segments[i];
		all[n++] = (struct port){ .vertex = s->from, .bundle = s->bundle };
		all[n++] = (struct port){ .vertex = s->to, .bundle = s->bundle, .top = true };
	}
	qsort(all, (size_t)n, sizeof *all, compare_ports);
	for (int i = 0; i < n; i++)
		if (d->nports == 0 || compare_ports(&all[d->nports - 1], &all[i]) != 0)
			all[d->nports++] = all[i];
	d->ports = all;
	for (int i = 0; i < d->nports; i++) {
		struct bundle *b = &d->bundles[all[i].bundle];
		if (b->nsources + b->ntargets == 0)
			b->port = i;
		if (all[i].top)
			b->ntargets++;
		else
			b->nsources++;
	}
}

/* The ends of a node on one side stand on even columns from x - left + 1 to x + right - 2. */
static int columns_of(const struct vertex *v)
{
	return (v->left - 1) / 2 + (v->right - 2) / 2 + 1;
}

static void widen(struct dag *d, struct dag_node *nodes)
{
	struct layers *l = &d->l;
	_free_ int *ends = mem_zero(((size_t)l->n + 1) * 2 * sizeof *ends);
	for (int i = 0; i < d->nports; i++)
		ends[d->ports[i].vertex * 2 + d->ports[i].top]++;
	for (int i = 0; i < l->nreal; i++) {
		struct vertex *v = &l->vertices[i];
		int needed = ends[i * 2] > ends[i * 2 + 1] ? ends[i * 2] : ends[i * 2 + 1];
		for (;; nodes[i].width++) {
			v->left = (nodes[i].width + 3) / 2;
			v->right = nodes[i].width + 3 - v->left;
			if (nodes[i].width > 0 && columns_of(v) >= needed)
				break;
		}
	}
}

void dag_bundle(struct dag *d, struct dag_node *nodes)
{
	struct layers *l = &d->l;
	d->bundles = mem_array(NULL, (size_t)l->nsegments + 1, sizeof *d->bundles);
	for (int i = 0; i < l->nsegments; i++)
		l->segments[i].bundle = -1;
	for (int rank = 0; rank + 1 < l->nranks; rank++) {
		bundle_dummies(d, rank + 1, true);
		bundle_equals(d, rank);
		bundle_dummies(d, rank, false);
		bundle_stars(d, rank);
	}
	list_ports(d);
	widen(d, nodes);
}
