/* What each key of a step may hold. */
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/pipeline/pipeline_build.h"

static struct pipeline *pipeline_of(const struct reading *r)
{
	return r->w.b->p;
}

static void see_param(void *arg, const char *ref)
{
	if (text_starts(ref, "params."))
		map_add(arg, ref + strlen("params."), NULL);
}

/* The step keeps them as they are written; that what they refer to is there is seen now. */
static void check_words(struct reading *r, const struct yaml_node *n, enum subst_how how, struct map *seen)
{
	_buf_ struct buf text = BUF_INIT;
	struct err e;
	size_t at = 0;

	if ((how == SUBST_SHELL && subst_check(n->text, &r->subst, &at, &e) < 0) ||
	    subst_text(n->text, &r->subst, how, see_param, seen, &text, &at, &e) < 0)
		node_subst_fault(&r->w, n, &r->subst, at, &e);
	else
		build_charge(&r->w, n, text.len + n->len);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void read_run(struct reading *r, const struct yaml_node *n)
{
	struct step *s = &r->draft->step;
	struct arena *a = &pipeline_of(r)->arena;
	_map_ struct map seen = MAP_INIT;

	if (n->kind == YAML_TEXT) {
		if (!n->text[strspn(n->text, " \t\n")]) {
			build_fault(&r->w, n, "\"run\" is empty");
			return;
		}
		s->shell = true;
		s->argv = arena_array(a, const char *, 1);
		s->argv[s->nargs++] = arena_dup(a, n->text, n->len + 1);
		check_words(r, n, SUBST_SHELL, &seen);
	} else if (n->kind == YAML_LIST && n->n) {
		s->argv = arena_array(a, const char *, n->n);
		for (size_t i = 0; i < n->n && !r->w.b->stop; i++) {
			const struct yaml_node *word = n->items[i];
			if (!word->text || word->kind == YAML_NULL || (!i && !word->len)) {
				build_fault(&r->w, word, "word %zu of \"run\" should be a text, not %s", i + 1,
				            word->kind == YAML_TEXT ? "an empty one" : yaml_kind_text(word->kind));
				continue;
			}
			/* Numbers and truth values go as they are written. */
			s->argv[s->nargs++] = arena_dup(a, word->text, word->len + 1);
			check_words(r, word, SUBST_PLAIN, &seen);
		}
	} else {
		build_fault(&r->w, n, "\"run\" should be a text for the shell or a list of words, not %s",
		            n->kind == YAML_LIST ? "an empty list" : yaml_kind_text(n->kind));
		return;
	}
	s->params_named = arena_array(a, const char *, seen.len);
	for (size_t i = 0; i < seen.len; i++)
		s->params_named[s->nparams_named++] = arena_strdup(a, seen.entries[i].key);
	if (seen.len)
		qsort(s->params_named, s->nparams_named, sizeof *s->params_named, by_text);
}

static const struct yaml_node *item_of(const struct items *items, size_t i)
{
	return items->one ? items->one : items->v[i];
}

static bool is_url(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

	return n && text_starts(text + n, "://");
}

static bool read_link(struct reading *r, const struct yaml_node *n, struct step_input *in)
{
	static const char *const keys[] = {"link"};
	const struct yaml_node *values[1];
	const char *text;

	if (!take_map(&r->w, n, "inputs", keys, 1, values))
		return false;
	if (!values[0]) {
		build_fault(&r->w, n, "an input that is a mapping should be {link: /absolute/path}");
		return false;
	}
	if (!take_text(&r->w, values[0], "link", &text))
		return false;
	_free_ char *normal = path_normal(text, &in->folder);
	if (*normal != '/' || !normal[1] || strstr(normal, "/../") || text_ends(normal, "/..")) {
		build_fault(&r->w, values[0], "link \"%s\" should be an absolute path without \"..\"", text);
		return false;
	}
	in->kind = INPUT_LINK;
	in->path = arena_strdup(&pipeline_of(r)->arena, normal);
	return true;
}

static bool read_input(struct reading *r, const struct yaml_node *n, struct step_input *in)
{
	*in = (struct step_input){.producer = -1, .line = n->line, .column = n->column};
	if (n->kind == YAML_MAP)
		return read_link(r, n, in);
	if (n->kind == YAML_TEXT && is_url(n->text)) {
		in->kind = INPUT_URL;
		return take_text(&r->w, n, "inputs", &in->path);
	}
	if (!take_path(&r->w, n, "input", &in->path, &in->folder))
		return false;
	in->kind = text_has_glob(in->path) ? INPUT_GLOB : INPUT_FILE;
	return true;
}

static void read_inputs(struct reading *r, const struct yaml_node *n)
{
	struct step *s = &r->draft->step;
	struct items items;

	take_items(&r->w, n, "inputs", "a path", &items);
	r->w.b->ninputs += items.n;
	if (r->w.b->ninputs > INPUTS_MOST) {
		build_limit(&r->w, n->line, n->column, "more than 1,000,000 inputs");
		return;
	}
	s->inputs = arena_array(&pipeline_of(r)->arena, struct step_input, items.n);
	for (size_t i = 0; i < items.n && !r->w.b->stop; i++)
		s->ninputs += read_input(r, item_of(&items, i), &s->inputs[s->ninputs]);
}

static void add_outputs(struct reading *r, const struct yaml_node *n, bool metrics)
{
	struct step *s = &r->draft->step;
	struct arena *a = &pipeline_of(r)->arena;
	struct items items;

	take_items(&r->w, n, metrics ? "metrics" : "outputs", "a path", &items);
	struct step_output *all = arena_array(a, struct step_output, s->noutputs + items.n);
	if (s->noutputs)
		memcpy(all, s->outputs, s->noutputs * sizeof *all);
	s->outputs = all;
	for (size_t i = 0; i < items.n && !r->w.b->stop; i++) {
		const struct yaml_node *item = item_of(&items, i);
		struct step_output out = {.metrics = metrics, .line = item->line, .column = item->column};
		if (!take_path(&r->w, item, metrics ? "metrics file" : "output", &out.path, &out.folder))
			continue;
		if (strpbrk(out.path, "*?"))
			build_fault(&r->w, item,
			            "output \"%s\" is a pattern; name the files, or the folder they are in with a "
			            "trailing /",
			            item->text);
		else if (metrics && out.folder)
			build_fault(&r->w, item, "metrics file \"%s\" should be a file, not a folder", item->text);
		else if (build_leaves(r->w.b, out.path, false))
			build_fault(&r->w, item, "output \"%s\" is reached by a symlink that leaves the project",
			            item->text);
		else
			s->outputs[s->noutputs++] = out;
	}
}

static void read_outputs(struct reading *r, const struct yaml_node *n)
{
	add_outputs(r, n, false);
}

static void read_metrics(struct reading *r, const struct yaml_node *n)
{
	add_outputs(r, n, true);
}

static void read_checkpoints(struct reading *r, const struct yaml_node *n)
{
	const char *path;

	if (!take_path(&r->w, n, "checkpoints", &path, NULL))
		return;
	if (build_leaves(r->w.b, path, false))
		build_fault(&r->w, n, "checkpoints \"%s\" is reached by a symlink that leaves the project", n->text);
	else
		r->draft->step.checkpoints = path;
}

static void read_code(struct reading *r, const struct yaml_node *n)
{
	struct step *s = &r->draft->step;
	struct items items;

	take_items(&r->w, n, "code", "a path", &items);
	s->code = arena_array(&pipeline_of(r)->arena, const char *, items.n);
	for (size_t i = 0; i < items.n && !r->w.b->stop; i++) {
		const struct yaml_node *item = item_of(&items, i);
		const char *path;
		if (!take_path(&r->w, item, "code", &path, NULL))
			continue;
		if (text_has_glob(path))
			build_fault(&r->w, item, "code \"%s\" is a pattern; name the folder instead", item->text);
		else if (build_leaves(r->w.b, path, true))
			build_fault(&r->w, item, "code \"%s\" is reached by a symlink that leaves the project",
			            item->text);
		else
			s->code[s->ncode++] = path;
	}
}

static void read_needs(struct reading *r, const struct yaml_node *n)
{
	struct draft *d = r->draft;
	struct items items;

	take_items(&r->w, n, "needs", "a step", &items);
	d->words = arena_array(&pipeline_of(r)->arena, struct need_word, items.n);
	for (size_t i = 0; i < items.n && !r->w.b->stop; i++) {
		const struct yaml_node *item = item_of(&items, i);
		const char *word;
		if (take_text(&r->w, item, "needs", &word))
			d->words[d->nwords++] =
			        (struct need_word){.word = word, .line = item->line, .column = item->column};
	}
}

static bool is_digest_name(const char *image)
{
	const char *at = strstr(image, "@sha256:");

	return at && at > image && strspn(at + 8, "0123456789abcdef") == 64 && !at[8 + 64];
}

static bool is_version(const char *text)
{
	size_t n = strspn(text, "0123456789.");

	return n && !text[n] && text[0] != '.' && text[n - 1] != '.' && !strstr(text, "..");
}

static void read_env(struct reading *r, const struct yaml_node *n)
{
	static const char *const keys[] = {"lock", "python", "image"};
	enum { LOCK, PYTHON, IMAGE, NKEYS };
	const struct yaml_node *v[NKEYS];
	const struct where *w = &r->w;
	const char *path;
	bool folder = false;

	r->draft->step.env = yaml_to_json(n);
	if (n->kind == YAML_TEXT) {
		if (strcmp(n->text, "system") && take_path(w, n, "env", &path, &folder) && folder)
			build_fault(w, n, "env \"%s\" should be a file", n->text);
		return;
	}
	if (n->kind != YAML_MAP) {
		build_fault(w, n,
		            "\"env\" should be `system`, the name of a file, {lock: FILE, python: VERSION} or {image: "
		            "NAME@sha256:…}, not %s",
		            yaml_kind_text(n->kind));
		return;
	}
	if (!take_map(w, n, "env", keys, NKEYS, v))
		return;
	if (!v[LOCK] && !v[PYTHON] && !v[IMAGE]) {
		build_fault(w, n, "\"env\" names neither a lock nor an image");
		return;
	}
	if (v[IMAGE] && (v[LOCK] || v[PYTHON]))
		build_fault(w, v[IMAGE], "an image brings its own packages; \"env\" takes no lock or python beside it");
	if (v[LOCK] && take_path(w, v[LOCK], "lock", &path, &folder) && folder)
		build_fault(w, v[LOCK], "lock \"%s\" should be a file", v[LOCK]->text);
	if (v[PYTHON] && take_text(w, v[PYTHON], "python", &path) && !is_version(path))
		build_fault(w, v[PYTHON], "python \"%s\" should be a version, as in \"3.11\"", path);
	if (v[IMAGE] && take_text(w, v[IMAGE], "image", &path) && !is_digest_name(path))
		build_fault(w, v[IMAGE],
		            "image \"%s\" is not pinned; name it by its digest: NAME@sha256: and 64 hex digits", path);
}

#define SECOND_(symbol, text, ...) text,
static void read_trigger(struct reading *r, const struct yaml_node *n)
{
	static const char *const words[] = {TRIGGERS(SECOND_)};
	size_t i;

	if (take_word(&r->w, n, "trigger", words, sizeof words / sizeof *words, &i))
		r->draft->step.trigger = (enum trigger)i;
}

static void read_keep(struct reading *r, const struct yaml_node *n)
{
	static const char *const words[] = {KEEPS(SECOND_)};
	size_t i;

	if (take_word(&r->w, n, "keep", words, sizeof words / sizeof *words, &i))
		r->draft->step.keep = (enum keep)i;
}

/* A cause, or `error`, which is several. */
static void read_cause(struct reading *r, const struct yaml_node *n, struct step_retry *retry)
{
	if (!strcmp(n->text, "error")) {
		retry->causes |= 1u << CAUSE_EXIT | 1u << CAUSE_SIGNAL | 1u << CAUSE_OUTPUT_MISSING | 1u << CAUSE_SPAWN;
		return;
	}
	int cause = n->len ? word_find(WORDS_CAUSE, n->text) : -1;
	if (cause > CAUSE_NONE && cause != CAUSE_STOPPED) {
		retry->causes |= 1u << cause;
		return;
	}
	if (cause == CAUSE_STOPPED) {
		build_fault(&r->w, n, "\"on\" cannot hold \"stopped\": what a person stops is not tried again");
		return;
	}
	const char *words[33] = {"error"};
	size_t nwords = 1;
	int ncauses;
	_buf_ struct buf all = BUF_INIT;
	const struct word *causes = words_of(WORDS_CAUSE, &ncauses);
	buf_adds(&all, "error");
	for (int i = CAUSE_NONE + 1; i < ncauses && nwords < 33; i++) {
		if (i == CAUSE_STOPPED)
			continue;
		words[nwords++] = causes[i].text;
		buf_addf(&all, ", %s", causes[i].text);
	}
	_free_ char *hint = build_hint(n->text, words, nwords);
	build_fault(&r->w, n, "unknown cause \"%s\" in \"on\"%s; there are %s, and exit codes", n->text, hint,
	            all.data);
}

static void read_on(struct reading *r, const struct yaml_node *n, struct step_retry *retry)
{
	struct items items;

	if (n->kind == YAML_INT)
		items = (struct items){.n = 1, .one = (struct yaml_node *)n};
	else
		take_items(&r->w, n, "on", "a cause or an exit code", &items);
	retry->exits = arena_array(&pipeline_of(r)->arena, int, items.n);
	retry->all = false;
	if (!items.n)
		build_fault(&r->w, n, "\"on\" is empty; without it everything but stopped is tried again");
	for (size_t i = 0; i < items.n; i++) {
		const struct yaml_node *item = item_of(&items, i);
		int64_t code;
		if (item->kind == YAML_TEXT)
			read_cause(r, item, retry);
		else if (take_integer(&r->w, item, "on", 1, 255, &code))
			retry->exits[retry->nexits++] = (int)code;
	}
}

static void read_retry(struct reading *r, const struct yaml_node *n)
{
	static const char *const keys[] = {"limit", "delay", "backoff", "max_delay", "on"};
	enum { LIMIT, DELAY, BACKOFF, MAX_DELAY, ON, NKEYS, LIMIT_MOST = 10000 };
	struct step_retry *retry = &r->draft->step.retry;
	const struct yaml_node *v[NKEYS] = {[LIMIT] = n};
	int64_t limit;

	if (n->kind != YAML_INT && n->kind != YAML_MAP) {
		build_fault(&r->w, n, "\"retry\" should be a whole number or a mapping, not %s",
		            yaml_kind_text(n->kind));
		return;
	}
	if (n->kind == YAML_MAP && !take_map(&r->w, n, "retry", keys, NKEYS, v))
		return;
	if (!v[LIMIT])
		build_fault(&r->w, n, "\"retry\" needs a limit: how many further attempts after the first");
	else if (take_integer(&r->w, v[LIMIT], n->kind == YAML_MAP ? "limit" : "retry", 0, LIMIT_MOST, &limit))
		retry->limit = (int)limit;
	if (v[DELAY])
		take_duration(&r->w, v[DELAY], "delay", true, &retry->delay_us);
	if (v[BACKOFF])
		take_number(&r->w, v[BACKOFF], "backoff", 1, 1000, &retry->backoff);
	if (v[MAX_DELAY])
		take_duration(&r->w, v[MAX_DELAY], "max_delay", true, &retry->max_delay_us);
	if (v[ON])
		read_on(r, v[ON], retry);
}

static void read_timeout(struct reading *r, const struct yaml_node *n)
{
	take_duration(&r->w, n, "timeout", false, &r->draft->step.timeout_us);
}

static void read_idle_timeout(struct reading *r, const struct yaml_node *n)
{
	take_duration(&r->w, n, "idle_timeout", false, &r->draft->step.idle_timeout_us);
}

static void read_resources(struct reading *r, const struct yaml_node *n)
{
	static const char *const keys[] = {"cpu", "memory", "gpu"};
	enum { CPU, MEMORY, GPU, NKEYS };
	const struct yaml_node *v[NKEYS];
	struct step *s = &r->draft->step;
	int64_t gpu;

	if (!take_map(&r->w, n, "resources", keys, NKEYS, v))
		return;
	if (v[CPU])
		take_number(&r->w, v[CPU], "cpu", 0, 1e6, &s->cpu);
	if (v[MEMORY])
		take_size(&r->w, v[MEMORY], "memory", &s->memory);
	if (v[GPU] && take_integer(&r->w, v[GPU], "gpu", 0, 1024, &gpu))
		s->gpu = (int)gpu;
}

static void read_cache(struct reading *r, const struct yaml_node *n)
{
	take_bool(&r->w, n, "cache", &r->draft->step.cache);
}

static void read_network(struct reading *r, const struct yaml_node *n)
{
	take_bool(&r->w, n, "network", &r->draft->step.network);
}

static void read_log_limit(struct reading *r, const struct yaml_node *n)
{
	take_size(&r->w, n, "log_limit", &r->draft->step.log_limit);
}

static void read_goal(struct reading *r, const struct yaml_node *n)
{
	static const char *const ways[] = {"max", "min"};
	size_t way;

	if (n->kind != YAML_MAP) {
		build_fault(&r->w, n, "\"goal\" should be a mapping, as in {acc: max}, not %s",
		            yaml_kind_text(n->kind));
		return;
	}
	for (size_t i = 0; i < n->n; i++)
		take_word(&r->w, n->pairs[i].value, n->pairs[i].key->text, ways, 2, &way);
}

static void read_reuse(struct reading *r, const struct yaml_node *n)
{
	static const char *const keys[] = {"python"}, *const words[] = {"tokens"};
	const struct yaml_node *v[1];
	size_t i;

	if (take_map(&r->w, n, "reuse", keys, 1, v) && v[0] && take_word(&r->w, v[0], "python", words, 1, &i))
		r->draft->step.python_tokens = true;
}

static void read_variables(struct reading *r, const struct yaml_node *n, const char *key, const char ***ret,
                           size_t *ret_n)
{
	struct items items;
	_map_ struct map seen = MAP_INIT;

	take_items(&r->w, n, key, "a name", &items);
	const char **names = arena_array(&pipeline_of(r)->arena, const char *, items.n);
	size_t count = 0;
	for (size_t i = 0; i < items.n && !r->w.b->stop; i++) {
		const struct yaml_node *item = item_of(&items, i);
		const char *name;
		bool is_new;
		if (!take_text(&r->w, item, key, &name))
			continue;
		if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")] ||
		    (*name >= '0' && *name <= '9')) {
			build_fault(&r->w, item, "\"%s\" in \"%s\" is no name of a variable", name, key);
			continue;
		}
		map_add(&seen, name, &is_new);
		if (is_new)
			names[count++] = name;
	}
	*ret = names;
	*ret_n = count;
}

static void read_pass_env(struct reading *r, const struct yaml_node *n)
{
	read_variables(r, n, "pass_env", &r->draft->step.pass_env, &r->draft->step.npass_env);
}

static void read_secrets(struct reading *r, const struct yaml_node *n)
{
	struct step *s = &r->draft->step;
	_map_ struct map secret = MAP_INIT;

	read_variables(r, n, "secrets", &s->secrets, &s->nsecrets);
	for (size_t i = 0; i < s->nsecrets; i++)
		map_add(&secret, s->secrets[i], NULL);
	/* Values of pass_env are recorded. */
	for (size_t i = 0; i < s->npass_env; i++)
		if (map_find(&secret, s->pass_env[i]))
			build_fault(&r->w, n,
			            "\"%s\" stands in \"pass_env\" too, where its value is recorded; name it here only",
			            s->pass_env[i]);
}

/* Its items are steps of their own by now. */
static void read_matrix(struct reading *r, const struct yaml_node *n)
{
}

#define READER_(name, type, doc) [KEY_##name] = read_##name,
step_reader *const step_readers[STEP_NKEYS] = {STEP_KEYS(READER_)};
