#include "base/time.h"
#include "runner/pipeline/pipeline_build.h"

#define KEY_NAME_(name, type, doc) #name,
static const char *const key_names[] = {STEP_KEYS(KEY_NAME_)};

void build_slots(const struct where *w, const struct yaml_node *map, struct slot out[STEP_NKEYS])
{
	for (size_t i = 0; i < map->n; i++) {
		const struct yaml_pair *pair = &map->pairs[i];
		size_t k = 0;
		while (k < STEP_NKEYS && strcmp(pair->key->text, key_names[k]))
			k++;
		if (k < STEP_NKEYS) {
			out[k] = (struct slot){
			        .key = pair->key, .value = pair->value, .refs = node_has_refs(pair->value)};
			continue;
		}
		_free_ char *hint = build_hint(pair->key->text, key_names, STEP_NKEYS);
		build_fault(w, pair->key, "%sunknown key \"%s\"%s", w->step ? "" : "defaults: ", pair->key->text, hint);
	}
}

/* What a step has for a key, its references replaced but for `run`. NULL: nothing, or a fault. */
static const struct yaml_node *value_of(const struct where *w, enum step_key k, const struct slot *slot,
                                        const struct subst *s)
{
	const struct yaml_node *n = slot->value;

	if (!n || k == KEY_matrix)
		return NULL;
	if (slot->refs && k != KEY_run)
		n = node_subst(w, n, s);
	return n && n->kind != YAML_NULL ? n : NULL;
}

/* One step of the graph: the keys of a step as written, for one item of its matrix. */
static void build_item(struct build *b, const struct yaml_node *key, const struct yaml_node *map, const char *base,
                       const struct slot *slots[STEP_NKEYS], json_t *item, const char *values)
{
	struct pipeline *p = b->p;
	struct draft d = {.step = {
	                          .base = base,
	                          .item = json_incref(item),
	                          .written = map,
	                          .retry = {.all = true, .backoff = 1, .max_delay_us = 3600 * US_PER_S},
	                          .cpu = 1,
	                          .cache = true,
	                          .network = true,
	                          .log_limit = (int64_t)1 << 30,
	                          .line = key->line,
	                          .column = key->column,
	                  }};
	d.step.name = values ? arena_printf(&p->arena, "%s[%s]", base, values) : base;
	struct reading r = {
	        .w = {.b = b, .step = d.step.name},
	        .draft = &d,
	        .subst = {.params = p->params, .matrix = item, .step_name = d.step.name},
	};

	build_charge(&r.w, key, strlen(d.step.name));
	for (int k = 0; k < STEP_NKEYS && !b->stop; k++) {
		const struct yaml_node *n = value_of(&r.w, (enum step_key)k, slots[k], &r.subst);
		if (n)
			step_readers[k](&r, n);
	}
	vec_push(&b->drafts, d);
	arena_reset(&b->scratch);
}

/* The matrix is wrong and gives no step: the other keys are read all the same, so that their faults are told at once,
 * and the step's name is known to others. */
static void build_without_matrix(struct build *b, const struct yaml_node *key, const struct yaml_node *map,
                                 const char *base, const struct slot *slots[STEP_NKEYS])
{
	const struct slot none = {0};
	const struct slot *plain[STEP_NKEYS];

	for (size_t k = 0; k < STEP_NKEYS; k++)
		plain[k] = slots[k]->value && node_names_matrix(slots[k]->value) ? &none : slots[k];
	build_item(b, key, map, base, plain, NULL, NULL);
}

void build_step(struct build *b, const struct yaml_node *key, const struct yaml_node *map)
{
	struct where w = {.b = b, .step = key->text};
	struct slot own[STEP_NKEYS] = {0};
	const struct slot *slots[STEP_NKEYS];
	const char *base = arena_strdup(&b->p->arena, key->text);

	if (!build_name_good(base))
		build_fault(&w, key, "a step's name is made of letters, digits, and _ . -");
	if (map->kind != YAML_MAP && map->kind != YAML_NULL) {
		build_fault(&w, map, "a step should be a mapping with \"run\", not %s", yaml_kind_text(map->kind));
		return;
	}
	build_slots(&w, map, own);
	for (size_t k = 0; k < STEP_NKEYS; k++)
		slots[k] = own[k].key ? &own[k] : &b->defaults[k];
	const struct slot *run = slots[KEY_run], *matrix = slots[KEY_matrix];
	if (!run->value || run->value->kind == YAML_NULL)
		build_fault_at(&w, key->line, key->column, "it has no \"run\": the command to execute");
	if (!matrix->value || matrix->value->kind == YAML_NULL) {
		build_item(b, key, map, base, slots, NULL, NULL);
	} else {
		struct matrix m = {0};
		struct subst s = {.params = b->p->params};
		const struct yaml_node *n = matrix->refs ? node_subst(&w, matrix->value, &s) : matrix->value;
		if (n)
			matrix_expand(&w, n, &m);
		if (b->drafts.len + m.n > STEPS_MOST)
			build_limit(&w, n->line, n->column, "more than 100,000 steps after expansion");
		mem_expect(m.n * STEP_BYTES);
		vec_reserve(&b->drafts, b->drafts.len + m.n);
		for (size_t i = 0; i < m.n && !b->stop; i++)
			build_item(b, key, map, base, slots, m.items[i], m.names[i]);
		if (m.n == 0 && !b->stop)
			build_without_matrix(b, key, map, base, slots);
		matrix_release(&m);
	}
}

static json_t *words_json(const struct yaml_node *n, const struct subst *s, enum subst_how how)
{
	_buf_ struct buf text = BUF_INIT;
	struct err ignored;

	subst_text(n->text, s, how, NULL, NULL, &text, NULL, &ignored);
	return json_stringn_nocheck(text.data, text.len);
}

static json_t *run_json(const struct yaml_node *n, const struct subst *s)
{
	if (n->kind == YAML_TEXT)
		return words_json(n, s, SUBST_SHELL);
	json_t *words = json_array();
	for (size_t i = 0; i < n->n; i++)
		json_array_append_new(words, words_json(n->items[i], s, SUBST_PLAIN));
	return words;
}

json_t *pipeline_declared(const struct pipeline *p, int step)
{
	const struct step *s = &p->steps[step];
	struct build b = {.p = (struct pipeline *)p};
	struct where w = {.b = &b, .step = s->name};
	struct subst sub = {.params = p->params, .matrix = s->item, .step_name = s->name};
	struct slot own[STEP_NKEYS] = {0};
	json_t *all = json_object();

	/* The file has no fault: nothing is said. */
	build_slots(&w, s->written, own);
	for (int k = 0; k < STEP_NKEYS; k++) {
		const struct slot *slot = own[k].key ? &own[k] : &p->defaults[k];
		const struct yaml_node *n = value_of(&w, (enum step_key)k, slot, &sub);
		if (n)
			json_object_set_new_nocheck(all, key_names[k],
			                            k == KEY_run ? run_json(n, &sub) : yaml_to_json(n));
	}
	arena_release(&b.scratch);
	return all;
}
