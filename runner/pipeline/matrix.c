/* Matrices, with include and exclude as in GitHub Actions: the product of the lists; exclude takes out the combinations
 * that it fits; an include adds its further keys to each combination of the product that it fits, and is a combination
 * of its own where it fits none. */
#include <ctype.h>
#include "base/json.h"
#include "runner/pipeline/pipeline_build.h"

/* Combinations looked at by include and exclude together: beyond it a file takes seconds. */
enum { LOOKS_MOST = 20000000, AXES_MOST = 64 };

struct axis {
	const char *key;
	json_t **values;
	size_t n;
	struct map index; /* of canonical texts, to index + 1 */
};
struct product {
	struct axis *axes;
	size_t naxes;
	unsigned *at; /* naxes indices a combination */
	bool *out;
	json_t **items;
	size_t n, looks;
};

static char *canonical(const json_t *v)
{
	_buf_ struct buf text = BUF_INIT;

	json_canonical(&text, v);
	return buf_steal(&text);
}

static void axis_read(const struct where *w, const struct yaml_pair *pair, struct axis *a)
{
	const struct yaml_node *list = pair->value;

	*a = (struct axis){.key = pair->key->text, .index = MAP_INIT};
	if (!build_name_good(a->key) || strchr(a->key, '.')) {
		build_fault(w, pair->key, "matrix key \"%s\" should be made of letters, digits, _ and -", a->key);
		return;
	}
	if (list->kind != YAML_LIST || !list->n) {
		build_fault(w, list, "matrix key \"%s\" should be a list of values, not %s", a->key,
		            list->kind == YAML_LIST ? "an empty one" : yaml_kind_text(list->kind));
		return;
	}
	a->values = mem_array(NULL, list->n, sizeof *a->values);
	for (size_t i = 0; i < list->n; i++) {
		json_t *v = yaml_to_json(list->items[i]);
		_free_ char *text = canonical(v);
		bool is_new;
		struct map_entry *entry = map_add(&a->index, text, &is_new);
		if (!is_new) {
			build_fault(w, list->items[i], "matrix key \"%s\" holds the value %s twice", a->key, text);
			json_decref(v);
			continue;
		}
		a->values[a->n++] = v;
		entry->num = (intptr_t)a->n;
	}
}

/* What an entry of include or exclude says about the axes: index + 1 of its value, 0 where it says nothing. False: a
 * value that no combination has. */
static bool entry_read(const struct product *p, const struct yaml_node *entry, unsigned *want)
{
	bool fits = true;

	for (size_t k = 0; k < p->naxes; k++) {
		const struct yaml_node *n = yaml_get(entry, p->axes[k].key);
		want[k] = 0;
		if (!n)
			continue;
		json_t *v = yaml_to_json(n);
		_free_ char *text = canonical(v);
		const struct map_entry *found = map_find(&p->axes[k].index, text);
		want[k] = found ? (unsigned)found->num : 0;
		fits &= found != NULL;
		json_decref(v);
	}
	return fits;
}

static bool fits(const struct product *p, size_t i, const unsigned *want)
{
	for (size_t k = 0; k < p->naxes; k++)
		if (want[k] && p->at[i * p->naxes + k] != want[k] - 1)
			return false;
	return true;
}

static bool looked(const struct where *w, const struct yaml_node *n, struct product *p)
{
	p->looks += p->n + 1;
	if (p->looks <= LOOKS_MOST)
		return true;
	build_limit(w, n->line, n->column,
	            "include and exclude of a matrix times its combinations are more than 20,000,000");
	return false;
}

static void exclude(const struct where *w, const struct yaml_node *n, struct product *p, unsigned *want)
{
	for (size_t i = 0; i < n->n && looked(w, n, p); i++) {
		const struct yaml_node *entry = n->items[i];
		if (entry->kind != YAML_MAP || !entry->n) {
			build_fault(w, entry, "an entry of \"exclude\" should be a mapping of matrix keys");
			continue;
		}
		for (size_t j = 0; j < entry->n; j++) {
			const char **keys = mem_array(NULL, p->naxes, sizeof *keys);
			bool known = false;
			for (size_t k = 0; k < p->naxes; k++) {
				keys[k] = p->axes[k].key;
				known |= !strcmp(keys[k], entry->pairs[j].key->text);
			}
			_free_ char *hint = build_hint(entry->pairs[j].key->text, keys, p->naxes);
			if (!known)
				build_fault(w, entry->pairs[j].key,
				            "\"exclude\" names \"%s\", which is no key of the matrix%s",
				            entry->pairs[j].key->text, hint);
			free(keys);
		}
		if (!entry_read(p, entry, want))
			continue;
		for (size_t c = 0; c < p->n; c++)
			p->out[c] |= fits(p, c, want);
	}
}

static void add_escaped(struct buf *out, const char *text, size_t n, const char *plain)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (isascii(c) && (isalnum(c) || strchr(plain, c)))
			buf_addc(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}

static void add_name(struct buf *out, const json_t *v)
{
	_free_ char *owned = json_is_string(v) ? NULL : canonical(v);
	const char *text = owned ? owned : json_string_value(v);

	add_escaped(out, text, strlen(text), "_.-");
}

char *pipeline_name_escaped(const char *word)
{
	const char *open = strchr(word, '['), *close = strrchr(word, ']');
	_buf_ struct buf out = BUF_INIT;

	if (!open || !close || close < open)
		return mem_strdup(word);
	buf_add(&out, word, (size_t)(open + 1 - word));
	/* Commas part the values, and what is escaped already stays. */
	add_escaped(&out, open + 1, (size_t)(close - open - 1), "_.-,%");
	buf_adds(&out, close);
	return buf_steal(&out);
}

static void push(struct matrix *m, json_t *item, struct buf *name)
{
	m->items[m->n] = item;
	m->names[m->n++] = buf_steal(name);
}

/* An include that fits no combination: one of its own, named by its values, those of the matrix's keys first. */
static void push_own(const struct product *p, const struct yaml_node *entry, struct matrix *m)
{
	_buf_ struct buf name = BUF_INIT;
	json_t *item = json_object();

	for (size_t k = 0; k < p->naxes; k++) {
		const struct yaml_node *n = yaml_get(entry, p->axes[k].key);
		if (n)
			json_object_set_new_nocheck(item, p->axes[k].key, yaml_to_json(n));
	}
	for (size_t i = 0; i < entry->n; i++)
		if (!json_object_get(item, entry->pairs[i].key->text))
			json_object_set_new_nocheck(item, entry->pairs[i].key->text,
			                            yaml_to_json(entry->pairs[i].value));
	for (void *it = json_object_iter(item); it; it = json_object_iter_next(item, it)) {
		if (name.len)
			buf_addc(&name, ',');
		add_name(&name, json_object_iter_value(it));
	}
	push(m, item, &name);
}

/* Further keys of an include go into each combination that it fits; whether there was one. */
static bool extend(struct product *p, const struct yaml_node *entry, const unsigned *want)
{
	bool any = false;
	json_t *more = json_object();

	for (size_t i = 0; i < entry->n; i++) {
		bool axis = false;
		for (size_t k = 0; k < p->naxes; k++)
			axis |= !strcmp(entry->pairs[i].key->text, p->axes[k].key);
		if (!axis)
			json_object_set_new_nocheck(more, entry->pairs[i].key->text,
			                            yaml_to_json(entry->pairs[i].value));
	}
	for (size_t c = 0; c < p->n; c++) {
		if (p->out[c] || !fits(p, c, want))
			continue;
		json_object_update(p->items[c], more);
		any = true;
	}
	json_decref(more);
	return any;
}

static bool product_make(const struct where *w, const struct yaml_node *n, struct product *p)
{
	size_t total = p->naxes ? 1 : 0;

	for (size_t k = 0; k < p->naxes; k++) {
		total *= p->axes[k].n;
		if (total > STEPS_MOST) {
			build_limit(w, n->line, n->column, "more than 100,000 steps after expansion");
			return false;
		}
	}
	p->n = total;
	p->at = mem_array(NULL, total * p->naxes, sizeof *p->at);
	p->out = mem_zero(total);
	p->items = mem_array(NULL, total, sizeof *p->items);
	for (size_t c = 0; c < total; c++) {
		size_t rest = c;
		for (size_t k = p->naxes; k-- > 0; rest /= p->axes[k].n)
			p->at[c * p->naxes + k] = (unsigned)(rest % p->axes[k].n);
		p->items[c] = json_object();
		for (size_t k = 0; k < p->naxes; k++)
			json_object_set_nocheck(p->items[c], p->axes[k].key,
			                        p->axes[k].values[p->at[c * p->naxes + k]]);
	}
	return true;
}

static void combine(const struct where *w, const struct yaml_node *n, const struct yaml_node *includes,
                    const struct yaml_node *excludes, struct product *p, struct matrix *m)
{
	size_t nincludes = includes ? includes->n : 0;
	_free_ unsigned *want = mem_zero(p->naxes * sizeof *want);
	_free_ bool *own = mem_zero(nincludes);

	if (excludes)
		exclude(w, excludes, p, want);
	for (size_t i = 0; i < nincludes && looked(w, includes, p); i++) {
		const struct yaml_node *entry = includes->items[i];
		if (entry->kind != YAML_MAP || !entry->n)
			build_fault(w, entry, "an entry of \"include\" should be a mapping");
		else
			own[i] = !entry_read(p, entry, want) || !extend(p, entry, want);
	}
	m->items = mem_array(NULL, p->n + nincludes, sizeof *m->items);
	m->names = mem_array(NULL, p->n + nincludes, sizeof *m->names);
	for (size_t c = 0; c < p->n; c++) {
		_buf_ struct buf name = BUF_INIT;
		for (size_t k = 0; k < p->naxes; k++) {
			if (k)
				buf_addc(&name, ',');
			add_name(&name, p->axes[k].values[p->at[c * p->naxes + k]]);
		}
		if (!p->out[c])
			push(m, json_incref(p->items[c]), &name);
	}
	for (size_t i = 0; i < nincludes; i++)
		if (own[i])
			push_own(p, includes->items[i], m);
	bool whole = true;
	for (size_t k = 0; k < p->naxes; k++)
		whole &= p->axes[k].n > 0;
	if (!m->n && whole)
		build_fault(w, n, "the matrix has no combination left");
}

static const struct yaml_node *list_of(const struct where *w, const struct yaml_pair *pair)
{
	if (pair->value->kind == YAML_LIST)
		return pair->value;
	build_fault(w, pair->value, "\"%s\" should be a list of mappings, not %s", pair->key->text,
	            yaml_kind_text(pair->value->kind));
	return NULL;
}

void matrix_expand(const struct where *w, const struct yaml_node *n, struct matrix *ret)
{
	struct product p = {0};
	const struct yaml_node *includes = NULL, *excludes = NULL;

	*ret = (struct matrix){0};
	if (n->kind != YAML_MAP || !n->n) {
		build_fault(w, n, "\"matrix\" should be a mapping of lists, not %s",
		            n->kind == YAML_MAP ? "an empty one" : yaml_kind_text(n->kind));
		return;
	}
	if (n->n > AXES_MOST) {
		build_fault(w, n, "a matrix of more than 64 keys");
		return;
	}
	p.axes = mem_zero(n->n * sizeof *p.axes);
	for (size_t i = 0; i < n->n; i++) {
		const struct yaml_pair *pair = &n->pairs[i];
		if (!strcmp(pair->key->text, "include"))
			includes = list_of(w, pair);
		else if (!strcmp(pair->key->text, "exclude"))
			excludes = list_of(w, pair);
		else
			axis_read(w, pair, &p.axes[p.naxes++]);
	}
	if (product_make(w, n, &p))
		combine(w, n, includes, excludes, &p, ret);
	for (size_t k = 0; k < p.naxes; k++) {
		for (size_t i = 0; i < p.axes[k].n; i++)
			json_decref(p.axes[k].values[i]);
		free(p.axes[k].values);
		map_release(&p.axes[k].index);
	}
	for (size_t c = 0; c < p.n; c++)
		json_decref(p.items[c]);
	free(p.axes);
	free(p.at);
	free(p.out);
	free(p.items);
}

void matrix_release(struct matrix *m)
{
	for (size_t i = 0; i < m->n; i++) {
		json_decref(m->items[i]);
		free(m->names[i]);
	}
	free(m->items);
	free(m->names);
	*m = (struct matrix){0};
}
