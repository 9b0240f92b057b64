#include "tui/dag/dag_shown.h"

#include <string.h>
#include "base/utf8.h"

#define LANES_MOST 40 /* where the width is not limited */
#define INPUT_LEAST 8 /* cells that the names of inputs need to say anything */

int dag_lane_order(int n, const struct dag_edge *edges, int nedges, int *ret)
{
	_free_ int *first = mem_zero(((size_t)n + 2) * sizeof *first);
	_free_ int *targets = mem_array(NULL, (size_t)nedges + 1, sizeof *targets);
	_free_ int *open = mem_zero(((size_t)n + 1) * sizeof *open);
	_free_ int *stack = mem_array(NULL, (size_t)n + 1, sizeof *stack);
	int depth = 0, taken = 0;
	for (int i = 0; i < nedges; i++) {
		first[edges[i].from + 1]++;
		open[edges[i].to]++;
	}
	for (int i = 0; i < n; i++)
		first[i + 1] += first[i];
	_free_ int *at = mem_dup(first, ((size_t)n + 1) * sizeof *at);
	for (int i = 0; i < nedges; i++)
		targets[at[edges[i].from]++] = edges[i].to;
	for (int i = n - 1; i >= 0; i--)
		if (open[i] == 0)
			stack[depth++] = i;
	while (depth > 0) {
		int u = stack[--depth];
		ret[taken++] = u;
		for (int i = first[u + 1] - 1; i >= first[u]; i--)
			if (--open[targets[i]] == 0)
				stack[depth++] = targets[i];
	}
	return taken;
}

struct lanes {
	int *owner, n;     /* the node whose output runs in a lane, -1 = free */
	int *left;         /* of each node: inputs it still has to give */
	bool *feeds;       /* whether a node feeds the one of this row */
};

static int free_lane(struct lanes *s)
{
	for (int i = 0; i < s->n; i++)
		if (s->owner[i] < 0)
			return i;
	s->owner[s->n] = -1;
	return s->n++;
}

static uint32_t lane_sign(bool joins, bool goes_on, bool at_left, bool at_right)
{
	if (!joins)
		return goes_on ? 0x253c : 0x2500;
	if (at_left)
		return goes_on ? 0x251c : 0x2514;
	if (at_right)
		return goes_on ? 0x2524 : 0x2518;
	return goes_on ? 0x2022 : 0x2534;
}

/* Draws the links of one row and moves the lanes on. */
static void lane_row(struct lanes *s, int node, enum role role, struct grid *g, int row)
{
	int marker = -1, low, high;
	for (int i = 0; i < s->n && marker < 0; i++)
		if (s->owner[i] >= 0 && s->feeds[s->owner[i]] && s->left[s->owner[i]] == 1)
			marker = i;
	if (marker < 0)
		marker = free_lane(s);
	low = high = marker;
	for (int i = 0; i < s->n; i++) {
		if (s->owner[i] < 0 || !s->feeds[s->owner[i]])
			continue;
		low = i < low ? i : low;
		high = i > high ? i : high;
	}
	for (int i = 0; g && i < s->n; i++) {
		bool joins = s->owner[i] >= 0 && s->feeds[s->owner[i]], inside = i > low && i < high;
		bool goes_on = s->owner[i] >= 0 && s->left[s->owner[i]] > (joins ? 1 : 0);
		if (i == marker)
			grid_put(g, row, 2 * i, 0x25cf, role);
		else if (joins || inside)
			grid_put(g, row, 2 * i, lane_sign(joins, goes_on, i == low, i == high), ROLE_QUIET);
		else if (s->owner[i] >= 0)
			grid_put(g, row, 2 * i, 0x2502, ROLE_QUIET);
		if (i >= low && i < high)
			grid_put(g, row, 2 * i + 1, 0x2500, ROLE_QUIET);
	}
	for (int i = 0; i < s->n; i++)
		if (s->owner[i] >= 0 && s->feeds[s->owner[i]] && --s->left[s->owner[i]] == 0)
			s->owner[i] = -1;
	s->owner[marker] = s->left[node] > 0 ? node : -1;
}

/* Runs over all rows; without a grid only to count the lanes. */
static int lane_rows(const struct dag_shown *nodes, int n, const struct dag_edge *edges, int nedges, const int *order,
                     struct grid *g)
{
	_free_ int *owner = mem_array(NULL, (size_t)n + 1, sizeof *owner);
	_free_ int *left = mem_zero(((size_t)n + 1) * sizeof *left);
	_free_ bool *feeds = mem_zero(((size_t)n + 1) * sizeof *feeds);
	_free_ int *first = mem_zero(((size_t)n + 2) * sizeof *first);
	_free_ int *sources = mem_array(NULL, (size_t)nedges + 1, sizeof *sources);
	for (int i = 0; i < nedges; i++) {
		left[edges[i].from]++;
		first[edges[i].to + 1]++;
	}
	for (int i = 0; i < n; i++)
		first[i + 1] += first[i];
	_free_ int *at = mem_dup(first, ((size_t)n + 1) * sizeof *at);
	for (int i = 0; i < nedges; i++)
		sources[at[edges[i].to]++] = edges[i].from;
	struct lanes s = { .owner = owner, .left = left, .feeds = feeds };
	for (int row = 0; row < n; row++) {
		int v = order[row];
		for (int i = first[v]; i < first[v + 1]; i++)
			feeds[sources[i]] = true;
		lane_row(&s, v, nodes[v].role, g, row);
		for (int i = first[v]; i < first[v + 1]; i++)
			feeds[sources[i]] = false;
	}
	return s.n;
}

/* "← clean, fetch" */
static void write_inputs(const struct dag_shown *nodes, int v, const struct dag_edge *edges, int nedges, struct grid *g,
                         int row, int col)
{
	bool any = false;
	for (int i = 0; i < nedges; i++) {
		if (edges[i].to != v || (!any && g->cols - col < INPUT_LEAST))
			continue;
		col += grid_text(g, row, col, -1, ROLE_QUIET, any ? ", " : "  ← ");
		col += grid_text_cut(g, row, col, -1, ROLE_QUIET, nodes[edges[i].from].name);
		any = true;
	}
}

void dag_lanes(const struct dag_shown *nodes, int n, const struct dag_edge *edges, int nedges, const int *order,
               int width, const struct paint *p, struct buf *out)
{
	int lanes = lane_rows(nodes, n, edges, nedges, order, NULL), name_cells = 0, text_cells = 0, links = 0;
	bool drawn = width > 0 ? 2 * lanes <= width / 2 : lanes <= LANES_MOST;
	for (int i = 0; i < n; i++) {
		int cells = (int)utf8_cells(nodes[i].name, strlen(nodes[i].name));
		name_cells = cells > name_cells ? cells : name_cells;
	}
	int text_at = drawn ? 2 * lanes : 0;
	if (width > 0 && name_cells > (width - text_at) * 2 / 3)
		name_cells = (width - text_at) * 2 / 3;
	for (int i = 0; i < n; i++) {
		int cells = dag_shown_cells(&nodes[i], name_cells);
		text_cells = cells > text_cells ? cells : text_cells;
	}
	for (int i = 0; !drawn && i < nedges; i++)
		links += (int)utf8_cells(nodes[edges[i].from].name, strlen(nodes[edges[i].from].name)) + 4;
	struct grid g;
	int natural = text_at + text_cells + (links < 1000 ? links : 1000);
	grid_init(&g, n, width > 0 ? width : natural);
	if (drawn)
		lane_rows(nodes, n, edges, nedges, order, &g);
	for (int row = 0; row < n; row++) {
		int taken = dag_shown_put(&nodes[order[row]], &g, row, text_at, -1, name_cells);
		if (!drawn)
			write_inputs(nodes, order[row], edges, nedges, &g, row, taken);
	}
	grid_print(&g, p, out);
	grid_release(&g);
}
