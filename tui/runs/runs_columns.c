#include "tui/runs/runs_columns.h"

#include "base/map.h"
#include "base/text.h"
#include "base/time.h"
#include "tui/run_text.h"

enum { METRICS_MOST = 4, PARAMS_MOST = 4 }; /* columns that are chosen without being asked for */

static const struct { const char *name, *title; enum align align; int drop; const char *sort; } facts[] = {
#define X(s, name, title, align, drop, sort) [s] = { name, title, align, drop, sort },
	RUN_FACTS(X)
#undef X
};
static const struct { const char *prefix; enum run_fact kind; } families[] = {
	{ "metrics.", FACT_METRIC }, { "params.", FACT_PARAM }, { "tags.", FACT_TAG },
};

void runs_columns_release(struct runs_columns *c)
{
	vec_release(c);
	arena_release(&c->arena);
}

int runs_columns_add(struct runs_columns *c, const char *word, struct err *e)
{
	const char *names[FACT_COUNT];
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (text_starts(word, families[i].prefix) && word[strlen(families[i].prefix)]) {
			const char *key = arena_strdup(&c->arena, word + strlen(families[i].prefix));
			vec_push(c, (struct runs_column){ families[i].kind, key, 0 });
			return 0;
		}
	for (int i = 0; i < FACT_COUNT; i++) {
		names[i] = facts[i].name;
		if (!strcmp(word, names[i])) {
			vec_push(c, (struct runs_column){ .kind = i });
			return 0;
		}
	}
	const char *near = text_nearest(word, names, FACT_COUNT);
	if (near)
		return err_set(e, ERR_USAGE, "there is no column \"%s\" (did you mean \"%s\"?)", word, near);
	return err_set(e, ERR_USAGE,
		"there is no column \"%s\"; there are metrics.K, params.K, tags.K, and number, state, name, age, … "
		"(`jig ls --help`)",
		word);
}

int runs_columns_parse(struct runs_columns *c, const char *text, struct err *e)
{
	while (*text) {
		size_t n = strcspn(text, ",");
		_free_ char *name = mem_strndup(text, n);
		const char *word = name + strspn(name, " ");
		int r = *word ? runs_columns_add(c, word, e) : 0;
		if (r < 0)
			return r;
		text += n + (text[n] == ',');
	}
	return c->len ? 0 : err_set(e, ERR_USAGE, "no column is named");
}

/* What goes first where room is short: params and metrics in turn from the end of each, then what all runs have. The
 * first metric outlives even these: on the smallest terminal a run without any figure says little. */
static int metric_drop(int nth)
{
	return nth ? 6 + 2 * nth : 3;
}

static int param_drop(int nth)
{
	return 7 + 2 * nth;
}

static void add_metric(struct runs_columns *c, const char *key, int *chosen)
{
	vec_push(c, (struct runs_column){ FACT_METRIC, arena_strdup(&c->arena, key), metric_drop((*chosen)++) });
}

/* How many of the runs a key has to be in half of: those that have ended with any metric; while none has, those that
 * have one so far. */
static size_t measured(const struct run_facts *v, size_t n)
{
	size_t any = 0, ended = 0;
	for (size_t i = 0; i < n; i++)
		if (v[i].totals->len) {
			any++;
			ended += run_state_ended(v[i].row->state);
		}
	return ended ? ended : any;
}

/* The metrics that most of the runs have, in the order of the newest run; while there is room, those that half of them
 * have. One is always shown. */
static void choose_metrics(struct runs_columns *c, const struct run_facts *v, size_t n)
{
	_map_ struct map count = MAP_INIT;
	size_t runs = measured(v, n);
	int chosen = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].totals->len; k++)
			map_add(&count, v[i].totals->v[k].key, NULL)->num++;
	for (size_t i = 0; i < count.len && chosen < METRICS_MOST; i++)
		if ((size_t)count.entries[i].num * 2 > runs) {
			add_metric(c, count.entries[i].key, &chosen);
			count.entries[i].num = 0;
		}
	while (chosen < METRICS_MOST) {
		struct map_entry *best = NULL;
		for (size_t i = 0; i < count.len; i++)
			if (count.entries[i].num > (best ? best->num : 0))
				best = &count.entries[i];
		if (!best || (chosen && (size_t)best->num * 2 < runs))
			return;
		add_metric(c, best->key, &chosen);
		best->num = 0;
	}
}

/* Params that have more than one value, those that most of the runs have first. One that only some of the runs have,
 * with the same value, is of their pipeline and not what they differ in. */
static void choose_params(struct runs_columns *c, const struct run_facts *v, size_t n)
{
	_map_ struct map first = MAP_INIT, count = MAP_INIT;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < v[i].params->len; k++) {
			const struct pair *p = &v[i].params->v[k];
			bool fresh;
			struct map_entry *seen = map_add(&first, p->key, &fresh);
			if (fresh)
				seen->ptr = (void *)p->value;
			else if (seen->ptr && strcmp(seen->ptr, p->value))
				seen->ptr = NULL;
			map_add(&count, p->key, NULL)->num++;
		}
	for (int chosen = 0; chosen < PARAMS_MOST; chosen++) {
		struct map_entry *best = NULL;
		for (size_t i = 0; i < count.len; i++)
			if (!first.entries[i].ptr && count.entries[i].num > (best ? best->num : 0))
				best = &count.entries[i];
		if (!best)
			return;
		vec_push(c, (struct runs_column){ FACT_PARAM, arena_strdup(&c->arena, best->key), param_drop(chosen) });
		best->num = 0;
	}
}

void runs_columns_choose(struct runs_columns *c, const struct run_facts *v, size_t n)
{
	for (int i = FACT_NUMBER; i <= FACT_STEPS; i++)
		vec_push(c, (struct runs_column){ .kind = i, .drop = facts[i].drop });
	choose_metrics(c, v, n);
	choose_params(c, v, n);
}

char *runs_column_name(const struct runs_column *c)
{
	return c->kind < FACT_COUNT ? mem_strdup(facts[c->kind].name)
				    : mem_printf("%s%s", families[c->kind - FACT_METRIC].prefix, c->key);
}

char *runs_column_sort(const struct runs_column *c)
{
	if (c->kind < FACT_COUNT)
		return *facts[c->kind].sort ? mem_strdup(facts[c->kind].sort) : NULL;
	/* A key with both kinds of quotes cannot be written. */
	const char *quote = !strchr(c->key, '`') ? "`" : !strchr(c->key, '"') ? "\"" : NULL;
	return quote ? mem_printf("%s%s%s%s", families[c->kind - FACT_METRIC].prefix, quote, c->key, quote) : NULL;
}

const char *runs_column_title(const struct runs_column *c)
{
	return c->kind < FACT_COUNT ? facts[c->kind].title : c->key;
}

enum align runs_column_align(const struct runs_column *c)
{
	return c->kind < FACT_COUNT ? facts[c->kind].align : c->kind == FACT_METRIC ? ALIGN_POINT : ALIGN_LEFT;
}

const struct metric_row *metric_rows_find(const struct metric_rows *rows, const char *key)
{
	for (size_t i = 0; i < rows->len; i++)
		if (!strcmp(rows->v[i].key, key))
			return &rows->v[i];
	return NULL;
}

const char *pair_rows_find(const struct pair_rows *pairs, const char *key)
{
	for (size_t i = 0; i < pairs->len; i++)
		if (!strcmp(pairs->v[i].key, key))
			return pairs->v[i].value;
	return NULL;
}

static enum role add_time(struct buf *out, int64_t us)
{
	char text[24];
	if (us) {
		local_time_text(us, text);
		buf_adds(out, text);
	}
	return ROLE_QUIET;
}

static enum role add_steps(struct buf *out, const struct run_row *r)
{
	buf_addf(out, "%d/%d", r->nwell, r->nsteps);
	if (r->nfailed)
		buf_addf(out, " %d%s", r->nfailed, word_of(WORDS_STEP_STATE, STEP_FAILED)->glyph);
	if (r->nreused)
		buf_addf(out, " %d%s", r->nreused, word_of(WORDS_STEP_STATE, STEP_REUSED)->glyph);
	return r->nfailed ? ROLE_FAILED : ROLE_TEXT;
}

static enum role add_text(struct buf *out, enum role role, const char *text)
{
	buf_adds(out, text ? text : "");
	return role;
}

enum role runs_column_cell(const struct runs_column *c, const struct run_facts *f, int64_t now, struct buf *out)
{
	const struct run_row *r = f->row;
	const struct word *w = word_of(WORDS_RUN_STATE, r->state);
	const struct metric_row *m;
	char text[32] = "";
	switch (c->kind) {
	case FACT_NUMBER: buf_addi(out, r->number); return ROLE_TEXT;
	case FACT_STATE: buf_addf(out, "%s %s", w->glyph, w->text); return role_find(w->role);
	case FACT_NAME: return add_text(out, ROLE_STRONG, r->name);
	case FACT_AGE:
		duration_age(now > r->created ? now - r->created : 0, text);
		return add_text(out, ROLE_QUIET, text);
	case FACT_TIME:
		if (run_elapsed(r) >= 0)
			duration_clock(run_elapsed(r), text);
		return add_text(out, ROLE_TEXT, text);
	case FACT_STEPS: return add_steps(out, r);
	case FACT_PIPELINE: return add_text(out, ROLE_TEXT, r->pipeline);
	case FACT_KIND: return add_text(out, ROLE_TEXT, word_of(WORDS_KIND, r->kind)->text);
	case FACT_ORIGIN:
		if (r->origin)
			buf_addi(out, r->origin);
		return ROLE_TEXT;
	case FACT_CREATED: return add_time(out, r->created);
	case FACT_STARTED: return add_time(out, r->started);
	case FACT_ENDED: return add_time(out, r->ended);
	case FACT_USER: return add_text(out, ROLE_TEXT, r->user);
	case FACT_HOST: return add_text(out, ROLE_TEXT, r->host);
	case FACT_COMMIT:
		buf_addf(out, "%.12s%s", r->commit ? r->commit : "", r->dirty > 0 ? "*" : "");
		return ROLE_TEXT;
	case FACT_BRANCH: return add_text(out, ROLE_TEXT, r->branch);
	case FACT_UID: return add_text(out, ROLE_QUIET, r->uid);
	case FACT_NOTE: return add_text(out, ROLE_TEXT, r->note);
	case FACT_METRIC:
		if ((m = metric_rows_find(f->totals, c->key)))
			number_short(m->last, text);
		return add_text(out, ROLE_TEXT, text);
	case FACT_PARAM: return add_text(out, ROLE_TEXT, pair_rows_find(f->params, c->key));
	case FACT_TAG: return add_text(out, ROLE_TEXT, pair_rows_find(f->tags, c->key));
	case FACT_COUNT: break;
	}
	return ROLE_TEXT;
}
