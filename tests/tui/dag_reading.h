/* Graphs for the tests of drawings, and the reader that finds their edges again in the drawn cells. */
#ifndef TESTS_TUI_DAG_READING_H
#define TESTS_TUI_DAG_READING_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/mem.h"
#include "tui/dag/dag.h"

/* A pseudo-random sequence that is the same everywhere. */
static uint32_t seed;
static int pick(int n)
{
	seed = seed * 1664525u + 1013904223u;
	return (int)((seed >> 8) % (uint32_t)n);
}

#define MOST 400
struct graph { struct dag_node nodes[MOST]; int n; struct dag_edge edges[4000]; int nedges; };

static void join(struct graph *g, int from, int to)
{
	g->edges[g->nedges++] = (struct dag_edge){ from, to };
}

static void size_nodes(struct graph *g, int n)
{
	*g = (struct graph){ .n = n };
	for (int i = 0; i < n; i++)
		g->nodes[i] = (struct dag_node){ .width = 1 + pick(18), .height = 1 + (pick(8) == 0) };
}

/* Reads the edges back from the cells alone: from each "┬" in the lower frame of a box, lines are followed downwards
 * and sideways, never up, through crossings straight on, until they enter a box. */
enum { UP = 1, DOWN = 2, LEFT = 4, RIGHT = 8 };

static int arms_of(uint32_t cp)
{
	switch (cp) {
	case 0x2502: return UP | DOWN;
	case 0x2500: return LEFT | RIGHT;
	case 0x250c: return DOWN | RIGHT;
	case 0x2510: return DOWN | LEFT;
	case 0x2514: return UP | RIGHT;
	case 0x2518: return UP | LEFT;
	case 0x251c: return UP | DOWN | RIGHT;
	case 0x2524: return UP | DOWN | LEFT;
	case 0x252c: return DOWN | LEFT | RIGHT;
	case 0x2534: return UP | LEFT | RIGHT;
	case 0x253c: return UP | DOWN | LEFT | RIGHT;
	}
	return 0;
}

struct reading { const struct graph *graph; const struct grid *grid; bool *found; int from; };

static uint32_t cell(const struct grid *g, int row, int col)
{
	return row < 0 || col < 0 || row >= g->rows || col >= g->cols
	               ? 0
	               : g->cells[(size_t)row * (size_t)g->cols + (size_t)col].cp[0];
}

static int box_at(const struct graph *g, int row, int col)
{
	for (int i = 0; i < g->n; i++) {
		const struct dag_node *n = &g->nodes[i];
		if (row >= n->y && row < n->y + n->height + 2 && col >= n->x && col < n->x + n->width + 4)
			return i;
	}
	return -1;
}

static void follow(struct reading *r, int row, int col, int heading, bool sideways)
{
	for (;;) {
		row += heading == DOWN;
		col += (heading == RIGHT) - (heading == LEFT);
		uint32_t cp = cell(r->grid, row, col);
		int arms = arms_of(cp), box = box_at(r->graph, row, col);
		if (box >= 0) {
			assert_int_equal(heading, DOWN);
			assert_int_equal(row, r->graph->nodes[box].y);
			assert_int_equal(cp, 0x2534);
			r->found[r->from * MOST + box] = true;
			return;
		}
		int back = heading == DOWN ? UP : heading == LEFT ? RIGHT : LEFT;
		if (!(arms & back))
			fail_msg("a line breaks off at row %d, column %d", row, col);
		if (cp == 0x253c)
			continue;
		if (heading == DOWN) {
			if (arms & LEFT)
				follow(r, row, col, LEFT, true);
			if (arms & RIGHT)
				follow(r, row, col, RIGHT, true);
			if (!(arms & DOWN))
				return;
		} else {
			if (arms & DOWN)
				follow(r, row, col, DOWN, false);
			if (!(arms & heading))
				return;
		}
	}
}

static void read_edges(const struct graph *g, const struct grid *grid, bool *found)
{
	for (int i = 0; i < g->n; i++) {
		const struct dag_node *n = &g->nodes[i];
		int bottom = n->y + n->height + 1;
		for (int col = n->x; col < n->x + n->width + 4; col++) {
			struct reading r = { .graph = g, .grid = grid, .found = found, .from = i };
			if (col > n->x && col < n->x + n->width + 3 && cell(grid, bottom, col) == 0x252c)
				follow(&r, bottom, col, DOWN, false);
		}
	}
}

/* No line through a box: its inside is blank and its frame whole, and boxes do not overlap. */
static void check_boxes(const struct graph *g, const struct grid *grid)
{
	for (int i = 0; i < g->n; i++) {
		const struct dag_node *n = &g->nodes[i];
		int right = n->x + n->width + 3, bottom = n->y + n->height + 1;
		assert_true(n->x >= 0 && right < grid->cols && n->y >= 0 && bottom < grid->rows);
		assert_int_equal(cell(grid, n->y, n->x), 0x250c);
		assert_int_equal(cell(grid, n->y, right), 0x2510);
		assert_int_equal(cell(grid, bottom, n->x), 0x2514);
		assert_int_equal(cell(grid, bottom, right), 0x2518);
		for (int row = n->y + 1; row < bottom; row++) {
			assert_int_equal(cell(grid, row, n->x), 0x2502);
			assert_int_equal(cell(grid, row, right), 0x2502);
			for (int col = n->x + 1; col < right; col++)
				assert_int_equal(cell(grid, row, col), ' ');
		}
		for (int col = n->x + 1; col < right; col++) {
			uint32_t above = cell(grid, n->y, col), below = cell(grid, bottom, col);
			assert_true(above == 0x2500 || above == 0x2534);
			assert_true(below == 0x2500 || below == 0x252c);
			assert_int_equal(box_at(g, n->y, col), i);
		}
	}
}

static char *show(const struct grid *grid)
{
	_buf_ struct buf b = BUF_INIT;
	grid_print(grid, &(struct paint){ 0 }, &b);
	return buf_steal(&b);
}

static struct grid draw(struct graph *g)
{
	struct err e;
	struct dag *d;
	if (dag_layout(g->nodes, g->n, g->edges, g->nedges, &d, &e) < 0)
		fail_msg("%s", e.text);
	struct grid grid;
	int rows, cols;
	dag_size(d, &rows, &cols);
	grid_init(&grid, rows, cols);
	dag_draw(d, g->nodes, &grid, 0, 0, NULL);
	dag_free(d);
	return grid;
}

static void check(struct graph *g)
{
	static bool found[MOST * MOST], wanted[MOST * MOST];
	memset(found, 0, sizeof found);
	memset(wanted, 0, sizeof wanted);
	for (int i = 0; i < g->nedges; i++)
		wanted[g->edges[i].from * MOST + g->edges[i].to] = true;
	struct graph *again = mem_dup(g, sizeof *g);
	struct grid grid = draw(g), second = draw(again);
	check_boxes(g, &grid);
	read_edges(g, &grid, found);
	for (int i = 0; i < g->n; i++) {
		for (int k = 0; k < g->n; k++) {
			if (found[i * MOST + k] != wanted[i * MOST + k]) {
				_free_ char *picture = show(&grid);
				fail_msg("edge %d -> %d is %s\n%s", i, k,
				         wanted[i * MOST + k] ? "lost" : "drawn though there is none", picture);
			}
		}
	}
	_free_ char *one = show(&grid), *two = show(&second);
	assert_string_equal(one, two);
	grid_release(&grid);
	grid_release(&second);
	free(again);
}

#endif
