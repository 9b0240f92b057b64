#include <stdio.h>
#include <string.h>
#include "base/json.h"
#include "base/map.h"
#include "base/vec.h"
#include "runner/resume.h"

/* Of each kind of difference; what decides a step says its own reason besides. */
enum { SHOWN = 3 };

static void add_change(struct buf *out, const struct code_change *c)
{
	buf_addf(out, " %s", c->path);
	if (c->status == 'A')
		buf_adds(out, " is new");
	else if (c->status == 'D')
		buf_adds(out, " is gone");
	else if (c->added < 0 || c->status == 'T')
		buf_adds(out, " changed");
	else if (c->added == 0 && c->removed == 0)
		buf_adds(out, " mode changed");
	else
		buf_addf(out, " +%d −%d", c->added, c->removed);
}

const char *resume_code_note(const char *jig, const char *before, const char *now, struct arena *a)
{
	_buf_ struct buf text = BUF_INIT;
	struct code_changes all = {0};
	struct err ignored;

	if (before && !strcmp(before, now))
		return "code: unchanged";
	if (!before || code_diff(jig, before, now, &all, &ignored) < 0)
		return "code: cannot be compared, the earlier snapshot is not there any more";
	buf_adds(&text, "code:");
	for (size_t i = 0; i < all.len && i < SHOWN; i++) {
		if (i)
			buf_addc(&text, ',');
		add_change(&text, &all.v[i]);
	}
	if (all.len > SHOWN)
		buf_addf(&text, ", %zu file%s more", all.len - SHOWN, all.len - SHOWN == 1 ? "" : "s");
	code_changes_release(&all);
	return arena_strdup(a, text.data);
}

struct earlier {
	int64_t id;
	const char *env_key;           /* of its last attempt; NULL: it never ran */
};
struct comparing {
	struct tracker *t;
	int64_t origin;
	struct arena arena;
	struct step_rows rows;
	struct map steps;              /* names of the earlier run's steps, to struct earlier * */
	/* "s4": step 4 of the run, "a7": attempt 7, which a step of it stands for; to struct earlier * */
	struct map attempts;
	struct map inputs;             /* "STEP/PATH", to struct artifact_row * */
	VEC(const char *) notes;
};

static void release(struct comparing *c)
{
	map_release(&c->steps);
	map_release(&c->attempts);
	map_release(&c->inputs);
	vec_release(&c->notes);
	arena_release(&c->arena);
}

static void add_keys(struct comparing *c, const struct attempt_rows *all)
{
	for (size_t i = 0; i < all->len; i++) {
		char name[32];
		struct earlier *s;

		snprintf(name, sizeof name, "a%lld", (long long)all->v[i].id);
		if (!(s = map_get(&c->attempts, name))) {
			snprintf(name, sizeof name, "s%lld", (long long)all->v[i].step);
			s = map_get(&c->attempts, name);
		}
		if (s)
			s->env_key = all->v[i].env_key;
	}
}

/* Steps of the earlier run, and under which environment each was executed. */
static int read_steps(struct comparing *c, struct err *e)
{
	_map_ struct map asked = MAP_INIT;
	struct attempt_rows all;
	int r = query_steps(c->t, c->origin, &c->arena, &c->rows, e);

	for (size_t i = 0; r >= 0 && i < c->rows.len; i++) {
		const struct step_row *row = &c->rows.v[i];
		struct earlier *s = arena_new(&c->arena, struct earlier);
		char name[32];

		s->id = row->id;
		map_set(&c->steps, row->name, s);
		snprintf(name, sizeof name, row->reused_attempt ? "a%lld" : "s%lld",
		         (long long)(row->reused_attempt ? row->reused_attempt : row->id));
		map_set(&c->attempts, name, s);
	}
	if (r < 0 || (r = query_attempts(c->t, c->origin, &c->arena, &all, e)) < 0)
		return r;
	add_keys(c, &all);
	for (size_t i = 0; r >= 0 && i < c->rows.len; i++) {
		char run[32];
		bool is_new = false;

		snprintf(run, sizeof run, "%lld", (long long)c->rows.v[i].reused_run);
		if (c->rows.v[i].reused_run)
			map_add(&asked, run, &is_new);
		if (is_new && (r = query_attempts(c->t, c->rows.v[i].reused_run, &c->arena, &all, e)) >= 0)
			add_keys(c, &all);
	}
	return r;
}

static int read_inputs(struct comparing *c, struct err *e)
{
	struct artifact_rows all;
	int r = query_artifacts(c->t, c->origin, &c->arena, &all, e);

	for (size_t i = 0; r >= 0 && i < all.len; i++) {
		_free_ char *key = NULL;

		if (all.v[i].role != ROLE_IN)
			continue;
		key = mem_printf("%lld/%s", (long long)all.v[i].step, all.v[i].path);
		map_set(&c->inputs, key, &all.v[i]);
	}
	return r;
}

static bool same_input(const struct artifact_row *then, const struct fact *now)
{
	if (then->form != now->form || then->has_digest != now->has_digest)
		return false;
	return now->has_digest ? !memcmp(&then->digest, &now->digest, sizeof now->digest)
	                       : then->size == now->size && then->mtime == now->mtime;
}

/* Inputs of the working tree; each path is told once, by the first step that has it. */
static int compare_inputs(struct comparing *c, const struct pipeline *p, struct prepared *now, struct err *e)
{
	_arena_ struct arena scratch = ARENA_INIT;
	_map_ struct map told = MAP_INIT;
	_free_ struct facts *none = mem_zero((p->nsteps + 1) * sizeof *none);
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->nsteps; i++) {
		const struct earlier *s = map_get(&c->steps, p->steps[i].name);
		struct facts all = {0};

		if (!now->in[i] || !s || !s->env_key)
			continue;
		r = inputs_of(now->inputs, p, (int)i, none, now->store, &scratch, &all, e);
		for (size_t k = 0; r >= 0 && k < all.len; k++) {
			_free_ char *key = mem_printf("%lld/%s", (long long)s->id, all.v[k].path);
			const struct artifact_row *then = map_get(&c->inputs, key);
			bool is_new;

			if (then && same_input(then, &all.v[k]))
				continue;
			map_add(&told, all.v[k].path, &is_new);
			if (is_new && n++ < SHOWN)
				vec_push(&c->notes,
				         arena_printf(&now->texts, "! input %s %s since run %lld", all.v[k].path,
				                      then ? "changed" : "is new", (long long)c->origin));
		}
		vec_release(&all);
	}
	if (n > SHOWN)
		vec_push(&c->notes, arena_printf(&now->texts, "! %zu input%s more changed since run %lld", n - SHOWN,
		                                 n - SHOWN == 1 ? "" : "s", (long long)c->origin));
	return r;
}

static void compare_envs(struct comparing *c, const struct pipeline *p, struct prepared *now)
{
	for (size_t k = 0; k < now->envs.len; k++) {
		const struct env *v = &now->envs.v[k];
		const char *source = json_string_value(json_object_get(v->detail, "source")), *first = NULL;
		size_t n = 0;

		for (size_t i = 0; i < p->nsteps; i++) {
			const struct earlier *s =
			        now->envs.of[i] == (int)k ? map_get(&c->steps, p->steps[i].name) : NULL;

			if (!s || !s->env_key || !strcmp(s->env_key, v->key))
				continue;
			first = first ? first : p->steps[i].name;
			n++;
		}
		if (!n)
			continue;
		_free_ char *more =
		        n > 1 ? mem_printf(" and %zu step%s more", n - 1, n == 2 ? "" : "s") : mem_strdup("");
		vec_push(&c->notes, arena_printf(&now->texts, "! environment of %s%s changed since run %lld%s%s", first,
		                                 more, (long long)c->origin, source ? ": " : "", source ? source : ""));
	}
}

int resume_compare(struct tracker *t, int64_t origin, const struct project *project, const struct pipeline *p,
                   struct prepared *now, struct err *e)
{
	_cleanup_(release) struct comparing c = {
	        .t = t, .origin = origin, .steps = MAP_INIT, .attempts = MAP_INIT, .inputs = MAP_INIT};
	struct run_row row;
	int r = query_run(t, origin, &c.arena, &row, e);

	if (r < 0)
		return r;
	vec_push(&c.notes, resume_code_note(project->jig, row.snapshot, now->code.tree, &now->texts));
	if ((r = read_steps(&c, e)) < 0 || (r = read_inputs(&c, e)) < 0 || (r = compare_inputs(&c, p, now, e)) < 0)
		return r;
	compare_envs(&c, p, now);
	for (size_t i = 0; i < now->notes.len; i++)
		vec_push(&c.notes, now->notes.v[i]);
	vec_clear(&now->notes);
	for (size_t i = 0; i < c.notes.len; i++)
		vec_push(&now->notes, c.notes.v[i]);
	return 0;
}
