#include "tracker/filter_sql.h"

#include <math.h>
#include "tracker/series.h"

void filter_sql_release(struct filter_sql *q)
{
	buf_release(&q->text);
	vec_release(&q->values);
}

static void add(struct filter_sql *q, const char *piece)
{
	buf_adds(&q->text, piece);
}

static void bind(struct filter_sql *q, struct db_value v)
{
	vec_push(&q->values, v);
}

/* The column of r; NULL for one that stands elsewhere. */
static const char *const columns[] = {
        [FILTER_NUMBER] = "r.number",
        [FILTER_NAME] = "r.name",
        [FILTER_RUN_STATE] = "r.state",
        [FILTER_PIPELINE] = "r.pipeline",
        [FILTER_RUN_KIND] = "r.kind",
        [FILTER_ORIGIN] = "r.origin",
        [FILTER_CREATED] = "r.created",
        [FILTER_STARTED] = "r.started",
        [FILTER_ENDED] = "r.ended",
        [FILTER_ELAPSED] = "r.elapsed_us",
        [FILTER_USER] = "r.user",
        [FILTER_HOST] = "r.host",
        [FILTER_BRANCH] = "r.branch",
        [FILTER_COMMIT] = "r.commit_id",
        [FILTER_DIRTY] = "r.dirty",
        [FILTER_UID] = "r.uid",
        [FILTER_NOTE] = "(SELECT n.text FROM note n WHERE n.run = r.number)",
};

void filter_sql_value(struct filter_sql *q, const struct filter_key *k)
{
	switch (k->entity) {
	case FILTER_ATTRIBUTE:
		add(q, columns[k->attribute]);
		return;
	case FILTER_PARAM:
		add(q, "(SELECT p.text FROM param p WHERE p.run = r.number AND p.key = ?)");
		break;
	case FILTER_TAG:
		add(q, "(SELECT g.value FROM tag g WHERE g.run = r.number AND g.key = ?)");
		break;
	case FILTER_METRIC:
		if (k->step) {
			add(q, "(SELECT s.last FROM step st JOIN series s ON s.attempt = coalesce(st.reused_attempt, "
			       "(SELECT a.id FROM attempt a WHERE a.step = st.id ORDER BY a.n DESC LIMIT 1)) "
			       "WHERE st.run = r.number AND st.name = ? AND s.key = ?)");
			bind(q, DB_TEXT(k->step));
		} else {
			add(q, "(SELECT m.value FROM run_metric m WHERE m.run = r.number AND m.key = ?)");
		}
		break;
	}
	bind(q, DB_TEXT(k->name));
}

void filter_metric_range(enum filter_op op, double v, int64_t *lo, int64_t *hi)
{
	/* −0 and 0 are equal, and have two keys. */
	int64_t least = value_key(v == 0 ? -0.0 : v), most = value_key(v == 0 ? 0.0 : v);

	*lo = value_key(-INFINITY);
	*hi = value_key(INFINITY);
	if (op == FILTER_EQ) {
		*lo = least;
		*hi = most;
	} else if (isnan(v)) {
		*hi = *lo - 1;
	} else if (op == FILTER_GT) {
		*lo = most + 1;
	} else if (op == FILTER_GE) {
		*lo = least;
	} else if (op == FILTER_LT) {
		*hi = least - 1;
	} else {
		*hi = most;
	}
}

static bool op_negates(enum filter_op op)
{
	return op == FILTER_NE || op == FILTER_NOT_LIKE || op == FILTER_NOT_ILIKE || op == FILTER_NOT_IN;
}

/* " BETWEEN ? AND ?" or " IN (…)", with NOT where the operator negates. */
static void metric_compare(struct filter_sql *q, const struct filter_term *t)
{
	int64_t lo, hi;

	if (op_negates(t->op))
		add(q, " NOT");
	if (t->op != FILTER_IN && t->op != FILTER_NOT_IN) {
		filter_metric_range(t->op == FILTER_NE ? FILTER_EQ : t->op, t->values->number, &lo, &hi);
		add(q, " BETWEEN ? AND ?");
		bind(q, DB_INT(lo));
		bind(q, DB_INT(hi));
		return;
	}
	add(q, " IN (");
	for (size_t i = 0; i < t->nvalues; i++) {
		filter_metric_range(FILTER_EQ, t->values[i].number, &lo, &hi);
		add(q, i ? ", ?" : "?");
		bind(q, DB_INT(lo));
		if (lo != hi) {
			add(q, ", ?");
			bind(q, DB_INT(hi));
		}
	}
	add(q, ")");
}

/* SQLite's LIKE knows no case, its GLOB does: "%" and "_" become "*" and "?", and those themselves a set of one. */
static const char *glob_of(struct filter_sql *q, const char *pattern)
{
	char *glob = arena_alloc(q->arena, 3 * strlen(pattern) + 1), *to = glob;

	for (; *pattern; pattern++)
		if (*pattern == '%') {
			*to++ = '*';
		} else if (*pattern == '_') {
			*to++ = '?';
		} else if (strchr("*?[", *pattern)) {
			*to++ = '[';
			*to++ = *pattern;
			*to++ = ']';
		} else {
			*to++ = *pattern;
		}
	*to = '\0';
	return glob;
}

static struct db_value text_of(const struct filter_value *v)
{
	return DB_TEXT(v->text);
}

static struct db_value number_of(const struct filter_value *v)
{
	bool whole = v->number == floor(v->number) && fabs(v->number) < 9e15;

	return whole ? DB_INT((int64_t)v->number) : DB_REAL(v->number);
}

static bool is_number(const struct filter_value *v)
{
	return v->is_number && !isnan(v->number);
}

/* " > ?", " GLOB ?", " IN (…)" with the values as `as` gives them; `pick` NULL: all of them. */
static void compare(struct filter_sql *q, const struct filter_term *t,
                    struct db_value (*as)(const struct filter_value *), bool (*pick)(const struct filter_value *))
{
	static const char *const ops[] = {
	        [FILTER_EQ] = " = ?",
	        [FILTER_NE] = " <> ?",
	        [FILTER_GT] = " > ?",
	        [FILTER_GE] = " >= ?",
	        [FILTER_LT] = " < ?",
	        [FILTER_LE] = " <= ?",
	        [FILTER_LIKE] = " GLOB ?",
	        [FILTER_ILIKE] = " LIKE ?",
	        [FILTER_NOT_LIKE] = " NOT GLOB ?",
	        [FILTER_NOT_ILIKE] = " NOT LIKE ?",
	        [FILTER_IN] = " IN (",
	        [FILTER_NOT_IN] = " NOT IN (",
	};
	const char *comma = "";

	add(q, ops[t->op]);
	if (t->op == FILTER_LIKE || t->op == FILTER_NOT_LIKE) {
		bind(q, DB_TEXT(glob_of(q, t->values->text)));
	} else if (t->op != FILTER_IN && t->op != FILTER_NOT_IN) {
		bind(q, as(t->values));
	} else {
		for (size_t i = 0; i < t->nvalues; i++)
			if (!pick || pick(&t->values[i])) {
				add(q, comma);
				add(q, "?");
				bind(q, as(&t->values[i]));
				comma = ", ";
			}
		add(q, ")");
	}
}

static bool any_number(const struct filter_term *t)
{
	if (t->op >= FILTER_LIKE && t->op <= FILTER_NOT_ILIKE)
		return false;
	for (size_t i = 0; i < t->nvalues; i++)
		if (is_number(&t->values[i]))
			return true;
	return false;
}

/* A param that is a number compares with the values that are numbers, another one by its text with all of them. */
static void param_where(struct filter_sql *q, const struct filter_term *t)
{
	add(q, "EXISTS (SELECT 1 FROM param p WHERE p.run = r.number AND p.key = ? AND CASE WHEN p.number IS NULL THEN "
	       "p.text");
	bind(q, DB_TEXT(t->key.name));
	compare(q, t, text_of, NULL);
	add(q, " ELSE p.number");
	compare(q, t, number_of, is_number);
	add(q, " END)");
}

static void term_where(struct filter_sql *q, const struct filter_term *t)
{
	const struct filter_key *k = &t->key;

	if (k->entity == FILTER_PARAM && any_number(t)) {
		param_where(q, t);
		return;
	}
	/* "+": the plan is chosen by seeds, not by SQLite's guess of how much a range holds. */
	if (k->entity == FILTER_ATTRIBUTE)
		add(q, "+");
	filter_sql_value(q, k);
	if (k->entity == FILTER_METRIC)
		metric_compare(q, t);
	else if (k->entity == FILTER_ATTRIBUTE && k->type != FILTER_TEXT && k->type != FILTER_STATE &&
	         k->type != FILTER_KIND)
		compare(q, t, number_of, NULL);
	else
		compare(q, t, text_of, NULL);
}

static void node_where(struct filter_sql *q, const struct filter_node *n)
{
	if (n->kind == FILTER_TERM) {
		term_where(q, n->term);
		return;
	}
	for (const struct filter_node *c = n->child; c; c = c->next) {
		bool paren = n->kind == FILTER_AND && c->kind == FILTER_OR;

		if (c != n->child)
			add(q, n->kind == FILTER_AND ? " AND " : " OR ");
		add(q, paren ? "(" : "");
		node_where(q, c);
		add(q, paren ? ")" : "");
	}
}

void filter_sql_where(struct filter_sql *q, const struct filter *f)
{
	if (!f || !f->root)
		return;
	add(q, " AND (");
	node_where(q, f->root);
	add(q, ")");
}

static bool is_never_null(const struct filter_key *k)
{
	static const bool never[] = {
	        [FILTER_NUMBER] = true,   [FILTER_NAME] = true,    [FILTER_RUN_STATE] = true, [FILTER_PIPELINE] = true,
	        [FILTER_RUN_KIND] = true, [FILTER_CREATED] = true, [FILTER_USER] = true,      [FILTER_HOST] = true,
	        [FILTER_UID] = true,      [FILTER_NOTE] = false,
	};

	return k->entity == FILTER_ATTRIBUTE && never[k->attribute];
}

void filter_sql_order(struct filter_sql *q, const struct filter_order *o)
{
	/* Where it says nothing new, NULLS LAST would only keep an index from being used. */
	const char *direction = o->descending ? " DESC" : is_never_null(&o->key) ? "" : " NULLS LAST";

	if (o->key.entity == FILTER_METRIC) {
		add(q, "nullif(");
		filter_sql_value(q, &o->key);
		add(q, ", ?)");
		bind(q, DB_INT(value_key(NAN)));
		add(q, direction);
		add(q, ", ");
		filter_sql_value(q, &o->key);
		add(q, " IS NULL");
		return;
	}
	if (o->key.entity == FILTER_PARAM) {
		add(q, "(SELECT p.number FROM param p WHERE p.run = r.number AND p.key = ?)");
		bind(q, DB_TEXT(o->key.name));
		add(q, direction);
		add(q, ", (SELECT p.text FROM param p WHERE p.run = r.number AND p.key = ? AND p.number IS NULL)");
		bind(q, DB_TEXT(o->key.name));
	} else {
		filter_sql_value(q, &o->key);
	}
	add(q, direction);
}

bool filter_sql_seeds(const struct filter_term *t)
{
	if (t->key.entity != FILTER_ATTRIBUTE)
		return true;
	switch (t->key.attribute) {
	case FILTER_NUMBER:
	case FILTER_CREATED:
		return !op_negates(t->op);
	case FILTER_UID:
	case FILTER_NAME:
	case FILTER_RUN_STATE:
	case FILTER_PIPELINE:
		return t->op == FILTER_EQ || t->op == FILTER_IN;
	default:
		return false;
	}
}

/* A term that no range of an index answers still reads only the runs that have the key. */
void filter_sql_seed(struct filter_sql *q, const struct filter_term *t)
{
	const struct filter_key *k = &t->key;
	bool ranged = !op_negates(t->op) && t->op != FILTER_LIKE && t->op != FILTER_ILIKE;

	switch (k->entity) {
	case FILTER_ATTRIBUTE:
		add(q, "SELECT r.number AS run FROM run r WHERE r.removed = 0 AND ");
		add(q, columns[k->attribute]);
		compare(q, t, k->type == FILTER_INTEGER || k->type == FILTER_TIME ? number_of : text_of, NULL);
		return;
	case FILTER_METRIC:
		add(q, "SELECT run FROM run_metric WHERE key = ?");
		bind(q, DB_TEXT(k->name));
		if (!k->step && ranged) {
			add(q, " AND value");
			metric_compare(q, t);
		}
		return;
	case FILTER_TAG:
		add(q, "SELECT run FROM tag WHERE key = ?");
		bind(q, DB_TEXT(k->name));
		if (ranged) {
			add(q, " AND value");
			compare(q, t, text_of, NULL);
		}
		return;
	case FILTER_PARAM:
		add(q, "SELECT run FROM param WHERE number IS NULL AND key = ?");
		bind(q, DB_TEXT(k->name));
		if (ranged) {
			add(q, " AND text");
			compare(q, t, text_of, NULL);
		}
		/* A number's own text is equal to no text that is none. */
		if ((t->op == FILTER_EQ || t->op == FILTER_IN) && !any_number(t))
			return;
		add(q, " UNION ALL SELECT run FROM param WHERE number IS NOT NULL AND key = ?");
		bind(q, DB_TEXT(k->name));
		if (ranged && any_number(t)) {
			add(q, " AND number");
			compare(q, t, number_of, is_number);
		}
		return;
	}
}
