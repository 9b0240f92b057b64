#include "base/json.h"
#include "runner/pipeline/pipeline_build.h"

bool node_has_refs(const struct yaml_node *n)
{
	if (n->kind == YAML_TEXT)
		return subst_has(n->text);
	for (size_t i = 0; i < n->n; i++)
		if (node_has_refs(n->kind == YAML_LIST ? n->items[i] : n->pairs[i].value))
			return true;
	return false;
}

static struct yaml_node *node_like(struct build *b, const struct yaml_node *at, enum yaml_kind kind)
{
	struct yaml_node *n = arena_new(&b->scratch, struct yaml_node);

	n->kind = kind;
	n->line = at->line;
	n->column = at->column;
	return n;
}

static void set_text(struct build *b, struct yaml_node *n, const char *text, size_t len)
{
	char *copy = arena_alloc(&b->scratch, len + 1);

	memcpy(copy, text, len);
	copy[len] = '\0';
	n->text = copy;
	n->len = len;
}

/* A param's value as if it stood in the file at `at`. */
static struct yaml_node *node_of_json(struct build *b, const struct yaml_node *at, const json_t *v)
{
	struct yaml_node *n = node_like(b, at, YAML_TEXT);
	const char *key;
	json_t *value;
	size_t i;

	if (json_is_object(v)) {
		n->kind = YAML_MAP;
		n->pairs = arena_array(&b->scratch, struct yaml_pair, json_object_size(v));
		json_object_foreach((json_t *)v, key, value)
		{
			struct yaml_node *name = node_like(b, at, YAML_TEXT);
			set_text(b, name, key, strlen(key));
			n->pairs[n->n++] = (struct yaml_pair){.key = name, .value = node_of_json(b, at, value)};
		}
		return n;
	}
	if (json_is_array(v)) {
		n->kind = YAML_LIST;
		n->items = arena_array(&b->scratch, struct yaml_node *, json_array_size(v));
		json_array_foreach(v, i, value) n->items[n->n++] = node_of_json(b, at, value);
		return n;
	}
	if (json_is_string(v)) {
		n->quoted = true;
		set_text(b, n, json_string_value(v), json_string_length(v));
		return n;
	}
	_buf_ struct buf text = BUF_INIT;
	json_canonical(&text, v);
	set_text(b, n, text.data, text.len);
	yaml_resolve(n);
	return n;
}

void node_subst_fault(const struct where *w, const struct yaml_node *n, const struct subst *s, size_t at,
                      const struct err *first)
{
	_buf_ struct buf all = BUF_INIT;
	_buf_ struct buf text = BUF_INIT;
	const char *rest = n->text + at + 2;
	struct err e;

	buf_adds(&all, first->text);
	while (subst_text(rest, s, SUBST_PLAIN, NULL, NULL, &text, &at, &e) < 0) {
		if (!strstr(all.data, e.text))
			buf_addf(&all, "; %s", e.text);
		rest += at + 2;
	}
	build_fault(w, n, "%s", all.data);
}

bool node_names_matrix(const struct yaml_node *n)
{
	if (n->kind == YAML_TEXT)
		return strstr(n->text, "${matrix.");
	for (size_t i = 0; i < n->n; i++)
		if (node_names_matrix(n->kind == YAML_LIST ? n->items[i] : n->pairs[i].value))
			return true;
	return false;
}

static const struct yaml_node *text_subst(const struct where *w, const struct yaml_node *n, const struct subst *s,
                                          bool typed)
{
	_buf_ struct buf text = BUF_INIT;
	struct err e;
	size_t at = 0;
	const json_t *v = typed ? subst_value(n->text, s) : NULL;

	if (v)
		return node_of_json(w->b, n, v);
	if (subst_text(n->text, s, SUBST_PLAIN, NULL, NULL, &text, &at, &e) < 0) {
		node_subst_fault(w, n, s, at, &e);
		return NULL;
	}
	if (strlen(text.data) != text.len) {
		build_fault(w, n, "a value put in holds a NUL byte");
		return NULL;
	}
	/* What is known only when the step starts stays as it is written, and has no place in the file but in `run`. */
	for (const char *p = text.data; (p = strstr(p, "${")); p += 2) {
		bool escaped = strstr(n->text, "$${");
		if (!escaped && subst_has(p)) {
			build_fault(w, n, "${%.*s} is known only when the step starts; it can stand in \"run\"",
			            (int)strcspn(p + 2, "}"), p + 2);
			return NULL;
		}
	}
	if (!build_charge(w, n, text.len))
		return NULL;
	struct yaml_node *new = node_like(w->b, n, YAML_TEXT);
	new->quoted = true;
	set_text(w->b, new, text.data, text.len);
	return new;
}

static const struct yaml_node *subst(const struct where *w, const struct yaml_node *n, const struct subst *s,
                                     bool typed)
{
	if (n->kind == YAML_TEXT)
		return subst_has(n->text) ? text_subst(w, n, s, typed) : n;
	if (n->kind != YAML_LIST && n->kind != YAML_MAP)
		return n;
	struct yaml_node *new = node_like(w->b, n, n->kind);
	bool good = build_charge(w, n, sizeof *n * n->n);
	new->n = n->n;
	if (n->kind == YAML_LIST)
		new->items = arena_array(&w->b->scratch, struct yaml_node *, n->n);
	else
		new->pairs = arena_array(&w->b->scratch, struct yaml_pair, n->n);
	for (size_t i = 0; i < n->n && !w->b->stop; i++) {
		bool list = n->kind == YAML_LIST;
		const struct yaml_node *v = subst(w, list ? n->items[i] : n->pairs[i].value, s, !list);
		good &= v != NULL;
		if (list)
			new->items[i] = (struct yaml_node *)v;
		else
			new->pairs[i] = (struct yaml_pair){.key = n->pairs[i].key, .value = (struct yaml_node *)v};
	}
	return good && !w->b->stop ? new : NULL;
}

const struct yaml_node *node_subst(const struct where *w, const struct yaml_node *n, const struct subst *s)
{
	return subst(w, n, s, true);
}
