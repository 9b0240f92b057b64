/* Which columns there are, and by which one runs are sorted. */
#include "tui/workbench/view_runs_parts.h"

#include "tui/workbench/view_pick.h"

enum { CHOOSE_BY = 64 }; /* runs */

static int sorted_column(const struct view_runs *w)
{
	for (size_t i = 0; w->sort && i < w->table.columns.len; i++) {
		_free_ char *name = runs_column_name(&w->table.columns.v[i]);

		if (!strcmp(name, w->sort))
			return (int)i;
	}
	return -1;
}

static void mark_sorted(struct view_runs *w)
{
	w->table.sorted = sorted_column(w);
	w->table.descending = w->descending;
}

static void columns_changed(struct view_runs *w)
{
	const struct runs_columns *c = &w->table.columns;
	const char *metric = NULL;

	runs_table_changed(&w->table);
	mark_sorted(w);
	for (size_t i = 0; i < c->len && !metric; i++)
		metric = c->v[i].kind == FACT_METRIC ? c->v[i].key : NULL;
	runs_list_metric(w->list, metric);
	runs_list_unspark(w->list);
}

/* By the runs that were loaded last: those on the screen, and those of sweeps that are folded there. */
static bool wanted_columns(const struct view_runs *w, struct runs_columns *ret)
{
	struct run_facts facts[CHOOSE_BY];
	size_t n = !w->own_columns ? runs_list_loaded(w->list, facts, CHOOSE_BY) : 0;

	if (!n)
		return false;
	runs_columns_choose(ret, facts, n);
	return true;
}

void view_runs_columns_choose(struct view_runs *w)
{
	struct runs_columns wanted = {0};

	if (!wanted_columns(w, &wanted))
		return;
	runs_columns_release(&w->table.columns);
	w->table.columns = wanted;
	columns_changed(w);
}

static bool has_column(const struct runs_columns *c, const struct runs_column *x)
{
	for (size_t i = 0; i < c->len; i++)
		if (c->v[i].kind == x->kind && (!x->key || !strcmp(c->v[i].key, x->key)))
			return true;
	return false;
}

/* A run brought a metric, or a param began to differ. Nothing else moves columns while one looks at them. */
void view_runs_columns_grow(struct view_runs *w)
{
	struct runs_columns wanted = {0};
	bool more = false;

	if (w->typing || !wanted_columns(w, &wanted))
		return;
	for (size_t i = 0; i < wanted.len && !more; i++)
		more = !has_column(&w->table.columns, &wanted.v[i]);
	if (!more) {
		runs_columns_release(&wanted);
		return;
	}
	runs_columns_release(&w->table.columns);
	w->table.columns = wanted;
	columns_changed(w);
}

static void column_toggled(void *arg, struct app *a, int row, bool sign)
{
	struct view_runs *w = arg;
	struct runs_columns *c = &w->table.columns;
	const char *name = w->names.v.v[row];
	struct err ignored;
	size_t i = 0;

	w->own_columns = true;
	for (; i < c->len; i++) {
		_free_ char *there = runs_column_name(&c->v[i]);

		if (!strcmp(there, name))
			break;
	}
	if (i < c->len && !sign)
		vec_remove(c, i);
	else if (i == c->len && sign)
		runs_columns_add(c, name, &ignored);
	columns_changed(w);
	app_work(a, &w->v);
}

static void name_add(struct view_runs *w, const char *prefix, const char *key)
{
	vec_push(&w->names.v, arena_printf(&w->names.arena, "%s%s", prefix, key));
}

/* Names of all columns there are; the first *ret_shown are those that are shown, so that they need not be sought. */
static int collect_names(struct view_runs *w, size_t *ret_shown, struct err *e)
{
	static const char *const facts[] = {
#define X(s, name, ...) name,
	        RUN_FACTS(X)
#undef X
	};
	static const char *const prefixes[] = {
	        [KEYS_METRIC] = "metrics.", [KEYS_PARAM] = "params.", [KEYS_TAG] = "tags."};

	arena_release(&w->names.arena);
	vec_clear(&w->names.v);
	for (size_t i = 0; i < w->table.columns.len; i++) {
		_free_ char *name = runs_column_name(&w->table.columns.v[i]);

		name_add(w, "", name);
	}
	size_t shown = w->names.v.len;
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		name_add(w, "", facts[i]);
	for (int k = KEYS_METRIC; k <= KEYS_TAG; k++) {
		const char **keys;
		size_t n;
		int r = query_keys(w->app->tracker, (enum query_keys)k, &w->names.arena, &keys, &n, e);

		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++)
			name_add(w, prefixes[k], keys[i]);
	}
	for (size_t i = w->names.v.len; i-- > shown;)
		for (size_t k = 0; k < shown; k++)
			if (!strcmp(w->names.v.v[i], w->names.v.v[k])) {
				vec_remove(&w->names.v, i);
				break;
			}
	*ret_shown = shown;
	return 0;
}

int view_runs_columns_pick(struct view_runs *w, struct err *e)
{
	static const struct pick_ops ops = {.toggled = column_toggled};
	_free_ struct pick_row *rows = NULL;
	size_t shown = 0;
	int r = collect_names(w, &shown, e);

	if (r < 0)
		return r;
	rows = mem_zero(w->names.v.len * sizeof *rows + 1);
	for (size_t i = 0; i < w->names.v.len; i++)
		rows[i] = (struct pick_row){.name = w->names.v.v[i], .role = ROLE_TEXT, .sign = i < shown};
	view_pick_push(w->app, "columns", "space shows or hides", rows, (int)w->names.v.len, 0, &ops, w);
	return VIEW_REDRAW;
}

static int sort_by(struct view_runs *w, const struct runs_column *c, struct err *e)
{
	_free_ char *name = runs_column_name(c), *key = runs_column_sort(c);

	if (!key) {
		app_say(w->app, ROLE_WARNING, "runs cannot be sorted by %s", runs_column_title(c));
		return VIEW_REDRAW;
	}
	if (w->sort && !strcmp(w->sort, name))
		w->descending = !w->descending;
	else
		w->descending = c->kind == FACT_METRIC ? !metric_lower_better(c->key)
		                                       : c->kind == FACT_TIME || (c->kind == FACT_NUMBER && w->sort);
	free(w->sort);
	w->sort = mem_take(name);
	mark_sorted(w);
	w->at = w->top = 0;
	w->cursor = 0;
	return view_runs_filter_ask(w, e);
}

int view_runs_columns_sort_by(struct view_runs *w, int col, struct err *e)
{
	int column = runs_table_column_at(&w->table, col);

	return column < 0 || (size_t)column >= w->table.columns.len ? VIEW_SAME
	                                                            : sort_by(w, &w->table.columns.v[column], e);
}

/* The column of a name that runs can be sorted by; false: there is none. */
static bool sortable(const char *name, struct runs_columns *ret)
{
	struct err ignored;
	_free_ char *key = runs_columns_add(ret, name, &ignored) >= 0 && ret->len ? runs_column_sort(&ret->v[0]) : NULL;

	return key != NULL;
}

static int sort_chosen(void *arg, struct app *a, int row, const char *typed, struct err *e)
{
	struct view_runs *w = arg;
	struct runs_columns c = {0};
	int r = VIEW_SAME;

	if (row >= 0 && sortable(w->names.v.v[row], &c))
		r = sort_by(w, &c.v[0], e);
	runs_columns_release(&c);
	return r;
}

int view_runs_columns_pick_sort(struct view_runs *w, struct err *e)
{
	static const struct pick_ops ops = {.chosen = sort_chosen};
	_free_ struct pick_row *rows = NULL;
	size_t ignored, n;
	int r = collect_names(w, &ignored, e), at = 0;

	if (r < 0)
		return r;
	for (size_t i = w->names.v.len; i-- > 0;) {
		struct runs_columns c = {0};

		if (!sortable(w->names.v.v[i], &c))
			vec_remove(&w->names.v, i);
		runs_columns_release(&c);
	}
	n = w->names.v.len;
	rows = mem_zero(n * sizeof *rows + 1);
	for (size_t i = 0; i < n; i++) {
		bool sorted = w->sort && !strcmp(w->sort, w->names.v.v[i]);

		rows[i] = (struct pick_row){.name = w->names.v.v[i], .role = ROLE_TEXT};
		if (sorted) {
			rows[i].text = w->descending ? "↓ Enter turns it round" : "↑ Enter turns it round";
			at = (int)i;
		}
	}
	view_pick_push(w->app, "sort", "sort by", rows, (int)n, at, &ops, w);
	return VIEW_REDRAW;
}
