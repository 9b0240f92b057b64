#include "tracker/query_filter.h"

#include <math.h>
#include "tracker/series.h"

/* What is chosen from: terms of which every matching run is in one's seed. */
struct seeds {
	VEC(const struct filter_term *) terms;
	int64_t cost;
};

enum { SEED_TERMS = 64 }; /* more in one statement is slower than walking */

static int bind_all(struct tracker *t, sqlite3_stmt *st, const struct filter_sql *q, int64_t limit, struct err *e)
{
	for (size_t i = 0; i < q->values.len; i++) {
		int r = db_bind_at(t, st, (int)i + 1, q->values.v[i], e);

		if (r < 0)
			return r;
	}
	return limit == INT64_MIN ? 0 : db_bind_at(t, st, (int)q->values.len + 1, DB_INT(limit), e);
}

static int first_int(struct tracker *t, const struct filter_sql *q, int64_t limit, int64_t *ret, struct err *e)
{
	_statement_ sqlite3_stmt *st = NULL;
	int r = db_prepare(t, q->text.data, &st, e);

	if (r >= 0)
		r = bind_all(t, st, q, limit, e);
	if (r >= 0)
		r = db_step(t, st, e);
	if (r > 0)
		*ret = db_int(st, 0);
	return r < 0 ? r : 0;
}

static int term_cost(struct tracker *t, const struct filter_term *term, int64_t most, struct arena *a, int64_t *ret,
                     struct err *e)
{
	struct filter_sql q = {.text = BUF_INIT, .arena = a};
	int r;

	buf_adds(&q.text, "SELECT count(*) FROM (");
	filter_sql_seed(&q, term);
	buf_adds(&q.text, " LIMIT ?)");
	r = first_int(t, &q, most, ret, e);
	filter_sql_release(&q);
	return r;
}

/* Adds the cheapest seeds of the node: 1, or 0 when none cost less than `most`. Those of AND are its cheapest child's,
 * those of OR all its children's together. */
static int seeds_find(struct tracker *t, const struct filter_node *n, int64_t most, struct arena *a, struct seeds *ret,
                      struct err *e)
{
	struct seeds best = {.cost = most};
	int r = 0;

	if (n->kind == FILTER_TERM) {
		if (!filter_sql_seeds(n->term))
			return 0;
		r = term_cost(t, n->term, most, a, &best.cost, e);
		if (r < 0 || best.cost >= most)
			return r;
		vec_push(&ret->terms, n->term);
		ret->cost += best.cost;
		return 1;
	}
	if (n->kind == FILTER_OR) {
		for (const struct filter_node *c = n->child; c; c = c->next) {
			if (ret->cost >= most || ret->terms.len >= SEED_TERMS)
				return 0;
			r = seeds_find(t, c, most - ret->cost, a, ret, e);
			if (r <= 0)
				return r;
		}
		return 1;
	}
	for (const struct filter_node *c = n->child; r >= 0 && c && best.cost > 0; c = c->next) {
		struct seeds other = {0};

		r = seeds_find(t, c, best.cost, a, &other, e);
		if (r > 0) {
			vec_release(&best.terms);
			best = other;
		} else {
			vec_release(&other.terms);
		}
	}
	for (size_t i = 0; i < best.terms.len; i++)
		vec_push(&ret->terms, best.terms.v[i]);
	ret->cost += best.cost;
	r = r < 0 ? r : best.terms.len > 0;
	vec_release(&best.terms);
	return r;
}

/* Appends "FROM the runs to look at WHERE not removed": 1 when they come from seeds. */
static int from_seeds(struct tracker *t, const struct filter *f, int64_t most, struct filter_sql *q, struct err *e)
{
	struct seeds seeds = {0};
	int r = f && f->root ? seeds_find(t, f->root, most, q->arena, &seeds, e) : 0;

	if (r > 0 && seeds.terms.len <= SEED_TERMS) {
		buf_adds(&q->text, " FROM (SELECT DISTINCT run FROM (");
		for (size_t i = 0; i < seeds.terms.len; i++) {
			buf_adds(&q->text, i ? " UNION ALL " : "");
			filter_sql_seed(q, seeds.terms.v[i]);
		}
		buf_adds(&q->text, ")");
		/* Many are read in order, so that rows that stand together are; without a limit SQLite leaves an inner
		 * order out. */
		if (most > FILTER_SMALL_SEED)
			buf_adds(&q->text, " ORDER BY run DESC LIMIT -1");
		buf_adds(&q->text, ") x CROSS JOIN run r ON r.number = x.run WHERE r.removed = 0");
	} else if (r >= 0) {
		r = 0;
		buf_adds(&q->text, " FROM run r WHERE r.removed = 0");
	}
	vec_release(&seeds.terms);
	return r;
}

/* A term that every matching run satisfies, on this very key; NULL: there is none from `after` on. */
static const struct filter_term *term_on(const struct filter *f, const struct filter_key *k,
                                         const struct filter_term *after)
{
	const struct filter_node *n = f ? f->root : NULL;
	bool seen = !after;

	if (!n || n->kind == FILTER_OR)
		return NULL;
	for (n = n->kind == FILTER_AND ? n->child : n; n; n = n->next) {
		if (n->kind == FILTER_TERM && seen && filter_key_equal(&n->term->key, k))
			return n->term;
		seen = seen || n->term == after;
	}
	return NULL;
}

static struct filter_sql *phase_add(struct filter_plan *p, struct arena *a)
{
	struct filter_sql *q = &p->phases[p->n++];

	*q = (struct filter_sql){.text = BUF_INIT, .arena = a};
	buf_adds(&q->text, "SELECT r.number");
	return q;
}

/* Where, the keys from `first` on, and the number behind them. */
static void phase_end(struct filter_sql *q, const struct filter *f, const struct filter_sort *sort, size_t first,
                      const char *driven)
{
	bool descending = !sort || !sort->len || sort->v[sort->len - 1].descending;
	size_t n = sort ? sort->len : 0;

	filter_sql_where(q, f);
	buf_addf(&q->text, " ORDER BY %s", driven);
	for (size_t i = first; i < n; i++) {
		filter_sql_order(q, &sort->v[i]);
		buf_adds(&q->text, ", ");
	}
	buf_addf(&q->text, "%s%s LIMIT ?", *driven ? "x.run" : "r.number", descending ? " DESC" : "");
}

static void metric_phases(struct filter_plan *p, const struct filter *f, const struct filter_sort *sort,
                          struct arena *a)
{
	const struct filter_key *k = &sort->v[0].key;
	int64_t lo = value_key(-INFINITY), hi = value_key(INFINITY), nan = value_key(NAN), l, h;
	bool nans = true;
	struct filter_sql *q;

	for (const struct filter_term *t = NULL; (t = term_on(f, k, t));) {
		if (t->op > FILTER_LE || t->op == FILTER_NE)
			continue;
		filter_metric_range(t->op, t->values->number, &l, &h);
		lo = l > lo ? l : lo;
		hi = h < hi ? h : hi;
		nans = nans && t->op == FILTER_EQ && isnan(t->values->number);
	}
	for (int phase = 0; phase < (nans ? 2 : 1); phase++) {
		q = phase_add(p, a);
		buf_adds(&q->text, " FROM run_metric x CROSS JOIN run r ON r.number = x.run WHERE x.key = ? AND "
		                   "x.value BETWEEN ? AND ? AND r.removed = 0");
		vec_push(&q->values, DB_TEXT(k->name));
		vec_push(&q->values, DB_INT(phase ? nan : lo));
		vec_push(&q->values, DB_INT(phase ? nan : hi));
		phase_end(q, f, sort, 1, sort->v[0].descending ? "x.value DESC, " : "x.value, ");
	}
}

static void param_phases(struct filter_plan *p, const struct filter *f, const struct filter_sort *sort, struct arena *a)
{
	bool down = sort->v[0].descending;
	struct filter_sql *q = phase_add(p, a);

	buf_adds(&q->text, " FROM param x INDEXED BY param_by_number CROSS JOIN run r ON r.number = x.run"
	                   " WHERE x.key = ? AND x.number IS NOT NULL AND r.removed = 0");
	vec_push(&q->values, DB_TEXT(sort->v[0].key.name));
	phase_end(q, f, sort, 1, down ? "x.number DESC, " : "x.number, ");
	q = phase_add(p, a);
	buf_adds(&q->text, " FROM param x INDEXED BY param_by_text CROSS JOIN run r ON r.number = x.run"
	                   " WHERE x.key = ? AND x.number IS NULL AND r.removed = 0");
	vec_push(&q->values, DB_TEXT(sort->v[0].key.name));
	phase_end(q, f, sort, 1, down ? "x.text DESC, " : "x.text, ");
}

static void tag_phase(struct filter_plan *p, const struct filter *f, const struct filter_sort *sort, struct arena *a)
{
	struct filter_sql *q = phase_add(p, a);

	buf_adds(&q->text, " FROM tag x INDEXED BY tag_by_value CROSS JOIN run r ON r.number = x.run WHERE x.key = ? "
	                   "AND r.removed = 0");
	vec_push(&q->values, DB_TEXT(sort->v[0].key.name));
	phase_end(q, f, sort, 1, sort->v[0].descending ? "x.value DESC, " : "x.value, ");
}

/* The runs that have not the first key, for which no index exists: only reached when those that have it are too few. */
static void phase_without(struct filter_plan *p, const struct filter *f, const struct filter_sort *sort,
                          struct arena *a)
{
	struct filter_sql *q = phase_add(p, a);

	buf_adds(&q->text, " FROM run r WHERE r.removed = 0 AND ");
	filter_sql_value(q, &sort->v[0].key);
	buf_adds(&q->text, " IS NULL");
	phase_end(q, f, sort, 1, "");
}

int filter_plan(struct tracker *t, const struct filter *f, const struct filter_sort *sort, bool whole, struct arena *a,
                struct filter_plan *ret, struct err *e)
{
	const struct filter_key *k = sort && sort->len ? &sort->v[0].key : NULL;
	struct filter_plan p = {0};
	struct filter_sql *q = phase_add(&p, a);
	int r = from_seeds(t, f, whole ? FILTER_WHOLE_SEED : FILTER_SMALL_SEED, q, e);

	if (r < 0) {
		filter_plan_release(&p);
		return r;
	}
	p.seeded = r > 0;
	if (!p.seeded && k && k->entity != FILTER_ATTRIBUTE && !k->step) {
		filter_plan_release(&p);
		if (k->entity == FILTER_METRIC)
			metric_phases(&p, f, sort, a);
		else if (k->entity == FILTER_PARAM)
			param_phases(&p, f, sort, a);
		else
			tag_phase(&p, f, sort, a);
		if (!term_on(f, k, NULL))
			phase_without(&p, f, sort, a);
	} else {
		phase_end(q, f, sort, 0, "");
	}
	*ret = p;
	return 0;
}

void filter_plan_release(struct filter_plan *p)
{
	for (int i = 0; i < p->n; i++)
		filter_sql_release(&p->phases[i]);
	p->n = 0;
}

int filter_numbers_take(struct tracker *t, const struct filter *f, const struct filter_sort *sort, int64_t limit,
                        int64_t offset, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e)
{
	VEC(int64_t) numbers = {0};
	struct filter_plan plan = {0};
	int64_t skip = offset > 0 ? offset : 0;
	int r = filter_plan(t, f, sort, limit < 0, a, &plan, e);

	for (int i = 0; r >= 0 && i < plan.n && (limit < 0 || (int64_t)numbers.len < limit); i++) {
		_statement_ sqlite3_stmt *st = NULL;
		int64_t left = limit < 0 ? -1 : limit - (int64_t)numbers.len;

		r = db_prepare(t, plan.phases[i].text.data, &st, e);
		if (r >= 0)
			r = bind_all(t, st, &plan.phases[i], left < 0 || left > INT64_MAX - skip ? -1 : left + skip, e);
		while (r >= 0 && (r = db_step(t, st, e)) > 0)
			if (skip > 0)
				skip--;
			else
				vec_push(&numbers, db_int(st, 0));
	}
	filter_plan_release(&plan);
	if (r < 0) {
		vec_release(&numbers);
		return r;
	}
	*ret = numbers.v;
	*ret_len = numbers.len;
	return 0;
}

int filter_numbers(struct tracker *t, const struct filter *f, const struct filter_sort *sort, int64_t limit,
                   int64_t offset, struct arena *a, int64_t **ret, size_t *ret_len, struct err *e)
{
	_free_ int64_t *numbers = NULL;
	int r = filter_numbers_take(t, f, sort, limit, offset, a, &numbers, ret_len, e);

	if (r >= 0)
		*ret = arena_dup(a, numbers, *ret_len * sizeof *numbers);
	return r;
}

int filter_count(struct tracker *t, const struct filter *f, struct arena *a, int64_t *ret, struct err *e)
{
	struct filter_sql q = {.text = BUF_INIT, .arena = a};
	int r;

	buf_adds(&q.text, "SELECT count(*)");
	r = from_seeds(t, f, FILTER_COUNT_SEED, &q, e);
	if (r >= 0) {
		filter_sql_where(&q, f);
		r = first_int(t, &q, INT64_MIN, ret, e);
	}
	filter_sql_release(&q);
	return r;
}
