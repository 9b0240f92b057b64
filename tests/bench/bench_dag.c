/* How long a layout takes and how many crossings it has: bench_dag [NODES…]. Graphs are those of synthetic pipelines:
 * steps in ranks of up to 20, each with one to three inputs from the rank above and now and then one from far above. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/time.h"
#include "tui/dag.h"

static uint32_t seed = 1;
static int pick(int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (uint32_t)n);
}

/* Layouts and draws the graph, and says how long that took. */
static int layout(const char *what, struct dag_node *nodes, int n, const struct dag_edge *edges, int nedges)
{
	int rows, cols;
	struct err e;
	struct dag *d = NULL;
	int64_t best = INT64_MAX;
	for (int i = 0; i < 5; i++) {
		dag_free(d);
		int64_t begun = time_mono();
		if (dag_layout(nodes, n, edges, nedges, &d, &e) < 0) {
			fprintf(stderr, "%s\n", e.text);
			return 1;
		}
		int64_t took = time_mono() - begun;
		best = took < best ? took : best;
	}
	dag_size(d, &rows, &cols);
	struct grid g;
	grid_init(&g, rows, cols);
	int64_t begun = time_mono();
	dag_draw(d, nodes, &g, 0, 0, NULL);
	int64_t drawn = time_mono() - begun;
	long crossings = 0;
	for (size_t i = 0; i < (size_t)rows * (size_t)cols; i++)
		crossings += g.cells[i].cp[0] == 0x253c;
	printf("%s%d nodes, %d edges: layout %.2f ms, drawing %.2f ms, %d x %d cells, %ld crossings\n", what, n, nedges,
	       (double)best / 1000, (double)drawn / 1000, rows, cols, crossings);
	grid_release(&g);
	dag_free(d);
	return 0;
}

static int measure(int n)
{
	if (n < 1) {
		fprintf(stderr, "usage: bench_dag [NODES...], each at least 1\n");
		return 2;
	}
	_free_ struct dag_node *nodes = mem_array(NULL, (size_t)n, sizeof *nodes);
	_free_ struct dag_edge *edges = mem_array(NULL, (size_t)n * 4, sizeof *edges);
	int nedges = 0, wide = n < 200 ? 8 : 20;
	for (int i = 0; i < n; i++) {
		nodes[i] = (struct dag_node){ .width = 8 + pick(12), .height = 1 };
		for (int k = i < wide ? 0 : 1 + pick(3); k > 0; k--) {
			int near = i % wide + pick(5) - 2;
			near = near < 0 ? 0 : near >= wide ? wide - 1 : near;
			edges[nedges++] = (struct dag_edge){ (i / wide - 1) * wide + near, i };
		}
		if (i > wide && pick(10) == 0)
			edges[nedges++] = (struct dag_edge){ pick(i / wide * wide), i };
	}
	return layout("", nodes, n, edges, nedges);
}

/* One step, a matrix of 200 unfolded, and what collects it. */
static int measure_fan(void)
{
	static struct dag_node nodes[202];
	static struct dag_edge edges[400];
	for (int i = 0; i < 202; i++)
		nodes[i] = (struct dag_node){ .width = 14, .height = 1 };
	for (int i = 0; i < 200; i++) {
		edges[2 * i] = (struct dag_edge){ 0, 1 + i };
		edges[2 * i + 1] = (struct dag_edge){ 1 + i, 201 };
	}
	return layout("fan-out, ", nodes, 202, edges, 400);
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= measure((int)strtol(argv[i], NULL, 10));
	return argc > 1 ? failed : measure(60) | measure(100) | measure(1000) | measure_fan();
}
