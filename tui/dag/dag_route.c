/* Where lines leave and enter, and on which track of its gap each bundle runs. */
#include "tui/dag/dag_layers.h"

#include <limits.h>
#include <string.h>

static int even_above(int v)
{
	return v + (v & 1);
}

static int even_below(int v)
{
	return v - (v & 1);
}

/* The mean column of what a bundle joins this end with. */
static double aim_of(const struct dag *d, const struct port *p)
{
	const struct bundle *b = &d->bundles[p->bundle];
	int first = p->top ? b->port : b->port + b->nsources, n = p->top ? b->nsources : b->ntargets;
	double sum = 0;
	for (int i = 0; i < n; i++)
		sum += d->l.vertices[d->ports[first + i].vertex].x;
	return sum / n;
}

/* An end of a line in the order of a vertex's side. */
struct end { int port, vertex; bool top; double aim; };

static int compare_ends(const void *pa, const void *pb)
{
	const struct end *a = pa, *b = pb;
	if (a->vertex != b->vertex)
		return a->vertex > b->vertex ? 1 : -1;
	if (a->top != b->top)
		return a->top ? 1 : -1;
	if (a->aim != b->aim)
		return a->aim > b->aim ? 1 : -1;
	return (a->port > b->port) - (a->port < b->port);
}

static bool same_side(const struct end *a, const struct end *b)
{
	return a->vertex == b->vertex && a->top == b->top;
}

/* Fixes an end and leaves room for the others of its side. */
static void pin(struct dag *d, const struct end *ends, const int *place, int port, int col)
{
	int at = place[port];
	d->ports[port].low = d->ports[port].high = d->ports[port].col = col;
	for (int i = at - 1; i >= 0 && same_side(&ends[i], &ends[at]); i--)
		if (d->ports[ends[i].port].high > col - 2 * (at - i))
			d->ports[ends[i].port].high = col - 2 * (at - i);
	for (int i = at + 1; i < d->nports && same_side(&ends[i], &ends[at]); i++)
		if (d->ports[ends[i].port].low < col + 2 * (i - at))
			d->ports[ends[i].port].low = col + 2 * (i - at);
}

static void allow(struct dag *d, const struct end *ends, int first, int n)
{
	const struct vertex *v = &d->l.vertices[ends[first].vertex];
	for (int i = 0; i < n; i++) {
		struct port *p = &d->ports[ends[first + i].port];
		p->low = v->dummy ? v->x : even_above(v->x - v->left + 1) + 2 * i;
		p->high = v->dummy ? v->x : even_below(v->x + v->right - 2) - 2 * (n - 1 - i);
	}
}

/* Lines between two vertices that overlap run straight down. */
static void straighten(struct dag *d, const struct end *ends, const int *place)
{
	for (int i = 0; i < d->nbundles; i++) {
		struct bundle *b = &d->bundles[i];
		if (b->nsources != 1 || b->ntargets != 1)
			continue;
		const struct port *from = &d->ports[b->port], *to = &d->ports[b->port + 1];
		int low = from->low > to->low ? from->low : to->low,
		    high = from->high < to->high ? from->high : to->high;
		if (low > high)
			continue;
		int col = even_below((d->l.vertices[from->vertex].x + d->l.vertices[to->vertex].x) / 2);
		col = col < low ? low : col > high ? high : col;
		pin(d, ends, place, b->port, col);
		pin(d, ends, place, b->port + 1, col);
		b->row = -1;
		b->lo = b->hi = col;
	}
}

/* The other ends stand around the middle, as far apart as there is room. */
static void spread(struct dag *d, const struct end *ends, int first, int n)
{
	const struct vertex *v = &d->l.vertices[ends[first].vertex];
	int columns = v->dummy ? 1 : (even_below(v->x + v->right - 2) - even_above(v->x - v->left + 1)) / 2 + 1;
	int apart = columns >= 2 * n - 1 ? 4 : 2, last = INT_MIN / 2;
	for (int i = 0; i < n; i++) {
		struct port *p = &d->ports[ends[first + i].port];
		int col = even_below(v->x + (2 * i - (n - 1)) * apart / 2);
		if (col < p->low)
			col = p->low;
		if (col < last + 2)
			col = last + 2;
		p->col = last = col > p->high ? p->high : col;
	}
}

static void choose_columns(struct dag *d)
{
	_free_ struct end *ends = mem_array(NULL, (size_t)d->nports + 1, sizeof *ends);
	_free_ int *place = mem_array(NULL, (size_t)d->nports + 1, sizeof *place);
	for (int i = 0; i < d->nports; i++)
		ends[i] = (struct end){.port = i,
		                       .vertex = d->ports[i].vertex,
		                       .top = d->ports[i].top,
		                       .aim = aim_of(d, &d->ports[i])};
	qsort(ends, (size_t)d->nports, sizeof *ends, compare_ends);
	for (int i = 0; i < d->nports; i++)
		place[ends[i].port] = i;
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0, n; i < d->nports; i += n) {
			for (n = 1; i + n < d->nports && same_side(&ends[i], &ends[i + n]);)
				n++;
			if (pass == 0)
				allow(d, ends, i, n);
			else
				spread(d, ends, i, n);
		}
		if (pass == 0)
			straighten(d, ends, place);
	}
}

static void measure(const struct dag *d, struct bundle *b)
{
	b->lo = INT_MAX;
	b->hi = INT_MIN;
	for (int i = 0; i < b->nsources + b->ntargets; i++) {
		int col = d->ports[b->port + i].col;
		b->lo = col < b->lo ? col : b->lo;
		b->hi = col > b->hi ? col : b->hi;
	}
}

static bool has_source_at(const struct dag *d, const struct bundle *b, int col)
{
	for (int i = 0; i < b->nsources; i++)
		if (d->ports[b->port + i].col == col)
			return true;
	return false;
}

/* Where a source and a target of one bundle share an inner column, the join would look like a crossing: the target
 * steps aside. */
static void part(struct dag *d, struct bundle *b)
{
	measure(d, b);
	for (int i = b->nsources; i < b->nsources + b->ntargets; i++) {
		struct port *p = &d->ports[b->port + i];
		if (p->col > b->lo && p->col < b->hi && has_source_at(d, b, p->col))
			p->col++;
	}
	measure(d, b);
}

/* Crossings when a runs above b: lines that come down to b through a, and lines that go down from a through b. */
static int cost_above(const struct dag *d, const struct bundle *a, const struct bundle *b)
{
	int sum = 0;
	for (int i = 0; i < b->nsources; i++) {
		int col = d->ports[b->port + i].col;
		sum += col > a->lo && col < a->hi;
	}
	for (int i = 0; i < a->ntargets; i++) {
		int col = d->ports[a->port + a->nsources + i].col;
		sum += col > b->lo && col < b->hi;
	}
	return sum;
}

/* Whether a line comes down to a in a column where b goes down: a must run above b. */
static bool must_precede(const struct dag *d, const struct bundle *a, const struct bundle *b)
{
	if (a->hi < b->lo || b->hi < a->lo)
		return false;
	for (int i = 0; i < b->ntargets; i++)
		if (has_source_at(d, a, d->ports[b->port + b->nsources + i].col))
			return true;
	return false;
}

static bool touch(const struct bundle *a, const struct bundle *b)
{
	return a->lo <= b->hi + 1 && b->lo <= a->hi + 1;
}

struct track { int bundle, score, waits; };

/* The bundles of a gap from the highest to the lowest track. A circle of bundles that each must precede the next is
 * broken by letting the targets of one step aside. */
static void sequence(struct dag *d, struct track *tracks, int n)
{
	struct bundle *bs = d->bundles;
	for (int i = 0; i < n; i++) {
		for (int k = 0; k < n; k++) {
			if (k == i || !touch(&bs[tracks[i].bundle], &bs[tracks[k].bundle]))
				continue;
			tracks[i].score += cost_above(d, &bs[tracks[i].bundle], &bs[tracks[k].bundle]) -
					   cost_above(d, &bs[tracks[k].bundle], &bs[tracks[i].bundle]);
			tracks[i].waits += must_precede(d, &bs[tracks[k].bundle], &bs[tracks[i].bundle]);
		}
	}
	for (int done = 0; done < n; done++) {
		int best = -1, fallback = done;
		for (int i = done; i < n; i++) {
			if (tracks[i].waits == 0 && (best < 0 || tracks[i].score < tracks[best].score))
				best = i;
			if (tracks[i].score < tracks[fallback].score)
				fallback = i;
		}
		if (best < 0) {
			best = fallback;
			struct bundle *b = &bs[tracks[best].bundle];
			for (int k = b->nsources; k < b->nsources + b->ntargets; k++) {
				struct port *p = &d->ports[b->port + k];
				for (int i = done; i < n; i++)
					if (i != best && has_source_at(d, &bs[tracks[i].bundle], p->col))
						p->col++;
			}
			measure(d, b);
		}
		struct track taken = tracks[best];
		memmove(tracks + done + 1, tracks + done, (size_t)(best - done) * sizeof *tracks);
		tracks[done] = taken;
		for (int i = done + 1; i < n; i++)
			if (tracks[i].waits > 0 && must_precede(d, &bs[taken.bundle], &bs[tracks[i].bundle]))
				tracks[i].waits--;
	}
}

static void exchange(struct dag *d, struct track *tracks, int n)
{
	bool moved = true;
	for (int pass = 0; pass < 4 && moved; pass++) {
		moved = false;
		for (int i = 0; i + 1 < n; i++) {
			const struct bundle *a = &d->bundles[tracks[i].bundle], *b = &d->bundles[tracks[i + 1].bundle];
			if (!touch(a, b) || must_precede(d, a, b) || cost_above(d, b, a) >= cost_above(d, a, b))
				continue;
			struct track t = tracks[i];
			tracks[i] = tracks[i + 1];
			tracks[i + 1] = t;
			moved = true;
		}
	}
}

static int assign_rows(struct dag *d, const struct track *tracks, int n)
{
	int rows = 0;
	for (int i = 0; i < n; i++) {
		struct bundle *b = &d->bundles[tracks[i].bundle];
		b->row = 0;
		for (int k = 0; k < i; k++) {
			const struct bundle *above = &d->bundles[tracks[k].bundle];
			if (touch(above, b) && b->row <= above->row)
				b->row = above->row + 1;
		}
		if (b->row >= rows)
			rows = b->row + 1;
	}
	return rows;
}

void dag_route(struct dag *d)
{
	const struct layers *l = &d->l;
	for (int i = 0; i < d->nbundles; i++)
		d->bundles[i].row = 0;
	choose_columns(d);
	_free_ struct track *tracks = mem_array(NULL, (size_t)d->nbundles + 1, sizeof *tracks);
	d->y = mem_zero(((size_t)l->nranks + 1) * sizeof *d->y);
	d->heights = mem_zero(((size_t)l->nranks + 1) * sizeof *d->heights);
	d->tracks = mem_zero(((size_t)l->nranks + 1) * sizeof *d->tracks);
	for (int gap = 0, i = 0; gap + 1 < l->nranks; gap++) {
		int n = 0;
		for (; i < d->nbundles && d->bundles[i].gap == gap; i++) {
			if (d->bundles[i].row < 0)
				continue;
			part(d, &d->bundles[i]);
			tracks[n++] = (struct track){ .bundle = i };
		}
		sequence(d, tracks, n);
		exchange(d, tracks, n);
		d->tracks[gap] = assign_rows(d, tracks, n);
	}
	for (int i = 0; i < l->n; i++) {
		const struct vertex *v = &l->vertices[i];
		if (v->height > d->heights[v->rank])
			d->heights[v->rank] = v->height;
		if (v->x + v->right + 1 > d->cols)
			d->cols = v->x + v->right + 1;
	}
	for (int r = 0; r < l->nranks; r++) {
		d->y[r] = d->rows;
		d->rows += d->heights[r] + d->tracks[r];
	}
}
