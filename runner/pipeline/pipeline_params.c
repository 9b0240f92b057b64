#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/pipeline/params.h"
#include "runner/pipeline/pipeline_build.h"

/* Values in v, and how deep they stand: a JSON file has the limits of a YAML one. */
static size_t count(const json_t *v, int depth, int *ret_depth)
{
	size_t n = 1, i;
	const char *key;
	json_t *value;

	if (*ret_depth < depth)
		*ret_depth = depth;
	json_array_foreach(v, i, value) n += count(value, depth + 1, ret_depth);
	json_object_foreach((json_t *)v, key, value) n += count(value, depth + 1, ret_depth);
	return n;
}

static json_t *from_json(const struct where *w, const struct yaml_node *at, const char *path, const struct buf *text)
{
	struct err e;
	json_t *v;
	int depth = 0;

	if (json_parse(text->data, text->len, path, &v, &e) < 0) {
		build_fault(w, at, "%s", e.text);
		return NULL;
	}
	if (count(v, 0, &depth) > YAML_NODES_MOST || depth > YAML_DEPTH_MOST) {
		build_fault(w, at, "%s: more than 1,000,000 values or 64 levels", path);
		json_decref(v);
		return NULL;
	}
	return v;
}

static json_t *from_yaml(const struct where *w, const char *path, const struct buf *text)
{
	_arena_ struct arena arena = ARENA_INIT;
	struct diags d = {.file = path};
	struct yaml_node *n = yaml_parse(text->data, text->len, &arena, &d);
	json_t *v = n && !d.len ? yaml_to_json(n) : NULL;

	diags_merge(&w->b->d, &d);
	return v;
}

static void add_file(const struct where *w, const struct yaml_node *n)
{
	struct build *b = w->b;
	struct pipeline *p = b->p;
	_buf_ struct buf text = BUF_INIT;
	struct err e;
	const char *path;
	bool folder;

	if (!take_path(w, n, "params file", &path, &folder))
		return;
	if (!text_ends(path, ".yaml") && !text_ends(path, ".yml") && !text_ends(path, ".json")) {
		build_fault(w, n, "params file \"%s\" should end in .yaml, .yml or .json", path);
		return;
	}
	if (!b->o->read && build_leaves(b, path, true)) {
		build_fault(w, n, "params file \"%s\" is reached by a symlink that leaves the project", path);
		return;
	}
	if (build_read(b->o, path, &text, &e) < 0) {
		if (e.code == ERR_NOT_FOUND)
			build_fault(w, n, "params file \"%s\" does not exist", path);
		else
			build_fault(w, n, "params file \"%s\": %s", path, e.text);
		return;
	}
	json_t *v = text_ends(path, ".json") ? from_json(w, n, path, &text) : from_yaml(w, path, &text);
	if (v && !json_is_object(v))
		build_fault(w, n, "params file \"%s\" should hold a mapping", path);
	else if (v)
		params_merge(p->params, v);
	json_decref(v);
	p->param_files[p->nparam_files++] = path;
}

int build_read(const struct pipeline_options *o, const char *path, struct buf *ret, struct err *e)
{
	if (o->read) {
		int r = o->read(o->read_arg, path, ret, e);

		return r >= 0 && ret->len > YAML_TEXT_MOST
		               ? err_set(e, ERR_USAGE, "%s: the file is larger than 8 MiB", path)
		               : r;
	}
	_free_ char *abs = path_join(o->root ? o->root : ".", path);
	return file_read(abs, YAML_TEXT_MOST, ret, e);
}

struct twice { const struct where *w; const struct yaml_node *at; struct map seen; };

/* {"a.b": 1, "a": {"b": 2}}: nobody could tell which of them ${params.a.b} is. */
static void find_twice(void *arg, const char *dotted, const json_t *leaf)
{
	struct twice *t = arg;
	bool new;

	(void)leaf;
	map_add(&t->seen, dotted, &new);
	if (!new)
		build_fault(t->w, t->at, "param %s stands there twice, with dots in a key and without", dotted);
}

void build_params(struct build *b, const struct yaml_node *n)
{
	struct pipeline *p = b->p;
	struct where w = {.b = b};
	struct err e;

	p->params = json_object();
	if (n && n->kind == YAML_MAP) {
		json_decref(p->params);
		p->params = yaml_to_json(n);
	} else if (n) {
		struct items items;
		take_items(&w, n, "params", "a mapping, a file", &items);
		p->param_files = arena_array(&p->arena, const char *, items.n);
		for (size_t i = 0; i < items.n && !b->stop; i++)
			add_file(&w, items.one ? items.one : items.v[i]);
	}
	struct twice twice = {.w = &w, .at = n};
	json_leaves(p->params, find_twice, &twice);
	map_release(&twice.seen);
	json_t *written = json_deep_copy(p->params);
	p->dropped = arena_array(&p->arena, const char *, b->o->ninherited);
	for (size_t i = 0; i < b->o->ninherited; i++)
		if (params_override(p->params, b->o->inherited[i], &e) < 0)
			p->dropped[p->ndropped++] = arena_strdup(&p->arena, b->o->inherited[i]);
	for (size_t i = 0; i < b->o->noverrides; i++)
		if (params_override(p->params, b->o->overrides[i], &e) < 0)
			diags_add(&b->d, 0, 0, "%s", e.text);
	p->params_changed = !json_same(written, p->params);
	json_decref(written);
	/* The order in which they are written decides nothing, so no step may see it. */
	json_t *sorted = json_sorted(p->params);
	json_decref(p->params);
	p->params = sorted;
}
