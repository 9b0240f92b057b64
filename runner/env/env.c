#include "runner/env/env.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/env/container.h"
#include "runner/env/env_cache.h"
#include "runner/env/env_files.h"

static void env_release(struct env *v)
{
	env_choice_release(&v->choice);
	env_python_release(&v->python);
	env_tool_release(&v->tool);
	env_packages_release(&v->packages);
	json_decref(v->detail);
	free(v->prefix);
	if (v->lock >= 0)
		close(v->lock);
}

void env_set_release(struct env_set *s)
{
	for (size_t i = 0; i < s->len; i++)
		env_release(&s->v[i]);
	free(s->v);
	free(s->of);
	free(s->cache);
	vec_release(&s->notes);
	arena_release(&s->arena);
	*s = (struct env_set){ 0 };
}

static void add_note(struct env_set *s, const char *text)
{
	for (size_t i = 0; i < s->notes.len; i++)
		if (strcmp(s->notes.v[i], text) == 0)
			return;
	vec_push(&s->notes, arena_strdup(&s->arena, text));
}

static bool needs_python(enum env_kind k)
{
	return k == ENV_PYLOCK || k == ENV_UV || k == ENV_REQUIREMENTS;
}

static bool is_built(enum env_kind k)
{
	return k != ENV_SYSTEM && k != ENV_ACTIVE && k != ENV_IMAGE;
}

/* Some tools put the environment itself deeper than where they were told to work. */
static char *prefix_of(const char *cache, const char *key, const json_t *facts)
{
	const char *told = json_string_value(json_object_get(facts, "prefix"));

	return told ? mem_strdup(told) : env_cache_path(cache, key, "");
}

static int take_facts(struct env_set *s, struct env *v, const json_t *facts, struct err *e)
{
	const char *grade = json_string_value(json_object_get(facts, "grade"));
	const json_t *note;
	size_t i;

	env_packages_release(&v->packages);
	if (env_packages_from_json(json_object_get(facts, "packages"), &v->packages, e) < 0)
		return err_prefix(e, "environment %.16s", v->key);
	for (int g = GRADE_PINNED; g <= GRADE_OBSERVED; g++)
		if (grade && strcmp(grade, env_grade_text(g)) == 0)
			v->grade = g;
	free(v->prefix);
	v->prefix = prefix_of(s->cache, v->key, facts);
	v->ready = true;
	json_array_foreach(json_object_get(facts, "notes"), i, note)
		add_note(s, json_string_value(note));
	return 0;
}

/* Whether the project itself was installed into an active environment, as `pip install -e .` does: it would be imported
 * from the working tree. */
static bool has_project(const struct env *v, const char *root)
{
	for (size_t i = 0; i < v->packages.list.len; i++) {
		const char *source = v->packages.list.v[i].source;

		if (source && text_starts(source, "file://") && strcmp(source + strlen("file://"), root) == 0)
			return true;
	}
	return false;
}

/* One environment up to its key. */
static int resolve(struct env_set *s, struct env *v, const json_t *env, const char *place, const struct env_options *o,
                   struct err *e)
{
	struct env_choose c = {
	        .root = o->root, .place = place, .env = env, .environ = o->environ, .unpinned = o->unpinned};
	_json_ json_t *facts = NULL;
	struct err ignored, missing = { 0 };
	int r = env_choose(&c, &s->arena, &v->choice, e);

	if (r < 0)
		return r;
	v->grade = v->choice.grade;
	for (size_t i = 0; i < v->choice.notes.len; i++)
		add_note(s, v->choice.notes.v[i]);
	if (is_built(v->choice.kind) && !s->cache && (r = env_cache_folder(o->environ, &s->cache, e)) < 0)
		return r;
	if (needs_python(v->choice.kind)) {
		_free_ char *met = path_join(s->cache, ENV_CACHE_PYTHON);

		r = env_python_find(v->choice.python, o->root, o->environ, met, &v->python, e);
		if (r < 0)
			return v->choice.python_from && strcmp(v->choice.python_from, place) != 0
			               ? err_prefix(e, "%s, asked for by %s", place, v->choice.python_from)
			               : err_prefix(e, "%s", place);
	}
	if (is_built(v->choice.kind) &&
	    (r = env_tool_find(&v->choice, v->python.path ? &v->python : NULL, o->environ, &v->tool, &missing)) < 0) {
		err_prefix(&missing, "%s", place);
		*e = missing;
		/* Only uv makes these: the key is known, and what stands ready does without it. */
		if (v->choice.kind != ENV_UV && v->choice.kind != ENV_PYLOCK)
			return r;
		v->tool = (struct env_tool){ .name = "uv" };
	}
	if (v->choice.kind == ENV_ACTIVE) {
		v->prefix = mem_strdup(v->choice.prefix);
		v->ready = true;
		if ((r = env_packages_read(v->prefix, &v->packages, e)) < 0)
			return err_prefix(e, "%s", v->choice.source);
	}
	if ((r = env_key(v, o, s->cache, e)) < 0)
		return r;
	if ((v->choice.kind == ENV_UV && v->choice.has_project) ||
	    (v->choice.kind == ENV_ACTIVE && has_project(v, o->root))) {
		_free_ char *src = path_join(o->root, "src");

		v->import_from = file_is_dir(src) ? "src" : ".";
	}
	v->ready |= v->choice.kind == ENV_SYSTEM;
	if (!is_built(v->choice.kind))
		return 0;
	v->cached = true;
	v->prefix = env_cache_path(s->cache, v->key, "");
	if (env_cache_facts(s->cache, v->key, &facts, &ignored) >= 0)
		return take_facts(s, v, facts, e);
	if (missing.code)
		*e = missing;
	return missing.code;
}

int env_set_resolve(const struct pipeline *p, const bool *selected, const struct env_options *o, struct env_set *ret,
                    struct err *e)
{
	_cleanup_(env_set_release) struct env_set s = { 0 };
	_map_ struct map met = MAP_INIT; /* what `env:` says, to index + 1 */

	s.of = mem_zero((p->nsteps + 1) * sizeof *s.of);
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *d = &p->steps[i];
		_buf_ struct buf text = BUF_INIT;
		struct map_entry *m;

		s.of[i] = -1;
		if (selected && !selected[i])
			continue;
		if (d->env)
			json_canonical(&text, d->env);
		m = map_add(&met, text.data, NULL);
		if (!m->num) {
			_free_ char *place = mem_printf("%s:%d:%d: step \"%s\"", p->file, d->line, d->column, d->name);

			s.v = mem_array(s.v, s.len + 1, sizeof *s.v);
			s.v[s.len] = (struct env){ .lock = -1 };
			m->num = (intptr_t)++s.len;
			int r = resolve(&s, &s.v[s.len - 1], d->env, place, o, e);
			if (r < 0)
				return r;
		}
		s.of[i] = (int)m->num - 1;
	}
	if (o->strict && s.notes.len)
		return err_set(e, ERR_USAGE, "--strict: %s", s.notes.v[0]);
	*ret = s;
	s = (struct env_set){ 0 };
	return 0;
}

int env_check(const char *cache, const struct env *v, bool *ret_certificates, struct err *e)
{
	_cleanup_(env_drift_release) struct env_drift drift = { 0 };
	_free_ char *manifest = NULL, *text = NULL;
	bool certificates = true;
	int r;

	if (ret_certificates)
		*ret_certificates = false;
	if (!v->cached)
		return 0;
	manifest = env_cache_path(cache, v->key, ".files");
	r = env_files_check(v->prefix, manifest, false, &drift, e);
	if (r == ERR_NOT_FOUND) {
		text = mem_strdup(e->text);
		return err_set(e, ERR_BROKEN,
		               "environment %.16s of %s: %s; `jig env verify --rebuild %.16s` builds it again", v->key,
		               v->choice.source, text, v->key);
	}
	if (r < 0 || !drift.total)
		return r;
	for (size_t i = 0; i < drift.files.len; i++)
		certificates &= drift.files.v[i].certificates;
	text = env_drift_text(&drift);
	err_set(e, ERR_BROKEN,
	        "environment %.16s of %s is not what was built: %s; `jig env verify --rebuild %.16s` builds it again",
	        v->key, v->choice.source, text, v->key);
	if (ret_certificates)
		*ret_certificates = certificates;
	return e->code;
}

static int build(struct env_set *s, struct env *v, const struct env_options *o, bool rebuild, struct err *e)
{
	_json_ json_t *facts = NULL;
	struct env_build b = {
		.root = o->root, .cache = s->cache, .key = v->key, .choice = &v->choice,
			.python = v->python.path ? &v->python : NULL, .tool = &v->tool,
		.environ = o->environ, .facts = v->detail, .watch = o->watch, .rebuild = rebuild,
	};
	int r;

	if (v->lock >= 0)
		close(mem_take_fd(v->lock));
	r = env_build(&b, &v->lock, e);
	if (r >= 0)
		r = env_cache_facts(s->cache, v->key, &facts, e);
	return r < 0 ? r : take_facts(s, v, facts, e);
}

int env_rebuild(struct env_set *s, struct env *v, const struct env_options *o, struct err *e)
{
	return build(s, v, o, true, e);
}

static int prepare(struct env_set *s, struct env *v, const struct env_options *o, struct err *e)
{
	bool certificates;
	int r;

	if (v->choice.kind == ENV_IMAGE) {
		if ((r = container_tool(o->environ, &v->tool, e)) < 0 ||
		    (r = container_pull(&v->tool, v->choice.image, o->environ, o->watch, e)) < 0)
			return r;
		v->ready = true;
	}
	if (!v->cached)
		return 0;
	if ((r = build(s, v, o, false, e)) < 0)
		return r;
	env_cache_used(s->cache, v->key);
	v->checked = time_mono();
	r = env_check(s->cache, v, &certificates, e);
	if (r < 0 && certificates && !o->strict) {
		add_note(s, e->text);
		return 0;
	}
	return r;
}

int env_set_prepare(struct env_set *s, const struct env_options *o, struct err *e)
{
	for (size_t i = 0; i < s->len; i++) {
		int r = s->v[i].wanted ? prepare(s, &s->v[i], o, e) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

const char *env_set_text(const struct env_set *s, struct arena *a)
{
	_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < s->len; i++) {
		const struct env *v = &s->v[i];

		buf_addf(&text, "%s%s", i ? ", " : "", v->choice.source);
		if (v->choice.kind != ENV_SYSTEM)
			buf_addf(&text, " (%s)", env_grade_text(v->grade));
	}
	return arena_strdup(a, text.data);
}

struct env_facts env_facts_of(const struct env *v)
{
	return (struct env_facts){.key = v->key,
	                          .grade = env_grade_text(v->grade),
	                          .kind = env_kind_text(v->choice.kind),
	                          .detail = v->detail,
	                          .packages = v->packages.list.v,
	                          .npackages = v->packages.list.len};
}
