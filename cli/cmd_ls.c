#include <string.h>
#include "base/map.h"
#include "base/text.h"
#include "base/time.h"
#include "base/vec.h"
#include "cli/json_run.h"
#include "tui/table.h"

#define METRICS_MOST 4 /* columns that are chosen without being asked for */
#define PARAMS_MOST 4

/* SYMBOL, name for --columns, title, alignment, drop */
#define FACTS(X)                                                  \
	X(FACT_NUMBER, "number", "#", ALIGN_RIGHT, 0)            \
	X(FACT_STATE, "state", "state", ALIGN_LEFT, 0)           \
	X(FACT_NAME, "name", "name", ALIGN_LEFT, 0)              \
	X(FACT_AGE, "age", "age", ALIGN_RIGHT, 20)               \
	X(FACT_TIME, "time", "time", ALIGN_RIGHT, 4)             \
	X(FACT_STEPS, "steps", "steps", ALIGN_LEFT, 5)           \
	X(FACT_PIPELINE, "pipeline", "pipeline", ALIGN_LEFT, 0)  \
	X(FACT_KIND, "kind", "kind", ALIGN_LEFT, 0)              \
	X(FACT_ORIGIN, "origin", "origin", ALIGN_RIGHT, 0)       \
	X(FACT_CREATED, "created", "created", ALIGN_LEFT, 0)     \
	X(FACT_STARTED, "started", "started", ALIGN_LEFT, 0)     \
	X(FACT_ENDED, "ended", "ended", ALIGN_LEFT, 0)           \
	X(FACT_USER, "user", "user", ALIGN_LEFT, 0)              \
	X(FACT_HOST, "host", "host", ALIGN_LEFT, 0)              \
	X(FACT_COMMIT, "commit", "commit", ALIGN_LEFT, 0)        \
	X(FACT_BRANCH, "branch", "branch", ALIGN_LEFT, 0)        \
	X(FACT_UID, "uid", "uid", ALIGN_LEFT, 0)                 \
	X(FACT_NOTE, "note", "note", ALIGN_LEFT, 0)
#define FACT_SYMBOL_(s, ...) s,
enum fact_kind { FACTS(FACT_SYMBOL_) FACT_COUNT, FACT_METRIC, FACT_PARAM, FACT_TAG };
static const struct { const char *name, *title; enum align align; int drop; } facts[] = {
#define X(s, name, title, align, drop) [s] = { name, title, align, drop },
	FACTS(X)
#undef X
};

struct column { enum fact_kind kind; const char *key; int drop; };
struct columns { struct column *v; size_t len, cap; };

struct list {
	struct arena arena;
	struct run_data *runs; /* not sorted anew: in order of the query */
	size_t len;
	int64_t total;
	struct columns columns;
};

static void list_release(struct list *l)
{
	for (size_t i = 0; i < l->len; i++)
		run_data_release(&l->runs[i]);
	free(l->runs);
	vec_release(&l->columns);
	arena_release(&l->arena);
}

static int add_column(struct list *l, const char *word, struct err *e)
{
	static const struct { const char *prefix; enum fact_kind kind; } families[] = {
		{ "metrics.", FACT_METRIC }, { "params.", FACT_PARAM }, { "tags.", FACT_TAG },
	};
	const char *names[FACT_COUNT];
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (text_starts(word, families[i].prefix) && word[strlen(families[i].prefix)]) {
			vec_push(
				&l->columns, (struct column){ families[i].kind, word + strlen(families[i].prefix), 0 });
			return 0;
		}
	for (int i = 0; i < FACT_COUNT; i++) {
		names[i] = facts[i].name;
		if (!strcmp(word, names[i])) {
			vec_push(&l->columns, (struct column){ .kind = i });
			return 0;
		}
	}
	const char *near = text_nearest(word, names, FACT_COUNT);
	if (near)
		return err_set(e, ERR_USAGE, "--columns: there is no column \"%s\" (did you mean \"%s\"?)", word, near);
	return err_set(e, ERR_USAGE,
		"--columns: there is no column \"%s\"; there are metrics.K, params.K, tags.K, and number, state, name, "
		"age, … (`jig ls --help`)",
		word);
}

static int parse_columns(struct list *l, const char *text, struct err *e)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		const char *word = arena_strndup(&l->arena, text, n);
		while (*word == ' ')
			word++;
		int r = *word ? add_column(l, word, e) : 0;
		if (r < 0)
			return r;
		text += n + (text[n] == ',');
	}
	return l->columns.len ? 0 : err_set(e, ERR_USAGE, "--columns names no column");
}

/* The metrics that most of the runs have; of those with as many, the ones that the newest run has first. */
static void choose_metrics(struct list *l)
{
	_map_ struct map count = MAP_INIT;
	for (size_t i = 0; i < l->len; i++)
		for (size_t k = 0; k < l->runs[i].totals.len; k++)
			map_add(&count, l->runs[i].totals.v[k].key, NULL)->num++;
	for (int n = 0; n < METRICS_MOST; n++) {
		struct map_entry *best = NULL;
		for (size_t i = 0; i < count.len; i++)
			if (count.entries[i].num > (best ? best->num : 0))
				best = &count.entries[i];
		if (!best)
			return;
		vec_push(&l->columns, (struct column){ FACT_METRIC, arena_strdup(&l->arena, best->key), 6 + n });
		best->num = 0;
	}
}

static const char *pair_value(const struct pair_rows *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->len; i++)
		if (!strcmp(pairs->v[i].key, key))
			return pairs->v[i].value;
	return NULL;
}

/* Params that are not the same in all of the runs. */
static void choose_params(struct list *l)
{
	_map_ struct map seen = MAP_INIT;
	int n = 0;
	for (size_t i = 0; i < l->len; i++)
		for (size_t k = 0; k < l->runs[i].params.len; k++) {
			const char *key = l->runs[i].params.v[k].key;
			bool fresh, differs = false;
			map_add(&seen, key, &fresh);
			for (size_t o = 0; fresh && !differs && o < l->len; o++) {
				const char *other = pair_value(&l->runs[o].params, key);
				differs = !other || strcmp(other, l->runs[i].params.v[k].value);
			}
			if (!differs)
				continue;
			vec_push(&l->columns, (struct column){ FACT_PARAM, arena_strdup(&l->arena, key), 11 + n });
			if (++n == PARAMS_MOST)
				return;
		}
}

static const struct metric_row *metric_of(const struct run_data *d, const char *key)
{
	for (size_t i = 0; i < d->totals.len; i++)
		if (!strcmp(d->totals.v[i].key, key))
			return &d->totals.v[i];
	return NULL;
}

static void add_time_cell(struct table *t, int64_t us)
{
	char text[24] = "";
	if (us)
		local_time_text(us, text);
	table_cell(t, ROLE_QUIET, "%s", text);
}

static void add_steps_cell(struct table *t, const struct run_row *r, const struct paint *p)
{
	const struct word *failed = word_of(WORDS_STEP_STATE, STEP_FAILED),
			  *reused = word_of(WORDS_STEP_STATE, STEP_REUSED);
	_buf_ struct buf text = BUF_INIT;
	buf_addf(&text, "%d/%d", r->nwell, r->nsteps);
	if (r->nfailed)
		buf_addf(&text, " %d%s", r->nfailed, p->ascii ? failed->ascii : failed->glyph);
	if (r->nreused)
		buf_addf(&text, " %d%s", r->nreused, p->ascii ? reused->ascii : reused->glyph);
	table_cell(t, r->nfailed ? ROLE_FAILED : ROLE_TEXT, "%s", text.data);
}

static void add_cell(struct table *t, const struct run_data *d, const struct column *col, const struct paint *p)
{
	const struct run_row *r = &d->row;
	const struct word *w = word_of(WORDS_RUN_STATE, r->state);
	const struct metric_row *m;
	const char *value;
	char text[32] = "";
	int64_t age = time_now() - r->created;
	switch (col->kind) {
	case FACT_NUMBER: table_cell(t, ROLE_TEXT, "%lld", (long long)r->number); break;
	case FACT_STATE: table_cell(t, role_find(w->role), "%s %s", p->ascii ? w->ascii : w->glyph, w->text); break;
	case FACT_NAME: table_cell(t, ROLE_STRONG, "%s", r->name); break;
	case FACT_AGE:
		duration_age(age < 0 ? 0 : age, text);
		table_cell(t, ROLE_QUIET, "%s", text);
		break;
	case FACT_TIME:
		if (run_elapsed(r) >= 0)
			duration_clock(run_elapsed(r), text);
		table_cell(t, ROLE_TEXT, "%s", text);
		break;
	case FACT_STEPS: add_steps_cell(t, r, p); break;
	case FACT_PIPELINE: table_cell(t, ROLE_TEXT, "%s", r->pipeline); break;
	case FACT_KIND: table_cell(t, ROLE_TEXT, "%s", word_of(WORDS_KIND, r->kind)->text); break;
	case FACT_ORIGIN:
		if (r->origin)
			table_cell(t, ROLE_TEXT, "%lld", (long long)r->origin);
		else
			table_cell(t, ROLE_TEXT, "%s", "");
		break;
	case FACT_CREATED: add_time_cell(t, r->created); break;
	case FACT_STARTED: add_time_cell(t, r->started); break;
	case FACT_ENDED: add_time_cell(t, r->ended); break;
	case FACT_USER: table_cell(t, ROLE_TEXT, "%s", r->user ? r->user : ""); break;
	case FACT_HOST: table_cell(t, ROLE_TEXT, "%s", r->host ? r->host : ""); break;
	case FACT_COMMIT:
		table_cell(t, ROLE_TEXT, "%.12s%s", r->commit ? r->commit : "", r->dirty > 0 ? "*" : "");
		break;
	case FACT_BRANCH: table_cell(t, ROLE_TEXT, "%s", r->branch ? r->branch : ""); break;
	case FACT_UID: table_cell(t, ROLE_QUIET, "%s", r->uid); break;
	case FACT_NOTE: table_cell(t, ROLE_TEXT, "%s", r->note); break;
	case FACT_METRIC:
		if ((m = metric_of(d, col->key)))
			number_short(m->last, text);
		table_cell(t, ROLE_TEXT, "%s", text);
		break;
	case FACT_PARAM:
		value = pair_value(&d->params, col->key);
		table_cell(t, ROLE_TEXT, "%s", value ? value : "");
		break;
	case FACT_TAG:
		value = pair_value(&d->tags, col->key);
		table_cell(t, ROLE_TEXT, "%s", value ? value : "");
		break;
	case FACT_COUNT: break;
	}
}

static void print_table(struct context *c, const struct list *l, bool chosen)
{
	_free_ struct table_column *columns = mem_zero(l->columns.len * sizeof *columns);
	for (size_t i = 0; i < l->columns.len; i++) {
		const struct column *col = &l->columns.v[i];
		columns[i] = (struct table_column){ .title = col->key, .align = ALIGN_LEFT, .drop = col->drop };
		if (col->kind < FACT_COUNT) {
			columns[i].title = facts[col->kind].title;
			columns[i].align = facts[col->kind].align;
			columns[i].drop = chosen ? 0 : facts[col->kind].drop;
		} else {
			columns[i].align = col->kind == FACT_METRIC ? ALIGN_POINT : ALIGN_LEFT;
			columns[i].max = c->out_tty ? 24 : 0;
		}
	}
	struct table *t = table_new(columns, (int)l->columns.len);
	for (size_t i = 0; i < l->len; i++) {
		table_row(t);
		for (size_t k = 0; k < l->columns.len; k++)
			add_cell(t, &l->runs[i], &l->columns.v[k], &c->paint);
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
	if (columns && (r = parse_columns(&l, columns, e)) < 0)
		return r;
	if (project_has_record(&c->project) &&
	    ((r = context_tracker(c, TRACKER_READ, e)) < 0 || (r = load(c, &l, filter, sort, e)) < 0))
		return r;
	if (c->json) {
		print_json(c, &l);
		return 0;
	}
	if (!l.len) {
		buf_adds(&c->out, filter ? "no run matches\n" : "no run yet: `jig run` makes the first one\n");
		return 0;
	}
	if (!columns) {
		for (int i = FACT_NUMBER; i <= FACT_STEPS; i++)
			vec_push(&l.columns, (struct column){ .kind = i });
		choose_metrics(&l);
		choose_params(&l);
	}
	print_table(c, &l, columns != NULL);
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
	.text = "Without --columns: what every run has, the metrics that most of them have, and the params in which "
		"they differ.\n\n"
		"A filter is made of comparisons with AND, OR and parentheses: metrics.acc > 0.9 AND params.train.lr = "
		"0.1 AND "
		"tags.team LIKE 'a%' AND state IN ('failed', 'lost').\n\n"
		"Columns are metrics.K, params.K, tags.K, number, state, name, age, time, steps, pipeline, kind, "
		"origin, created, started, "
		"ended, user, host, commit, branch, uid and note.",
};
