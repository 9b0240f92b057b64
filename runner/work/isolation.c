#include "runner/work/isolation.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "runner/env/env_variable.h"
#include "runner/work/container_wrap.h"

#define TEXT_(symbol, text, ...) [symbol] = text,
const char *isolation_text(enum isolation_tier t)
{
	static const char *const texts[] = { ISOLATIONS(TEXT_) };

	return texts[t];
}

void isolation_release(struct isolation *i)
{
	sandbox_free(i->sandbox);
	arena_release(&i->arena);
	*i = (struct isolation){ 0 };
}

struct keep_list { const char **v; size_t len, cap; };

/* Programs that PATH finds below the project stay: an environment in it whole, else the folder alone. */
static void keep_path(const struct isolation_options *o, struct arena *a, struct keep_list *list)
{
	const char *path = env_variable(o->environ, "PATH");
	size_t n;

	for (; path && *path; path += n + (path[n] == ':')) {
		n = strcspn(path, ":");
		_free_ char *folder = mem_strndup(path, n);
		_free_ char *above = path_parent(folder), *venv = path_join(above, "pyvenv.cfg"),
		            *conda = path_join(above, "conda-meta");

		if (n && folder[0] == '/' && path_within(folder, o->root) && strcmp(folder, o->root) != 0)
			vec_push(list, arena_strdup(a, strcmp(above, o->root) != 0 &&
			                                               (file_exists(venv) || file_exists(conda))
			                                       ? above
			                                       : folder));
	}
}

/* An environment whose folder is the project's own stays without the rest of the project. */
static void keep_env(const struct isolation_options *o, struct arena *a, struct keep_list *list, const char *prefix)
{
	static const char *const parts[] = {"bin",   "lib", "lib64",      "include",
	                                    "share", "etc", "conda-meta", "pyvenv.cfg"};
	_free_ char *at = realpath(prefix, NULL), *root = realpath(o->root, NULL);

	if (!at || !root || strcmp(at, root) != 0) {
		vec_push(list, prefix);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		vec_push(list, arena_printf(a, "%s/%s", prefix, parts[i]));
}

/* What steps must be able to read wherever it stands: environments with the interpreters they hang on, jig itself,
 * linked inputs. */
static void keep(const struct isolation_options *o, struct arena *a, struct sandbox_options *s)
{
	struct keep_list list = { 0 };
	_free_ char *self = path_self();

	if (self)
		vec_push(&list, arena_strdup(a, self));
	for (size_t i = 0; i < o->envs->len; i++) {
		const struct env *v = &o->envs->v[i];

		if (v->prefix)
			keep_env(o, a, &list, v->prefix);
		if (v->python.base_prefix)
			vec_push(&list, v->python.base_prefix);
	}
	keep_path(o, a, &list);
	for (size_t i = 0; i < o->pipeline->nsteps; i++) {
		const struct step *d = &o->pipeline->steps[i];

		for (size_t k = 0; k < d->ninputs && (!o->selected || o->selected[i]); k++)
			if (d->inputs[k].kind == INPUT_LINK)
				vec_push(&list, d->inputs[k].path);
	}
	s->nkeep = list.len;
	s->keep = arena_dup(a, list.v, (list.len + 1) * sizeof *list.v);
	vec_release(&list);
}

/* The first step that is to be cut off, and how many there are. */
static const struct step *wants_no_network(const struct isolation_options *o, int *ret_n)
{
	const struct step *first = NULL;

	*ret_n = 0;
	for (size_t i = 0; i < o->pipeline->nsteps; i++) {
		const struct step *d = &o->pipeline->steps[i];

		if ((!o->selected || o->selected[i]) && !d->network &&
		    o->envs->v[o->envs->of[i]].choice.kind != ENV_IMAGE) {
			first = first ? first : d;
			++*ret_n;
		}
	}
	return first;
}

static bool any_outside_images(const struct env_set *s)
{
	for (size_t i = 0; i < s->len; i++)
		if (s->v[i].choice.kind != ENV_IMAGE)
			return true;
	return false;
}

static int try_sandbox(const struct isolation_options *o, const struct step *cut_off, struct isolation *i,
                       struct err *e)
{
	struct sandbox_options so = { .root = o->root, .jig = o->jig, .environ = o->environ };
	bool network;
	int r = sandbox_probe(o->environ, &network, e);

	if (r < 0)
		return r;
	if (cut_off && !network)
		return err_set(e, ERR_BROKEN, "the kernel allows no network namespaces here");
	keep(o, &i->arena, &so);
	r = sandbox_new(&so, &i->sandbox, e);
	if (r >= 0)
		i->tier = ISOLATION_SANDBOX;
	return r;
}

int isolation_check(const char *wanted, struct err *e)
{
	if (!wanted || strcmp(wanted, isolation_text(ISOLATION_FOLDER)) == 0 ||
	    strcmp(wanted, isolation_text(ISOLATION_SANDBOX)) == 0)
		return 0;
	return err_set(e, ERR_USAGE, "--isolation %s: it is folder or sandbox", wanted);
}

int isolation_choose(const struct isolation_options *o, struct isolation *ret, struct err *e)
{
	struct isolation i = { .environ = o->environ };
	int ncut_off;
	const struct step *cut_off = wants_no_network(o, &ncut_off);
	bool by_name = o->wanted && strcmp(o->wanted, isolation_text(ISOLATION_SANDBOX)) == 0;
	struct err why = { 0 };

	if ((!o->wanted || by_name) && any_outside_images(o->envs) && try_sandbox(o, cut_off, &i, &why) < 0 &&
	    by_name) {
		isolation_release(&i);
		*e = why;
		return err_prefix(e, "--isolation sandbox");
	}
	if (cut_off && i.tier != ISOLATION_SANDBOX)
		i.note = arena_printf(&i.arena, "%s%s%s",
		                      ncut_off > 1 ? arena_printf(&i.arena, "%d steps say", ncut_off)
		                                   : arena_printf(&i.arena, "step \"%s\" says", cut_off->name),
		                      " `network: false`, which only the sandbox can keep: the network is there now",
		                      why.code ? arena_printf(&i.arena, "; %s", why.text) : "");
	*ret = i;
	return 0;
}

enum isolation_tier isolation_of(const struct isolation *i, const struct env *env)
{
	return env->choice.kind == ENV_IMAGE ? ISOLATION_CONTAINER : i->tier;
}

static const char *const *container_prefix(const struct isolation_attempt *a, struct arena *arena)
{
	VEC(const char *) links = { 0 };
	struct container_attempt c = {.folders = a->folders,
	                              .name = arena_printf(arena, "jig-%s", a->id),
	                              .image = a->env->choice.image,
	                              .vars = a->vars,
	                              .gpus = a->gpus};
	const char *const *prefix;

	for (size_t k = 0; k < a->step->ninputs; k++)
		if (a->step->inputs[k].kind == INPUT_LINK)
			vec_push(&links, a->step->inputs[k].path);
	c.links = links.v;
	c.nlinks = links.len;
	prefix = container_wrap(&a->env->tool, &c, arena);
	vec_release(&links);
	return prefix;
}

const char *const *isolation_prefix(const struct isolation *i, const struct isolation_attempt *a, struct arena *arena,
                                    enum spawn_wrap *ret_wrap)
{
	switch (isolation_of(i, a->env)) {
	case ISOLATION_FOLDER:
		break;
	case ISOLATION_SANDBOX:
		*ret_wrap = SPAWN_SANDBOX;
		return sandbox_wrap(i->sandbox, a->folders, arena);
	case ISOLATION_CONTAINER:
		*ret_wrap = SPAWN_CONTAINER;
		return container_prefix(a, arena);
	}
	*ret_wrap = SPAWN_PLAIN;
	return NULL;
}
