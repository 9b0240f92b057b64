#include "tui/runs/runs_item.h"

#include <strings.h>
#include "base/json.h"

enum { SPARK_LEAST = 3 }; /* points that make a shape */

bool metric_lower_better(const char *key)
{
	static const char *const words[] = {"loss", "err", "mae", "mse", "rmse", "mape", "nll", "perplexity", "ppl",
	                                    "wer", "cer", "fid", "latency", "seconds", "time", "brier", "regret"};

	/* A word of its own, so that "merit" is no error: what stands around it is no letter, or it is the end
	 * ("val_loss"). */
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		for (const char *p = key; (p = strcasestr(p, words[i])); p++) {
			char before = p == key ? '.' : p[-1], after = p[strlen(words[i])];

			if (!((before | 32) >= 'a' && (before | 32) <= 'z') &&
			    (!((after | 32) >= 'a' && (after | 32) <= 'z') || !strcmp(words[i], "err")))
				return true;
		}
	return false;
}

static const char *last_part(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot && dot[1] ? dot + 1 : key;
}

static int load_sweep(struct tracker *t, const char *metric, struct runs_item *item, struct err *e)
{
	struct arena *a = &item->arena;
	_buf_ struct buf axes = BUF_INIT, best = BUF_INIT;
	_json_ json_t *spec = NULL;
	struct pair_rows params = {0};
	const char *key;
	json_t *value;
	int r = query_sweep(t, -item->entry, a, &item->sweep, e);

	if (r >= 0 && metric)
		r = query_sweep_range(t, -item->entry, metric, &item->range, &item->ranged, e);
	if (r < 0)
		return r;
	if (metric) {
		item->range_key = arena_strdup(a, metric);
		item->lower = metric_lower_better(metric);
	}
	if (item->ranged &&
	    (r = query_params(t, item->lower ? item->range.low_run : item->range.high_run, a, &params, e)) < 0)
		return r;
	spec = json_loads(item->sweep.spec, JSON_DECODE_ANY, NULL);
	json_object_foreach(spec, key, value) {
		const char *at_best = pair_rows_find(&params, key);

		buf_addf(&axes, "%s%s", axes.len ? " × " : "", last_part(key));
		if (at_best)
			buf_addf(&best, "%s%s %s", best.len ? " " : "", last_part(key), at_best);
	}
	item->axes = arena_strdup(a, axes.data);
	item->best = best.len ? arena_strdup(a, best.data) : NULL;
	item->gone = item->sweep.nruns == 0;
	return 0;
}

int runs_item_load(struct tracker *t, const char *metric, struct runs_item *item, struct err *e)
{
	struct arena *a = &item->arena;
	int64_t run = item->entry;
	int r;

	if (run < 0)
		return load_sweep(t, metric, item, e);
	if ((r = query_run(t, run, a, &item->row, e)) == ERR_NOT_FOUND || (r >= 0 && item->row.removed)) {
		item->gone = true;
		return 0;
	}
	if (r < 0 || (r = query_run_metrics(t, run, a, &item->totals, e)) < 0 ||
	    (r = query_params(t, run, a, &item->params, e)) < 0 || (r = query_tags(t, run, a, &item->tags, e)) < 0)
		return r;
	if (!runs_item_live(item) && !item->row.nfailed)
		return 0;
	return query_progress(t, run, a, &item->progress, e);
}

int runs_item_spark(struct tracker *t, const struct runs_columns *c, struct runs_item *item, struct err *e)
{
	int r = 0;

	item->sparked = true;
	item->nsparks = 0;
	for (size_t i = 0; item->entry > 0 && r >= 0 && i < c->len && item->nsparks < SPARKS_MOST; i++) {
		const struct metric_row *m =
		        c->v[i].kind == FACT_METRIC ? metric_rows_find(&item->totals, c->v[i].key) : NULL;
		struct runs_spark *s = &item->sparks[item->nsparks];

		if (!m || m->count < SPARK_LEAST)
			continue;
		s->key = m->key;
		r = query_shape(t, m->series, s->v, SPARK_CELLS, &s->n, e);
		item->nsparks += r >= 0;
	}
	return r;
}

void runs_item_keep_sparks(struct runs_item *item, const struct runs_item *before)
{
	item->sparked = before->sparked && !runs_item_live(before);
	for (int i = 0; i < before->nsparks; i++) {
		const struct metric_row *m = metric_rows_find(&item->totals, before->sparks[i].key);

		if (!m)
			continue;
		item->sparks[item->nsparks] = before->sparks[i];
		item->sparks[item->nsparks++].key = m->key;
	}
}

void runs_item_release(struct runs_item *item)
{
	arena_release(&item->arena);
}

struct run_facts runs_item_facts(const struct runs_item *item)
{
	return (struct run_facts){&item->row, &item->totals, &item->params, &item->tags};
}

bool runs_item_live(const struct runs_item *item)
{
	return item->entry > 0 ? !run_state_ended(item->row.state) : item->sweep.nlive > 0;
}
