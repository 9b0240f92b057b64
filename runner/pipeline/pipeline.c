#include "runner/pipeline/pipeline.h"

#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/pipeline/pipeline_build.h"

enum { TOP_pipeline, TOP_params, TOP_env, TOP_defaults, TOP_steps, TOP_NKEYS };
#define TOP_NAME_(name, type, doc) [TOP_##name] = #name,
static const char *const top_names[] = {PIPELINE_KEYS(TOP_NAME_)};

static void read_top(struct build *b, const struct yaml_node *root, const struct yaml_node *top[TOP_NKEYS])
{
	struct where w = {.b = b};

	for (size_t i = 0; i < root->n; i++) {
		const struct yaml_pair *pair = &root->pairs[i];
		size_t k = 0;
		while (k < TOP_NKEYS && strcmp(pair->key->text, top_names[k]))
			k++;
		if (k < TOP_NKEYS) {
			top[k] = pair->value->kind == YAML_NULL ? NULL : pair->value;
			if (k == TOP_steps && !top[k])
				build_fault(&w, pair->key, "\"steps\" holds no steps");
			continue;
		}
		const char *near = text_nearest(pair->key->text, top_names, TOP_NKEYS);
		if (near)
			build_fault(&w, pair->key, "unknown key \"%s\" (did you mean \"%s\"?)", pair->key->text, near);
		else if (yaml_get(pair->value, "run"))
			build_fault(&w, pair->key, "unknown key \"%s\"; steps stand below \"steps\"", pair->key->text);
		else
			build_fault(&w, pair->key,
			            "unknown key \"%s\"; there are pipeline, params, env, defaults and steps",
			            pair->key->text);
	}
}

static void read_name(struct build *b, const struct yaml_node *n)
{
	struct where w = {.b = b};
	struct pipeline *p = b->p;

	if (n && take_text(&w, n, "pipeline", &p->name) && !build_name_good(p->name))
		build_fault(&w, n, "the pipeline's name \"%s\" should be made of letters, digits, and _ . -", p->name);
	if (!p->name)
		p->name = arena_strdup(&p->arena,
		                       b->o->root && *path_base(b->o->root) ? path_base(b->o->root) : "pipeline");
}

static void read_steps(struct build *b, const struct yaml_node *root, const struct yaml_node *steps)
{
	struct where w = {.b = b};

	if (!steps) {
		/* "steps:" with nothing behind it is said where it stands. */
		if (!yaml_get(root, "steps"))
			build_fault(&w, root, "there is no \"steps\" in the file");
		return;
	}
	if (steps->kind != YAML_MAP || !steps->n) {
		build_fault(&w, steps,
		            steps->kind == YAML_MAP ? "\"steps\" holds no steps"
		                                    : "\"steps\" should be a mapping from names to steps, not %s",
		            yaml_kind_text(steps->kind));
		return;
	}
	mem_expect(steps->n * STEP_BYTES);
	vec_reserve(&b->drafts, steps->n);
	for (size_t i = 0; i < steps->n && !b->stop; i++) {
		build_step(b, steps->pairs[i].key, steps->pairs[i].value);
		if (b->drafts.len > STEPS_MOST)
			build_limit(&w, steps->pairs[i].key->line, steps->pairs[i].key->column,
			            "more than 100,000 steps after expansion");
	}
	if (!b->stop)
		build_graph(b);
}

static void read_file(struct build *b, const struct yaml_node *root)
{
	struct where w = {.b = b};
	const struct yaml_node *top[TOP_NKEYS] = {0};

	if (root->kind != YAML_MAP) {
		build_fault(&w, root, "the file should be a mapping with \"steps\", not %s",
		            yaml_kind_text(root->kind));
		return;
	}
	read_top(b, root, top);
	read_name(b, top[TOP_pipeline]);
	build_params(b, top[TOP_params]);
	if (top[TOP_defaults] && top[TOP_defaults]->kind != YAML_MAP)
		build_fault(&w, top[TOP_defaults], "\"defaults\" should be a mapping of keys of a step, not %s",
		            yaml_kind_text(top[TOP_defaults]->kind));
	else if (top[TOP_defaults])
		build_slots(&w, top[TOP_defaults], b->defaults);
	if (top[TOP_env] && !b->defaults[KEY_env].key)
		b->defaults[KEY_env] =
		        (struct slot){.key = top[TOP_env], .value = top[TOP_env], .refs = node_has_refs(top[TOP_env])};
	read_steps(b, root, top[TOP_steps]);
}

static void step_release(struct step *s)
{
	json_decref((json_t *)s->item);
	json_decref((json_t *)s->env);
}

int pipeline_parse(const char *text, size_t len, const struct pipeline_options *o, struct pipeline **ret,
                   struct buf *faults, struct err *e)
{
	struct pipeline *p = mem_zero(sizeof *p);
	struct build b = {
	        .p = p, .o = o, .folders = MAP_INIT, .defaults = arena_array(&p->arena, struct slot, STEP_NKEYS)};

	p->file = arena_strdup(&p->arena, o->file ? o->file : "jig.yaml");
	p->len = len;
	p->defaults = b.defaults;
	b.d.file = p->file;
	const struct yaml_node *root = yaml_parse(text, len, &p->arena, &b.d);
	if (root) {
		char *copy = arena_alloc(&p->arena, len + 1);
		memcpy(copy, text, len);
		copy[len] = '\0';
		p->text = copy;
		read_file(&b, root);
	}
	int r = diags_result(&b.d, e);
	if (r < 0 && faults)
		diags_text(&b.d, faults);
	for (size_t i = 0; i < b.drafts.len; i++)
		step_release(&b.drafts.v[i].step);
	vec_release(&b.drafts);
	build_folders_release(&b);
	free(b.real_root);
	diags_release(&b.d);
	arena_release(&b.scratch);
	if (r < 0)
		pipeline_free(p);
	else
		*ret = p;
	return r;
}

int pipeline_load(const struct pipeline_options *o, struct pipeline **ret, struct buf *faults, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	const char *file = o->file ? o->file : "jig.yaml";
	int r = build_read(o, file, &text, e);

	if (r == ERR_NOT_FOUND && !o->read)
		r = err_set(e, ERR_NOT_FOUND, "there is no %s in %s; `jig init` makes one", file, o->root);
	if (r < 0 && faults)
		buf_adds(faults, e->text);
	return r < 0 ? r : pipeline_parse(text.data, text.len, o, ret, faults, e);
}

void pipeline_free(struct pipeline *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->nsteps; i++)
		step_release(&p->steps[i]);
	json_decref(p->params);
	map_release(&p->names);
	arena_release(&p->arena);
	free(p);
}

void pipeline_freep(struct pipeline **p)
{
	pipeline_free(*p);
}

int pipeline_find(const struct pipeline *p, const char *name)
{
	const struct map_entry *entry = map_find(&p->names, name);

	return entry ? (int)entry->num - 1 : -1;
}

/* "its steps are clean, train and 3 more": a matrix once. */
static void add_step_names(const struct pipeline *p, struct buf *out)
{
	enum { SHOWN = 8 };
	VEC(const char *) bases = {0};

	for (size_t i = 0; i < p->nsteps; i++) {
		bool known = false;
		for (size_t k = 0; k < bases.len && !known; k++)
			known = !strcmp(bases.v[k], p->steps[i].base);
		if (!known)
			vec_push(&bases, p->steps[i].base);
		if (bases.len > SHOWN)
			break;
	}
	buf_adds(out, bases.len == 1 ? "its step is " : "its steps are ");
	for (size_t i = 0; i < bases.len && i < SHOWN; i++)
		buf_addf(out, "%s%s", !i ? "" : i + 1 == bases.len ? " and " : ", ", bases.v[i]);
	if (bases.len > SHOWN)
		buf_adds(out, " and more");
	vec_release(&bases);
}

int pipeline_select(const struct pipeline *p, const char *word, bool *out, struct err *e)
{
	int one = pipeline_find(p, word);
	bool any = one >= 0;

	if (any)
		out[one] = true;
	for (size_t i = 0; i < p->nsteps && one < 0; i++) {
		if (strcmp(p->steps[i].base, word))
			continue;
		out[i] = true;
		any = true;
	}
	if (any)
		return 0;
	const char **names = mem_array(NULL, 2 * p->nsteps, sizeof *names);
	for (size_t i = 0; i < p->nsteps; i++) {
		names[2 * i] = p->steps[i].base;
		names[2 * i + 1] = p->steps[i].name;
	}
	_free_ char *escaped = pipeline_name_escaped(word), *hint = build_hint(escaped, names, 2 * p->nsteps);
	_buf_ struct buf there = BUF_INIT;
	add_step_names(p, &there);
	free(names);
	return err_set(e, ERR_NOT_FOUND, "there is no step \"%s\" in %s%s; %s", word, p->file, hint, there.data);
}

void pipeline_with_needs(const struct pipeline *p, bool *sel)
{
	for (size_t i = p->nsteps; i-- > 0;)
		for (size_t k = 0; sel[i] && k < p->steps[i].nneeds; k++)
			sel[p->steps[i].needs[k].step] = true;
}

void pipeline_with_followers(const struct pipeline *p, bool *sel)
{
	for (size_t i = 0; i < p->nsteps; i++)
		for (size_t k = 0; k < p->steps[i].nneeds; k++)
			sel[i] |= sel[p->steps[i].needs[k].step];
}
