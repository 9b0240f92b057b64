#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/json_run.h"
#include "tracker/query_list.h"
#include "tui/runs/runs_columns.h"

struct list {
	struct arena arena;
	struct run_data *runs; /* not sorted anew: in order of the query */
	struct run_facts *facts; /* of the same */
	size_t len;
	int64_t total;
	struct runs_columns columns;
};

static void list_release(struct list *l)
{
	for (size_t i = 0; i < l->len; i++)
		run_data_release(&l->runs[i]);
	free(l->runs);
	free(l->facts);
	runs_columns_release(&l->columns);
	arena_release(&l->arena);
}

static void print_table(struct context *c, const struct list *l)
{
	_free_ struct table_column *columns = mem_zero(l->columns.len * sizeof *columns);
	_buf_ struct buf text = BUF_INIT;
	int64_t now = time_now();
	for (size_t i = 0; i < l->columns.len; i++) {
		const struct runs_column *col = &l->columns.v[i];
		columns[i] = (struct table_column){ .title = runs_column_title(col), .align = runs_column_align(col),
			.drop = col->drop, .max = col->key && c->out_tty ? 24 : 0 };
	}
	struct table *t = table_new(columns, (int)l->columns.len);
	for (size_t i = 0; i < l->len; i++) {
		table_row(t);
		for (size_t k = 0; k < l->columns.len; k++) {
			buf_reset(&text);
			enum role role = runs_column_cell(&l->columns.v[k], &l->facts[i], now, &text);
			table_cell(t, role, "%s", text.data);
		}
	}
	table_print(t, context_width(c), &c->paint, &c->out);
	table_free(t);
	if (c->out_tty && l->total > (int64_t)l->len) {
		char total[32];
		count_text(l->total, total);
		buf_addf(&c->out, "%zu of %s; -n 0 shows all\n", l->len, total);
	}
}

static int load(struct context *c, struct list *l, const struct filter *f, const struct filter_sort *sort,
	struct err *e)
{
	struct run_rows rows;
	int64_t limit = option_number(c, "limit", 20);
	int r = query_runs(c->tracker, f, sort, limit ? limit : -1, 0, &l->arena, &rows, e);
	if (r < 0)
		return r;
	l->runs = mem_zero(rows.len * sizeof *l->runs + 1);
	for (; l->len < rows.len; l->len++)
		if ((r = run_data_load(c->tracker, rows.v[l->len].number, false, &l->runs[l->len], e)) < 0) {
			run_data_release(&l->runs[l->len]);
			return r;
		}
	l->facts = mem_zero(l->len * sizeof *l->facts + 1);
	for (size_t i = 0; i < l->len; i++) {
		const struct run_data *d = &l->runs[i];
		l->facts[i] = (struct run_facts){ &d->row, &d->totals, &d->params, &d->tags };
	}
	l->total = (int64_t)l->len;
	bool full = limit && l->len == (size_t)limit;
	return full && c->out_tty && !c->json ? query_count(c->tracker, f, &l->total, e) : 0;
}

static void print_json(struct context *c, const struct list *l)
{
	_json_ json_t *v = json_array();
	for (size_t i = 0; i < l->len; i++)
		json_array_append_new(v, json_run(&l->runs[i], false));
	json_pretty(&c->out, v);
	buf_addc(&c->out, '\n');
}

static void add_strange(struct buf *out, const char *key, const char *near)
{
	buf_adds(out, key);
	if (near)
		buf_addf(out, " (did you mean %.*s.%s?)", (int)strcspn(key, "."), key, near);
}

/* A line beside the list, which is as it is without that key. */
static int note_strange(struct context *c, const char *option, const struct filter_sort *sort, struct arena *a,
	struct err *e)
{
	const char *key, *near;
	_buf_ struct buf line = BUF_INIT, said = BUF_INIT;
	int r = query_strange_sort(c->tracker, sort, a, &key, &near, e);

	if (r < 0 || !key)
		return r;
	buf_addf(&line, "jig: --%s: no run has ", option);
	add_strange(&line, key, near);
	visible_lines(&said, line.data, line.len, c->paint_err.ascii);
	buf_addc(&said, '\n');
	return file_write_all(STDERR_FILENO, said.data, said.len) < 0 ? err_errno(e, "standard error") : 0;
}

static int note_strange_columns(struct context *c, struct list *l, struct err *e)
{
	int r = 0;
	for (size_t i = 0; r >= 0 && i < l->columns.len; i++) {
		struct filter_sort *sort;
		_free_ char *key = l->columns.v[i].key ? runs_column_sort(&l->columns.v[i]) : NULL;
		if (key && (r = filter_parse_sort(key, &l->arena, &sort, e)) >= 0)
			r = note_strange(c, "columns", sort, &l->arena, e);
	}
	return r;
}

static int say_none(struct context *c, const struct filter *f, struct arena *a, struct err *e)
{
	const char *key = NULL, *near = NULL;

	if (!f) {
		buf_adds(&c->out, "no run yet: `jig run` makes the first one\n");
		return 0;
	}
	if (c->tracker && query_strange_key(c->tracker, f, a, &key, &near, e) < 0)
		return e->code;
	buf_adds(&c->out, "no run matches");
	if (key) {
		buf_adds(&c->out, ": none has ");
		add_strange(&c->out, key, near);
	}
	buf_addc(&c->out, '\n');
	return 0;
}

static int run_ls(struct context *c, struct err *e)
{
	_cleanup_(list_release) struct list l = {0};
	struct filter *filter = NULL;
	struct filter_sort *sort = NULL;
	const char *columns = option_text(c, "columns");
	int r = 0;
	if (option_text(c, "filter") && (r = filter_parse(option_text(c, "filter"), &l.arena, &filter, e)) < 0)
		return r;
	if (option_text(c, "sort") && (r = filter_parse_sort(option_text(c, "sort"), &l.arena, &sort, e)) < 0)
		return r;
	if (columns && runs_columns_parse(&l.columns, columns, e) < 0)
		return err_prefix(e, "--columns");
	if ((r = project_has_record(&c->project, e)) < 0 || (r > 0 &&
	    ((r = context_tracker(c, TRACKER_READ, e)) < 0 || (r = load(c, &l, filter, sort, e)) < 0)))
		return r;
	if (c->tracker && l.len && sort && (r = note_strange(c, "sort", sort, &l.arena, e)) < 0)
		return r;
	if (c->json) {
		print_json(c, &l);
		return 0;
	}
	if (c->tracker && l.len && (r = note_strange_columns(c, &l, e)) < 0)
		return r;
	if (!l.len)
		return say_none(c, filter, &l.arena, e);
	if (!columns)
		runs_columns_choose(&l.columns, l.facts, l.len);
	print_table(c, &l);
	return 0;
}

static const struct option_def options[] = {
	{ .name = "filter", .kind = OPTION_TEXT, .value = "EXPR", .text = "only runs of which this holds" },
	{ .name = "sort",
		.kind = OPTION_TEXT,
		.value = "KEYS",
		.text = "another order than newest first: 'metrics.acc DESC, created'" },
	{ .name = "columns", .kind = OPTION_TEXT, .value = "LIST", .text = "these columns, with commas between them" },
	{ .name = "limit",
		.letter = 'n',
		.kind = OPTION_INTEGER,
		.value = "N",
		.min = 0,
		.max = INT64_MAX,
		.text = "at most N runs (20); 0: all" },
	{ 0 },
};

const struct command cmd_ls = {
	.name = "ls",
	.summary = "lists runs",
	.usage = "",
	.group = GROUP_LOOK,
	.options = options,
	.flags = COMMAND_PROJECT | COMMAND_JSON,
	.run = run_ls,
	.text = "Without --columns: what every run has, the metrics that at least half of those listed have that ended "
		"with any, and the params that have more than one value in them.\n\n"
		"A filter is made of comparisons with AND, OR and parentheses: metrics.acc > 0.9 AND params.train.lr = "
		"0.1 AND "
		"tags.team LIKE 'a%' AND state IN ('failed', 'lost').\n\n"
		"Columns are metrics.K, params.K, tags.K, number, state, name, age, time, steps, pipeline, kind, "
		"origin, created, started, "
		"ended, user, host, commit, branch, uid and note.",
};
