#include "runner/attempt_trace.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/env/env_variable.h"
#include "runner/trace/atime.h"
#include "runner/trace/trace.h"

static void note(struct attempt *a, const char *why)
{
	if (!a->lookups.untrusted)
		a->lookups.untrusted = why;
}

/* Files are watched where calls cannot be. */
static void watch_files(struct attempt *a)
{
	struct err e;

	a->lookups.witness = WITNESS_FILES;
	if (watch_new(a->work.work, &a->watch, &e) >= 0)
		return;
	a->atime = atime_prepare(a->work.work, &e) >= 0;
	if (!a->atime)
		note(a, "there were no watches left, and the file system keeps no access times");
}

/* The clock that gives files their times, which may lag some ms behind the other. */
static int64_t file_clock(void)
{
	struct timespec ts;

#ifdef CLOCK_REALTIME_COARSE
	clock_gettime(CLOCK_REALTIME_COARSE, &ts);
#else
	clock_gettime(CLOCK_REALTIME, &ts);
#endif
	return time_ns(&ts);
}

void attempt_trace_begin(struct attempt *a)
{
	a->trace_began = file_clock();
	a->observed = a->host->observer && (a->work.wrap == SPAWN_PLAIN || a->work.session);
	if (!a->observed)
		watch_files(a);
}

static void watch_ready(void *arg, int fd, short revents)
{
	struct attempt *a = arg;

	watch_drain(a->watch, &a->lookups);
}

void attempt_trace_listen(struct attempt *a)
{
	if (a->watch)
		a->watch_source = loop_fd(a->host->loop, watch_fd(a->watch), POLLIN, watch_ready, a);
}

void attempt_trace_deaf(struct attempt *a)
{
	if (a->watch_source)
		loop_remove(a->watch_source);
	a->watch_source = NULL;
}

static void gather(struct attempt *a)
{
	struct err e;

	if (a->observed)
		observer_end(a->host->observer, a->token, &a->lookups);
	a->observed = false;
	if (a->watch)
		watch_drain(a->watch, &a->lookups);
	watch_free(a->watch);
	a->watch = NULL;
	if (a->atime && atime_collect(a->work.work, &a->lookups, &e) < 0)
		note(a, "access times could not be read");
}

/* Paths are recorded for ever. */
static bool holds_secret(const struct attempt *a)
{
	for (size_t i = 0; i < a->trace.len; i++)
		if (secrets_in(&a->secrets, a->trace.v[i].path, strlen(a->trace.v[i].path)))
			return true;
	return false;
}

void attempt_trace_end(struct attempt *a)
{
	const struct pipeline *p = a->host->run->pipeline;
	const char **inputs = arena_array(&a->trace_texts, const char *, a->work.inputs.len + 1);
	const struct trace_cover *cover = &a->host->covers[a->host->envs->of[a->step]];
	struct trace_places places = {.root = a->host->run->root,
	                              .jig = a->host->run->jig,
	                              .work = a->work.work,
	                              .step = a->def,
	                              .inputs = inputs,
	                              .ninputs = a->work.inputs.len,
	                              .param_files = p->param_files,
	                              .nparam_files = p->nparam_files,
	                              .params = a->work.params,
	                              .covered = cover->v,
	                              .ncovered = cover->len,
	                              .programs = cover->programs,
	                              .nprograms = cover->nprograms,
	                              .params_digest = a->host->params_digest,
	                              .began = a->trace_began};
	struct err e;

	for (size_t i = 0; i < a->work.inputs.len; i++)
		inputs[i] = a->work.inputs.v[i].path;
	gather(a);
	a->traced = trace_make(&a->lookups, a->host->names, &places, &a->trace_texts, &a->trace, &e) >= 0;
	if (!a->traced || (a->def->nsecrets && holds_secret(a))) {
		const char *why = a->traced ? "a name that it looked up holds the value of a secret"
		                            : "its lookups could not be told apart";

		lookups_release(&a->lookups);
		note(a, why);
		a->traced = trace_make(&a->lookups, a->host->names, &places, &a->trace_texts, &a->trace, &e) >= 0;
	}
	lookups_release(&a->lookups);
}

void attempt_trace_release(struct attempt *a)
{
	attempt_trace_deaf(a);
	if (a->observed)
		observer_end(a->host->observer, a->token, &a->lookups);
	watch_free(a->watch);
	lookups_release(&a->lookups);
	arena_release(&a->trace_texts);
}

struct paths {
	const struct work_run *run;
	const struct env *env;
	struct arena *arena;
	VEC(const char *) list, programs;
};

static void add(struct paths *p, const char *path)
{
	if (path && *path == '/' && strcmp(path, "/") != 0)
		vec_push(&p->list, arena_strdup(p->arena, path));
}

/* Whether programs were installed below it: beside them stands what they bring. People's data does not. */
static bool is_installed(const char *prefix)
{
	static const char *const names[] = { "lib", "lib64", "libexec", "share" };
	bool any = false;

	for (size_t i = 0; i < ARRAY_LEN(names) && !any; i++) {
		_free_ char *path = path_join(prefix, names[i]);

		any = file_is_dir(path);
	}
	return any;
}

/* What programs bring stands beside them: PREFIX/bin/x, PREFIX/lib/…. A prefix that holds the project or the home, or
 * lies in the project, is none. */
static void add_programs(struct paths *p, const char *folder, const char *home)
{
	static const char *const names[] = { "bin", "sbin", "shims", "libexec", "condabin", "Scripts" };
	_free_ char *prefix = path_parent(folder);

	if (path_within(folder, p->run->root))
		return;
	if (!p->env->prefix || !path_within(folder, p->env->prefix))
		vec_push(&p->programs, arena_strdup(p->arena, folder));
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(path_base(folder), names[i]) == 0 && is_installed(prefix) &&
		    !path_within(p->run->root, prefix) && !(home && path_within(home, prefix)))
			add(p, prefix);
}

void trace_cover_make(const struct work_run *r, const struct env *env, struct arena *arena, struct trace_cover *ret)
{
	static const char *const caches[] = {"XDG_CACHE_HOME", "HF_HOME",      "TORCH_HOME",     "PIP_CACHE_DIR",
	                                     "UV_CACHE_DIR",   "MPLCONFIGDIR", "CUDA_CACHE_PATH"};
	struct paths p = { .run = r, .env = env, .arena = arena };
	const char *home = env_variable(r->environ, "HOME"), *path = env_variable(r->environ, "PATH");
	_free_ char *list = mem_strdup(path ? path : "");
	_free_ char *self = realpath("/proc/self/exe", NULL);
	char *save = NULL;

	add(&p, r->tmp);
	add(&p, env->prefix);
	if (env->python.path) {
		_free_ char *bin = path_parent(env->python.path);

		add_programs(&p, bin, home);
	}
	for (size_t i = 0; i < ARRAY_LEN(caches); i++)
		add(&p, env_variable(r->environ, caches[i]));
	if (home) {
		_free_ char *cache = path_join(home, ".cache"), *nv = path_join(home, ".nv");

		add(&p, cache);
		add(&p, nv);
	}
	for (char *folder = strtok_r(list, ":", &save); folder; folder = strtok_r(NULL, ":", &save)) {
		_free_ char *real = realpath(folder, NULL);

		add_programs(&p, folder, home);
		if (real && strcmp(real, folder) != 0)
			add_programs(&p, real, home);
	}
	/* `jig log` in a step: another jig gives no other results. */
	add(&p, self);
	ret->v = arena_dup(arena, p.list.v, p.list.len * sizeof *p.list.v);
	ret->len = p.list.len;
	vec_release(&p.list);
	ret->programs = arena_dup(arena, p.programs.v, p.programs.len * sizeof *p.programs.v);
	ret->nprograms = p.programs.len;
	vec_release(&p.programs);
}
