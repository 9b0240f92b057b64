/* The drawing beside that of Graphviz: 210 pipelines, every edge read back from the cells, and the crossings of both
 * counted. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/vec.h"
#include "tests/tui/dag_reading.h"

static void chains(struct graph *g)
{
	size_nodes(g, 10 + pick(40));
	int lines = 1 + pick(5);
	for (int i = lines; i < g->n; i++)
		join(g, i - lines, i);
	for (int k = pick(4); k > 0 && g->n > 2 * lines; k--) {
		int to = lines + pick(g->n - lines);
		join(g, pick(to), to);
	}
}

/* Steps of one matrix between two that split and join. */
static void diamonds(struct graph *g)
{
	int n = 1;
	size_nodes(g, 60);
	for (int last = 0; n < 20 + pick(30);) {
		int wide = 2 + pick(5), deep = 1 + pick(2), end = n + wide * deep;
		if (end >= 60)
			break;
		for (int i = 0; i < wide; i++) {
			join(g, last, n + i);
			for (int k = 1; k < deep; k++)
				join(g, n + (k - 1) * wide + i, n + k * wide + i);
			join(g, n + (deep - 1) * wide + i, end);
		}
		last = end;
		n = end + 1;
	}
	g->n = n;
}

static void layered(struct graph *g)
{
	int ranks = 3 + pick(6), wide = 3 + pick(5);
	size_nodes(g, ranks * wide < 60 ? ranks * wide : 60);
	for (int i = wide; i < g->n; i++) {
		int rank = i / wide, near = i % wide;
		for (int k = 1 + pick(2); k > 0; k--) {
			int to = near + pick(3) - 1;
			to = to < 0 ? 0 : to >= wide ? wide - 1 : to;
			join(g, (rank - 1) * wide + to, i);
		}
		if (pick(8) == 0)
			join(g, pick(rank * wide), i);
	}
}

static void fans(struct graph *g)
{
	int wide = 3 + pick(10), first = 1 + pick(3);
	size_nodes(g, first + wide + 2 + pick(4));
	for (int i = 0; i < wide; i++) {
		join(g, pick(first), first + i);
		if (pick(4) == 0)
			join(g, pick(first), first + i);
		join(g, first + i, first + wide + pick(2));
	}
	for (int i = first + wide + 2; i < g->n; i++) {
		join(g, first + wide + pick(2), i);
		if (pick(2))
			join(g, first + pick(wide), i);
	}
}

static void trees(struct graph *g)
{
	size_nodes(g, 15 + pick(45));
	bool narrowing = pick(2);
	for (int i = 1; i < g->n; i++) {
		int parent = (i - 1) / (2 + pick(2));
		if (narrowing)
			join(g, g->n - 1 - i, g->n - 1 - parent);
		else
			join(g, parent, i);
	}
}

/* Preparing, a matrix, a report of each and one of all, with things taken from far above. */
static void pipelines(struct graph *g)
{
	int sources = 1 + pick(3), wide = 2 + pick(7), deep = 1 + pick(3), n = sources + 1;
	size_nodes(g, 60);
	for (int i = 0; i < sources; i++)
		join(g, i, sources);
	int split = sources, first = n;
	for (int k = 0; k < deep; k++) {
		for (int i = 0; i < wide; i++, n++) {
			join(g, k ? n - wide : split, n);
			if (pick(9) == 0)
				join(g, pick(sources + 1), n);
		}
	}
	int end = n++;
	for (int i = 0; i < wide; i++)
		join(g, first + (deep - 1) * wide + i, end);
	join(g, split, end);
	for (int k = 1 + pick(5); k > 0; k--, n++) {
		join(g, end, n);
		if (pick(2))
			join(g, pick(end), n);
		if (pick(3) == 0)
			join(g, pick(n), n);
	}
	g->n = n;
}

static void mixed(struct graph *g)
{
	size_nodes(g, 12 + pick(40));
	for (int i = 1; i < g->n; i++) {
		for (int k = 1 + (pick(3) == 0); k > 0; k--)
			join(g, i - 1 - pick(i < 8 ? i : 8), i);
	}
}

#define GRAPHS 210
static void make_graph(struct graph *g, int i)
{
	static void (*const kinds[])(struct graph *) = {
		chains, diamonds, layered, fans, trees, pipelines, mixed,
	};
	seed = 1000003u * (uint32_t)i + 17;
	kinds[(size_t)i % ARRAY_LEN(kinds)](g);
}

/* The splines of dot, as many points. */
struct point { double x, y; };
struct curve { int from, to; VEC(struct point) points; struct point low, high; };
struct curves { VEC(struct curve) v; };

static void curves_release(struct curves *c)
{
	for (size_t i = 0; i < c->v.len; i++)
		vec_release(&c->v.v[i].points);
	vec_release(&c->v);
}

static void add_spline(struct curve *c, const struct point *p, int n)
{
	vec_push(&c->points, p[0]);
	for (int k = 0; k + 3 < n; k += 3) {
		for (int i = 1; i <= 8; i++) {
			double t = i / 8.0, u = 1 - t;
			vec_push(&c->points,
			         (struct point){u * u * u * p[k].x + 3 * u * u * t * p[k + 1].x +
			                                3 * u * t * t * p[k + 2].x + t * t * t * p[k + 3].x,
			                        u * u * u * p[k].y + 3 * u * u * t * p[k + 1].y +
			                                3 * u * t * t * p[k + 2].y + t * t * t * p[k + 3].y});
		}
	}
	c->low = c->high = p[0];
	for (size_t i = 0; i < c->points.len; i++) {
		struct point q = c->points.v[i];
		c->low = (struct point){ fmin(c->low.x, q.x), fmin(c->low.y, q.y) };
		c->high = (struct point){ fmax(c->high.x, q.x), fmax(c->high.y, q.y) };
	}
}

static double side(struct point a, struct point b, struct point c)
{
	return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

static bool apart(struct point alow, struct point ahigh, struct point blow, struct point bhigh)
{
	return alow.x > bhigh.x || blow.x > ahigh.x || alow.y > bhigh.y || blow.y > ahigh.y;
}

static bool cross(const struct curve *a, const struct curve *b)
{
	if (apart(a->low, a->high, b->low, b->high))
		return false;
	for (size_t i = 0; i + 1 < a->points.len; i++) {
		struct point p = a->points.v[i], q = a->points.v[i + 1];
		struct point low = { fmin(p.x, q.x), fmin(p.y, q.y) }, high = { fmax(p.x, q.x), fmax(p.y, q.y) };
		if (apart(low, high, b->low, b->high))
			continue;
		for (size_t k = 0; k + 1 < b->points.len; k++) {
			struct point r = b->points.v[k], s = b->points.v[k + 1];
			if (side(p, q, r) * side(p, q, s) < 0 && side(r, s, p) * side(r, s, q) < 0)
				return true;
		}
	}
	return false;
}

static long pairs_that_cross(const struct curves *c)
{
	long sum = 0;
	for (size_t i = 0; i < c->v.len; i++) {
		for (size_t k = i + 1; k < c->v.len; k++) {
			const struct curve *a = &c->v.v[i], *b = &c->v.v[k];
			if (a->from != b->from && a->from != b->to && a->to != b->from && a->to != b->to)
				sum += cross(a, b);
		}
	}
	return sum;
}

static bool dot_is_there(void)
{
	pid_t pid = fork();
	if (pid == 0) {
		freopen("/dev/null", "w", stderr);
		execlp("dot", "dot", "-V", (char *)NULL);
		_exit(127);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* All graphs through one dot; ret[i] are the pairs of edges of graph i that cross. */
static void ask_dot(long *ret)
{
	FILE *in = tmpfile(), *out = tmpfile();
	assert_non_null(in);
	assert_non_null(out);
	static struct graph g;
	for (int i = 0; i < GRAPHS; i++) {
		make_graph(&g, i);
		fputs("strict digraph { node [shape=box fixedsize=true]\n", in);
		for (int k = 0; k < g.n; k++)
			fprintf(in, "%d [width=%.1f height=%.1f]\n", k, (g.nodes[k].width + 4) * 0.1, 0.5);
		for (int k = 0; k < g.nedges; k++)
			fprintf(in, "%d -> %d\n", g.edges[k].from, g.edges[k].to);
		fputs("}\n", in);
	}
	rewind(in);
	pid_t pid = fork();
	if (pid == 0) {
		dup2(fileno(in), 0);
		dup2(fileno(out), 1);
		execlp("dot", "dot", "-Tplain", (char *)NULL);
		_exit(127);
	}
	int status, graph = -1, n;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	rewind(out);
	static char line[1 << 16];
	struct curves c = { 0 };
	while (fgets(line, sizeof line, out)) {
		int from, to, at;
		if (!strncmp(line, "graph ", 6)) {
			graph++;
		} else if (!strncmp(line, "stop", 4)) {
			ret[graph] = pairs_that_cross(&c);
			curves_release(&c);
		} else if (sscanf(line, "edge %d %d %d%n", &from, &to, &n, &at) == 3) {
			_free_ struct point *p = mem_array(NULL, (size_t)n + 1, sizeof *p);
			struct curve *curve = vec_add(&c.v);
			char *end = line + at;
			for (int i = 0; i < n; i++) {
				p[i].x = strtod(end, &end);
				p[i].y = strtod(end, &end);
			}
			curve->from = from;
			curve->to = to;
			add_spline(curve, p, n);
		}
	}
	assert_int_equal(graph + 1, GRAPHS);
	fclose(in);
	fclose(out);
}

static long crossings_of(const struct grid *grid)
{
	long sum = 0;
	for (int i = 0; i < grid->rows * grid->cols; i++)
		sum += grid->cells[i].cp[0] == 0x253c;
	return sum;
}

static void every_edge_of_pipelines_can_be_read_back(void **state)
{
	static struct graph g;
	for (int i = 0; i < GRAPHS; i++) {
		make_graph(&g, i);
		assert_true(g.n <= 60);
		check(&g);
	}
}

static void crossings_stay_near_those_of_dot(void **state)
{
	if (!dot_is_there()) {
		print_message("skipped: dot of Graphviz is not installed\n");
		skip();
	}
	static struct graph g;
	static long theirs[GRAPHS];
	long ours_all = 0, theirs_all = 0;
	ask_dot(theirs);
	for (int i = 0; i < GRAPHS; i++) {
		make_graph(&g, i);
		struct grid grid = draw(&g);
		ours_all += crossings_of(&grid);
		theirs_all += theirs[i];
		grid_release(&grid);
	}
	print_message("%ld crossings in %d graphs, dot has %ld: %.2f\n", ours_all, GRAPHS, theirs_all,
	              (double)ours_all / (double)theirs_all);
	assert_true((double)ours_all <= 1.2 * (double)theirs_all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_edge_of_pipelines_can_be_read_back),
		cmocka_unit_test(crossings_stay_near_those_of_dot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
