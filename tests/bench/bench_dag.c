/* How long a layout takes and how many crossings it has, and what a large run costs its screen: bench_dag [NODES…].
 * Graphs are those of synthetic pipelines: steps in ranks of up to 20, each with one to three inputs from the rank
 * above and now and then one from far above. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/time.h"
#include "tests/lib/record_make.h"
#include "tui/dag/dag.h"
#include "tui/workbench/dag_view.h"

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

/* What the Run screen does for a run of 10,000 steps that all have begun: it loads it, follows a step that moves, and
 * draws. */
static int measure_run(void)
{
	enum { STEPS = 10000 };
	static int64_t ids[STEPS];
	static struct step_new steps[STEPS];
	static struct step_need_new first = { 0, true };
	static char names[STEPS][32];
	struct err e;
	char *dir;
	struct tracker *t;
	_json_ json_t *item = json_pack("{s:i}", "k", 1);
	must(file_temp_dir("/tmp", "bench", &dir, &e));
	must(tracker_open(dir, TRACKER_WRITE, &t, &e));
	must(tracker_begin(t, &e));
	int64_t run = make_run(t, NULL), attempt = 0;
	for (int i = 0; i < STEPS; i++) {
		snprintf(names[i], sizeof names[i], i ? "train[%d]" : "clean", i);
		steps[i] = (struct step_new){.name = names[i],
		                             .base = i ? "train" : "clean",
		                             .item = i ? item : NULL,
		                             .command = "python3 train.py",
		                             .state = STEP_PENDING,
		                             .rank = i,
		                             .needs = &first,
		                             .nneeds = i > 0};
	}
	must(step_add(t, run, steps, STEPS, ids, &e));
	must(run_start(t, run, &e));
	for (int i = 0; i < STEPS; i++) {
		attempt = make_attempt(t, run, ids[i], 1, 0);
		if (i + 1 < STEPS)
			make_end(t, run, ids[i], attempt, i % 100 == 7 ? ATTEMPT_FAILED : ATTEMPT_SUCCESS,
			         i % 100 == 7 ? STEP_FAILED : STEP_SUCCESS);
	}
	must(tracker_commit(t, &e));
	struct run_model m = { 0 };
	int64_t begun = time_mono();
	must(run_model_load(t, run, &m, &e));
	int64_t loaded = time_mono();
	must(tracker_begin(t, &e));
	make_end(t, run, ids[STEPS - 1], attempt, ATTEMPT_SUCCESS, STEP_SUCCESS);
	must(tracker_commit(t, &e));
	int64_t moved = time_mono();
	must(run_model_refresh(t, &m, &e));
	int64_t refreshed = time_mono();
	must(run_model_refresh(t, &m, &e));
	int64_t same = time_mono();
	struct dag_view *v = dag_view_new(&m);
	dag_view_show(v, 7);
	must(dag_view_act(v, ACT_FOLD, &e));
	int64_t opened = time_mono();
	struct grid g;
	grid_init(&g, 60, 200);
	dag_view_draw(v, &g, (struct rect){ 0, 0, 60, 200 }, true, time_now());
	int64_t drawn = time_mono();
	printf("run of %d steps: load %.1f ms, a step that moved %.2f ms, nothing moved %.3f ms, unfolding %.1f ms, "
	       "drawing %.2f ms\n",
	       STEPS, (double)(loaded - begun) / 1000, (double)(refreshed - moved) / 1000,
	       (double)(same - refreshed) / 1000, (double)(opened - same) / 1000, (double)(drawn - opened) / 1000);
	grid_release(&g);
	dag_view_free(v);
	run_model_release(&m);
	tracker_close(t);
	must(file_remove_tree(dir, &e));
	free(dir);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= measure((int)strtol(argv[i], NULL, 10));
	return argc > 1 ? failed : measure(60) | measure(100) | measure(1000) | measure_fan() | measure_run();
}
