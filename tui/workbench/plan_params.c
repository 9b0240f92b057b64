#include "tui/workbench/plan_params.h"

#include <string.h>
#include "base/json.h"
#include "base/utf8.h"
#include "runner/pipeline/params.h"
#include "runner/pipeline/pipeline.h"
#include "tui/runs/runs_columns.h"

enum { ROWS_MOST = 4 }; /* of those that are changed */

static void drop(char **texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(texts[i]);
}

void plan_params_release(struct plan_params *p)
{
	drop(p->given.v, p->given.len);
	drop(p->held.v, p->held.len);
	drop(p->set.v, p->set.len);
	vec_release(&p->given);
	vec_release(&p->held);
	vec_release(&p->set);
	arena_release(&p->before_arena);
	arena_release(&p->now_arena);
}

void plan_params_set(struct plan_params *p, const json_t *overrides)
{
	const char *name;
	const json_t *one;
	size_t i;

	json_array_foreach(overrides, i, one) {
		size_t n = json_is_string(one) ? params_override_name(json_string_value(one), &name) : 0;

		if (n)
			vec_push(&p->set, mem_strndup(name, n));
	}
}

void plan_params_take(struct plan_params *p, const struct project *project, const json_t *overrides, int64_t run,
                      const char *file, struct buf *left_out)
{
	const json_t *one;
	VEC(const char *) texts = { 0 };
	struct pipeline *pipeline = NULL;
	size_t i, ndropped = 0;
	struct err ignored;

	json_array_foreach(overrides, i, one)
		if (json_is_string(one))
			vec_push(&texts, json_string_value(one));
	if (texts.len)
		/* What is wrong with the file is said by the plan. */
		pipeline_load(&(struct pipeline_options){.root = project->root, .file = file, .inherited = texts.v,
		                                         .ninherited = texts.len},
		              &pipeline, NULL, &ignored);
	for (i = 0; i < texts.len; i++) {
		/* Those dropped stand in the order of those given. */
		if (pipeline && ndropped < pipeline->ndropped && !strcmp(pipeline->dropped[ndropped], texts.v[i])) {
			ndropped++;
			buf_addf(left_out, "-p %s of run %lld is left out: the pipeline does not know it any more\n",
			         texts.v[i], (long long)run);
		} else {
			vec_push(&p->given, mem_strdup(texts.v[i]));
		}
	}
	pipeline_free(pipeline);
	vec_release(&texts);
}

struct gathered { struct arena *arena; VEC(struct pair) all; };

static void add_leaf(void *arg, const char *dotted, const json_t *v)
{
	struct gathered *g = arg;
	_buf_ struct buf json = BUF_INIT;
	const char *text = json_string_value(v);

	if (!text)
		json_canonical(&json, v);
	vec_push(&g->all, (struct pair){ .key = arena_strdup(g->arena, dotted),
	                                 .value = arena_strdup(g->arena, text ? text : json.data) });
}

static struct pair_rows leaves_of(struct arena *a, const json_t *params)
{
	struct gathered g = { .arena = a };
	struct pair_rows all = { 0 };

	if (params)
		json_leaves(params, add_leaf, &g);
	all.v = arena_dup(a, g.all.v, g.all.len * sizeof *g.all.v);
	all.len = g.all.len;
	vec_release(&g.all);
	return all;
}

void plan_params_set_now(struct plan_params *p, const json_t *params)
{
	arena_release(&p->now_arena);
	p->now_arena = (struct arena)ARENA_INIT;
	p->now = leaves_of(&p->now_arena, params);
	if (!params || p->has_before || p->given.len)
		return;
	p->before = leaves_of(&p->before_arena, params);
	p->has_before = true;
}

void plan_params_try(struct plan_params *p, const char *text)
{
	/* "+new=1" and "new=2" are one param. */
	const char *key;
	size_t n = params_override_name(text, &key);

	if (!p->trying)
		for (size_t i = 0; i < p->given.len; i++)
			vec_push(&p->held, mem_strdup(p->given.v[i]));
	p->trying = true;
	for (size_t i = 0; i < p->given.len; i++) {
		const char *old = p->given.v[i];
		bool adds = *old == '+', removes = *old == '~';

		if (removes || *text == '~' || strncmp(old + adds, key, n) || old[adds + n] != '=')
			continue;
		char *now = mem_printf("%s%s", adds ? "+" : "", key);

		free(p->given.v[i]);
		p->given.v[i] = now;
		return;
	}
	vec_push(&p->given, mem_strdup(text));
}

void plan_params_keep(struct plan_params *p)
{
	drop(p->held.v, p->held.len);
	vec_clear(&p->held);
	p->trying = false;
}

void plan_params_undo(struct plan_params *p)
{
	drop(p->given.v, p->given.len);
	vec_clear(&p->given);
	for (size_t i = 0; i < p->held.len; i++)
		vec_push(&p->given, p->held.v[i]);
	vec_clear(&p->held);
	p->trying = false;
}

/* In the order in which they stand. */
enum standing { CHANGED, SET, PLAIN };
struct item { char *text; enum standing standing; };
struct items { struct item *v; size_t len, cap; };

/* The key is the name, or lies in the object of that name. */
static bool lies_in(const char *key, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(key, name, n) && (!key[n] || key[n] == '.');
}

static bool was_set(const struct plan_params *p, const char *key)
{
	for (size_t i = 0; i < p->set.len; i++)
		if (lies_in(key, p->set.v[i]))
			return true;
	return false;
}

/* "~old", where there was one. */
static bool is_removal(const struct plan_params *p, const char *override)
{
	for (size_t i = 0; *override == '~' && i < p->before.len; i++)
		if (lies_in(p->before.v[i].key, override + 1))
			return true;
	return false;
}

static void add_items(const struct plan_params *p, enum standing wanted, struct items *all)
{
	for (size_t i = 0; i < p->now.len; i++) {
		const struct pair *now = &p->now.v[i];
		const char *old = pair_rows_find(&p->before, now->key);
		bool other = p->has_before && (!old || strcmp(old, now->value));
		enum standing standing = other ? CHANGED : was_set(p, now->key) ? SET : PLAIN;

		if (standing == wanted)
			vec_push(all,
			         ((struct item){ other ? mem_printf("%s %s → %s", now->key, old ? old : "none",
			                                            now->value)
			                               : mem_printf("%s %s", now->key, now->value),
			                         standing }));
	}
	for (size_t i = 0; wanted == CHANGED && i < p->given.len; i++)
		if (is_removal(p, p->given.v[i]))
			vec_push(all, ((struct item){ mem_strdup(p->given.v[i]), CHANGED }));
}

int plan_params_draw(const struct plan_params *p, struct grid *g, struct rect r)
{
	static const enum role roles[] = { [CHANGED] = ROLE_DIFF, [SET] = ROLE_STRONG, [PLAIN] = ROLE_TEXT };
	static const char label[] = "params ";
	int left = (int)sizeof label - 1, x = left, row = 0, gap = 2;
	struct items all = { 0 };

	add_items(p, CHANGED, &all);
	if (p->shown || all.len) {
		add_items(p, SET, &all);
		add_items(p, PLAIN, &all);
	}
	if (all.len && g)
		grid_text(g, r.row, r.col, r.cols, ROLE_QUIET, label);
	for (size_t i = 0; i < all.len; i++) {
		const struct item *t = &all.v[i];
		int cells = (int)utf8_cells(t->text, strlen(t->text)), more = i + 1 < all.len ? gap : 0;

		if (x > left && x + cells + more > r.cols) {
			if (t->standing == PLAIN || row + 1 >= ROWS_MOST) {
				if (g)
					grid_text(g, r.row + row, r.col + (x < r.cols ? x : r.cols - 1), 1, ROLE_QUIET,
					          "…");
				break;
			}
			row++;
			x = left;
		}
		if (g)
			grid_text_cut(g, r.row + row, r.col + x, r.cols - x, roles[t->standing], t->text);
		x += cells + gap;
	}
	int rows = all.len ? row + 1 : 0;

	for (size_t i = 0; i < all.len; i++)
		free(all.v[i].text);
	vec_release(&all);
	return rows;
}
