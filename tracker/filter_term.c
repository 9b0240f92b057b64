#include "tracker/filter_term.h"

#include <math.h>
#include <strings.h>
#include "base/text.h"
#include "base/time.h"
#include "base/vec.h"
#include "tracker/filter_key.h"
#include "tracker/state.h"

static const char *const op_texts[] = {
        [FILTER_EQ] = "=",
        [FILTER_NE] = "!=",
        [FILTER_GT] = ">",
        [FILTER_GE] = ">=",
        [FILTER_LT] = "<",
        [FILTER_LE] = "<=",
        [FILTER_LIKE] = "LIKE",
        [FILTER_ILIKE] = "ILIKE",
        [FILTER_NOT_LIKE] = "NOT LIKE",
        [FILTER_NOT_ILIKE] = "NOT ILIKE",
        [FILTER_IN] = "IN",
        [FILTER_NOT_IN] = "NOT IN",
};

static const char *ops_of(const struct filter_key *k)
{
	if (k->entity == FILTER_METRIC)
		return "=, !=, >, >=, <, <=, IN, NOT IN";
	if (k->entity != FILTER_ATTRIBUTE || k->type == FILTER_TEXT)
		return "=, !=, >, >=, <, <=, LIKE, ILIKE, IN, NOT LIKE, NOT ILIKE, NOT IN";
	switch (k->type) {
	case FILTER_STATE:
	case FILTER_KIND:
		return "=, !=, LIKE, ILIKE, IN, NOT LIKE, NOT ILIKE, NOT IN";
	case FILTER_FLAG:
		return "=, !=";
	default:
		return "=, !=, >, >=, <, <=, IN, NOT IN";
	}
}

static bool op_is_pattern(enum filter_op op)
{
	return op >= FILTER_LIKE && op <= FILTER_NOT_ILIKE;
}

static bool op_fits(const struct filter_key *k, enum filter_op op)
{
	bool order = op >= FILTER_GT && op <= FILTER_LE;
	bool text = k->entity == FILTER_PARAM || k->entity == FILTER_TAG ||
	            (k->entity == FILTER_ATTRIBUTE && k->type == FILTER_TEXT);

	if (text || op == FILTER_EQ || op == FILTER_NE)
		return true;
	if (k->entity == FILTER_ATTRIBUTE && (k->type == FILTER_STATE || k->type == FILTER_KIND))
		return !order;
	if (k->entity == FILTER_ATTRIBUTE && k->type == FILTER_FLAG)
		return false;
	return !op_is_pattern(op);
}

/* The words behind NOT, or LIKE, ILIKE, IN by themselves. */
static bool op_of_word(const char *word, bool negated, enum filter_op *ret)
{
	if (!strcasecmp(word, "LIKE"))
		*ret = negated ? FILTER_NOT_LIKE : FILTER_LIKE;
	else if (!strcasecmp(word, "ILIKE"))
		*ret = negated ? FILTER_NOT_ILIKE : FILTER_ILIKE;
	else if (!strcasecmp(word, "IN"))
		*ret = negated ? FILTER_NOT_IN : FILTER_IN;
	else
		return false;
	return true;
}

static bool op_of_sign(struct filter_scan *s, enum filter_op *ret)
{
	static const struct {
		const char *text;
		enum filter_op op;
	} signs[] = {
	        {"==", FILTER_EQ}, {"=", FILTER_EQ}, {"!=", FILTER_NE}, {"<>", FILTER_NE},
	        {">=", FILTER_GE}, {">", FILTER_GT}, {"<=", FILTER_LE}, {"<", FILTER_LT},
	};

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if (text_starts(s->p, signs[i].text)) {
			s->p += strlen(signs[i].text);
			*ret = signs[i].op;
			return true;
		}
	return false;
}

static int op_parse(struct filter_scan *s, const struct filter_key *k, enum filter_op *ret, struct err *e)
{
	const char *at;
	char *word;
	enum filter_op op;

	scan_blanks(s);
	at = s->p;
	if (!op_of_sign(s, &op)) {
		bool negated;

		word = scan_word(s);
		negated = !strcasecmp(word, "NOT");
		if (negated) {
			scan_blanks(s);
			word = scan_word(s);
		}
		if (!op_of_word(word, negated, &op)) {
			s->p = at;
			return scan_err(s, at, e, "expected one of %s behind %s, found %s", ops_of(k), k->name,
			                scan_found(s, at));
		}
	}
	if (!op_fits(k, op))
		return scan_err(s, at, e, "%s does not fit %s, which takes %s", op_texts[op], k->name, ops_of(k));
	*ret = op;
	return 0;
}

static int value_word(struct filter_scan *s, const char *at, enum vocabulary v, struct filter_value *val, struct err *e)
{
	static const struct {
		const char *theirs, *ours;
	} known[] = {
	        /* MLflow's names of states */
	        {"finished", "success"},
	        {"killed", "stopped"},
	        {"scheduled", "queued"},
	};
	const char *texts[16], *near;
	_buf_ struct buf all = BUF_INIT;
	int n;
	const struct word *w = words_of(v, &n);

	for (int i = 0; i < n; i++)
		if (!strcasecmp(w[i].text, val->text)) {
			val->text = w[i].text;
			return 0;
		}
	for (size_t i = 0; v == WORDS_RUN_STATE && i < ARRAY_LEN(known); i++)
		if (!strcasecmp(known[i].theirs, val->text)) {
			val->text = known[i].ours;
			return 0;
		}
	for (int i = 0; i < n; i++) {
		texts[i] = w[i].text;
		buf_addf(&all, "%s%s", i ? ", " : "", w[i].text);
	}
	near = text_nearest(val->text, texts, (size_t)n);
	return scan_err(s, at, e, "there is no %s %s%s%s; there are %s", v == WORDS_KIND ? "kind" : "state",
	                scan_found(s, at), near ? ": did you mean " : "", near ? near : "", all.data);
}

static bool time_of(const char *text, double *ret_us)
{
	static const char *const tails[] = {"", "Z", ":00Z", "T00:00:00Z"};
	size_t n = strlen(text);
	char full[48];
	int64_t us;

	for (size_t i = 0; n < 32 && i < ARRAY_LEN(tails); i++) {
		snprintf(full, sizeof full, "%s%s", text, tails[i]);
		if (n > 10 && full[10] == ' ')
			full[10] = 'T';
		if (time_from_iso(full, &us)) {
			*ret_us = (double)us;
			return true;
		}
	}
	return false;
}

/* Gives the value the form its attribute needs. at: where it stands; quoted: it was written as a text. */
static int value_fit(struct filter_scan *s, const char *at, const struct filter_key *k, enum filter_op op, bool quoted,
                     struct filter_value *val, struct err *e)
{
	bool finite = val->is_number && isfinite(val->number);

	if (op_is_pattern(op)) {
		if (!quoted)
			return scan_err(s, at, e, "%s needs a quoted pattern, such as '%%abc%%', found %s",
			                op_texts[op], scan_found(s, at));
		if (strlen(val->text) > FILTER_MAX_PATTERN)
			return scan_err(s, at, e, "the pattern is longer than %d bytes", FILTER_MAX_PATTERN);
		return 0;
	}
	if (k->entity == FILTER_METRIC) {
		if (quoted || !val->is_number)
			return scan_err(s, at, e,
			                "metrics compare with a number (or NaN, inf) without quotes, found %s",
			                scan_found(s, at));
		return 0;
	}
	if (k->entity == FILTER_ATTRIBUTE && k->type != FILTER_TEXT)
		switch (k->type) {
		case FILTER_STATE:
			return value_word(s, at, WORDS_RUN_STATE, val, e);
		case FILTER_KIND:
			return value_word(s, at, WORDS_KIND, val, e);
		case FILTER_FLAG:
			if (!strcasecmp(val->text, "true") || !strcmp(val->text, "1"))
				val->number = 1;
			else if (!strcasecmp(val->text, "false") || !strcmp(val->text, "0"))
				val->number = 0;
			else
				return scan_err(s, at, e, "%s is true or false, found %s", k->name, scan_found(s, at));
			return 0;
		case FILTER_TIME:
			if (finite && !quoted) {
				val->number *= 1000;
				return 0;
			}
			if (time_of(val->text, &val->number))
				return 0;
			return scan_err(s, at, e,
			                "%s compares with a time, such as '2026-11-21T10:00:00Z' or '2026-11-21', or "
			                "with UTC milliseconds, found %s",
			                k->name, scan_found(s, at));
		default:
			if (!finite || quoted)
				return scan_err(s, at, e, "%s compares with a number, found %s", k->name,
				                scan_found(s, at));
			if (k->type == FILTER_SECONDS)
				val->number = round(val->number * US_PER_S);
			return 0;
		}
	if (!quoted && !val->is_number)
		return scan_err(s, at, e, "a text needs quotes, '%s', or is it a number? found %s",
		                scan_short(s, val->text), scan_found(s, at));
	if (!quoted && k->entity == FILTER_ATTRIBUTE)
		return scan_err(s, at, e, "%s compares with a quoted text, found %s", k->name, scan_found(s, at));
	return 0;
}

static int value_parse(struct filter_parser *p, const struct filter_key *k, enum filter_op op, struct filter_value *ret,
                       struct err *e)
{
	struct filter_scan *s = &p->scan;
	const char *at;
	char *text;
	bool quoted;
	int r;

	scan_blanks(s);
	at = s->p;
	quoted = *at == '\'' || *at == '"';
	if (quoted) {
		r = scan_quoted(s, &text, e);
		if (r < 0)
			return r;
	} else {
		text = scan_word(s);
		if (!*text)
			return scan_err(s, at, e, "expected a number or a quoted text behind %s, found %s",
			                op_texts[op], scan_found(s, at));
	}
	if (++p->nvalues > FILTER_MAX_VALUES)
		return scan_err(s, at, e, "more than %d values; ask in parts", FILTER_MAX_VALUES);
	*ret = (struct filter_value){.text = text};
	ret->is_number = number_parse(text, strlen(text), &ret->number);
	return value_fit(s, at, k, op, quoted, ret, e);
}

static int list_parse(struct filter_parser *p, struct filter_term *t, struct err *e)
{
	struct filter_scan *s = &p->scan;
	VEC(struct filter_value) values = {0};
	int r = 0;

	scan_blanks(s);
	if (*s->p != '(')
		return scan_err(s, s->p, e, "expected \"(\" and values behind %s, found %s", op_texts[t->op],
		                scan_found(s, s->p));
	do {
		s->p++;
		r = value_parse(p, &t->key, t->op, vec_add(&values), e);
		scan_blanks(s);
	} while (r >= 0 && *s->p == ',');
	if (r >= 0 && *s->p != ')')
		r = scan_err(s, s->p, e, "expected \",\" or \")\" in the list, found %s", scan_found(s, s->p));
	if (r >= 0) {
		s->p++;
		t->nvalues = values.len;
		t->values = arena_dup(s->arena, values.v, values.len * sizeof *values.v);
	}
	vec_release(&values);
	return r;
}

int filter_term_parse(struct filter_parser *p, struct filter_node **ret, struct err *e)
{
	struct filter_scan *s = &p->scan;
	struct filter_term *t;
	struct filter_node *n;
	int r;

	if (++p->nterms > FILTER_MAX_TERMS)
		return scan_err(s, s->p, e, "more than %d comparisons; IN takes many values at once", FILTER_MAX_TERMS);
	t = arena_new(s->arena, struct filter_term);
	r = filter_key_parse(s, &t->key, e);
	if (r < 0)
		return r;
	r = op_parse(s, &t->key, &t->op, e);
	if (r < 0)
		return r;
	if (t->op == FILTER_IN || t->op == FILTER_NOT_IN) {
		r = list_parse(p, t, e);
	} else {
		t->nvalues = 1;
		t->values = arena_new(s->arena, struct filter_value);
		r = value_parse(p, &t->key, t->op, t->values, e);
	}
	if (r < 0)
		return r;
	n = arena_new(s->arena, struct filter_node);
	*n = (struct filter_node){.kind = FILTER_TERM, .term = t, .nested = 1};
	*ret = n;
	return 0;
}
