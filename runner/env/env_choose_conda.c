#include "runner/env/env_choose_parts.h"

#include "base/text.h"

static int loose_conda(struct env_choosing *ch)
{
	_buf_ struct buf b = BUF_INIT, quoted = BUF_INIT;

	text_shell_quote(&quoted, ch->conda_file);
	env_choose_lines(&b, ch->conda_loose.lines.v, ch->conda_loose.lines.len);
	buf_addf(&b,
	         "these are not exact (NAME==VERSION, or NAME=VERSION=BUILD; NAME=1.2 means 1.2.* to conda); "
	         "`conda-lock -f %s` "
	         "writes conda-lock.yml, `conda env export` the exact pins of an environment that works, --unpinned "
	         "lets %s through "
	         "for this run",
	         quoted.data, ch->conda_file);
	return err_set(ch->e, ERR_USAGE, "%s", b.data);
}

int env_choose_loose_conda(struct env_choosing *ch)
{
	struct env_choice *c = ch->l.c;

	if (!ch->o->unpinned)
		return loose_conda(ch);
	*c = ch->conda_choice;
	ch->conda_choice = (struct env_choice){0};
	env_lock_set(&ch->l, ENV_CONDA, GRADE_OBSERVED, ch->conda_file, "not pinned (--unpinned)");
	c->loose = true;
	return 1;
}

/* An exact one becomes the choice, the first loose one is kept for later. */
static int read_environment(struct env_choosing *ch, const char *path, const struct yaml_node *doc, const char **found)
{
	struct env_choice one = {0};
	struct env_lock l = {.root = ch->l.root, .a = ch->l.a, .c = &one};
	struct env_loose loose = {0};
	int r = env_lock_conda(&l, path, doc, &loose, ch->e);

	if (r >= 0 && loose.lines.len && !ch->conda_file) {
		ch->conda_file = path;
		ch->conda_loose = loose;
		ch->conda_choice = one;
		return 0;
	}
	if (r >= 0 && !loose.lines.len && *found)
		r = env_choose_both(ch, *found, path);
	if (r >= 0 && !loose.lines.len) {
		*ch->l.c = one;
		*found = path;
		return 0;
	}
	vec_release(&loose.lines);
	env_choice_release(&one);
	return r;
}

int env_choose_conda(struct env_choosing *ch)
{
	static const char *const names[] = {"conda-lock.yml", "pixi.lock", "environment.yml", "environment.yaml"};
	enum { CONDA_LOCK, PIXI };
	const char *found = NULL;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct yaml_node *doc;
		if (!env_choose_in_root(ch, names[i]))
			continue;
		if (found && i == PIXI)
			return env_choose_both(ch, found, names[i]);
		if (env_lock_yaml(&ch->l, names[i], &doc, ch->e) < 0)
			return ch->e->code;
		int r = i == CONDA_LOCK ? env_lock_conda_lock(&ch->l, names[i], doc, ch->e)
		        : i == PIXI     ? env_lock_pixi(&ch->l, names[i], doc, ch->e)
		                        : read_environment(ch, names[i], doc, &found);
		if (r < 0)
			return r;
		if (i <= PIXI)
			found = names[i];
	}
	return found != NULL;
}

int env_choose_conda_file(struct env_choosing *ch, const char *path, const struct yaml_node *doc)
{
	const char *found = NULL;

	if (read_environment(ch, path, doc, &found) < 0)
		return ch->e->code;
	return found ? 1 : env_choose_loose_conda(ch);
}
