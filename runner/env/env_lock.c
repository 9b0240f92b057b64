#include "runner/env/env_lock.h"

#include <limits.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/toml.h"

#define TEXT_MOST (64 << 20)

int env_lock_text(const struct env_lock *l, const char *path, struct buf *b, struct err *e)
{
	_free_ char *full = path_join(l->root, path);

	if (file_read(full, TEXT_MOST, b, e) < 0)
		return e->code;
	for (size_t i = 0; i < b->len; i++)
		if (!strchr(" \t\r\n", b->data[i]) || !b->data[i])
			return 0;
	return err_set(e, ERR_USAGE, "%s:1: the file is empty; make it anew, or remove it", path);
}

int env_lock_toml(const struct env_lock *l, const char *path, struct buf *text, json_t **ret, struct err *e)
{
	if (env_lock_text(l, path, text, e) < 0)
		return e->code;
	return toml_parse(text->data, text->len, path, ret, e);
}

int env_lock_yaml(const struct env_lock *l, const char *path, struct yaml_node **ret, struct err *e)
{
	_buf_ struct buf b = BUF_INIT;
	struct diags d = {.file = path};

	if (env_lock_text(l, path, &b, e) < 0)
		return e->code;
	struct yaml_node *doc = yaml_parse(b.data, b.len, l->a, &d);
	int r = diags_result(&d, e);
	diags_release(&d);
	if (r < 0)
		return r;
	if (doc->kind != YAML_MAP)
		return err_set(e, ERR_USAGE, "%s:%d: a mapping should stand here, not %s; was the file cut off?", path,
		               doc->line, yaml_kind_text(doc->kind));
	*ret = doc;
	return 0;
}

int env_lock_json(const struct env_lock *l, const char *path, json_t **ret, struct err *e)
{
	_buf_ struct buf b = BUF_INIT;

	if (env_lock_text(l, path, &b, e) < 0)
		return e->code;
	return json_parse(b.data, b.len, path, ret, e);
}

bool env_lock_has(const struct env_lock *l, const char *path)
{
	_free_ char *full = path_join(l->root, path);

	return file_exists(full) && !file_is_dir(full);
}

const char *env_lock_beside(const struct env_lock *l, const char *path, const char *name)
{
	return arena_printf(l->a, "%.*s%s", (int)(path_base(path) - path), path, name);
}

int env_lock_line(const struct buf *text, const char *begin, struct env_lock_place *at)
{
	while (at->at < text->len) {
		const char *p = text->data + at->at, *newline = strchr(p, '\n');
		at->at = newline ? (size_t)(newline - text->data) + 1 : text->len;
		at->line++;
		if (text_starts(p, begin))
			return at->line;
	}
	return 1;
}

void env_lock_set(struct env_lock *l, enum env_kind kind, enum env_grade grade, const char *path, const char *why)
{
	l->c->kind = kind;
	l->c->grade = grade;
	l->c->source = arena_strdup(l->a, path);
	l->c->why = arena_printf(l->a, "%s, %s", path, why);
	vec_push(&l->c->files, l->c->source);
}

void env_lock_note(struct env_lock *l, const char *fmt, ...)
{
	_buf_ struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	vec_push(&l->c->notes, arena_strdup(l->a, b.data));
}

int env_lock_local(struct env_lock *l, const char *folder, const char *target, const char *place, struct err *e)
{
	_free_ char *joined = path_join(folder, target), *normal = path_normal(*joined ? joined : ".", NULL);
	_free_ char *full = path_join(l->root, normal);
	char real[PATH_MAX];

	if (!realpath(full, real))
		return err_set(e, ERR_USAGE,
		               "%s: the local package %s is not there; put it back, or name the package by its version "
		               "(NAME==VERSION)",
		               place, target);
	const char *kept = !strcmp(normal, ".") || !path_check_inside(normal) ? normal : real;
	for (size_t i = 0; i < l->c->locals.len; i++)
		if (!strcmp(l->c->locals.v[i], kept))
			return 0;
	vec_push(&l->c->locals, arena_strdup(l->a, kept));
	return 0;
}
