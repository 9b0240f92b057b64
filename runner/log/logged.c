#include "runner/log/logged.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "tracker/param.h"

/* Of a value that a line of the log names. */
#define VALUE_CELLS 60

void logged_lines(const struct buf *text, logged_line_fn *cb, void *arg)
{
	const char *end = text->data + text->len;

	for (const char *line = text->data, *next; line < end; line = next) {
		const char *nl = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((nl ? nl : end) - line);
		_json_ json_t *v = NULL;
		struct err ignored;

		next = line + n + 1;
		if (json_parse(line, n, "logged.jsonl", &v, &ignored) < 0)
			v = NULL;
		if (n)
			cb(arg, line, n, v);
	}
}

static bool within_depth(const json_t *v, int levels)
{
	const char *key;
	json_t *item;
	size_t i;

	json_array_foreach((json_t *)v, i, item)
		if (levels == 0 || !within_depth(item, levels - 1))
			return false;
	json_object_foreach((json_t *)v, key, item)
		if (levels == 0 || !within_depth(item, levels - 1))
			return false;
	return true;
}

const char *logged_param(const json_t *line, const json_t **ret_value)
{
	*ret_value = json_object_get(line, "value");
	return *ret_value && within_depth(*ret_value, LOGGED_DEPTH) ? json_string_value(json_object_get(line, "param"))
	                                                            : NULL;
}

struct logged_params {
	pthread_mutex_t lock;
	json_t *begun_with, *all; /* who else has a reference to all may read it on another thread: then it is copied */
	VEC(struct layer { int step; json_t *list; }) layers; /* as the attempts ended */
};

struct logged_params *logged_params_new(const json_t *begun_with)
{
	struct logged_params *p = mem_zero(sizeof *p);

	pthread_mutex_init(&p->lock, NULL);
	p->begun_with = begun_with ? json_deep_copy(begun_with) : json_object();
	p->all = json_incref(p->begun_with);
	return p;
}

void logged_params_free(struct logged_params *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->layers.len; i++)
		json_decref(p->layers.v[i].list);
	vec_release(&p->layers);
	json_decref(p->begun_with);
	json_decref(p->all);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static void tell(const char *key, const json_t *value, const char *why, logged_told_fn *told, void *arg)
{
	_buf_ struct buf text = BUF_INIT;
	_free_ char *line = NULL;
	size_t cut;

	json_canonical(&text, value);
	cut = utf8_fit(text.data, text.len, VALUE_CELLS);
	line = mem_printf("%s; param %s %.*s%s, which the step logged, is not recorded", why, key, (int)cut, text.data,
	                  cut < text.len ? "…" : "");
	told(arg, line);
}

static void join(json_t *all, const json_t *list, logged_told_fn *told, void *arg)
{
	const json_t *pair;
	struct err e;
	size_t i;

	json_array_foreach((json_t *)list, i, pair)
	{
		const char *key = json_string_value(json_array_get(pair, 0));
		const json_t *value = json_array_get(pair, 1);

		if (param_put(all, key, value, &e) < 0 && told)
			tell(key, value, e.text, told, arg);
	}
}

/* What an earlier attempt of the step logged goes. */
static bool forget(struct logged_params *p, int step)
{
	for (size_t i = 0; i < p->layers.len; i++)
		if (p->layers.v[i].step == step) {
			json_decref(p->layers.v[i].list);
			vec_remove(&p->layers, i);
			return true;
		}
	return false;
}

bool logged_params_set(struct logged_params *p, int step, json_t *list, logged_told_fn *told, void *arg)
{
	bool changed;
	json_t *all;

	pthread_mutex_lock(&p->lock);
	changed = forget(p, step);
	if (!changed && !json_array_size(list)) {
		pthread_mutex_unlock(&p->lock);
		return false;
	}
	if (!changed && p->all->refcount == 1)
		all = json_incref(p->all);
	else
		all = json_deep_copy(changed ? p->begun_with : p->all);
	for (size_t i = 0; changed && i < p->layers.len; i++)
		join(all, p->layers.v[i].list, NULL, NULL);
	if (json_array_size(list)) {
		join(all, list, told, arg);
		vec_push(&p->layers, (struct layer){ step, json_incref(list) });
	}
	json_decref(p->all);
	p->all = all;
	pthread_mutex_unlock(&p->lock);
	return true;
}

json_t *logged_params_all(struct logged_params *p)
{
	json_t *all;

	pthread_mutex_lock(&p->lock);
	all = json_incref(p->all);
	pthread_mutex_unlock(&p->lock);
	return all;
}
