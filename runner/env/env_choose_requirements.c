#include "runner/env/env_choose_parts.h"

#include <dirent.h>
#include <errno.h>
#include "base/text.h"

static int loose_python(struct env_choosing *ch, const char *path, const char *const *lines, size_t n)
{
	_buf_ struct buf b = BUF_INIT, lock = BUF_INIT;
	const char *name = NULL, *way = env_choose_foreign_found(ch, &name);

	buf_adds(&lock, "jig lock");
	if (ch->o->env) {
		buf_addc(&lock, ' ');
		text_shell_quote(&lock, path);
	}
	env_choose_lines(&b, lines, n);
	buf_addf(&b,
	         "nothing fixes what these mean tomorrow; `%s` writes a lock with versions and hashes, "
	         "--unpinned lets "
	         "%s through for this run",
	         lock.data, path);
	if (way)
		buf_addf(&b, " (%s is not read; %s makes a lock that is)", name, way);
	return err_set(ch->e, ERR_USAGE, "%s", b.data);
}

/* "git+https://…@COMMIT": as firm as a hash, but no installer takes it where each package must have one. */
static bool is_commit(const struct requirement *one)
{
	const char *slashes = strstr(one->text, "://"), *plus = strchr(one->text, '+');

	return one->pin == PIN_HASHED && plus && slashes && plus < slashes;
}

/* A requirements file that was read becomes the choice. Lets a loose one through only by --unpinned. */
static int take_requirements(struct env_choosing *ch, const struct env_candidate *q)
{
	struct env_lock *l = &ch->l;
	VEC(const char *) loose = {0};
	bool only_locals = true, commits = false;

	for (size_t i = 0; i < q->r.list.len; i++) {
		const struct requirement *one = &q->r.list.v[i];
		if (one->pin == PIN_LOOSE)
			vec_push(&loose, arena_printf(l->a, "%s:%d: %s", one->file, one->line, one->text));
		only_locals &= one->pin != PIN_VERSION || one->local;
		commits |= is_commit(one);
	}
	int r = 0;
	if (loose.len && !ch->o->unpinned)
		r = loose_python(ch, q->path, loose.v, loose.len);
	vec_release(&loose);
	if (r < 0)
		return r;
	for (size_t i = 0; i < q->r.list.len; i++) {
		const struct requirement *one = &q->r.list.v[i];
		_free_ char *place = mem_printf("%s:%d", one->file, one->line);
		if (one->local && env_lock_local(l, "", one->local, place, ch->e) < 0)
			return ch->e->code;
	}
	static const struct {
		enum env_grade grade;
		const char *why;
	} by_pin[] = {
	        [PIN_HASHED] = {GRADE_PINNED, "every package with hashes"},
	        [PIN_VERSION] = {GRADE_VERSIONS, "every package by its version, not all with hashes"},
	        [PIN_LOOSE] = {GRADE_OBSERVED, "not pinned (--unpinned)"},
	};
	env_lock_set(l, ENV_REQUIREMENTS, by_pin[q->pin].grade, q->path,
	             q->r.list.len ? by_pin[q->pin].why : "which names no packages");
	for (size_t i = 1; i < q->r.files.len; i++)
		vec_push(&l->c->files, arena_strdup(l->a, q->r.files.v[i]));
	if (commits && q->pin == PIN_HASHED) {
		l->c->grade = GRADE_VERSIONS;
		l->c->why = arena_printf(l->a, "%s, every package with hashes or by its commit", q->path);
	}
	l->c->loose = q->pin == PIN_LOOSE;
	if (q->pin == PIN_VERSION && !only_locals)
		env_lock_note(l, "%s pins versions without hashes; `jig lock` adds them", q->path);
	else if (q->pin == PIN_VERSION)
		env_lock_note(l, "%s names local packages; no hash fixes them, their content counts", q->path);
	return 1;
}

static int read_candidate(struct env_choosing *ch, const char *path)
{
	_buf_ struct buf b = BUF_INIT;
	struct env_candidate q = {.path = arena_strdup(ch->l.a, path)};

	if (env_lock_text(&ch->l, path, &b, ch->e) < 0 || requirements_read(ch->l.root, path, &q.r, ch->e) < 0)
		return ch->e->code;
	q.pin = requirements_pin(&q.r);
	vec_push(&ch->all, q);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* requirements.txt (else requirements.in) and requirements*.lock of the root, by name. */
static int read_candidates(struct env_choosing *ch)
{
	_closedir_ DIR *d = opendir(ch->l.root);
	VEC(const char *) names = {0};
	int r = 0;

	if (!d)
		return err_errno(ch->e, "cannot read %s", ch->l.root);
	bool text = env_choose_in_root(ch, "requirements.txt");
	for (struct dirent *entry; (errno = 0, entry = readdir(d));) {
		const char *name = entry->d_name;
		bool lock = text_starts(name, "requirements") && text_ends(name, ".lock");
		if ((lock || !strcmp(name, text ? "requirements.txt" : "requirements.in")) &&
		    env_choose_in_root(ch, name))
			vec_push(&names, arena_strdup(ch->l.a, name));
	}
	if (errno)
		r = err_errno(ch->e, "cannot read %s", ch->l.root);
	if (names.len)
		qsort(names.v, names.len, sizeof *names.v, by_text);
	for (size_t i = 0; i < names.len && r >= 0; i++)
		r = read_candidate(ch, names.v[i]);
	vec_release(&names);
	return r;
}

static bool is_lock(const struct env_candidate *q)
{
	return text_ends(q->path, ".lock");
}

/* The one of the files that are pinned so firmly; locks before requirements.txt where only versions stand. */
static int find_candidate(struct env_choosing *ch, enum pin pin, const struct env_candidate **ret)
{
	const struct env_candidate *found = NULL;

	for (size_t i = 0; i < ch->all.len; i++) {
		const struct env_candidate *q = &ch->all.v[i];
		if (q->pin != pin || (found && !q->r.list.len))
			continue;
		if (found && found->r.list.len && (pin == PIN_HASHED || is_lock(found) == is_lock(q)))
			return env_choose_both(ch, found->path, q->path);
		if (!found || !found->r.list.len || is_lock(q))
			found = q;
	}
	*ret = found;
	return 0;
}

/* What requirements.txt has to say beside the lock that was chosen. */
static void compare_candidates(struct env_choosing *ch, const struct env_candidate *chosen)
{
	for (size_t i = 0; i < ch->all.len; i++) {
		const struct env_candidate *q = &ch->all.v[i];
		if (q == chosen || is_lock(q))
			continue;
		if (strcmp(chosen->path, "requirements.lock"))
			env_lock_note(&ch->l, "%s is not read, %s is pinned more firmly; `env: %s` takes it instead",
			              q->path, chosen->path, q->path);
		for (size_t k = 0; k < q->r.list.len && !strcmp(chosen->path, "requirements.lock"); k++) {
			const struct requirement *wanted = &q->r.list.v[k];
			bool held = !wanted->name;
			for (size_t m = 0; m < chosen->r.list.len && !held; m++) {
				const char *name = chosen->r.list.v[m].name;
				held = name && !strcmp(name, wanted->name);
			}
			if (!held) {
				env_lock_note(&ch->l, "%s:%d asks for %s, which %s does not hold; `jig lock` renews it",
				              wanted->file, wanted->line, wanted->name, chosen->path);
				break;
			}
		}
	}
}

int env_choose_requirements(struct env_choosing *ch)
{
	const struct env_candidate *q = NULL;

	if (read_candidates(ch) < 0 || find_candidate(ch, PIN_HASHED, &q) < 0 ||
	    (!q && find_candidate(ch, PIN_VERSION, &q) < 0))
		return ch->e->code;
	if (!q)
		return 0;
	int r = take_requirements(ch, q);
	if (r > 0)
		compare_candidates(ch, q);
	return r;
}

int env_choose_project(struct env_choosing *ch, const char *path)
{
	struct env_loose loose = {0};
	int r = env_lock_project(&ch->l, path, &loose, ch->e);

	if (r >= 0 && loose.lines.len) {
		if (ch->o->unpinned) {
			env_lock_set(&ch->l, ENV_REQUIREMENTS, GRADE_OBSERVED, path, "not pinned (--unpinned)");
			ch->l.c->loose = true;
			r = 1;
		} else {
			r = loose_python(ch, path, loose.lines.v, loose.lines.len);
		}
	}
	vec_release(&loose.lines);
	return r;
}

int env_choose_loose(struct env_choosing *ch)
{
	for (int locks = 0; locks < 2; locks++)
		for (size_t i = 0; i < ch->all.len; i++)
			if (is_lock(&ch->all.v[i]) == locks)
				return take_requirements(ch, &ch->all.v[i]);
	if (ch->conda_file)
		return env_choose_loose_conda(ch);
	return env_choose_in_root(ch, "pyproject.toml") ? env_choose_project(ch, "pyproject.toml") : 0;
}

int env_choose_requirements_file(struct env_choosing *ch, const char *path)
{
	return read_candidate(ch, path) < 0 ? ch->e->code : take_requirements(ch, &ch->all.v[ch->all.len - 1]);
}
