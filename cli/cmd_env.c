#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "cli/env_progress.h"
#include "cli/run_data.h"
#include "cli/run_options.h"
#include "runner/env/env.h"
#include "runner/env/env_cache.h"
#include "runner/env/env_files.h"
#include "tui/table.h"

#define KEY_SHOWN 16
#define OLD_US (30LL * 24 * 3600 * US_PER_S)

extern char **environ;

/* The environments of the project's steps. */
struct project_envs { struct pipeline *pipeline; struct env_set set; struct env_options options; };

static void project_envs_release(struct project_envs *p)
{
	env_set_release(&p->set);
	pipeline_free(p->pipeline);
}

static int project_envs_read(struct context *c, struct project_envs *ret, struct err *e)
{
	int r = run_options_pipeline(c, NULL, 0, &ret->pipeline, e);

	if (r < 0)
		return r;
	ret->options = (struct env_options){
	        .root = c->project.root, .environ = environ, .unpinned = option_flag(c, "unpinned")};
	return env_set_resolve(ret->pipeline, NULL, &ret->options, &ret->set, e);
}

static const char *python_text(const struct env *v)
{
	return v->python.version ? v->python.version : NULL;
}

static json_t *explain_json(const struct project_envs *p)
{
	json_t *steps = json_array(), *o = json_object();

	for (size_t i = 0; i < p->pipeline->nsteps; i++) {
		const struct env *v = &p->set.v[p->set.of[i]];
		json_t *one = json_object();

		json_object_set_new(one, "step", json_string(p->pipeline->steps[i].name));
		json_object_set_new(one, "kind", json_string(env_kind_text(v->choice.kind)));
		json_object_set_new(one, "source", json_string(v->choice.source));
		json_object_set_new(one, "why", json_string(v->choice.why));
		json_object_set_new(one, "grade", json_string(env_grade_text(v->grade)));
		json_object_set_new(one, "python", python_text(v) ? json_string(python_text(v)) : json_null());
		json_object_set_new(one, "key", json_string(v->key));
		json_object_set_new(one, "ready", json_boolean(v->ready));
		json_object_set_new(one, "folder", v->prefix ? json_string(v->prefix) : json_null());
		json_array_append_new(steps, one);
	}
	json_object_set_new(o, "steps", steps);
	return o;
}

static const char *status_of(const struct env *v)
{
	return v->choice.kind == ENV_IMAGE ? "fetched at its first use" : v->ready ? "ready" : "built at its first use";
}

static int explain(struct context *c, struct err *e)
{
	static const struct table_column columns[] = {
		{ .title = "step", .min = 6 },
		{ .title = "environment", .min = 12 },
		{ .title = "grade", .drop = 1 },
		{ .title = "python", .drop = 3 },
		{ .title = "key", .drop = 4 },
		{ .title = "", .drop = 2 },
	};
	_cleanup_(project_envs_release) struct project_envs p = { 0 };
	struct table *t;
	int r = project_envs_read(c, &p, e);

	if (r < 0)
		return r;
	if (c->json) {
		_json_ json_t *o = explain_json(&p);

		json_pretty(&c->out, o);
		buf_addc(&c->out, '\n');
		return 0;
	}
	t = table_new(columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < p.pipeline->nsteps; i++) {
		const struct env *v = &p.set.v[p.set.of[i]];

		table_row(t);
		table_cell(t, ROLE_STRONG, "%s", p.pipeline->steps[i].name);
		table_cell(t, ROLE_TEXT, "%s", v->choice.source);
		table_cell(t, ROLE_TEXT, "%s", env_grade_text(v->grade));
		table_cell(t, ROLE_TEXT, "%s", python_text(v) ? python_text(v) : "");
		table_cell(t, ROLE_QUIET, "%.*s", KEY_SHOWN, v->key);
		table_cell(t, ROLE_QUIET, "%s", status_of(v));
	}
	table_print(t, context_width(c), &c->paint, &c->out);
	table_free(t);
	buf_addc(&c->out, '\n');
	for (size_t i = 0; i < p.set.len; i++) {
		const struct env_choice *choice = &p.set.v[i].choice;

		if (strncmp(choice->why, choice->source, strlen(choice->source)) != 0)
			buf_addf(&c->out, "%s: ", choice->source);
		context_text(c, choice->why);
		buf_addc(&c->out, '\n');
	}
	for (size_t i = 0; i < p.set.notes.len; i++) {
		context_text(c, p.set.notes.v[i]);
		buf_addc(&c->out, '\n');
	}
	return 0;
}

static const char *fact(const json_t *facts, const char *key)
{
	const char *text = json_string_value(json_object_get(facts, key));

	return text ? text : "";
}

static const char *python_fact(const json_t *facts)
{
	return fact(json_object_get(facts, "python"), "version");
}

static json_t *entry_json(const struct env_cache_entry *x, const char *cache)
{
	json_t *o = json_object();
	_free_ char *folder = env_cache_path(cache, x->key, "");
	char used[28];

	time_iso(x->used, used);
	json_object_set_new(o, "key", json_string(x->key));
	json_object_set_new(o, "ready", json_boolean(x->ready));
	json_object_set_new(o, "in_use", json_boolean(x->in_use));
	json_object_set_new(o, "folder", json_string(folder));
	json_object_set_new(o, "used", json_string(used));
	json_object_set_new(o, "size", x->size >= 0 ? json_integer(x->size) : json_null());
	json_object_set(o, "facts", x->facts ? x->facts : json_null());
	return o;
}

/* What stands in the cache under a key, for people. */
static const char *entry_text(const struct env_cache_entry *x, const char *cache)
{
	_free_ char *folder = env_cache_path(cache, x->key, "");

	if (x->ready)
		return fact(x->facts, "source");
	if (x->in_use)
		return "is being built";
	return file_is_dir(folder) ? "half built" : "log of a failed build";
}

static int list(struct context *c, struct err *e)
{
	static const struct table_column columns[] = {
		{ .title = "key" },
		{ .title = "made from", .min = 12 },
		{ .title = "grade", .drop = 2 },
		{ .title = "python", .drop = 3 },
		{ .title = "packages", .align = ALIGN_RIGHT, .drop = 4 },
		{ .title = "size", .align = ALIGN_RIGHT, .drop = 1 },
		{ .title = "used", .align = ALIGN_RIGHT },
	};
	_cleanup_(env_cache_list_release) struct env_cache_list l = { 0 };
	_free_ char *cache = NULL;
	struct table *t;
	int r = env_cache_folder(environ, &cache, e);

	if (r < 0 || (r = env_cache_list(cache, true, &l, e)) < 0)
		return r;
	if (c->json) {
		_json_ json_t *all = json_array();

		for (size_t i = 0; i < l.list.len; i++)
			json_array_append_new(all, entry_json(&l.list.v[i], cache));
		json_pretty(&c->out, all);
		buf_addc(&c->out, '\n');
		return 0;
	}
	if (!l.list.len) {
		buf_addf(&c->out, "no environment was built yet (%s); `jig run` builds what steps need\n", cache);
		return 0;
	}
	t = table_new(columns, ARRAY_LEN(columns));
	for (size_t i = 0; i < l.list.len; i++) {
		const struct env_cache_entry *x = &l.list.v[i];
		char size[16], age[16];

		size_text(x->size, size);
		duration_age(time_now() - x->used, age);
		table_row(t);
		table_cell(t, ROLE_STRONG, "%.*s", KEY_SHOWN, x->key);
		table_cell(t, x->ready ? ROLE_TEXT : ROLE_FAILED, "%s", entry_text(x, cache));
		table_cell(t, ROLE_TEXT, "%s", fact(x->facts, "grade"));
		table_cell(t, ROLE_TEXT, "%s", python_fact(x->facts));
		table_cell(t, ROLE_TEXT, "%zu", json_array_size(json_object_get(x->facts, "packages")));
		table_cell(t, ROLE_TEXT, "%s", size);
		table_cell(t, ROLE_QUIET, "%s%s", age, x->in_use ? ", in use" : "");
	}
	table_print(t, context_width(c), &c->paint, &c->out);
	table_free(t);
	return 0;
}

static void add_line(struct context *c, const char *name, const char *text)
{
	if (!*text)
		return;
	buf_addf(&c->out, "  %-10s ", name);
	context_text(c, text);
	buf_addc(&c->out, '\n');
}

static void show_packages(struct context *c, const json_t *facts)
{
	static const struct table_column columns[] = {
	        {.title = "package", .min = 12}, {.title = "version"}, {.title = "from", .drop = 1}};
	const json_t *packages = json_object_get(facts, "packages"), *one;
	bool told = false; /* of any where it came from */
	struct table *t;
	size_t i;

	json_array_foreach(packages, i, one)
		told |= json_string_length(json_array_get(one, 2)) > 0;
	t = table_new(columns, told ? 3 : 2);
	json_array_foreach(packages, i, one) {
		const char *from = json_string_value(json_array_get(one, 2));

		table_row(t);
		table_cell(t, ROLE_TEXT, "%s", json_string_value(json_array_get(one, 0)));
		table_cell(t, ROLE_TEXT, "%s", json_string_value(json_array_get(one, 1)));
		if (told)
			table_cell(t, ROLE_QUIET, "%s", from ? from : "");
	}
	buf_addc(&c->out, '\n');
	table_print(t, context_width(c), &c->paint, &c->out);
	table_free(t);
}

static int show(struct context *c, const char *word, struct err *e)
{
	_free_ char *cache = NULL, *folder = NULL;
	_json_ json_t *facts = NULL;
	char key[DIGEST_HEX + 1], built[24] = "";
	int64_t at;
	int r = env_cache_folder(environ, &cache, e);

	if (r < 0 || (r = env_cache_find(cache, word, key, e)) < 0 || (r = env_cache_facts(cache, key, &facts, e)) < 0)
		return r;
	folder = env_cache_path(cache, key, "");
	if (c->json) {
		json_object_set_new(facts, "key", json_string(key));
		json_object_set_new(facts, "folder", json_string(folder));
		json_pretty(&c->out, facts);
		buf_addc(&c->out, '\n');
		return 0;
	}
	buf_addf(&c->out, "environment %s\n", key);
	add_line(c, "made from", fact(facts, "source"));
	add_line(c, "because", fact(facts, "why"));
	add_line(c, "grade", fact(facts, "grade"));
	add_line(c, "python", python_fact(facts));
	add_line(c, "built by", fact(facts, "tool"));
	if (time_from_iso(fact(facts, "built"), &at))
		local_time_text(at, built);
	add_line(c, "built", built);
	add_line(c, "platform", fact(facts, "arch"));
	add_line(c, "GPU", fact(facts, "gpu"));
	add_line(c, "driver", fact(facts, "driver"));
	add_line(c, "folder", folder);
	show_packages(c, facts);
	return 0;
}

/* One environment against what was built; true when it is whole. */
static int verify_one(struct context *c, const char *cache, const char *key, const json_t *facts, bool *ret_whole,
                      struct err *e)
{
	_cleanup_(env_drift_release) struct env_drift drift = { 0 };
	const char *told = fact(facts, "prefix");
	_free_ char *prefix = *told ? mem_strdup(told) : env_cache_path(cache, key, "");
	_free_ char *manifest = env_cache_path(cache, key, ".files");
	int r = env_files_check(prefix, manifest, true, &drift, e);

	if (r == ERR_NOT_FOUND) {
		buf_addf(&c->out, "%.*s %s: %s\n", KEY_SHOWN, key, fact(facts, "source"), e->text);
		*ret_whole = false;
		return 0;
	}
	if (r < 0)
		return r;
	*ret_whole = !drift.total;
	if (!drift.total) {
		buf_addf(&c->out, "%.*s %s: as it was built\n", KEY_SHOWN, key, fact(facts, "source"));
		return 0;
	}
	buf_addf(&c->out, "%.*s %s: ", KEY_SHOWN, key, fact(facts, "source"));
	add_count(&c->out, (int64_t)drift.total, "file is not what was built\n", "files are not what was built\n");
	for (size_t i = 0; i < drift.files.len; i++) {
		const struct env_drift_file *f = &drift.files.v[i];
		static const char *const texts[] = {
#define TEXT_(symbol, text, ...) [symbol] = text,
			DRIFT_KINDS(TEXT_)
		};

		buf_addf(&c->out, "  %-8s ", texts[f->kind]);
		context_text(c, f->path);
		if (f->package)
			buf_addf(&c->out, "  (%s)", f->package);
		buf_addc(&c->out, '\n');
	}
	return 0;
}

/* The project's own environment with that key is built anew; one of another project goes, and is built there when it is
 * needed. */
static int rebuild(struct context *c, const char *cache, const char *key, struct err *e)
{
	_cleanup_(project_envs_release) struct project_envs p = { 0 };
	struct env_progress progress;
	struct err ignored;
	int r;

	env_progress_init(&progress, c, "building its environment", false);
	if (project_envs_read(c, &p, &ignored) >= 0)
		for (size_t i = 0; i < p.set.len; i++)
			if (strcmp(p.set.v[i].key, key) == 0) {
				p.options.watch = &progress.watch;
				r = env_rebuild(&p.set, &p.set.v[i], &p.options, e);
				env_progress_end(&progress);
				if (r >= 0)
					buf_addf(&c->out, "%.*s %s: built again\n", KEY_SHOWN, key,
					         p.set.v[i].choice.source);
				return r;
			}
	if ((r = env_cache_remove(cache, key, e)) < 0)
		return r;
	buf_addf(&c->out,
	         "%.*s: no step of this project uses it, so it was removed; the next run that needs it builds it\n",
	         KEY_SHOWN, key);
	return 0;
}

static int verify(struct context *c, struct err *e)
{
	_cleanup_(env_cache_list_release) struct env_cache_list l = { 0 };
	_free_ char *cache = NULL;
	char wanted[DIGEST_HEX + 1] = "";
	int r = env_cache_folder(environ, &cache, e);

	if (r < 0 || (c->nargs > 1 && (r = env_cache_find(cache, c->args[1], wanted, e)) < 0) ||
	    (r = env_cache_list(cache, false, &l, e)) < 0)
		return r;
	for (size_t i = 0; i < l.list.len; i++) {
		const struct env_cache_entry *x = &l.list.v[i];
		bool whole = false;

		if (*wanted ? strcmp(wanted, x->key) != 0 : !x->ready)
			continue;
		if (x->ready && (r = verify_one(c, cache, x->key, x->facts, &whole, e)) < 0)
			return r;
		if (whole)
			continue;
		if (!option_flag(c, "rebuild")) {
			buf_addf(&c->out, "`jig env verify --rebuild %.*s` builds it again\n", KEY_SHOWN, x->key);
			c->exit_status = 1;
			continue;
		}
		/* What had changed can be read while it is being built. */
		if ((r = context_flush(c, e)) < 0 || (r = rebuild(c, cache, x->key, e)) < 0)
			return r;
	}
	if (!l.list.len)
		buf_adds(&c->out, "no environment was built yet\n");
	return 0;
}

static int collect(struct context *c, struct err *e)
{
	_cleanup_(env_cache_list_release) struct env_cache_list l = { 0 };
	_free_ char *cache = NULL;
	int64_t older = option_number(c, "older-than", OLD_US), now = time_now(), bytes = 0, n = 0;
	bool dry = option_flag(c, "dry-run");
	char size[16];
	int r = env_cache_folder(environ, &cache, e);

	if (r < 0 || (r = env_cache_list(cache, true, &l, e)) < 0)
		return r;
	for (size_t i = 0; i < l.list.len; i++) {
		const struct env_cache_entry *x = &l.list.v[i];

		if (x->in_use || (x->ready && now - x->used < older))
			continue;
		r = dry ? 0 : env_cache_remove(cache, x->key, e);
		if (r == ERR_BUSY)
			continue;
		if (r < 0)
			return r;
		size_text(x->size, size);
		buf_addf(&c->out, "%s %.*s %s (%s)\n", dry ? "would remove" : "removed", KEY_SHOWN, x->key,
		         entry_text(x, cache), size);
		bytes += x->size;
		n++;
	}
	if (!n) {
		buf_adds(&c->out, "there is nothing to free\n");
		return 0;
	}
	size_text(bytes, size);
	buf_addf(&c->out, "%s %s\n", dry ? "would free" : "freed", size);
	return 0;
}

static int run_env(struct context *c, struct err *e)
{
	const char *word = c->nargs ? c->args[0] : "";
	static const struct {
		const char *word;
		int args;
	} words[] = {{"", 0}, {"ls", 1}, {"show", 2}, {"verify", 2}, {"gc", 1}};
	size_t i = 0;

	while (i < ARRAY_LEN(words) && strcmp(words[i].word, word) != 0)
		i++;
	if (i == ARRAY_LEN(words))
		return err_set(e, ERR_USAGE,
		               "jig env %s: it is ls, show KEY, verify [KEY], gc or lock [FILE]; alone it says which "
		               "environment each step gets",
		               word);
	if (c->nargs > words[i].args)
		return err_set(e, ERR_USAGE, "jig env %s: \"%s\" is one word too many", word, c->args[words[i].args]);
	if (!*word)
		return explain(c, e);
	if (strcmp(word, "ls") == 0)
		return list(c, e);
	if (strcmp(word, "show") == 0)
		return c->nargs > 1 ? show(c, c->args[1], e)
		                    : err_set(e, ERR_USAGE, "jig env show: which one? `jig env ls` lists the keys");
	if (strcmp(word, "verify") == 0)
		return verify(c, e);
	return collect(c, e);
}

static const struct option_def options[] = {
	{ .name = "rebuild", .kind = OPTION_FLAG, .text = "verify: builds again what is not what was built" },
	{ .name = "older-than", .kind = OPTION_DURATION, .value = "TIME",
		.text = "gc: removes what was not used for so long (30d)" },
	{ .name = "dry-run", .kind = OPTION_FLAG, .text = "gc: only says what would be removed" },
	{ .name = "param", .letter = 'p', .kind = OPTION_TEXT, .value = "K=V", .repeat = true,
		.text = "sets a param, as in `jig run`" },
	{ .name = "unpinned", .kind = OPTION_FLAG, .text = "lets a loose requirements file through, as in `jig run`" },
	{ .name = "file", .letter = 'f', .kind = OPTION_TEXT, .value = "FILE",
		.text = "another pipeline file than jig.yaml" },
	{ 0 },
};

const struct command cmd_env = {
	.name = "env",
	.summary = "which environment each step gets, and why; what stands in the cache of environments",
	.usage = "[ls | show KEY | verify [KEY] | gc | lock [FILE]]",
	.group = GROUP_KEEP,
	.options = options,
	.max_args = 2,
	.flags = COMMAND_JSON,
	.run = run_env,
	.text = "Alone: a line a step with its environment, how firmly that is pinned (pinned, versions, observed), "
		"its key, and whether it stands ready; below it why it was chosen.\n\n"
		"ls lists what was built (shared by all projects), show KEY says what is in one, package by package, "
		"verify holds every file against what was built and --rebuild builds "
		"again what changed, gc removes what was not used for 30 days and what was left half built, lock is "
		"`jig lock`.",
};
