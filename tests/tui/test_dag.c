#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/mem.h"
#include "base/utf8.h"
#include "tests/tui/dag_reading.h"
#include "tui/dag/dag.h"

static void chain(struct graph *g)
{
	size_nodes(g, 1 + pick(12));
	for (int i = 1; i < g->n; i++)
		join(g, i - 1, i);
}

static void diamonds(struct graph *g)
{
	int wide = 2 + pick(4), many = 1 + pick(4);
	size_nodes(g, many * (wide + 1) + 1);
	for (int i = 0; i < many; i++) {
		for (int k = 1; k <= wide; k++) {
			join(g, i * (wide + 1), i * (wide + 1) + k);
			join(g, i * (wide + 1) + k, (i + 1) * (wide + 1));
		}
	}
}

static void fans(struct graph *g)
{
	int wide = 2 + pick(10);
	size_nodes(g, 2 * wide + 2);
	for (int i = 0; i < wide; i++) {
		join(g, 0, 1 + i);
		join(g, 1 + i, 1 + wide);
		join(g, 1 + wide, 2 + wide + i);
		if (pick(3) == 0)
			join(g, 0, 2 + wide + i);
	}
}

static void layered(struct graph *g)
{
	int ranks = 2 + pick(6), wide = 2 + pick(7);
	size_nodes(g, ranks * wide);
	for (int r = 1; r < ranks; r++) {
		for (int i = 0; i < wide; i++) {
			int parents = 1 + pick(3);
			for (int k = 0; k < parents; k++)
				join(g, (r - 1) * wide + pick(wide), r * wide + i);
		}
	}
}

static void long_edges(struct graph *g)
{
	size_nodes(g, 3 + pick(22));
	for (int i = 1; i < g->n; i++) {
		int parents = pick(4);
		for (int k = 0; k < parents; k++)
			join(g, pick(i), i);
	}
}

static void bipartite(struct graph *g)
{
	int above = 2 + pick(4), below = 2 + pick(4);
	size_nodes(g, above + below + 2);
	for (int i = 0; i < above; i++)
		for (int k = 0; k < below; k++)
			join(g, i, above + k);
	for (int k = 0; k < below; k++)
		join(g, above + k, above + below);
	join(g, pick(above), above + below + 1);
	join(g, pick(above), above + below);
}

static void islands(struct graph *g)
{
	size_nodes(g, 4 + pick(16));
	for (int i = 4; i < g->n; i++)
		if (pick(3) > 0)
			join(g, i - 4 + pick(2), i);
}

static void edges_can_be_read_back(void **state)
{
	void (*const kinds[])(struct graph *) = { chain, diamonds, fans, layered, long_edges, bipartite, islands };
	static struct graph g;
	for (uint32_t i = 0; i < 60 * ARRAY_LEN(kinds); i++) {
		seed = 7 * i + 1;
		kinds[i % ARRAY_LEN(kinds)](&g);
		check(&g);
	}
}

/* The same in ASCII: crossings have a sign of their own. */
static void ascii_tells_crossings_from_joins(void **state)
{
	static struct graph g;
	size_nodes(&g, 4);
	join(&g, 0, 3);
	join(&g, 1, 2);
	join(&g, 0, 2);
	struct grid grid = draw(&g);
	grid_put(&grid, 0, 0, 0x253c, ROLE_TEXT);
	_buf_ struct buf b = BUF_INIT;
	grid_print(&grid, &(struct paint){ .ascii = true }, &b);
	assert_int_equal(b.data[0], ')');
	for (const char *c = b.data; *c; c++)
		assert_non_null(strchr("+-|) \n", *c));
	grid_release(&grid);
}

static void circles_and_wild_edges_are_refused(void **state)
{
	struct dag_node nodes[2] = { { .width = 3, .height = 1 }, { .width = 3, .height = 1 } };
	const struct dag_edge circle[] = {{0, 1}, {1, 0}}, self[] = {{1, 1}}, wild[] = {{0, 2}}, negative[] = {{-1, 0}};
	const struct dag_step steps[2] = { { .name = "a" }, { .name = "b" } };
	const struct paint plain = { 0 };
	_buf_ struct buf b = BUF_INIT;
	struct dag *d = NULL;
	struct err e;
	assert_int_equal(dag_layout(nodes, 2, circle, 2, &d, &e), ERR_USAGE);
	assert_string_equal(e.text, "the graph has a cycle, so it has no order to draw it in");
	assert_int_equal(dag_layout(nodes, 2, self, 1, &d, &e), ERR_USAGE);
	assert_int_equal(dag_layout(nodes, 2, wild, 1, &d, &e), ERR_USAGE);
	assert_int_equal(dag_layout(nodes, 2, negative, 1, &d, &e), ERR_USAGE);
	assert_null(d);
	assert_int_equal(dag_print(steps, 2, circle, 2, 0, 80, &plain, &b, &e), ERR_USAGE);
	assert_int_equal(dag_print(steps, 2, self, 1, 0, 80, &plain, &b, &e), ERR_USAGE);
	assert_int_equal(dag_print(steps, 2, wild, 1, 0, 80, &plain, &b, &e), ERR_USAGE);
	assert_int_equal(b.len, 0);
	dag_free(NULL);
}

static void nothing_is_drawn_for_no_nodes(void **state)
{
	struct dag *d;
	struct err e;
	int rows, cols;
	const struct paint plain = { 0 };
	_buf_ struct buf b = BUF_INIT;
	assert_int_equal(dag_layout(NULL, 0, NULL, 0, &d, &e), 0);
	dag_size(d, &rows, &cols);
	assert_int_equal(rows, 0);
	assert_int_equal(cols, 0);
	dag_free(d);
	assert_int_equal(dag_print(NULL, 0, NULL, 0, 10, 80, &plain, &b, &e), 0);
	assert_int_equal(b.len, 0);
}

/* A view scrolls by drawing at negative places. */
static void pictures_may_hang_over_the_grid(void **state)
{
	static struct graph g;
	seed = 5;
	fans(&g);
	struct grid whole = draw(&g), part;
	struct err e;
	struct dag *d;
	assert_int_equal(dag_layout(g.nodes, g.n, g.edges, g.nedges, &d, &e), 0);
	grid_init(&part, 6, 20);
	dag_draw(d, g.nodes, &part, -3, -7, NULL);
	for (int row = 0; row < 6; row++)
		for (int col = 0; col < 20; col++)
			assert_int_equal(cell(&part, row, col), cell(&whole, row + 3, col + 7));
	dag_free(d);
	grid_release(&part);
	grid_release(&whole);
}

static const struct dag_step pipeline[] = {
	{ "fetch", NULL, "⟲", ROLE_REUSED, "0:00" },
	{ "clean", NULL, "✓", ROLE_SUCCESS, "0:08" },
	{ "train[lr]", "train", "✓", ROLE_SUCCESS, "0:12" },
	{ "train[tree]", "train", "✓", ROLE_SUCCESS, "0:09" },
	{ "train[boost]", "train", "✗", ROLE_FAILED, "0:31" },
	{ "evaluate", NULL, "·", ROLE_QUIET, NULL },
	{ "report", NULL, "·", ROLE_QUIET, NULL },
};
static const struct dag_edge links[] = {{0, 1}, {1, 2}, {1, 3}, {1, 4}, {2, 5}, {3, 5}, {4, 5}, {5, 6}, {1, 6}};

static void assert_printed(int fold, int width, bool ascii, const char *wanted)
{
	_buf_ struct buf b = BUF_INIT;
	struct paint p = { .ascii = ascii };
	struct err e;
	assert_int_equal(
	        dag_print(pipeline, (int)ARRAY_LEN(pipeline), links, (int)ARRAY_LEN(links), fold, width, &p, &b, &e),
	        0);
	assert_string_equal(b.data, wanted);
}

static void a_pipeline_prints_as_boxes(void **state)
{
	assert_printed(10, 100, false,
		       "                   ┌──────────────┐\n"
		       "                   │ ⟲ fetch 0:00 │\n"
		       "                   └──────┬───────┘\n"
		       "                   ┌──────┴───────┐\n"
		       "                   │ ✓ clean 0:08 │\n"
		       "                   └──────┬───────┘\n"
		       "┌─────────────┬───────────┴───────────┬─────────────────────────┐\n"
		       "│    ┌────────┴─────────┐   ┌─────────┴──────────┐   ┌──────────┴──────────┐\n"
		       "│    │ ✓ train[lr] 0:12 │   │ ✓ train[tree] 0:09 │   │ ✗ train[boost] 0:31 │\n"
		       "│    └────────┬─────────┘   └─────────┬──────────┘   └──────────┬──────────┘\n"
		       "│             └───────────────────────┴┬────────────────────────┘\n"
		       "│                               ┌──────┴─────┐\n"
		       "│                               │ · evaluate │\n"
		       "│                               └─────┬──────┘\n"
		       "└───────────────────┬─────────────────┘\n"
		       "               ┌────┴─────┐\n"
		       "               │ · report │\n"
		       "               └──────────┘\n");
	assert_printed(2, 40, false,
		       " ┌──────────────┐\n"
		       " │ ⟲ fetch 0:00 │\n"
		       " └──────┬───────┘\n"
		       " ┌──────┴───────┐\n"
		       " │ ✓ clean 0:08 │\n"
		       " └──────┬───────┘\n"
		       "┌───────┴─────┐\n"
		       "│   ┌─────────┴──────────┐\n"
		       "│   │ ✗ train ×3 ▓▓▓✗ 1✗ │\n"
		       "│   └─────────┬──────────┘\n"
		       "│       ┌─────┴──────┐\n"
		       "│       │ · evaluate │\n"
		       "│       └─────┬──────┘\n"
		       "└───────┬─────┘\n"
		       "   ┌────┴─────┐\n"
		       "   │ · report │\n"
		       "   └──────────┘\n");
	assert_printed(2, 40, true,
		       " +--------------+\n"
		       " | = fetch 0:00 |\n"
		       " +------+-------+\n"
		       " +------+-------+\n"
		       " | + clean 0:08 |\n"
		       " +------+-------+\n"
		       "+-------+-----+\n"
		       "|   +---------+----------+\n"
		       "|   | x train x3 ###x 1x |\n"
		       "|   +---------+----------+\n"
		       "|       +-----+------+\n"
		       "|       | . evaluate |\n"
		       "|       +-----+------+\n"
		       "+-------+-----+\n"
		       "   +----+-----+\n"
		       "   | . report |\n"
		       "   +----------+\n");
}

static void what_is_too_wide_prints_as_lanes(void **state)
{
	assert_printed(10, 40, false,
		       "●       ⟲ fetch        0:00\n"
		       "●       ✓ clean        0:08\n"
		       "├─●     ✓ train[lr]    0:12\n"
		       "├─┼─●   ✓ train[tree]  0:09\n"
		       "├─┼─┼─● ✗ train[boost] 0:31\n"
		       "│ ●─┴─┘ · evaluate\n"
		       "●─┘     · report\n");
	assert_printed(10, 40, true,
		       "o       = fetch        0:00\n"
		       "o       + clean        0:08\n"
		       "+-o     + train[lr]    0:12\n"
		       "+-)-o   + train[tree]  0:09\n"
		       "+-)-)-o x train[boost] 0:31\n"
		       "| o-+-+ . evaluate\n"
		       "o-+     . report\n");
	assert_printed(10, 14, false,
		       "⟲ fetch\n"
		       "✓ clean\n"
		       "✓ train[lr]\n"
		       "✓ train[tr…\n"
		       "✗ train[bo…\n"
		       "· evaluate\n"
		       "· report\n");
}

/* Lanes for more nodes than boxes help with; no line is wider than the terminal. */
static void large_pipelines_stay_within_the_width(void **state)
{
	static struct dag_step steps[300];
	static struct dag_edge edges[900];
	static char names[300][32];
	int n = 0;
	seed = 3;
	for (int i = 0; i < 300; i++) {
		snprintf(names[i], sizeof names[i], "step-%d", i);
		steps[i] = (struct dag_step){
		        .name = names[i], .base = names[i], .glyph = "✓", .role = ROLE_SUCCESS, .detail = "0:01"};
		for (int k = 0; k < 2 && i > 0; k++)
			edges[n++] = (struct dag_edge){ i - 1 - pick(i < 20 ? i : 20), i };
	}
	for (int width = 20; width <= 300; width += 40) {
		_buf_ struct buf b = BUF_INIT;
		struct paint p = { 0 };
		struct err e;
		assert_int_equal(dag_print(steps, 300, edges, n, 10, width, &p, &b, &e), 0);
		int lines = 0;
		for (char *line = b.data, *end; (end = strchr(line, '\n')); line = end + 1, lines++)
			assert_true(utf8_cells(line, (size_t)(end - line)) <= (size_t)width);
		assert_int_equal(lines, 300);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges_can_be_read_back),
		cmocka_unit_test(ascii_tells_crossings_from_joins),
		cmocka_unit_test(circles_and_wild_edges_are_refused),
		cmocka_unit_test(nothing_is_drawn_for_no_nodes),
		cmocka_unit_test(pictures_may_hang_over_the_grid),
		cmocka_unit_test(a_pipeline_prints_as_boxes),
		cmocka_unit_test(what_is_too_wide_prints_as_lanes),
		cmocka_unit_test(large_pipelines_stay_within_the_width),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
