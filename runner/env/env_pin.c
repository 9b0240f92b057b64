#include "runner/env/env_pin.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/toml.h"
#include "runner/env/env_cache.h"
#include "runner/env/env_pin_resolve.h"
#include "runner/env/env_variable.h"
#include "runner/pipeline/yaml.h"

#define FILE_MOST (8 << 20)
#define PROJECT_FILE "pyproject.toml"

void env_pinned_release(struct env_pinned *p)
{
	free(p->from);
	free(p->to);
	free(p->tool);
	free(p->python);
	*p = (struct env_pinned){0};
}

/* ---- from where, to where ---- */

static bool is_project_file(const char *file)
{
	return !strcmp(path_base(file), PROJECT_FILE);
}

/* Locks that are other programs' affair, and how those make them. */
static int refuse_lock(const char *file, struct err *e)
{
	static const struct {
		const char *name, *way;
	} locks[] = {
	        {"uv.lock", "`uv lock --upgrade` makes it anew from pyproject.toml"},
	        {"pylock.toml", "what wrote it makes it anew (`uv export --format pylock.toml -o pylock.toml`)"},
	        {"conda-lock.yml", "`conda-lock` makes it anew"},
	        {"pixi.lock", "`pixi update` makes it anew"},
	        {"environment.yml", "`conda-lock -f environment.yml` makes one of it"},
	        {"renv.lock", "`renv::snapshot()` makes it anew"},
	        {"Manifest.toml", "`julia -e 'using Pkg; Pkg.update()'` makes it anew"},
	};

	for (size_t i = 0; i < ARRAY_LEN(locks); i++)
		if (!strcmp(path_base(file), locks[i].name))
			return err_set(e, ERR_USAGE,
			               "%s is a lock of another kind than `jig lock` reads and writes: %s", file,
			               locks[i].way);
	return 0;
}

/* 1: there is a [project] that asks for packages, or may. */
static int project_asks(const char *root, const char *file, struct err *e)
{
	_free_ char *path = path_join(root, file);
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *doc = NULL;

	if (file_read(path, FILE_MOST, &text, e) < 0 || toml_parse(text.data, text.len, file, &doc, e) < 0)
		return e->code;
	const json_t *project = json_object_get(doc, "project");
	return json_array_size(json_object_get(project, "dependencies")) > 0 ||
	       json_array_size(json_object_get(project, "dynamic")) > 0;
}

/* 1: it is there and not all of it is pinned by hashes. */
static int is_loose(const char *root, const char *file, struct err *e)
{
	_free_ char *path = path_join(root, file);
	struct requirements r = {0};

	if (!file_exists(path))
		return 0;
	if (is_project_file(file))
		return project_asks(root, file, e);
	if (requirements_read(root, file, &r, e) < 0)
		return e->code;
	bool loose = r.list.len && requirements_pin(&r) != PIN_HASHED;
	requirements_release(&r);
	return loose;
}

static int choose_from(const struct env_pin *o, const char **ret, struct err *e)
{
	static const char *const names[] = {"requirements.in", "requirements.txt", PROJECT_FILE};
	_buf_ struct buf there = BUF_INIT;

	if (o->from) {
		const char *wrong = path_check_inside(o->from);
		*ret = o->from;
		return wrong ? err_set(e, ERR_USAGE, "%s: the path %s", o->from, wrong) : refuse_lock(o->from, e);
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		int r = is_loose(o->root, names[i], e);
		if (r < 0)
			return r;
		*ret = names[i];
		if (r)
			return 0;
		_free_ char *path = path_join(o->root, names[i]);
		if (file_exists(path))
			buf_addf(&there, "%s%s", there.len ? ", " : "", names[i]);
	}
	if (there.len)
		return err_set(e, ERR_NOT_FOUND,
		               "there is nothing to pin: %s here ask%s for no package that has no hash yet", there.data,
		               strchr(there.data, ',') ? "" : "s");
	return err_set(e, ERR_NOT_FOUND,
	               "there is nothing to pin: neither requirements.in nor requirements.txt nor " PROJECT_FILE
	               " is here; `jig lock FILE` names another file");
}

/* "requirements-dev.txt" → "requirements-dev.lock" */
static char *choose_to(const struct env_pin *o, const char *from)
{
	if (o->to)
		return mem_strdup(o->to);
	const char *base = path_base(from), *dot = strrchr(base, '.');
	if (is_project_file(from))
		return mem_printf("%.*srequirements.lock", (int)(base - from), from);
	return mem_printf("%.*s.lock", (int)(dot && dot > base ? dot - from : (long)strlen(from)), from);
}

/* What is known to fail is said before the resolver takes its time. */
static int check_to(const struct env_pin *o, const char *from, const char *to, struct err *e)
{
	const char *wrong = path_check_inside(to);
	_free_ char *path = path_join(o->root, to), *folder = path_parent(path), *normal_from = path_normal(from, NULL),
	            *normal_to = path_normal(to, NULL);
	_buf_ struct buf quoted = BUF_INIT;

	text_shell_quote(&quoted, from);
	if (wrong)
		return err_set(e, ERR_USAGE, "%s: the path %s", to, wrong);
	if (!strcmp(normal_from, normal_to))
		return err_set(e, ERR_USAGE,
		               "%s would be written over itself; `jig lock %s -o FILE` names another file", from,
		               quoted.data);
	if (refuse_lock(to, e) < 0)
		return e->code;
	if (file_is_dir(path))
		return err_set(e, ERR_USAGE, "%s is a folder; -o takes a file", to);
	return faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) < 0 ? err_errno(e, "%s cannot be written", to) : 0;
}

/* ---- which Python ---- */

static const char *env_text(const struct yaml_node *env, const char *key)
{
	const struct yaml_node *v = env && env->kind == YAML_MAP ? yaml_get(env, key) : NULL;

	return v && v->kind != YAML_LIST && v->kind != YAML_MAP && v->len ? v->text : NULL;
}

static bool is_env_of(const struct yaml_node *env, const char *to)
{
	const char *lock = env_text(env, "lock");

	return lock && !strcmp(lock, to) && env_text(env, "python");
}

/* The version that jig.yaml asks for where it names this lock, else the file's own. A jig.yaml with faults is the
 * affair of `jig run`. Owned, or NULL. */
static char *python_of_pipeline(const char *root, const char *to)
{
	_free_ char *path = path_join(root, "jig.yaml");
	_buf_ struct buf text = BUF_INIT;
	_arena_ struct arena arena = ARENA_INIT;
	_cleanup_(diags_release) struct diags diags = {0};
	struct err ignored;

	if (file_read(path, FILE_MOST, &text, &ignored) < 0)
		return NULL;
	const struct yaml_node *doc = yaml_parse(text.data, text.len, &arena, &diags);
	if (!doc || doc->kind != YAML_MAP)
		return NULL;
	const struct yaml_node *defaults = yaml_get(doc, "defaults"), *steps = yaml_get(doc, "steps"),
	                       *own = yaml_get(doc, "env"), *env = own;
	if (defaults && defaults->kind == YAML_MAP && is_env_of(yaml_get(defaults, "env"), to))
		env = yaml_get(defaults, "env");
	for (size_t i = 0; steps && steps->kind == YAML_MAP && i < steps->n; i++) {
		const struct yaml_node *step = steps->pairs[i].value,
		                       *other = step->kind == YAML_MAP ? yaml_get(step, "env") : NULL;
		if (is_env_of(other, to) && !is_env_of(env, to))
			env = other;
	}
	return mem_strdup(env_text(env, "python"));
}

/* Owned, or NULL: any. */
static char *wanted_python(const struct env_pin *o, const char *to)
{
	_arena_ struct arena arena = ARENA_INIT;
	_cleanup_(env_choice_release) struct env_choice choice = {0};
	struct err ignored;
	char *wanted = o->python ? mem_strdup(o->python) : python_of_pipeline(o->root, to);

	/* A project whose locks cannot be read asks for nothing that can be known. */
	if (!wanted &&
	    env_choose(
	            &(struct env_choose){.root = o->root, .place = "jig lock", .environ = o->environ, .unpinned = true},
	            &arena, &choice, &ignored) == 0)
		wanted = mem_strdup(choice.python);
	return wanted;
}

static int find_tools(const struct env_pin *o, const char *from, const char *to, struct env_python *python,
                      struct env_tool *tool, struct err *e)
{
	_free_ char *wanted = wanted_python(o, to), *cache = NULL, *met = NULL;
	struct err ignored;

	if (env_cache_folder(o->environ, &cache, &ignored) == 0)
		met = path_join(cache, ENV_CACHE_PYTHON);
	if (env_python_find(wanted, o->root, o->environ, met, python, e) < 0)
		return e->code;
	return env_tool_find(&(struct env_choice){.kind = ENV_REQUIREMENTS, .source = from}, python, o->environ, tool,
	                     e);
}

/* ---- the lock ---- */

/* Lines of the files asked for that say where packages are: without them the lock cannot be installed. */
static int add_index_options(const struct pin_job *j, struct buf *out, struct err *e)
{
	static const char *const options[] = {"-i",           "--index-url", "--extra-index-url", "-f",
	                                      "--find-links", "--no-index",  "--trusted-host"};

	for (size_t i = 0; j->asked && i < j->asked->files.len; i++) {
		_free_ char *path = path_join(j->o->root, j->asked->files.v[i]);
		_buf_ struct buf text = BUF_INIT;
		if (file_read(path, FILE_MOST, &text, e) < 0)
			return e->code;
		for (const char *s = text.data; *s; s += strcspn(s, "\n"), s += *s == '\n') {
			s += strspn(s, " \t");
			size_t word = strcspn(s, " \t=\r\n"), n = strcspn(s, "\r\n");
			for (size_t k = 0; k < ARRAY_LEN(options); k++)
				if (word == strlen(options[k]) && !memcmp(s, options[k], word))
					buf_addf(out, "%.*s\n", (int)n, s);
		}
	}
	return 0;
}

/* Behind the comment that the lock begins with. */
static int insert_index_options(const struct pin_job *j, struct buf *lock, struct err *e)
{
	_buf_ struct buf all = BUF_INIT, lines = BUF_INIT;
	size_t head = 0;

	if (add_index_options(j, &lines, e) < 0)
		return e->code;
	while (lock->data[head] == '#') {
		head += strcspn(lock->data + head, "\n");
		head += lock->data[head] == '\n';
	}
	buf_add(&all, lock->data, head);
	buf_add(&all, lines.data, lines.len);
	buf_add(&all, lock->data + head, lock->len - head);
	buf_reset(lock);
	buf_add(lock, all.data, all.len);
	return 0;
}

/* What does not pass here would be refused by the run that is to use it. Local projects have no hash; their files
 * decide. */
static int check_lock(const char *to, const struct buf *lock, size_t *ret_packages, struct err *e)
{
	struct requirements r = {0};
	int fault = 0;

	if (requirements_parse(lock->data, lock->len, to, &r, e) < 0)
		return err_set(e, ERR_BROKEN, "the resolver's result cannot be read: %s", e->text);
	*ret_packages = 0;
	for (size_t i = 0; fault == 0 && i < r.list.len; i++)
		if (r.list.v[i].pin == PIN_HASHED)
			++*ret_packages;
		else if (!r.list.v[i].local)
			fault = err_set(e, ERR_BROKEN,
			                "the resolver gives no hash for \"%s\"; a version that is published as an "
			                "archive can be pinned",
			                r.list.v[i].text);
	if (fault == 0 && !r.list.len)
		fault = err_set(e, ERR_NOT_FOUND,
		                "there is nothing to pin: the resolver finds no package to be needed");
	requirements_release(&r);
	return fault;
}

static int resolve(struct pin_job *j, struct env_pinned *ret, struct err *e)
{
	_free_ char *target = path_join(j->o->root, j->to);
	_buf_ struct buf old = BUF_INIT, lock = BUF_INIT;
	struct requirements kept = {0};
	struct err ignored;
	size_t packages = 0;
	bool changed;
	int r;

	bool was = file_read(target, FILE_MOST, &old, &ignored) == 0;
	/* A lock that is half written holds nobody to its versions. */
	if (was && !j->o->upgrade && requirements_parse(old.data, old.len, j->to, &kept, &ignored) == 0)
		j->old = &kept;
	if ((r = pin_resolve(j, e)) < 0 || (r = file_read(j->lock, FILE_MOST, &lock, e)) < 0 ||
	    (r = insert_index_options(j, &lock, e)) < 0 || (r = check_lock(j->to, &lock, &packages, e)) < 0)
		goto out;
	changed = !was || lock.len != old.len || memcmp(lock.data, old.data, lock.len);
	if (changed && (r = file_write_atomic(target, lock.data, lock.len, 0644, e)) < 0)
		goto out;
	*ret = (struct env_pinned){
	        .from = mem_strdup(j->from),
	        .to = mem_strdup(j->to),
	        .tool = mem_strdup(j->tool->name),
	        .packages = packages,
	        .changed = changed,
	        .python = mem_printf("%s %s", pin_implementation(j->python->implementation), j->python->version),
	};
out:
	requirements_release(&kept);
	return r;
}

static int read_asked(const struct env_pin *o, const char *from, struct requirements *asked, struct err *e)
{
	if (is_project_file(from)) {
		int r = project_asks(o->root, from, e);
		return r ? r
		         : err_set(e, ERR_NOT_FOUND, "there is nothing to pin: %s has no project.dependencies", from);
	}
	if (requirements_read(o->root, from, asked, e) < 0)
		return e->code;
	if (!asked->list.len)
		return err_set(e, ERR_NOT_FOUND, "there is nothing to pin: %s asks for no package", from);
	if (requirements_pin(asked) == PIN_HASHED)
		return err_set(e, ERR_USAGE,
		               "%s has a hash for every package: it is a lock already; `jig lock FILE` takes the loose "
		               "file that it was made from",
		               from);
	return 0;
}

static char *command_text(const struct env_pin *o)
{
	_buf_ struct buf b = BUF_INIT;

	buf_adds(&b, "jig lock");
	if (o->universal)
		buf_adds(&b, " --universal");
	if (o->from) {
		buf_addc(&b, ' ');
		text_shell_quote(&b, o->from);
	}
	if (o->to) {
		buf_adds(&b, " -o ");
		text_shell_quote(&b, o->to);
	}
	return buf_steal(&b);
}

int env_pin(const struct env_pin *o, struct env_pinned *ret, struct err *e)
{
	const char *from = NULL, *tmp = env_variable(o->environ, "TMPDIR");
	_cleanup_(env_python_release) struct env_python python = {0};
	_cleanup_(env_tool_release) struct env_tool tool = {0};
	struct requirements asked = {0};
	_free_ char *temp = NULL, *command = command_text(o);

	if (choose_from(o, &from, e) < 0)
		return e->code;
	_free_ char *to = choose_to(o, from);
	int r = read_asked(o, from, &asked, e);
	if (r >= 0 && (r = check_to(o, from, to, e)) >= 0 && (r = find_tools(o, from, to, &python, &tool, e)) >= 0 &&
	    (r = file_temp_dir(tmp ? tmp : "/tmp", "jig-lock", &temp, e)) >= 0) {
		_free_ char *lock = path_join(temp, "requirements.txt"); /* uv goes by the name */
		struct pin_job j = {.o = o,
		                    .from = from,
		                    .to = to,
		                    .command = command,
		                    .asked = is_project_file(from) ? NULL : &asked,
		                    .python = &python,
		                    .tool = &tool,
		                    .temp = temp,
		                    .lock = lock};
		struct err ignored;
		if (o->watch && o->watch->begun)
			o->watch->begun(o->watch->arg, from, tool.name);
		r = resolve(&j, ret, e);
		file_remove_tree(temp, &ignored);
	}
	requirements_release(&asked);
	return r < 0 ? r : 0;
}
