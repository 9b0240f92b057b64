#include "tracker/filter.h"

#include <strings.h>
#include "tracker/filter_key.h"
#include "tracker/filter_term.h"

static void child_insert(struct filter_node *parent, struct filter_node *child)
{
	struct filter_node **at = &parent->child;

	while (*at && (*at)->nested >= child->nested)
		at = &(*at)->next;
	child->next = *at;
	*at = child;
}

/* Children of the parent's own kind give theirs: (a AND b) AND c is one node of three. */
static void child_add(struct filter_node *parent, struct filter_node *child)
{
	struct filter_node *next;

	if (child->kind != parent->kind) {
		child_insert(parent, child);
		return;
	}
	for (struct filter_node *c = child->child; c; c = next) {
		next = c->next;
		child_insert(parent, c);
	}
}

static struct filter_node *node_join(struct filter_parser *p, enum filter_node_kind kind, struct filter_node *a,
                                     struct filter_node *b)
{
	struct filter_node *n = arena_new(p->scan.arena, struct filter_node);

	n->kind = kind;
	child_add(n, a);
	child_add(n, b);
	n->nested = 1 + n->child->nested;
	if (n->child->next->nested + 3 > n->nested)
		n->nested = n->child->next->nested + 3;
	return n;
}

static int expr_parse(struct filter_parser *p, enum filter_node_kind kind, struct filter_node **ret, struct err *e);

static int factor_parse(struct filter_parser *p, struct filter_node **ret, struct err *e)
{
	struct filter_scan *s = &p->scan;
	const char *open;
	int r;

	scan_blanks(s);
	if (*s->p != '(') {
		const char *at = s->p, *word = scan_word(s);

		s->p = at;
		if (!strcasecmp(word, "NOT"))
			return scan_err(s, at, e,
			                "NOT stands behind a key only: key NOT LIKE '…', key NOT IN (…), key != value");
		return filter_term_parse(p, ret, e);
	}
	open = s->p++;
	if (++p->depth > FILTER_MAX_DEPTH)
		return scan_err(s, open, e, "parentheses are more than %d deep", FILTER_MAX_DEPTH);
	r = expr_parse(p, FILTER_OR, ret, e);
	if (r < 0)
		return r;
	p->depth--;
	scan_blanks(s);
	if (*s->p != ')')
		return scan_err(s, s->p, e, "expected AND, OR or the \")\" for column %zu, found %s",
		                scan_column(s, open), scan_found(s, s->p));
	s->p++;
	return 0;
}

/* kind OR: terms joined by OR, of which each is terms joined by AND. */
static int expr_parse(struct filter_parser *p, enum filter_node_kind kind, struct filter_node **ret, struct err *e)
{
	struct filter_scan *s = &p->scan;
	struct filter_node *n = NULL, *more;

	for (;;) {
		const char *at;
		int r = kind == FILTER_OR ? expr_parse(p, FILTER_AND, &more, e) : factor_parse(p, &more, e);

		if (r < 0)
			return r;
		n = n ? node_join(p, kind, n, more) : more;
		scan_blanks(s);
		at = s->p;
		if (strcasecmp(scan_word(s), kind == FILTER_OR ? "OR" : "AND") != 0) {
			s->p = at;
			*ret = n;
			return 0;
		}
	}
}

int filter_parse(const char *text, struct arena *a, struct filter **ret, struct err *e)
{
	struct filter_parser p = {0};
	struct filter *f = arena_new(a, struct filter);
	int r = scan_begin(&p.scan, "filter", text, a, e);

	if (r < 0)
		return r;
	scan_blanks(&p.scan);
	if (*p.scan.p) {
		r = expr_parse(&p, FILTER_OR, &f->root, e);
		if (r < 0)
			return r;
		scan_blanks(&p.scan);
		if (*p.scan.p)
			return scan_err(&p.scan, p.scan.p, e, "expected AND, OR or the end, found %s",
			                scan_found(&p.scan, p.scan.p));
	}
	*ret = f;
	return 0;
}

bool filter_key_equal(const struct filter_key *a, const struct filter_key *b)
{
	if (a->entity != b->entity || !a->step != !b->step)
		return false;
	if (a->entity == FILTER_ATTRIBUTE)
		return a->attribute == b->attribute;
	return !strcmp(a->name, b->name) && (!a->step || !strcmp(a->step, b->step));
}

int filter_parse_sort(const char *text, struct arena *a, struct filter_sort **ret, struct err *e)
{
	struct filter_scan s;
	struct filter_sort *sort = arena_new(a, struct filter_sort);
	int r = scan_begin(&s, "sort", text, a, e);

	if (r < 0)
		return r;
	for (;;) {
		struct filter_order o = {0};
		const char *at;
		char *word;

		scan_blanks(&s);
		if (!*s.p && !sort->len)
			break;
		at = s.p;
		r = filter_key_parse(&s, &o.key, e);
		if (r < 0)
			return r;
		for (size_t i = 0; i < sort->len; i++)
			if (filter_key_equal(&sort->v[i].key, &o.key))
				return scan_err(&s, at, e, "%s is named twice", o.key.name);
		if (sort->len == FILTER_MAX_SORT)
			return scan_err(&s, at, e, "more than %d keys", FILTER_MAX_SORT);
		scan_blanks(&s);
		at = s.p;
		word = scan_word(&s);
		o.descending = !strcasecmp(word, "DESC");
		if (*word && !o.descending && strcasecmp(word, "ASC") != 0)
			return scan_err(&s, at, e, "expected ASC, DESC or \",\", found %s", scan_found(&s, at));
		sort->v[sort->len++] = o;
		scan_blanks(&s);
		if (!*s.p)
			break;
		if (*s.p != ',')
			return scan_err(&s, s.p, e, "expected \",\" or the end, found %s", scan_found(&s, s.p));
		s.p++;
	}
	*ret = sort;
	return 0;
}
